//! Imports of a file with tools: `use pmcp_tasks::prelude::*;`.

#[cfg(feature = "macros")]
pub use crate::macros::{FromRef, TaskVariables, task_tool};
pub use crate::{
    LogLevel,
    context::{AskError, FromRef, State, TaskContext, TaskVariables, ToolContext},
    tool::{Content, ResultExt, ToolError, ToolResult},
};
