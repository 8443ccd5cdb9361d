//! Tools: what they declare and how they are called.

mod definition;
mod error;
pub(crate) mod header;
mod result;
pub(crate) mod schema;

pub use definition::{
    ArgumentError, Arguments, Fallback, OnCrash, Output, Prepared, Question, TaskSupport, Tool, ToolAnnotations,
    ToolDefinition,
};
pub(crate) use error::Kind as ToolErrorKind;
pub use error::{ResultExt, ToolError};
pub use header::{HeaderParameter, NotPrimitive};
pub use result::{Content, ToolOutput, ToolResult};
pub(crate) use result::{output_schema, tool_result};
