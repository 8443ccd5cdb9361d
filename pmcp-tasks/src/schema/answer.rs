//! Answers of clients, looked at before they are taken: one that does not fit its question leaves it open.

use serde_json::{Map, Value};

use crate::protocol::bounds::shortened;

/// Checks that a result answers the question with these parameters. Only forms say what fits; the result of another question
/// is any object.
///
/// # Errors
/// What is wrong, for whoever answered.
pub(crate) fn check(params: &Value, answer: &Value) -> Result<(), String> {
    let Some(answer) = answer.as_object() else { return Err("it is not an object".into()) };
    let Some(form) = params.get("requestedSchema") else { return Ok(()) };
    match answer.get("action").and_then(Value::as_str) {
        Some("decline" | "cancel") => Ok(()),
        Some("accept") => match answer.get("content") {
            None => check_content(&Map::new(), form),
            Some(Value::Object(content)) => check_content(content, form),
            Some(_) => Err("`content` is not an object".into()),
        },
        _ => Err("`action` is not `accept`, `decline` or `cancel`".into()),
    }
}

/// Checks the fields of a form, as far as its schema tells. Fields it does not have are tolerated, and so is null for one that
/// may be left out.
///
/// # Errors
/// What is wrong, for whoever answered.
pub(crate) fn check_content(content: &Map<String, Value>, form: &Value) -> Result<(), String> {
    let required: Vec<&str> =
        form.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    if let Some(missing) = required.iter().find(|name| !content.contains_key(**name)) {
        return Err(format!("the answer has no `{missing}`"));
    }
    for (name, field) in form.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let Some(value) = content.get(name) else { continue };
        let is_left_out = value.is_null() && !required.contains(&name.as_str());
        if !is_left_out && !fits(value, field) {
            let value = shortened(&value.to_string(), 80);
            return Err(format!("`{name}` in the answer is {value}, which does not fit its schema {field}"));
        }
    }
    Ok(())
}

/// Tells whether a value fits one of the protocol's primitive schemas (elicitation, "Requested Schema").
fn fits(value: &Value, schema: &Value) -> bool {
    let bound = |keyword: &str| schema.get(keyword).and_then(Value::as_f64);
    let within = |amount: f64, least: &str, most: &str| {
        bound(least).is_none_or(|least| amount >= least) && bound(most).is_none_or(|most| amount <= most)
    };
    let in_number = |value: &Value| value.as_f64().is_some_and(|number| within(number, "minimum", "maximum"));
    #[expect(clippy::cast_precision_loss, reason = "nothing that came in a message is that long")]
    let in_length = |length: usize, least: &str, most: &str| within(length as f64, least, most);
    let has_type = match schema.get("type").and_then(Value::as_str) {
        Some("string") => value.as_str().is_some_and(|text| in_length(text.chars().count(), "minLength", "maxLength")),
        Some("boolean") => value.is_boolean(),
        Some("integer") => !value.is_f64() && in_number(value),
        Some("number") => in_number(value),
        Some("array") => value.as_array().is_some_and(|list| {
            let items = schema.get("items").unwrap_or(&Value::Null);
            in_length(list.len(), "minItems", "maxItems") && list.iter().all(|item| fits(item, items))
        }),
        _ => true,
    };
    let choices = |keyword: &str| schema.get(keyword).and_then(Value::as_array);
    let is_choice = choices("enum").is_none_or(|choices| choices.contains(value));
    let options = choices("oneOf").or_else(|| choices("anyOf"));
    let is_option = options.is_none_or(|options| options.iter().any(|option| option.get("const") == Some(value)));
    has_type && is_choice && is_option
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_keyword_of_a_form_is_looked_at() {
        let options = json!([{ "const": "a", "title": "A" }, { "const": "b", "title": "B" }]);
        for (schema, good, bad) in [
            (json!({ "type": "string" }), json!(""), json!(7)),
            (json!({ "type": "string", "minLength": 2 }), json!("üü"), json!("ü")),
            (json!({ "type": "string", "maxLength": 1 }), json!("ü"), json!("xx")),
            (json!({ "type": "boolean" }), json!(false), json!("false")),
            (json!({ "type": "integer" }), json!(-1), json!(1.0)),
            (json!({ "type": "integer", "minimum": 0, "maximum": 255 }), json!(255), json!(256)),
            (json!({ "type": "number", "minimum": 0.5 }), json!(1), json!(0.4)),
            (json!({ "type": "string", "enum": ["a", "b"] }), json!("b"), json!("c")),
            (json!({ "type": "string", "oneOf": options }), json!("b"), json!("c")),
            (json!({ "type": "array", "items": { "anyOf": options } }), json!(["a", "b"]), json!(["a", "c"])),
            (json!({ "type": "array", "items": { "type": "string", "enum": ["a"] } }), json!(["a"]), json!("a")),
            (json!({ "type": "array", "minItems": 1, "items": { "enum": ["a"] } }), json!(["a"]), json!([])),
            (json!({ "type": "array", "maxItems": 1, "items": { "enum": ["a"] } }), json!([]), json!(["a", "a"])),
        ] {
            assert!(fits(&good, &schema), "{good} {schema}");
            assert!(!fits(&bad, &schema) && !fits(&Value::Null, &schema), "{bad} {schema}");
        }
    }

    #[test]
    fn what_may_be_left_out_may_be_null_and_more_is_tolerated() {
        let text = json!({ "type": "string" });
        let form = json!({ "properties": { "a": text, "b": text }, "required": ["a"] });
        let check = |content: Value| check_content(content.as_object().unwrap(), &form);
        assert_eq!(check(json!({ "a": "", "b": null, "c": 7 })), Ok(()));
        assert_eq!(check(json!({ "b": "" })), Err("the answer has no `a`".into()));
        assert!(check(json!({ "a": null })).is_err() && check(json!({ "a": "", "b": 7 })).is_err());
    }
}
