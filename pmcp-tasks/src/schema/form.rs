//! Forms written by hand, and what the answer to any form gives (elicitation, "Requested Schema").

use serde_json::{Map, Value, json};

use super::answer::without_answer;
use crate::error::AskError;

fn invalid(reason: impl Into<String>) -> AskError {
    AskError::Invalid { reason: reason.into() }
}

/// The keywords the protocol's primitive schemas may have; others are left out of what the client sees.
const KEYWORDS: [&str; 15] = [
    "type",
    "title",
    "description",
    "default",
    "enum",
    "oneOf",
    "minLength",
    "maxLength",
    "format",
    "minimum",
    "maximum",
    "items",
    "minItems",
    "maxItems",
    "enumNames",
];

/// A form as an elicitation may request it; `what` is its name in errors.
///
/// # Errors
/// It is not an object with properties, each one of the protocol's primitive schemas, or asks for one that it has not.
pub(crate) fn checked(what: &str, form: &Value) -> Result<Value, AskError> {
    let properties = form
        .get("properties")
        .and_then(Value::as_object)
        .ok_or_else(|| invalid(format!("{what} cannot be asked for: it has no `properties`")))?;
    let mut fields = Map::new();
    for (field, schema) in properties {
        let primitive = primitive_schema(schema).ok_or_else(|| {
            invalid(format!("{what} cannot be asked for: `{field}` is not a string, number, boolean or enum"))
        })?;
        fields.insert(field.clone(), primitive);
    }
    let mut requested = json!({ "type": "object" });
    if let Some(required) = form.get("required") {
        let known = |field: &Value| field.as_str().is_some_and(|field| fields.contains_key(field));
        if !required.as_array().is_some_and(|required| required.iter().all(known)) {
            return Err(invalid(format!("{what} cannot be asked for: `required` does not name its properties")));
        }
        requested["required"] = required.clone();
    }
    requested["properties"] = fields.into();
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

/// A schema as one of the protocol's primitive schemas; `None` if it is none (elicitation, "Requested Schema").
fn primitive_schema(schema: &Value) -> Option<Value> {
    let mut primitive = schema.as_object()?.clone();
    primitive.retain(|keyword, _| KEYWORDS.contains(&keyword.as_str()));
    // Formats are the protocol's, not Rust's (`uint32`).
    let formats = ["email", "uri", "date", "date-time"];
    if !primitive.get("format").is_some_and(|format| formats.iter().any(|known| format == known)) {
        primitive.remove("format");
    }
    let options = primitive.get("oneOf");
    match primitive.get("type")?.as_str()? {
        "string" if options.is_none_or(are_titled) => {}
        "number" | "integer" | "boolean" if options.is_none() => {}
        "array" => {
            let items = primitive.get("items")?;
            let titled = items.get("anyOf").is_some_and(are_titled);
            let plain = items.get("type").is_some_and(|kind| kind == "string") && items.get("enum").is_some();
            if !titled && !plain {
                return None;
            }
        }
        _ => return None,
    }
    Some(primitive.into())
}

/// Tells whether these are choices with titles (elicitation, "Enum Schema").
fn are_titled(options: &Value) -> bool {
    let is_titled =
        |option: &Value| ["const", "title"].iter().all(|word| option.get(word).is_some_and(Value::is_string));
    options.as_array().is_some_and(|options| !options.is_empty() && options.iter().all(is_titled))
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
    fn a_form_by_hand_has_what_the_protocol_knows() {
        let form = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "properties": {
                "size": { "type": "string", "oneOf": [{ "const": "s", "title": "Small" }], "x-own": 1 },
                "many": { "type": "array", "items": { "type": "string", "enum": ["a", "b"] }, "maxItems": 1 },
                "count": { "type": "integer", "format": "uint8", "default": 1 },
                "mail": { "type": "string", "format": "email" },
            },
            "required": ["size"],
        });
        let requested = json!({
            "type": "object",
            "properties": {
                "size": { "type": "string", "oneOf": [{ "const": "s", "title": "Small" }] },
                "many": { "type": "array", "items": { "type": "string", "enum": ["a", "b"] }, "maxItems": 1 },
                "count": { "type": "integer", "default": 1 },
                "mail": { "type": "string", "format": "email" },
            },
            "required": ["size"],
        });
        assert_eq!(checked("it", &form).unwrap(), requested);
        let text = json!({ "type": "string" });
        let alone = json!({ "type": "object", "properties": { "a": text }, "required": ["a"] });
        assert_eq!(form_of("a", &text).unwrap(), alone);
    }

    #[test]
    fn what_a_form_cannot_ask_is_refused() {
        for schema in [
            json!({ "type": "object" }),
            json!({ "type": "array", "items": { "type": "string" } }),
            json!({ "type": "array", "items": { "anyOf": [] } }),
            json!({ "type": "string", "oneOf": [{ "const": 1, "title": "One" }] }),
            json!({ "type": "string", "oneOf": [{ "const": "one" }] }),
            json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }] }),
            json!({ "type": ["string", "integer"] }),
            json!(true),
        ] {
            assert_eq!(primitive_schema(&schema), None, "{schema}");
            assert!(form_of("it", &schema).is_err(), "{schema}");
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
