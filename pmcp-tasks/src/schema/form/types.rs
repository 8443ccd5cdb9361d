//! Types a user can be asked for.
//!
//! A form has fields, and a field is a text, a number, a flag or a choice. Each is a trait: [`Form`] is what is asked for,
//! [`FormField`] what stands in it, and the others say what a field may be told of its value. The derive names the fields; types
//! bring the words of the protocol.

use serde_json::{Map, Value, json};

/// Type a user can be asked for: a struct of texts, numbers, flags and choices, a choice, or one of these alone.
///
/// It is derived, for structs and for enums without data (feature `macros`); what can be a field of one has it of itself.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be asked for",
    label = "not a form",
    note = "add `#[derive(Form)]` to `{Self}`: a struct of texts, numbers, flags and choices, or an enum without data",
    note = "or ask for a field alone: a `String`, a number, a `bool`, an `Option` of one, or a `Vec` of such an enum",
    note = "what can be chosen is known only when it runs: `elicit_schema` takes the form as JSON"
)]
pub trait Form: Sized + Send + 'static {
    /// Set for a field alone.
    #[doc(hidden)]
    const IS_FIELD: bool = false;

    /// Adds its fields. One that is a field itself has this name.
    #[doc(hidden)]
    fn describe(form: &mut FormFields, name: &'static str);

    /// Takes its value out of an answer that fits.
    #[doc(hidden)]
    fn take(answer: &mut Map<String, Value>, name: &'static str) -> Result<Self, String>;

    /// The form as the newest version of the protocol has it: the `requestedSchema` of an elicitation.
    ///
    /// What is a field alone is the field `answer`.
    #[must_use]
    fn requested_schema() -> Value {
        schema_of::<Self>(ALONE)
    }
}

/// Name of a field that is a form by itself.
pub(crate) const ALONE: &str = "answer";

/// The form of `T`; one that is a field alone has this name.
pub(crate) fn schema_of<T: Form>(name: &'static str) -> Value {
    let mut form = FormFields::default();
    T::describe(&mut form, name);
    form.into_schema()
}

/// The fields of a form, while it is made.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct FormFields {
    properties: Map<String, Value>,
    required: Vec<Value>,
}

impl FormFields {
    fn into_schema(self) -> Value {
        let mut schema = json!({ "type": "object", "properties": self.properties });
        if !self.required.is_empty() {
            schema["required"] = self.required.into();
        }
        schema
    }
}

/// Type a field of a form may have: a `String`, a `bool`, a number of at most 64 bits, an enum that derives
/// [`Form`](trait@crate::Form), an `Option` of one, or a `Vec` of such an enum.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a form",
    label = "not a field's type",
    note = "a field is a `String`, a `bool`, a number of at most 64 bits, an enum without data that derives `Form`, or an `Option` of one",
    note = "of a struct, write the fields here, or ask for it in a question of its own: forms are flat",
    note = "a `Vec` is a choice of several, of such an enum; for a list of texts, ask for one text and take it apart"
)]
pub trait FormField: Sized + Send + 'static {
    /// The words of the protocol for it.
    #[doc(hidden)]
    fn schema() -> Map<String, Value>;

    /// Reads a value that fits.
    #[doc(hidden)]
    fn read(value: Value) -> Result<Self, String>;

    /// Writes a default.
    #[doc(hidden)]
    fn write(&self) -> Value;

    /// The value of a field that was left out, if it may be.
    #[doc(hidden)]
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }
}

#[diagnostic::do_not_recommend]
impl<T: FormField> Form for T {
    const IS_FIELD: bool = true;

    fn describe(form: &mut FormFields, name: &'static str) {
        form_field::<T>(name).describe(form);
    }

    fn take(answer: &mut Map<String, Value>, name: &'static str) -> Result<Self, String> {
        form_field::<T>(name).take(answer)
    }
}

/// Field with a range: `#[form(range = 1..=10)]`, whose ends are of this type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no such range",
    label = "not a number with such ends",
    note = "`range` bounds numbers, and its ends are numbers of the field's type; a text and a list have a `length`"
)]
pub trait FormNumber<Bound>: FormField {}

/// Field with a length, in characters or in choices: `#[form(length = 1..=80)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no length",
    label = "neither a text nor a list",
    note = "`length` bounds texts and lists; a number has a `range`"
)]
pub trait FormLength: FormField {
    /// Keywords of the least and the greatest.
    #[doc(hidden)]
    const KEYWORDS: [&str; 2];
}

/// Field with a format: `#[form(format = "email")]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no format",
    label = "not a text",
    note = "`format` says what a `String` is"
)]
pub trait FormText: FormLength {}

/// Enum without data, of which users choose.
pub trait FormChoice: Sized + Send + 'static {
    /// Values, each with its title if it has one.
    #[doc(hidden)]
    const OPTIONS: &'static [(&'static str, Option<&'static str>)];

    /// The choice with this value.
    #[doc(hidden)]
    fn of(value: &str) -> Option<Self>;

    /// Its value.
    #[doc(hidden)]
    fn value(&self) -> &'static str;
}

/// The options of a choice, under the keyword for those with titles or that for those without (elicitation, "Enum Schema").
fn options<C: FormChoice>(titled: &str) -> (String, Value) {
    if C::OPTIONS.iter().all(|(_, title)| title.is_none()) {
        let values: Vec<&str> = C::OPTIONS.iter().map(|(value, _)| *value).collect();
        return ("enum".into(), values.into());
    }
    let options = C::OPTIONS.iter().map(|(value, title)| json!({ "const": value, "title": title.unwrap_or(value) }));
    (titled.into(), options.collect())
}

fn typed(kind: &str) -> Map<String, Value> {
    Map::from_iter([("type".into(), kind.into())])
}

#[diagnostic::do_not_recommend]
impl<C: FormChoice> FormField for C {
    fn schema() -> Map<String, Value> {
        let mut schema = typed("string");
        schema.extend([options::<C>("oneOf")]);
        schema
    }

    fn read(value: Value) -> Result<Self, String> {
        value.as_str().and_then(C::of).ok_or_else(|| "it is none of the choices".into())
    }

    fn write(&self) -> Value {
        self.value().into()
    }
}

impl<C: FormChoice> FormField for Vec<C> {
    fn schema() -> Map<String, Value> {
        let (keyword, options) = options::<C>("anyOf");
        let mut items = Map::from_iter([(keyword, options)]);
        if items.contains_key("enum") {
            items.insert("type".into(), "string".into());
        }
        let mut schema = typed("array");
        schema.insert("items".into(), items.into());
        schema
    }

    fn read(value: Value) -> Result<Self, String> {
        let Value::Array(values) = value else { return Err("it is no list".into()) };
        values.into_iter().map(C::read).collect()
    }

    fn write(&self) -> Value {
        self.iter().map(FormField::write).collect()
    }
}

impl<C: FormChoice> FormLength for Vec<C> {
    const KEYWORDS: [&str; 2] = ["minItems", "maxItems"];
}

impl<T: FormField> FormField for Option<T> {
    fn schema() -> Map<String, Value> {
        T::schema()
    }

    fn read(value: Value) -> Result<Self, String> {
        T::read(value).map(Some)
    }

    fn write(&self) -> Value {
        self.as_ref().map(FormField::write).unwrap_or_default()
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<Bound, T: FormNumber<Bound>> FormNumber<Bound> for Option<T> {}

impl<T: FormLength> FormLength for Option<T> {
    const KEYWORDS: [&str; 2] = T::KEYWORDS;
}

impl<T: FormText> FormText for Option<T> {}

/// Fields whose values serde reads and writes, with the words of the protocol for them.
macro_rules! fields {
    ($($type:ty: $kind:literal $(, $keyword:literal: $bound:expr)*;)*) => {$(
        impl FormField for $type {
            fn schema() -> Map<String, Value> {
                Map::from_iter([("type".into(), $kind.into()), $(($keyword.into(), $bound.into())),*])
            }

            fn read(value: Value) -> Result<Self, String> {
                serde_json::from_value(value).map_err(|error| error.to_string())
            }

            fn write(&self) -> Value {
                // By its text: an `f32` is not the double that is nearest to what was written.
                serde_json::to_string(self).ok().and_then(|text| text.parse().ok()).unwrap_or_default()
            }
        }
    )*};
}

// The ends of 64 bits are none that doubles tell.
fields! {
    String: "string";
    bool: "boolean";
    i8: "integer", "minimum": i8::MIN, "maximum": i8::MAX;
    i16: "integer", "minimum": i16::MIN, "maximum": i16::MAX;
    i32: "integer", "minimum": i32::MIN, "maximum": i32::MAX;
    i64: "integer";
    isize: "integer";
    u8: "integer", "minimum": 0, "maximum": u8::MAX;
    u16: "integer", "minimum": 0, "maximum": u16::MAX;
    u32: "integer", "minimum": 0, "maximum": u32::MAX;
    u64: "integer", "minimum": 0;
    usize: "integer", "minimum": 0;
    f32: "number";
    f64: "number";
}

macro_rules! numbers {
    ($($type:ty: $($bound:ty)*;)*) => {$($(
        impl FormNumber<$bound> for $type {}
    )*)*};
}

numbers! {
    i8: i8; i16: i16; i32: i32; i64: i64; isize: isize;
    u8: u8; u16: u16; u32: u32; u64: u64; usize: usize;
    f32: f64 i32; f64: f64 i32;
}

impl FormLength for String {
    const KEYWORDS: [&str; 2] = ["minLength", "maxLength"];
}

impl FormText for String {}

/// A field with its name and what is told of it. Only the functions that make one have bounds, so that a type that cannot be a
/// field is one error.
#[doc(hidden)]
#[derive(Debug)]
pub struct FormFieldSpec<T> {
    name: &'static str,
    schema: Map<String, Value>,
    default: Option<fn() -> T>,
    read: fn(Value) -> Result<T, String>,
    write: fn(&T) -> Value,
    absent: fn() -> Option<T>,
}

/// A field of this name.
#[doc(hidden)]
#[must_use]
pub fn form_field<T: FormField>(name: &'static str) -> FormFieldSpec<T> {
    FormFieldSpec { name, schema: T::schema(), default: None, read: T::read, write: T::write, absent: T::absent }
}

/// A number within these bounds.
#[doc(hidden)]
#[must_use]
pub fn form_number<T: FormNumber<Bound>, Bound: Into<Value>>(
    name: &'static str,
    least: Option<Bound>,
    most: Option<Bound>,
) -> FormFieldSpec<T> {
    form_field(name).bounded(["minimum", "maximum"], least.map(Into::into), most.map(Into::into))
}

/// A text or a list of such a length.
#[doc(hidden)]
#[must_use]
pub fn form_sized<T: FormLength>(name: &'static str, least: Option<u32>, most: Option<u32>) -> FormFieldSpec<T> {
    form_field(name).bounded(T::KEYWORDS, least.map(Into::into), most.map(Into::into))
}

/// A text of this format and such a length.
#[doc(hidden)]
#[must_use]
pub fn form_text<T: FormText>(
    name: &'static str,
    format: &'static str,
    least: Option<u32>,
    most: Option<u32>,
) -> FormFieldSpec<T> {
    form_sized(name, least, most).with("format", format)
}

impl<T> FormFieldSpec<T> {
    fn bounded(self, [lower, upper]: [&'static str; 2], least: Option<Value>, most: Option<Value>) -> Self {
        let bounded = least.into_iter().fold(self, |field, least| field.with(lower, least));
        most.into_iter().fold(bounded, |field, most| field.with(upper, most))
    }

    /// The same with a word of the protocol: `title`, `description`.
    #[must_use]
    pub fn with(mut self, keyword: &'static str, value: impl Into<Value>) -> Self {
        self.schema.insert(keyword.into(), value.into());
        self
    }

    /// The same with the value that is shown at first, and taken if the field is left out.
    #[must_use]
    pub fn default(self, default: fn() -> T) -> Self {
        Self { default: Some(default), ..self }
    }

    /// Adds it to a form.
    pub fn describe(self, form: &mut FormFields) {
        let mut schema = self.schema;
        match self.default {
            Some(default) => match (self.write)(&default()) {
                Value::Null => {}
                value => drop(schema.insert("default".into(), value)),
            },
            None if (self.absent)().is_none() => form.required.push(self.name.into()),
            None => {}
        }
        form.properties.insert(self.name.into(), schema.into());
    }

    /// Takes its value out of an answer.
    ///
    /// # Errors
    /// It is missing, or no value of its type.
    pub fn take(&self, answer: &mut Map<String, Value>) -> Result<T, String> {
        match answer.remove(self.name) {
            Some(value) => (self.read)(value).map_err(|mistake| format!("`{}`: {mistake}", self.name)),
            None => self
                .default
                .map(|default| default())
                .or_else(self.absent)
                .ok_or_else(|| format!("`{}` is missing", self.name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    enum Size {
        Small,
        Large,
    }

    impl FormChoice for Size {
        const OPTIONS: &'static [(&'static str, Option<&'static str>)] = &[("small", Some("Tiny")), ("large", None)];

        fn of(value: &str) -> Option<Self> {
            match value {
                "small" => Some(Self::Small),
                "large" => Some(Self::Large),
                _ => None,
            }
        }

        fn value(&self) -> &'static str {
            match self {
                Self::Small => "small",
                Self::Large => "large",
            }
        }
    }

    fn alone(schema: &Value) -> Value {
        json!({ "type": "object", "properties": { "answer": schema }, "required": ["answer"] })
    }

    #[test]
    fn a_field_alone_is_a_form() {
        let options = json!([{ "const": "small", "title": "Tiny" }, { "const": "large", "title": "large" }]);
        assert_eq!(Size::requested_schema(), alone(&json!({ "type": "string", "oneOf": options })));
        assert_eq!(Vec::<Size>::requested_schema(), alone(&json!({ "type": "array", "items": { "anyOf": options } })));
        assert_eq!(String::requested_schema(), alone(&json!({ "type": "string" })));
        let optional = json!({ "type": "object", "properties": { "answer": { "type": "boolean" } } });
        assert_eq!(Option::<bool>::requested_schema(), optional);
    }

    #[test]
    fn numbers_have_the_bounds_of_their_types() {
        for (schema, bounds) in [
            (u8::schema(), json!({ "type": "integer", "minimum": 0, "maximum": 255 })),
            (i16::schema(), json!({ "type": "integer", "minimum": i16::MIN, "maximum": i16::MAX })),
            (u32::schema(), json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX })),
            (u64::schema(), json!({ "type": "integer", "minimum": 0 })),
            (i64::schema(), json!({ "type": "integer" })),
            (f64::schema(), json!({ "type": "number" })),
        ] {
            assert_eq!(Value::from(schema), bounds);
        }
        let mut form = FormFields::default();
        form_number::<f32, _>("d", Some(0), None).default(|| 0.1).describe(&mut form);
        form_number::<f64, _>("e", Some(0.5), None).describe(&mut form);
        form_number::<Option<u8>, _>("a", Some(1), None).default(|| Some(3)).describe(&mut form);
        form_text::<String>("b", "email", None, Some(80)).with("title", "Mail").describe(&mut form);
        form_sized::<Vec<Size>>("c", Some(1), None).describe(&mut form);
        let schema = form.into_schema();
        assert_eq!(schema["required"], json!(["e", "b", "c"]));
        let fields = &schema["properties"];
        assert_eq!(fields["a"], json!({ "type": "integer", "minimum": 1, "maximum": 255, "default": 3 }));
        assert_eq!(fields["b"], json!({ "type": "string", "format": "email", "maxLength": 80, "title": "Mail" }));
        assert_eq!(fields["c"]["minItems"], 1);
        assert_eq!(fields["d"], json!({ "type": "number", "minimum": 0, "default": 0.1 }));
        assert_eq!(fields["e"]["minimum"], 0.5);
    }

    #[test]
    fn an_answer_is_read_or_its_field_named() {
        let mut answer = Map::from_iter([("a".into(), json!("small")), ("b".into(), json!(["large", "small"]))]);
        assert_eq!(Size::take(&mut answer, "a"), Ok(Size::Small));
        assert_eq!(Vec::<Size>::take(&mut answer, "b"), Ok(vec![Size::Large, Size::Small]));
        assert_eq!(Size::take(&mut answer, "a"), Err("`a` is missing".into()));
        assert_eq!(<Option<Size> as Form>::take(&mut answer, "a"), Ok(None));
        answer.insert("a".into(), json!("huge"));
        assert_eq!(Size::take(&mut answer, "a"), Err("`a`: it is none of the choices".into()));
        assert_eq!(form_field::<u8>("a").default(|| 7).take(&mut answer), Ok(7));
    }
}
