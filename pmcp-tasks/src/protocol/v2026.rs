//! Tasks as the 2026-07-28 extension `io.modelcontextprotocol/tasks` writes them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{RpcError, TASKS_EXTENSION, VARIABLES, code};
use crate::{
    task::{self, InputRequest, Outcome},
    tool::{ToolDefinition, ToolResult},
};

/// `Task` ("Tasks").
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// Its id.
    pub task_id: String,
    /// Its state.
    pub status: &'static str,
    /// A text about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_message: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub last_updated_at: String,
    /// Milliseconds from creation; `null` would mean for ever.
    pub ttl_ms: Option<u64>,
    /// Milliseconds.
    pub poll_interval_ms: u64,
}

impl From<&task::Task> for Task {
    fn from(task: &task::Task) -> Self {
        Self {
            task_id: task.id().to_string(),
            status: task.status().as_str(),
            status_message: task.message().map(str::to_owned),
            created_at: task.created().to_string(),
            last_updated_at: task.updated().to_string(),
            ttl_ms: Some(task.head.ttl),
            poll_interval_ms: task.head.poll_interval,
        }
    }
}

/// `params` of `tasks/get` and `tasks/cancel`.
pub use super::v2025::TaskParams;

/// `params` of `tasks/update`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateParams {
    /// Which task.
    pub task_id: String,
    /// The answers, by key. Required here; a 2025-11-25 client may leave it out.
    #[serde(default)]
    pub input_responses: Option<BTreeMap<String, Value>>,
}

/// The fields of something that serialises to an object.
fn fields(value: &impl Serialize) -> Map<String, Value> {
    match json!(value) {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn with(mut fields: Map<String, Value>, more: impl IntoIterator<Item = (&'static str, Value)>) -> Map<String, Value> {
    fields.extend(more.into_iter().map(|(key, value)| (key.to_owned(), value)));
    fields
}

fn variables_meta(variables: Option<Map<String, Value>>) -> Option<(&'static str, Value)> {
    variables.map(|variables| ("_meta", with(Map::new(), [(VARIABLES, variables.into())]).into()))
}

/// `CreateTaskResult` ("Task Creation").
#[must_use]
pub fn created(task: &task::Task, variables: Option<Map<String, Value>>) -> Value {
    let kind = [("resultType", "task".into())];
    with(fields(&Task::from(task)), kind.into_iter().chain(variables_meta(variables))).into()
}

/// `DetailedTask`: the task with its result, error or open questions ("Task Status").
#[must_use]
pub fn detailed(task: &task::Task, variables: Option<Map<String, Value>>) -> Value {
    detailed_fields(task, variables).into()
}

fn detailed_fields(task: &task::Task, variables: Option<Map<String, Value>>) -> Map<String, Value> {
    let payload = match task.outcome() {
        Some(Outcome::Result(result)) => Some(("result", tool_result(result))),
        Some(Outcome::Raw(value)) => Some(("result", value.clone())),
        Some(Outcome::Error(error)) => Some(("error", json!(error))),
        Some(Outcome::Cancelled) | None => {
            (!task.inputs().is_empty()).then(|| ("inputRequests", input_requests(task.inputs())))
        }
    };
    with(fields(&Task::from(task)), payload.into_iter().chain(variables_meta(variables)))
}

/// `GetTaskResult`.
#[must_use]
pub fn task(task: &task::Task, variables: Option<Map<String, Value>>) -> Value {
    with(detailed_fields(task, variables), [("resultType", "complete".into())]).into()
}

/// `InputRequests` (multi round-trip requests, "`InputRequests`").
#[must_use]
pub fn input_requests(inputs: &BTreeMap<String, InputRequest>) -> Value {
    json!(inputs)
}

/// `InputRequiredResult` (multi round-trip requests, "`InputRequiredResult`").
#[must_use]
pub fn input_required(inputs: &BTreeMap<String, InputRequest>, state: Option<&str>) -> Value {
    let required = [("resultType", "input_required".into()), ("inputRequests", input_requests(inputs))];
    let state = state.map(|state| ("requestState", state.into()));
    with(Map::new(), required.into_iter().chain(state)).into()
}

/// A result that says nothing but that the request succeeded.
#[must_use]
pub fn acknowledged() -> Value {
    json!({ "resultType": "complete" })
}

/// `CallToolResult`: structured content is any value.
#[must_use]
pub fn tool_result(result: &ToolResult) -> Value {
    let structured = result.structured.clone().map(|value| ("structuredContent", value));
    let meta = (!result.meta.is_empty()).then(|| ("_meta", result.meta.clone().into()));
    let content = result.content.iter().map(|part| part.as_value().clone()).collect();
    let required = [("resultType", "complete".into()), ("content", content), ("isError", result.is_error.into())];
    with(Map::new(), required.into_iter().chain(structured).chain(meta)).into()
}

/// `Tool`.
#[must_use]
pub fn tool(tool: &ToolDefinition) -> Value {
    with(super::v2025::describe(tool), tool.output_schema.clone().map(|schema| ("outputSchema", schema))).into()
}

/// The client did not declare what the request needs: -32021 ("Missing Required Client Capability").
#[must_use]
pub fn missing_capability(required: &Value) -> RpcError {
    RpcError::new(code::MISSING_CLIENT_CAPABILITY, "the client did not declare a capability this request needs")
        .with_data(json!({ "requiredCapabilities": required }))
}

/// The client did not declare the tasks extension.
#[must_use]
pub fn missing_tasks_extension() -> RpcError {
    missing_capability(&json!({ "extensions": { TASKS_EXTENSION: {} } }))
}
