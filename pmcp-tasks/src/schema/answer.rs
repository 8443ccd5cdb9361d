//! Answers of clients, looked at before they are taken: one that does not fit its question leaves it open.

use serde_json::{Map, Value, json};

use super::{Compiled, Misfit};
use crate::{
    error::AskError,
    protocol::{REFUSAL, RpcError, is_page},
};

/// The answer to the question with these parameters, in the form its type reads: equal values of another form are taken as
/// what they equal. Only forms say what fits; the result of another question is any object.
///
/// # Errors
/// What is wrong, for whoever answered.
pub(crate) fn fitted(params: &Value, answer: &Value) -> Result<Value, String> {
    let Some(fields) = answer.as_object() else { return Err("it is not an object".into()) };
    if is_page(params) {
        return match answer.get("action").and_then(Value::as_str) {
            // That the user goes there: what happens there is no answer.
            Some("accept") => Ok(json!({ "action": "accept" })),
            Some("decline" | "cancel") => Ok(answer.clone()),
            _ => Err("`action` is not `accept`, `decline` or `cancel`".into()),
        };
    }
    let Some(form) = params.get("requestedSchema") else { return Ok(answer.clone()) };
    match answer.get("action").and_then(Value::as_str) {
        Some("decline" | "cancel") => Ok(answer.clone()),
        Some("accept") => {
            let mut content = match answer.get("content") {
                None => Map::new(),
                Some(Value::Object(content)) => content.clone(),
                Some(_) => return Err("`content` is not an object".into()),
            };
            fit(&mut content, form)?;
            let mut fields = fields.clone();
            fields.insert("content".into(), content.into());
            Ok(fields.into())
        }
        _ => Err("`action` is not `accept`, `decline` or `cancel`".into()),
    }
}

/// The answer that stands for a client's refusal to ask: one of a user who dismissed the question, and the code of the error.
pub(crate) fn refusal(error: &RpcError) -> Value {
    json!({ "action": "cancel", "_meta": { REFUSAL: { "code": error.code } } })
}

/// The reason why there is no answer, if the answer says so.
pub(crate) fn without_answer(answer: &Value) -> Option<AskError> {
    match answer.get("action").and_then(Value::as_str) {
        Some("decline") => Some(AskError::Declined),
        Some("cancel") => {
            let refusal = answer.get("_meta").and_then(|meta| meta.get(REFUSAL));
            let code = refusal.and_then(|refusal| refusal.get("code")?.as_i64());
            Some(code.map_or(AskError::Cancelled, |code| AskError::Refused { code }))
        }
        _ => None,
    }
}

/// The error of an answer that does not fit, for whoever asked.
pub(crate) fn misfit(mistake: &str) -> AskError {
    AskError::Invalid { reason: format!("the answer does not fit the question: {mistake}") }
}

/// Puts the fields of a form into the form their types read. Fields it does not have are tolerated, and null for one that may be
/// left out is taken as that.
///
/// # Errors
/// What is wrong, for whoever answered.
pub(crate) fn fit(content: &mut Map<String, Value>, form: &Value) -> Result<(), String> {
    Compiled::new(form)?.read_fields(content).any().map_or(Ok(()), |mistake| Err(told(&mistake)))
}

/// Puts a value that somebody outside delivers into the form its type reads. A schema that cannot be checked leaves it to the type.
///
/// # Errors
/// What is wrong, and where; it may repeat the value.
pub(crate) fn delivered(value: &mut Value, schema: &Value) -> Result<(), Misfit> {
    Compiled::new(schema).map_or(Ok(()), |schema| schema.read(value).any().map_or(Ok(()), Err))
}

/// What is wrong with a value in words that say where.
pub(crate) fn told(mistake: &Misfit) -> String {
    if mistake.at.is_empty() { mistake.to_string() } else { format!("`{}`: {mistake}", mistake.at) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_keyword_of_a_form_is_looked_at() {
        let options = json!([{ "const": "a", "title": "A" }, { "const": "b", "title": "B" }]);
        for (schema, good, bad) in [
            (json!({ "type": "string" }), json!(""), json!(7)),
            (json!({ "type": "string", "minLength": 2 }), json!("üü"), json!("ü")),
            (json!({ "type": "string", "maxLength": 1 }), json!("ü"), json!("xx")),
            (json!({ "type": "boolean" }), json!(false), json!("false")),
            (json!({ "type": "integer" }), json!(-1), json!(1.5)),
            (json!({ "type": "integer", "minimum": 0, "maximum": 255 }), json!(255), json!(256)),
            (json!({ "type": "number", "minimum": 0.5 }), json!(1), json!(0.4)),
            (json!({ "type": "string", "enum": ["a", "b"] }), json!("b"), json!("c")),
            (json!({ "type": "string", "oneOf": options }), json!("b"), json!("c")),
            (json!({ "type": "array", "items": { "anyOf": options } }), json!(["a", "b"]), json!(["a", "c"])),
            (json!({ "type": "array", "items": { "type": "string", "enum": ["a"] } }), json!(["a"]), json!("a")),
            (json!({ "type": "array", "minItems": 1, "items": { "enum": ["a"] } }), json!(["a"]), json!([])),
            (json!({ "type": "array", "maxItems": 1, "items": { "enum": ["a"] } }), json!([]), json!(["a", "a"])),
        ] {
            let fits = |value: &Value| {
                let form = json!({ "properties": { "a": schema }, "required": ["a"] });
                fit(json!({ "a": value }).as_object_mut().unwrap(), &form).is_ok()
            };
            assert!(fits(&good), "{good} {schema}");
            assert!(!fits(&bad) && !fits(&Value::Null), "{bad} {schema}");
        }
    }

    #[test]
    fn what_may_be_left_out_may_be_null_and_more_is_tolerated() {
        let text = json!({ "type": "string" });
        let form = json!({ "properties": { "a": text, "b": text }, "required": ["a"] });
        let fit = |content: Value| {
            let mut content = content.as_object().unwrap().clone();
            fit(&mut content, &form).map(|()| Value::Object(content))
        };
        assert_eq!(fit(json!({ "a": "", "b": null, "c": 7 })), Ok(json!({ "a": "", "c": 7 })));
        assert_eq!(fit(json!({ "b": "" })), Err("`a` is missing".into()));
        assert!(fit(json!({ "a": null })).is_err() && fit(json!({ "a": "", "b": 7 })).is_err());
    }
}
