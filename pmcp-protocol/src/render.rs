//! Views of tasks and tools in the form of a revision. Nothing else chooses between forms.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{InputRequest, Outcome, Revision, RpcError, TaskView, ToolResult, ToolView, code, is_page, v2025, v2026};

/// Variables of a task as they are shown; `None` where there are none to show.
type Shown = Option<Map<String, Value>>;

impl Revision {
    /// A tool in a list.
    #[must_use]
    pub fn tool(self, tool: &ToolView<'_>) -> Value {
        match self {
            Self::Plain => v2025::plain_tool(tool),
            Self::V2025 => v2025::tool(tool),
            Self::V2026 => v2026::tool(tool),
        }
    }

    /// The result of a tool's call.
    #[must_use]
    pub fn tool_result(self, result: &ToolResult) -> Value {
        match self {
            Self::Plain | Self::V2025 => v2025::tool_result(result),
            Self::V2026 => v2026::tool_result(result),
        }
    }

    /// A call's outcome as its answer.
    ///
    /// # Errors
    /// The outcome is an error, or the call was cancelled.
    pub fn outcome(self, outcome: Outcome) -> Result<Value, RpcError> {
        match outcome {
            Outcome::Result(result) => Ok(self.tool_result(&result)),
            Outcome::Raw(value) => Ok(value),
            Outcome::Error(error) => Err(error),
            Outcome::Cancelled => Err(RpcError::cancelled()),
        }
    }

    /// The name of a task's state. In 2025-11-25 a result with `isError` is a failure.
    #[must_use]
    pub fn status(self, task: &TaskView<'_>) -> &'static str {
        match self {
            Self::Plain | Self::V2025 => v2025::status(task),
            Self::V2026 => task.status.as_str(),
        }
    }

    /// The result of a call that became a task. `text` is what a host may tell its model meanwhile (2025-11-25).
    #[must_use]
    pub fn created(self, task: &TaskView<'_>, variables: Shown, text: impl FnOnce() -> String) -> Value {
        match self {
            Self::Plain | Self::V2025 => v2025::created(task, variables, text()),
            Self::V2026 => v2026::created(task, variables),
        }
    }

    /// The result of `tasks/get`, and an entry of `tasks/list`.
    #[must_use]
    pub fn task(self, task: &TaskView<'_>, variables: Shown) -> Value {
        match self {
            Self::Plain | Self::V2025 => v2025::task(task, variables),
            Self::V2026 => v2026::task(task, variables),
        }
    }

    /// The method and parameters of the notification that tells a task's state.
    #[must_use]
    pub fn task_notification(self, task: &TaskView<'_>, variables: Shown) -> (&'static str, Value) {
        match self {
            Self::Plain | Self::V2025 => ("notifications/tasks/status", v2025::task(task, variables)),
            Self::V2026 => ("notifications/tasks", v2026::detailed(task, variables).into()),
        }
    }

    /// The result of a cancellation.
    #[must_use]
    pub fn cancelled(self, task: &TaskView<'_>) -> Value {
        match self {
            Self::Plain | Self::V2025 => v2025::task(task, None),
            Self::V2026 => self.acknowledged(),
        }
    }

    /// A result that says nothing but that the request succeeded.
    #[must_use]
    pub fn acknowledged(self) -> Value {
        match self {
            Self::Plain | Self::V2025 => json!({}),
            Self::V2026 => json!({ "resultType": "complete" }),
        }
    }

    /// The parameters of a question to the client, which are kept as the newest version writes them.
    ///
    /// # Errors
    /// Clients of this revision cannot be shown it; a sentence that says which part.
    pub fn question(self, method: &str, params: &Value) -> Result<Value, String> {
        match (self, method) {
            (Self::Plain, "elicitation/create") if is_page(params) => {
                Err("no client of a version before 2025-11-25 can be asked to send the user to a page".into())
            }
            (Self::Plain, "elicitation/create") => v2025::plain_form(params),
            (Self::V2026, _) => Ok(v2026::question(params)),
            _ => Ok(params.clone()),
        }
    }

    /// Questions as the answer to a request, with what the client sends back to go on (2026-07-28).
    #[must_use]
    pub fn input_required(self, inputs: &BTreeMap<String, InputRequest>, state: Option<&str>) -> Value {
        v2026::input_required(inputs, state)
    }

    /// The error of a request that needs this of the client; `None` where clients do not declare it with each request.
    #[must_use]
    pub fn missing_capability(self, required: &Value) -> Option<RpcError> {
        self.declares_per_request().then(|| v2026::missing_capability(required))
    }

    /// The error of a request about tasks whose client did not declare the extension; as
    /// [`missing_capability`](Self::missing_capability).
    #[must_use]
    pub fn missing_tasks(self) -> Option<RpcError> {
        self.declares_per_request().then(v2026::missing_tasks_extension)
    }

    /// There is no such resource.
    #[must_use]
    pub fn unknown_resource(self, uri: &str) -> RpcError {
        let code = if self == Self::V2026 { code::INVALID_PARAMS } else { code::RESOURCE_NOT_FOUND };
        RpcError::new(code, "unknown resource").with_data(json!({ "uri": uri }))
    }
}
