//! Tools: what they declare and how they are called.

mod definition;
mod registry;
mod result;

pub use crate::error::{ResultExt, ToolError};
pub use definition::{ArgumentError, Arguments, Fallback, Prepared, Question, Tool, ToolDefinition};
pub use pmcp_protocol::{
    Content, TaskSupport, ToolAnnotations, ToolResult,
    header::{HeaderParameter, NotPrimitive},
};
pub(crate) use registry::{Registry, Work, WorkKind};
pub use result::ToolOutput;

pub use crate::task::OnCrash;
pub(crate) use result::{output_schema, tool_result};
