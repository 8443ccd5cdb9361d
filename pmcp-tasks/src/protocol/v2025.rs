//! Tasks as the 2025-11-25 revision writes them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{RELATED_TASK, VARIABLES};
use crate::{
    task::{self, TaskStatus},
    tool::{TaskSupport, ToolAnnotations, ToolDefinition, ToolResult},
};

/// `Task` (schema, "Task").
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
    pub ttl: Option<u64>,
    /// Milliseconds.
    pub poll_interval: u64,
}

impl From<&task::Task> for Task {
    fn from(task: &task::Task) -> Self {
        Self {
            task_id: task.id().to_string(),
            status: status(task).as_str(),
            status_message: task.message().map(str::to_owned),
            created_at: task.created().to_string(),
            last_updated_at: task.updated().to_string(),
            ttl: Some(task.head.ttl),
            poll_interval: task.head.poll_interval,
        }
    }
}

/// The state this revision gives a task: a result with `isError` is a failure ("Task Status").
fn status(task: &task::Task) -> TaskStatus {
    if task.is_error() { TaskStatus::Failed } else { task.status() }
}

/// `params` of `tasks/get`, `tasks/result`, `tasks/cancel`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskParams {
    /// Which task.
    pub task_id: String,
}

/// `params` of `tasks/list`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ListParams {
    /// Where the page begins.
    #[serde(default)]
    pub cursor: Option<String>,
}

/// `params.task` of `tools/call`.
#[derive(Clone, Debug, Deserialize)]
pub struct TaskMetadata {
    /// The wanted lifetime in milliseconds.
    #[serde(default)]
    pub ttl: Option<u64>,
}

/// The flat task of `tasks/get` and `tasks/cancel`, and of notifications.
#[must_use]
pub fn task(task: &task::Task, variables: Option<Map<String, Value>>) -> Value {
    let mut value = json!(Task::from(task));
    if let (Some(variables), Some(fields)) = (variables, value.as_object_mut()) {
        fields.insert("_meta".into(), json!({ VARIABLES: variables }));
    }
    value
}

/// The nested task of a create result.
#[must_use]
pub fn created(task: &task::Task, meta: Map<String, Value>) -> Value {
    let mut value = json!({ "task": Task::from(task) });
    if let (false, Some(fields)) = (meta.is_empty(), value.as_object_mut()) {
        fields.insert("_meta".into(), meta.into());
    }
    value
}

/// The metadata that ties a message to a task ("Related Task Metadata").
#[must_use]
pub fn related_task(id: task::TaskId) -> Value {
    json!({ RELATED_TASK: { "taskId": id.to_string() } })
}

/// `CallToolResult`: structured content is an object or absent.
#[must_use]
pub fn tool_result(result: &ToolResult) -> Value {
    let mut value = json!({ "content": result.content, "isError": result.is_error });
    if let Some(fields) = value.as_object_mut() {
        if let Some(structured @ Value::Object(_)) = &result.structured {
            fields.insert("structuredContent".into(), structured.clone());
        }
        if !result.meta.is_empty() {
            fields.insert("_meta".into(), result.meta.clone().into());
        }
    }
    value
}

/// `Tool`.
#[must_use]
pub fn tool(tool: &ToolDefinition) -> Value {
    let mut value = plain_tool(tool);
    if let Some(fields) = value.as_object_mut()
        && tool.support != TaskSupport::Forbidden
    {
        fields.insert("execution".into(), json!({ "taskSupport": tool.support }));
    }
    value
}

/// `Tool` of the revisions before tasks.
#[must_use]
pub fn plain_tool(tool: &ToolDefinition) -> Value {
    let mut fields = describe(tool);
    if let Some(schema) = &tool.output_schema
        && schema.get("type").is_some_and(|kind| kind == "object")
    {
        fields.insert("outputSchema".into(), schema.clone());
    }
    fields.into()
}

/// What both revisions say of a tool.
pub(super) fn describe(tool: &ToolDefinition) -> Map<String, Value> {
    let mut fields = Map::from_iter([
        ("name".into(), Value::from(tool.name.as_str())),
        ("inputSchema".into(), tool.input_schema.clone()),
    ]);
    if let Some(title) = &tool.title {
        fields.insert("title".into(), title.as_str().into());
    }
    if let Some(description) = &tool.description {
        fields.insert("description".into(), description.as_str().into());
    }
    if tool.annotations != ToolAnnotations::default() {
        fields.insert("annotations".into(), json!(tool.annotations));
    }
    if !tool.meta.is_empty() {
        fields.insert("_meta".into(), tool.meta.clone().into());
    }
    fields
}
