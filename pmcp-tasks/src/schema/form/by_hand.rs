//! Forms written by hand, and what the answer to any form gives (elicitation, "Requested Schema").

use serde_json::{Map, Value, json};

use crate::{error::AskError, schema::answer::without_answer};

fn invalid(reason: impl Into<String>) -> AskError {
    AskError::Invalid { reason: reason.into() }
}

/// A form as an elicitation may request it; `what` is its name in errors.
///
/// # Errors
/// It is not an object with properties, each one of the protocol's primitive schemas, or asks for one that it has not.
pub(crate) fn checked(what: &str, form: &Value) -> Result<Value, AskError> {
    let properties = form
        .get("properties")
        .and_then(Value::as_object)
        .ok_or_else(|| invalid(format!("{what} cannot be asked for: it has no `properties`")))?;
    for (field, schema) in properties {
        primitive(schema).map_err(|reason| invalid(format!("{what} cannot be asked for: `{field}` {reason}")))?;
    }
    let mut requested = json!({ "type": "object", "properties": properties });
    if let Some(required) = form.get("required") {
        let known = |field: &Value| field.as_str().is_some_and(|field| properties.contains_key(field));
        if !required.as_array().is_some_and(|required| required.iter().all(known)) {
            return Err(invalid(format!("{what} cannot be asked for: `required` does not name its properties")));
        }
        requested["required"] = required.clone();
    }
    Ok(requested)
}

/// The form for one parameter: of an object with properties it has those, of any other schema one field of the parameter's name.
///
/// # Errors
/// The schema is not one of the protocol's primitive schemas, nor a form of them.
pub(crate) fn form_of(name: &str, schema: &Value) -> Result<Value, AskError> {
    let what = format!("`{name}`");
    if schema.get("properties").is_some() {
        return checked(&what, schema);
    }
    checked(&what, &json!({ "properties": { name: schema }, "required": [name] }))
}

/// The value a form's answer gives a parameter.
///
/// # Errors
/// The user declined or dismissed it, or the answer has no such value.
pub(crate) fn form_answer(name: &str, schema: &Value, answer: Value) -> Result<Value, AskError> {
    let mut content = elicited(answer)?;
    if schema.get("properties").is_some() {
        return Ok(content.into());
    }
    content.remove(name).ok_or_else(|| invalid(format!("the answer has no `{name}`")))
}

/// Looks whether a schema is one of the protocol's primitive schemas (elicitation, "Requested Schema").
///
/// # Errors
/// It is none; a clause that says why.
fn primitive(schema: &Value) -> Result<(), String> {
    let schema = schema.as_object().ok_or("is not a schema")?;
    let own: &[&str] = match schema.get("type").and_then(Value::as_str) {
        Some("string") if schema.contains_key("enum") => &["enum", "enumNames"],
        Some("string") if schema.contains_key("oneOf") => &["oneOf"],
        Some("string") => &["minLength", "maxLength", "format"],
        Some("number" | "integer") => &["minimum", "maximum"],
        Some("boolean") => &[],
        Some("array") => &["items", "minItems", "maxItems"],
        _ => return Err("is not a string, number, boolean or list of choices".into()),
    };
    let known = |keyword: &&String| {
        ["type", "title", "description", "default"].contains(&keyword.as_str()) || own.contains(&keyword.as_str())
    };
    if let Some(keyword) = schema.keys().find(|keyword| !known(keyword)) {
        return Err(format!("has `{keyword}`, which no form has beside its type"));
    }
    if let Some(format) = schema.get("format")
        && !["email", "uri", "date", "date-time"].iter().any(|known| format == known)
    {
        return Err("has a format that is not `email`, `uri`, `date` or `date-time`".into());
    }
    if schema.get("enum").is_some_and(|values| !all(values, Value::is_string))
        || schema.get("oneOf").is_some_and(|options| !all(options, is_titled))
    {
        return Err("offers no choice of texts".into());
    }
    match schema.get("items").map(Value::as_object) {
        None if schema["type"] == "array" => Err("does not say of what".into()),
        None => Ok(()),
        Some(Some(items)) => {
            let plain = items.get("type").is_some_and(|kind| kind == "string")
                && items.get("enum").is_some_and(|values| all(values, Value::is_string));
            let titled = items.get("anyOf").is_some_and(|options| all(options, is_titled));
            let count = if plain { 2 } else { 1 };
            if (plain || titled) && items.len() == count { Ok(()) } else { Err("is not a list of choices".into()) }
        }
        Some(None) => Err("is not a list of choices".into()),
    }
}

/// Tells whether these are some, and each is such a one.
fn all(values: &Value, is_one: fn(&Value) -> bool) -> bool {
    values.as_array().is_some_and(|values| !values.is_empty() && values.iter().all(is_one))
}

/// Tells whether this is a choice with a title (elicitation, "Enum Schema").
fn is_titled(option: &Value) -> bool {
    ["const", "title"].iter().all(|word| option.get(word).is_some_and(Value::is_string))
}

/// The fields in an elicitation's result (elicitation, "Response Actions").
///
/// # Errors
/// The user declined or dismissed it, or it is no such result.
pub(crate) fn elicited(answer: Value) -> Result<Map<String, Value>, AskError> {
    if let Some(reason) = without_answer(&answer) {
        return Err(reason);
    }
    let Value::Object(mut answer) = answer else {
        return Err(invalid("the client's answer is not an object"));
    };
    match answer.remove("content") {
        None => Ok(Map::new()),
        Some(Value::Object(content)) => Ok(content),
        Some(_) => Err(invalid("the `content` of the client's answer is not an object")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_by_hand_is_what_the_protocol_knows() {
        let properties = json!({
            "size": { "type": "string", "title": "Size", "oneOf": [{ "const": "s", "title": "Small" }] },
            "old": { "type": "string", "enum": ["a"], "enumNames": ["A"] },
            "many": { "type": "array", "items": { "type": "string", "enum": ["a", "b"] }, "maxItems": 1 },
            "titled": { "type": "array", "items": { "anyOf": [{ "const": "s", "title": "Small" }] } },
            "count": { "type": "integer", "minimum": 0, "default": 1 },
            "mail": { "type": "string", "format": "email", "maxLength": 80 },
            "sure": { "type": "boolean", "description": "Whether." },
        });
        let requested = json!({ "type": "object", "properties": properties, "required": ["size"] });
        let given = json!({ "$schema": "2020-12", "properties": properties, "required": ["size"] });
        assert_eq!(checked("it", &given).unwrap(), requested);
        let text = json!({ "type": "string" });
        let alone = json!({ "type": "object", "properties": { "a": text }, "required": ["a"] });
        assert_eq!(form_of("a", &text).unwrap(), alone);
    }

    #[test]
    fn what_a_form_cannot_ask_is_refused_with_its_reason() {
        for (schema, reason) in [
            (json!({ "type": "object" }), "is not a string, number, boolean or list of choices"),
            (json!({ "type": ["string", "null"] }), "is not a string, number, boolean or list of choices"),
            (json!({ "anyOf": [{ "type": "string" }] }), "is not a string, number, boolean or list of choices"),
            (json!(true), "is not a schema"),
            (json!({ "type": "array" }), "does not say of what"),
            (json!({ "type": "array", "items": { "type": "string" } }), "is not a list of choices"),
            (json!({ "type": "array", "items": { "anyOf": [] } }), "is not a list of choices"),
            (
                json!({ "type": "array", "items": { "type": "string", "enum": ["a"], "x": 1 } }),
                "is not a list of choices",
            ),
            (json!({ "type": "string", "oneOf": [{ "const": "one" }] }), "offers no choice of texts"),
            (json!({ "type": "string", "enum": [] }), "offers no choice of texts"),
            (json!({ "type": "string", "enum": [1] }), "offers no choice of texts"),
            (json!({ "type": "string", "pattern": "^a" }), "has `pattern`, which no form has beside its type"),
            (json!({ "type": "integer", "enum": [1] }), "has `enum`, which no form has beside its type"),
            (
                json!({ "type": "string", "format": "ipv4" }),
                "has a format that is not `email`, `uri`, `date` or `date-time`",
            ),
        ] {
            let AskError::Invalid { reason: told } = form_of("it", &schema).unwrap_err() else { panic!("{schema}") };
            assert_eq!(told, format!("`it` cannot be asked for: `it` {reason}"), "{schema}");
        }
        let text = json!({ "a": { "type": "string" } });
        for form in [
            json!({ "type": "object" }),
            json!({ "properties": [] }),
            json!({ "properties": text, "required": ["b"] }),
            json!({ "properties": text, "required": "a" }),
        ] {
            assert!(matches!(checked("it", &form), Err(AskError::Invalid { .. })), "{form}");
        }
    }
}
