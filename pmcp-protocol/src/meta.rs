//! `_meta`: the keys that stand in it, and putting something there.

use std::time::Duration;

use serde_json::{Map, Number, Value, json};

use crate::{bounds, number};

/// The tasks extension (2026-07-28).
pub const TASKS_EXTENSION: &str = "io.modelcontextprotocol/tasks";
/// The extension MCP Apps: widgets that hosts show beside results.
pub const UI_EXTENSION: &str = "io.modelcontextprotocol/ui";
/// The MIME type of a widget's document (MCP Apps, "UI Resource Format").
pub const UI_MIME_TYPE: &str = "text/html;profile=mcp-app";
/// Key of everything MCP Apps says of a tool or a resource.
pub const UI: &str = "ui";
/// Ties a message to a task (2025-11-25).
pub const RELATED_TASK: &str = "io.modelcontextprotocol/related-task";
/// A text for the model while a task runs (2025-11-25).
pub const MODEL_IMMEDIATE_RESPONSE: &str = "io.modelcontextprotocol/model-immediate-response";
/// The version a request speaks (2026-07-28, as the next five).
pub const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// Abilities of the client of a request.
pub const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
/// The client of a request: its name and version.
pub const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
/// The least grave log message a request wants to see.
pub const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
/// The server of a result: its name and version.
pub const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
/// The subscription a notification belongs to.
pub const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";
/// Our key of a task's variables.
pub const VARIABLES: &str = "run.pmcp/variables";
/// Our key of what a result tells programs of a task, for clients that know none: `taskId` and `tools` (the names of those that go on
/// with it: `status`, `result`, `cancel`, `answer`), `task_id`, `tool`, `status`, `next` (calls that can follow), and `message`,
/// `variables` and `questions` where there are any. A result that a task ended with has `taskId`, `tools` and `status`.
pub const TASK: &str = "run.pmcp/task";
/// Our key of a call: the milliseconds to wait for its end before a client that knows no tasks is answered with the task.
pub const WAIT: &str = "run.pmcp/wait";
/// Our key of a result that a widget shows: the name under which the view keeps its state, the same whenever the result is shown.
pub const VIEW: &str = "run.pmcp/view";
/// Our key of an answer that stands for the error a client refused a question with: its `code`.
pub const REFUSAL: &str = "run.pmcp/refusal";
/// Our key of a call: the same key from the same owner for the same tool gives the same task, so that a client can
/// repeat a call whose response was lost. 1 to 256 bytes; forgotten when the task expires.
pub const IDEMPOTENCY_KEY: &str = "run.pmcp/idempotency-key";

/// `_meta` of a request's parameters.
#[must_use]
pub fn of(params: &Value) -> Option<&Map<String, Value>> {
    params.get("_meta").and_then(Value::as_object)
}

/// Adds something to `_meta` of an object; nothing that is no object has any.
pub fn insert(object: &mut Value, key: &str, value: Value) {
    let Some(fields) = object.as_object_mut() else { return };
    let meta = fields.entry("_meta").or_insert_with(|| json!({}));
    if let Some(meta) = meta.as_object_mut() {
        meta.insert(key.to_owned(), value);
    }
}

/// Ties a message to a task ("Related Task Metadata").
pub fn relate(message: &mut Value, task_id: &str) {
    insert(message, RELATED_TASK, json!({ "taskId": task_id }));
}

/// The fields of `_meta` of a request that are none of the protocol's: what those say is told otherwise (schema, `RequestParams`).
#[must_use]
pub fn of_applications(params: &Value) -> Option<Map<String, Value>> {
    let is_of_protocol = |key: &str| key == "progressToken" || key.starts_with("io.modelcontextprotocol/");
    let others = of(params)?.iter().filter(|(key, _)| !is_of_protocol(key));
    Some(others.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// The token that progress is told under: a text of at most [`bounds::PROGRESS_TOKEN`] bytes or a whole number, however it is
/// written. Anything else, such as the null of some clients, asks for nothing.
#[must_use]
pub fn progress_token(params: &Value) -> Option<Value> {
    match of(params)?.get("progressToken")? {
        Value::String(text) if text.len() <= bounds::PROGRESS_TOKEN => Some(text.as_str().into()),
        Value::Number(number) => whole(number),
        _ => None,
    }
}

fn whole(number: &Number) -> Option<Value> {
    if number.is_f64() { number::whole(number.as_f64()?).map(Value::from) } else { Some(number.clone().into()) }
}

/// The time that a call of a client without tasks is to be waited for; anything that is no number of milliseconds says nothing.
#[must_use]
pub fn wait(params: &Value) -> Option<Duration> {
    let wait = of(params)?.get(WAIT)?;
    let whole = || wait.as_f64().and_then(number::whole)?.try_into().ok();
    wait.as_u64().or_else(whole).map(Duration::from_millis)
}

/// The task a message is about ("Related Task Metadata").
#[must_use]
pub fn related_task(params: &Value) -> Option<&str> {
    params.get("_meta")?.get(RELATED_TASK)?.get("taskId")?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applications_have_what_is_not_the_protocols() {
        let meta = json!({ "progressToken": "t", "io.modelcontextprotocol/clientInfo": {}, "example.com/a": 1 });
        assert_eq!(
            of_applications(&json!({ "_meta": meta })).unwrap(),
            Map::from_iter([("example.com/a".into(), 1.into())])
        );
        assert_eq!(of_applications(&json!({})), None);
    }

    #[test]
    fn a_progress_token_is_a_short_text_or_a_whole_number() {
        let token = |token: Value| progress_token(&json!({ "_meta": { "progressToken": token } }));
        for token_ in [json!(""), json!("ü".repeat(128)), json!(0), json!(-1), json!(u64::MAX)] {
            assert_eq!(token(token_.clone()), Some(token_));
        }
        assert_eq!((token(json!(7.0)), token(json!(-0.0))), (Some(json!(7)), Some(json!(0))));
        for none in [json!(null), json!(1.5), json!(1e300), json!(true), json!([1]), json!("x".repeat(257))] {
            assert_eq!(token(none), None);
        }
    }
}
