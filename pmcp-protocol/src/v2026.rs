//! Tasks and tools as 2026-07-28 and its extension `io.modelcontextprotocol/tasks` write them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{InputRequest, Outcome, RpcError, TASKS_EXTENSION, TaskView, ToolResult, ToolView, VARIABLES, code, v2025};

/// `Task` ("Tasks").
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "fields are called as on the wire")]
struct Task<'a> {
    task_id: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_message: Option<&'a str>,
    created_at: &'a str,
    last_updated_at: &'a str,
    ttl_ms: Option<u64>,
    poll_interval_ms: u64,
}

fn fields(task: &TaskView<'_>) -> Map<String, Value> {
    let task = json!(Task {
        task_id: &task.id,
        status: task.status.as_str(),
        status_message: task.message,
        created_at: &task.created,
        last_updated_at: &task.updated,
        ttl_ms: Some(task.ttl),
        poll_interval_ms: task.poll_interval,
    });
    match task {
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
pub(crate) fn created(task: &TaskView<'_>, variables: Option<Map<String, Value>>) -> Value {
    let kind = [("resultType", "task".into())];
    with(fields(task), kind.into_iter().chain(variables_meta(variables))).into()
}

/// `DetailedTask`: the task with its result, error or open questions ("Task Status"); `params` of `notifications/tasks`.
pub(crate) fn detailed(task: &TaskView<'_>, variables: Option<Map<String, Value>>) -> Map<String, Value> {
    let payload = match task.outcome {
        Some(Outcome::Result(result)) => Some(("result", tool_result(result))),
        Some(Outcome::Raw(value)) => Some(("result", value.clone())),
        Some(Outcome::Error(error)) => Some(("error", json!(error))),
        Some(Outcome::Cancelled) | None => {
            (!task.inputs.is_empty()).then(|| ("inputRequests", input_requests(task.inputs)))
        }
    };
    with(fields(task), payload.into_iter().chain(variables_meta(variables)))
}

/// `GetTaskResult`.
pub(crate) fn task(task: &TaskView<'_>, variables: Option<Map<String, Value>>) -> Value {
    with(detailed(task, variables), [("resultType", "complete".into())]).into()
}

/// `InputRequests`.
fn input_requests(inputs: &BTreeMap<String, InputRequest>) -> Value {
    let shown =
        |InputRequest { method, params }: &InputRequest| json!({ "method": method, "params": question(params) });
    Value::Object(inputs.iter().map(|(key, request)| (key.clone(), shown(request))).collect())
}

/// The parameters of a question: that of a page has no id any more.
pub(crate) fn question(params: &Value) -> Value {
    let mut params = params.clone();
    if let Some(fields) = params.as_object_mut().filter(|fields| fields.contains_key("elicitationId")) {
        fields.remove("elicitationId");
    }
    params
}

/// `InputRequiredResult` (multi round-trip requests, "`InputRequiredResult`").
pub(crate) fn input_required(inputs: &BTreeMap<String, InputRequest>, state: Option<&str>) -> Value {
    let required = [("resultType", "input_required".into()), ("inputRequests", input_requests(inputs))];
    let state = state.map(|state| ("requestState", state.into()));
    with(Map::new(), required.into_iter().chain(state)).into()
}

/// `CallToolResult`: structured content is any value.
pub(crate) fn tool_result(result: &ToolResult) -> Value {
    let structured = result.structured.clone().map(|value| ("structuredContent", value));
    let meta = (!result.meta.is_empty()).then(|| ("_meta", result.meta.clone().into()));
    let content = result.content.iter().map(|part| part.as_value().clone()).collect();
    let required = [("resultType", "complete".into()), ("content", content), ("isError", result.is_error.into())];
    with(Map::new(), required.into_iter().chain(structured).chain(meta)).into()
}

/// `Tool`.
pub(crate) fn tool(tool: &ToolView<'_>) -> Value {
    let mut fields = with(v2025::describe(tool), tool.output_schema.map(|schema| ("outputSchema", schema.clone())));
    fields.extend(v2025::icons(tool));
    fields.into()
}

/// The client did not declare what the request needs: -32021 ("Missing Required Client Capability").
pub(crate) fn missing_capability(required: &Value) -> RpcError {
    RpcError::new(code::MISSING_CLIENT_CAPABILITY, "the client did not declare a capability this request needs")
        .with_data(json!({ "requiredCapabilities": required }))
}

/// The client did not declare the tasks extension.
pub(crate) fn missing_tasks_extension() -> RpcError {
    missing_capability(&json!({ "extensions": { TASKS_EXTENSION: {} } }))
}
