//! Macros of pmcp-tasks: task_tool, TaskVariables, FromRef.
