//! An answer that a model gives through a tool, checked while the question is still open.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::task::InputRequest;

/// The question that these arguments answer, and the result of its method that they stand for.
pub(super) fn answer<'a>(
    arguments: &Map<String, Value>,
    inputs: &'a BTreeMap<String, InputRequest>,
) -> Result<(&'a str, Value), String> {
    let (key, request) = match arguments.get("question").and_then(Value::as_str) {
        Some(key) => inputs.get_key_value(key),
        None if inputs.len() > 1 => return Err("`question` is missing, and the task asks several.".into()),
        None => inputs.first_key_value(),
    }
    .ok_or(if inputs.is_empty() {
        "the task asks nothing now."
    } else {
        "the task does not ask this `question`."
    })?;
    match arguments.get("action").and_then(Value::as_str).unwrap_or("accept") {
        action @ ("decline" | "cancel") => return Ok((key, json!({ "action": action }))),
        "accept" => {}
        _ => return Err("`action` is not `accept`, `decline` or `cancel`.".into()),
    }
    let fields = match arguments.get("answer") {
        Some(Value::Object(fields)) => fields,
        Some(_) => return Err("`answer` is not an object.".into()),
        None => return Err("`answer` is missing.".into()),
    };
    let content = Value::Object(fields.clone());
    let Some(schema) = request.params.get("requestedSchema") else { return Ok((key, content)) };
    check(fields, schema)?;
    Ok((key, json!({ "action": "accept", "content": content })))
}

/// Tells whether an answer has the fields of a form, so that a model hears of a mistake while the question is still
/// open.
fn check(answer: &Map<String, Value>, schema: &Value) -> Result<(), String> {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for name in required {
        if !answer.contains_key(name) {
            return Err(format!("the answer has no `{name}`."));
        }
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, value) in answer {
        let Some(property) = properties.and_then(|properties| properties.get(name)) else {
            return Err(format!("the question does not ask for `{name}`."));
        };
        let fits = match property.get("type").and_then(Value::as_str) {
            Some("string") => value.is_string(),
            Some("boolean") => value.is_boolean(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("number") => value.is_number(),
            Some("array") => value.is_array(),
            _ => true,
        };
        let is_choice = property.get("enum").and_then(Value::as_array).is_none_or(|choices| choices.contains(value));
        if !fits || !is_choice {
            return Err(format!("`{name}` in the answer is {value}, which does not fit its schema {property}."));
        }
    }
    Ok(())
}
