//! Tools: what they declare and how they are called.

mod definition;
mod error;
mod result;
pub(crate) mod schema;

pub use definition::{ArgumentError, Arguments, Fallback, OnCrash, Output, Prepared, Question, Tool, ToolDefinition};
pub(crate) use error::Kind as ToolErrorKind;
pub use error::{ResultExt, ToolError};
pub use pmcp_protocol::{
    Content, TaskSupport, ToolAnnotations, ToolResult,
    header::{HeaderParameter, NotPrimitive},
};
pub use result::ToolOutput;
pub(crate) use result::{output_schema, tool_result};
