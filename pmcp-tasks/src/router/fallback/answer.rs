//! An answer that a model gives through a tool, checked while the question is still open.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{protocol::bounds::shortened, schema::answer::fit, task::InputRequest};

/// The question that these arguments answer, which fit the schema of their tool, and the result of its method that they stand
/// for.
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
    if let Some(action @ ("decline" | "cancel")) = arguments.get("action").and_then(Value::as_str) {
        return Ok((key, json!({ "action": action })));
    }
    let Some(Value::Object(fields)) = arguments.get("answer") else { return Err("`answer` is missing.".into()) };
    let mut fields = fields.clone();
    if request.page().is_some() {
        return Ok((key, json!({ "action": "accept" })));
    }
    let Some(schema) = request.params.get("requestedSchema") else { return Ok((key, fields.into())) };
    fit(&mut fields, schema).map_err(|mistake| format!("{mistake}."))?;
    // A client may add what it likes; a model has taken the question for another.
    let asked = schema.get("properties").and_then(Value::as_object);
    if let Some(name) = fields.keys().find(|name| asked.is_none_or(|asked| !asked.contains_key(*name))) {
        return Err(format!("the question does not ask for `{}`.", shortened(name, 80)));
    }
    Ok((key, json!({ "action": "accept", "content": fields })))
}
