//! The macros, with their documentation: here doctests can use what they generate.

pub use pmcp_tasks_macros::{FromRef, TaskVariables, task_tool};
