//! The wire of the Model Context Protocol: what is said, in every version that is spoken here.
//!
//! The ground that servers and clients stand on. It holds no state and does nothing: it names things as MCP does, reads
//! what comes, and writes views of tasks and tools as each revision has them. Who differs by revision asks a [`Revision`] or
//! [`Version`] for an ability (`revision.asks_by_request()`), so that a new revision is one file here and the abilities it
//! changes.
//!
//! ```
//! use pmcp_protocol::{Revision, ToolResult};
//!
//! let result = ToolResult::text("three").with_structured(3.into());
//! // Structured content was an object before 2026-07-28.
//! assert_eq!(Revision::V2025.tool_result(&result).get("structuredContent"), None);
//! assert_eq!(Revision::V2026.tool_result(&result)["structuredContent"], 3);
//! ```

pub mod bounds;
mod by_name;
mod capabilities;
mod content;
mod error;
pub mod header;
mod log;
pub mod message;
pub mod meta;
mod number;
mod page;
pub mod params;
mod render;
mod revision;
mod shown;
mod status;
mod task;
mod tool;
pub mod trace;
mod v2025;
mod v2026;
mod version;

pub use by_name::ByName;
pub use capabilities::{ClientCapabilities, is_page};
pub use content::{Content, ResourceLink};
pub use error::{RpcError, code};
pub use log::LogLevel;
pub use meta::{
    IDEMPOTENCY_KEY, MODEL_IMMEDIATE_RESPONSE, REFUSAL, RELATED_TASK, TASK, TASKS_EXTENSION, UI_EXTENSION,
    UI_MIME_TYPE, VARIABLES, VIEW, WAIT,
};
pub use number::whole;
pub use page::PageUrl;
pub use params::params;
pub use revision::{Decider, Revision};
pub use shown::{Annotations, Icon, IconTheme, Role};
pub use status::TaskStatus;
pub use task::{InputRequest, Outcome, TaskView};
pub use tool::{TaskSupport, ToolAnnotations, ToolResult, ToolView};
pub use trace::TraceContext;
pub use version::Version;
