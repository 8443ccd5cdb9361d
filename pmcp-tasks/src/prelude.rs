//! Imports of a file with tools: `use pmcp_tasks::prelude::*;`.
//!
//! [`ResultExt`](crate::ResultExt) is not among them: its `context` and that of `anyhow` would stand in each other's way.

#[cfg(feature = "macros")]
pub use crate::macros::{Form, FromRef, TaskVariables, complete, prompt, resource, step, task_tool, workflow};
pub use crate::{
    LogLevel,
    context::{AskError, Form, FromRef, State, TaskContext, TaskVariables, ToolContext},
    offer::CompletionRequest,
    tool::{CallTools, Content, ToolError, ToolResult},
};
