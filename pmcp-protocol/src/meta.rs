//! `_meta`: the keys that stand in it, and putting something there.

use serde_json::{Map, Value, json};

/// The tasks extension (2026-07-28).
pub const TASKS_EXTENSION: &str = "io.modelcontextprotocol/tasks";
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

/// The task a message is about ("Related Task Metadata").
#[must_use]
pub fn related_task(params: &Value) -> Option<&str> {
    params.get("_meta")?.get(RELATED_TASK)?.get("taskId")?.as_str()
}
