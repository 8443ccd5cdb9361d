//! Tools: what they declare and how they are called.
//!
//! A tool is a definition and a function from arguments to a [`Prepared`] call, which waits for a context to run in;
//! the macro writes both. The registry keeps each kind of work by its name, so that a task which was stored finds its
//! function again. The room knows contexts below it, and nothing of how runs are begun.

mod call;
mod definition;
mod dynamic;
mod named;
mod reading;
mod registry;
mod result;
mod source;
mod ui;

pub use crate::error::{IntoFailure, ResultExt, ToolError};
pub use call::CallTools;
pub(crate) use definition::{Along, Output};
pub use definition::{ArgumentError, Arguments, Fallback, Prepared, Question, Tool, ToolDefinition};
pub(crate) use dynamic::is_name;
pub use dynamic::{DynamicTool, DynamicToolError, LARGEST_DYNAMIC_TOOL};
pub use named::{ArgumentField, ArgumentsOf, Gives, NamedTool, ReadableResult, ResultOf, WritableArguments};
pub use pmcp_protocol::{
    Annotations, Content, Icon, IconTheme, ResourceLink, Role, TaskSupport, ToolAnnotations, ToolResult,
    header::{HeaderParameter, NotPrimitive},
};
pub(crate) use reading::{misfit, read_as_written, read_result};
pub(crate) use registry::{Prepare, Registry, Work, WorkKind};
pub use result::{AsContent, AsValue, ToolOutput};
pub use source::{DynamicTools, MOST_DYNAMIC_TOOLS, ToolSet};
pub use ui::{ToolTypes, ToolUi, ToolWidget, Visibility};

pub use crate::task::OnCrash;
