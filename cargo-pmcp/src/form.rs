//! A form that a server wants filled in: its fields, and what each of them takes (elicitation, "Requested Schema").

use serde_json::{Map, Number, Value, json};

use crate::text;

/// A form: a flat object of fields.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) fields: Vec<Field>,
}

/// A field of a form.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) default: Option<Value>,
    pub(crate) is_required: bool,
    schema: Value,
    kind: Kind,
}

/// The values that a field takes.
#[derive(Debug)]
enum Kind {
    Text,
    Number,
    Integer,
    Flag,
    /// One of these.
    Choice(Vec<Choice>),
    /// Any of these.
    Choices(Vec<Choice>),
    /// Something that forms do not have; it is typed as JSON.
    Other,
}

/// A value to choose, and its title.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) title: String,
}

impl Form {
    /// Reads `requestedSchema`.
    pub(crate) fn new(schema: &Value) -> Self {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let properties = schema["properties"].as_object();
        let fields = properties.into_iter().flatten().map(|(name, schema)| Field {
            name: name.clone(),
            title: text_of(schema, "title"),
            description: text_of(schema, "description"),
            default: schema.get("default").cloned(),
            is_required: required.contains(&name.as_str()),
            kind: Kind::of(schema),
            schema: schema.clone(),
        });
        // The order of properties is lost on the way; what is needed comes first, in the order of that list.
        let mut fields: Vec<_> = fields.collect();
        fields.sort_by_key(|field| required.iter().position(|name| *name == field.name).unwrap_or(required.len()));
        Self { fields }
    }

    /// Fills the form with what was typed as `key=value`, and with defaults. A field that is needed and was not given is handed back.
    ///
    /// # Errors
    /// A value is none that its field takes.
    pub(crate) fn fill(&self, given: &[(String, String)]) -> Result<Filled<'_>, String> {
        let (mut content, mut missing) = (Map::new(), Vec::new());
        for field in &self.fields {
            if let Some((_, value)) = given.iter().rev().find(|(name, _)| *name == field.name) {
                let value = field.read(value).map_err(|reason| format!("`{}` {reason}", text::line(&field.name)))?;
                content.insert(field.name.clone(), value);
            } else if let Some(default) = &field.default {
                content.insert(field.name.clone(), default.clone());
            } else if field.is_required {
                missing.push(field);
            }
        }
        Ok(Filled { content, missing })
    }
}

/// A form as far as it is filled in.
#[derive(Debug)]
pub(crate) struct Filled<'a> {
    pub(crate) content: Map<String, Value>,
    pub(crate) missing: Vec<&'a Field>,
}

fn text_of(schema: &Value, key: &str) -> Option<String> {
    schema[key].as_str().map(str::to_owned)
}

impl Kind {
    fn of(schema: &Value) -> Self {
        if let Some(choices) = choices(schema) {
            return Self::Choice(choices);
        }
        match schema["type"].as_str() {
            Some("string") => Self::Text,
            Some("number") => Self::Number,
            Some("integer") => Self::Integer,
            Some("boolean") => Self::Flag,
            Some("array") => choices(&schema["items"]).map_or(Self::Other, Self::Choices),
            _ => Self::Other,
        }
    }
}

/// The choices of an enumeration, however it is written.
fn choices(schema: &Value) -> Option<Vec<Choice>> {
    if let Some(values) = schema["enum"].as_array() {
        let titles = schema["enumNames"].as_array();
        let title = |index: usize| titles?.get(index)?.as_str();
        let choices = values.iter().enumerate().filter_map(|(index, value)| {
            let value = value.as_str()?;
            Some(Choice { value: value.to_owned(), title: title(index).unwrap_or(value).to_owned() })
        });
        return Some(choices.collect());
    }
    let titled = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array())?;
    let choices = titled.iter().filter_map(|choice| {
        let value = choice["const"].as_str()?;
        Some(Choice { value: value.to_owned(), title: choice["title"].as_str().unwrap_or(value).to_owned() })
    });
    Some(choices.collect())
}

impl Field {
    /// The name for a person.
    pub(crate) fn label(&self) -> String {
        text::line(self.title.as_ref().unwrap_or(&self.name))
    }

    /// The values it takes, in a few words.
    pub(crate) fn takes(&self) -> String {
        let limits = |low: &str, high: &str, what: &str| {
            let (low, high) = (&self.schema[low], &self.schema[high]);
            match (low.is_null(), high.is_null()) {
                (true, true) => String::new(),
                (false, true) => format!(", {low}{what} or more"),
                (true, false) => format!(", at most {high}{what}"),
                (false, false) => format!(", {low} to {high}{what}"),
            }
        };
        match &self.kind {
            Kind::Text => {
                let format = self.schema["format"].as_str().map(|format| format!(", {}", text::line(format)));
                format!("text{}{}", format.unwrap_or_default(), limits("minLength", "maxLength", " characters"))
            }
            Kind::Number => format!("number{}", limits("minimum", "maximum", "")),
            Kind::Integer => format!("whole number{}", limits("minimum", "maximum", "")),
            Kind::Flag => "yes or no".to_owned(),
            Kind::Choice(_) => "one of these".to_owned(),
            Kind::Choices(_) => format!("any of these, by commas{}", limits("minItems", "maxItems", "")),
            Kind::Other => "JSON".to_owned(),
        }
    }

    /// The values to choose from.
    pub(crate) fn choices(&self) -> &[Choice] {
        match &self.kind {
            Kind::Choice(choices) | Kind::Choices(choices) => choices,
            _ => &[],
        }
    }

    /// Reads what was typed.
    ///
    /// # Errors
    /// It is no value of this field; the text says why, and goes on after the name of the field.
    pub(crate) fn read(&self, typed: &str) -> Result<Value, String> {
        match &self.kind {
            Kind::Text => self.text(typed),
            Kind::Integer => {
                let number: i64 = typed.trim().parse().map_err(|_| "takes a whole number".to_owned())?;
                self.within(&number.into())
            }
            Kind::Number => {
                let number = typed.trim().parse::<f64>().ok().and_then(Number::from_f64);
                self.within(&number.ok_or("takes a number")?)
            }
            Kind::Flag => match typed.trim().to_lowercase().as_str() {
                "y" | "yes" | "true" => Ok(true.into()),
                "n" | "no" | "false" => Ok(false.into()),
                _ => Err("takes `yes` or `no`".to_owned()),
            },
            Kind::Choice(choices) => Ok(chosen(typed, choices)?.into()),
            Kind::Choices(choices) => {
                let parts = typed.split(',').map(str::trim).filter(|part| !part.is_empty());
                let values = parts.map(|part| chosen(part, choices)).collect::<Result<Vec<_>, _>>()?;
                self.number_of("minItems", "maxItems", values.len(), "choices")?;
                Ok(values.into())
            }
            Kind::Other => serde_json::from_str(typed).map_err(|error| format!("takes JSON: {error}")),
        }
    }

    fn text(&self, typed: &str) -> Result<Value, String> {
        self.number_of("minLength", "maxLength", typed.chars().count(), "characters")?;
        let is_date = |text: &str| {
            let parts: Vec<_> = text.split('-').collect();
            let [year, month, day] = parts[..] else { return false };
            let number = |part: &str| part.parse::<u32>().unwrap_or_default();
            year.len() == 4
                && month.len() == 2
                && day.len() == 2
                && (1..=12).contains(&number(month))
                && (1..=31).contains(&number(day))
        };
        let is_fine = match self.schema["format"].as_str() {
            Some("email") => typed.split_once('@').is_some_and(|(name, host)| {
                !name.is_empty() && host.contains('.') && !typed.contains(char::is_whitespace) && !host.contains('@')
            }),
            Some("uri") => typed.split_once(':').is_some_and(|(scheme, rest)| {
                scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                    && !rest.is_empty()
                    && !typed.contains(char::is_whitespace)
            }),
            Some("date") => is_date(typed),
            Some("date-time") => {
                typed.split_once(['T', 't']).is_some_and(|(date, time)| is_date(date) && time.len() >= 9)
            }
            _ => true,
        };
        if is_fine {
            return Ok(typed.into());
        }
        let example = match self.schema["format"].as_str() {
            Some("email") => "an address of mail, such as ann@example.com",
            Some("uri") => "a URI, such as https://example.com",
            Some("date") => "a date, such as 2026-07-28",
            _ => "a date and time, such as 2026-07-28T12:00:00Z",
        };
        Err(format!("takes {example}"))
    }

    fn within(&self, number: &Number) -> Result<Value, String> {
        let value = number.as_f64().unwrap_or_default();
        if let Some(low) = self.schema["minimum"].as_f64().filter(|low| value < *low) {
            return Err(format!("is {low} or more"));
        }
        if let Some(high) = self.schema["maximum"].as_f64().filter(|high| value > *high) {
            return Err(format!("is at most {high}"));
        }
        Ok(json!(number))
    }

    fn number_of(&self, low: &str, high: &str, number: usize, what: &str) -> Result<(), String> {
        let number = number as u64;
        if let Some(low) = self.schema[low].as_u64().filter(|low| number < *low) {
            return Err(format!("has at least {low} {what}"));
        }
        match self.schema[high].as_u64().filter(|high| number > *high) {
            Some(high) => Err(format!("has at most {high} {what}")),
            None => Ok(()),
        }
    }
}

/// The choice that was typed: by its value, its title or its number.
fn chosen(typed: &str, choices: &[Choice]) -> Result<String, String> {
    let typed = typed.trim();
    let found = choices.iter().find(|choice| choice.value == typed || choice.title.eq_ignore_ascii_case(typed));
    let by_number = || typed.parse::<usize>().ok().and_then(|number| choices.get(number.checked_sub(1)?));
    found
        .or_else(by_number)
        .map(|choice| choice.value.clone())
        .ok_or_else(|| format!("takes one of {}", text::quoted(choices.iter().map(|choice| choice.title.as_str()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(schema: &Value, typed: &str) -> Result<Value, String> {
        Form::new(&json!({ "type": "object", "properties": { "it": schema } })).fields[0].read(typed)
    }

    #[test]
    fn each_kind_of_field_takes_its_values_only() {
        let short = json!({ "type": "string", "minLength": 2, "maxLength": 3 });
        assert_eq!(read(&short, "grü"), Ok(json!("grü")));
        assert_eq!(read(&short, "a"), Err("has at least 2 characters".into()));
        assert_eq!(read(&short, "abcd"), Err("has at most 3 characters".into()));
        let age = json!({ "type": "integer", "minimum": 18, "maximum": 99 });
        assert_eq!(read(&age, " 20 "), Ok(json!(20)));
        assert_eq!(read(&age, "17"), Err("is 18 or more".into()));
        assert_eq!(read(&age, "100"), Err("is at most 99".into()));
        assert_eq!(read(&age, "20.5"), Err("takes a whole number".into()));
        assert_eq!(read(&json!({ "type": "number" }), "0.5"), Ok(json!(0.5)));
        assert!(read(&json!({ "type": "number" }), "NaN").is_err());
        for (typed, value) in [("y", true), ("No", false), ("true", true)] {
            assert_eq!(read(&json!({ "type": "boolean" }), typed), Ok(json!(value)));
        }
        assert!(read(&json!({ "type": "boolean" }), "perhaps").is_err());
    }

    #[test]
    fn formats_are_looked_at() {
        for (format, good, wrong) in [
            ("email", "ann@example.com", "ann@localhost"),
            ("uri", "https://example.com", "example.com"),
            ("date", "2026-07-28", "2026-13-01"),
            ("date-time", "2026-07-28T12:00:00Z", "2026-07-28"),
        ] {
            let schema = json!({ "type": "string", "format": format });
            assert_eq!(read(&schema, good), Ok(json!(good)));
            assert!(read(&schema, wrong).is_err(), "{format}");
        }
    }

    #[test]
    fn choices_are_taken_by_value_title_or_number() {
        let plain = json!({ "type": "string", "enum": ["low", "high"] });
        let titled = json!({ "type": "string", "oneOf": [
            { "const": "low", "title": "Not much" }, { "const": "high", "title": "Very much" }] });
        let old = json!({ "type": "string", "enum": ["low", "high"], "enumNames": ["Not much", "Very much"] });
        for (schema, typed) in [(&plain, "high"), (&plain, "2"), (&titled, "very much"), (&old, "Very much")] {
            assert_eq!(read(schema, typed), Ok(json!("high")));
        }
        assert_eq!(read(&plain, "3"), Err("takes one of `low`, `high`".into()));
        assert_eq!(read(&titled, "3"), Err("takes one of `Not much`, `Very much`".into()), "what is shown");
        let several = json!({ "type": "array", "maxItems": 1, "items": { "type": "string", "enum": ["low", "high"] } });
        assert_eq!(read(&several, "1"), Ok(json!(["low"])));
        assert_eq!(read(&several, "low, high"), Err("has at most 1 choices".into()));
    }

    #[test]
    fn a_form_is_filled_with_what_is_given_and_defaults() {
        let form = Form::new(&json!({ "type": "object", "required": ["name", "mail"], "properties": {
            "name": { "type": "string" }, "mail": { "type": "string" }, "age": { "type": "integer", "default": 30 },
            "note": { "type": "string" } } }));
        let given = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
        };
        let filled = form.fill(&given(&[("name", "Ann")])).unwrap();
        assert_eq!(Value::Object(filled.content), json!({ "name": "Ann", "age": 30 }));
        assert_eq!(filled.missing.iter().map(|field| field.name.as_str()).collect::<Vec<_>>(), ["mail"]);
        assert_eq!(form.fill(&given(&[("age", "old")])).unwrap_err(), "`age` takes a whole number");
    }
}
