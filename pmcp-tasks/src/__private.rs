//! What generated code names. No compatibility promise: the macro crate is pinned to this version.

pub use schemars;
pub use serde;
pub use serde_json;

pub use crate::{
    context::{Cells, FromRef, RunContext, State, TaskContext, ToolContext, Variable, take_field},
    task::{FieldDefinition, TaskVariables, VariableError, VariableValue},
    tool::{
        ArgumentError, Arguments, OnCrash, Prepared, Question, TaskSupport, Tool, ToolAnnotations, ToolDefinition,
        ToolError, ToolOutput, ToolResult,
    },
};
