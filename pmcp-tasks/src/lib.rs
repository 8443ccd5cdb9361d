//! Durable tasks for Model Context Protocol servers.

pub mod call;
pub mod context;
mod execution;
pub mod limits;
pub mod protocol;
pub mod random;
pub mod router;
pub mod security;
pub mod store;
pub mod task;
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;
pub mod tool;

#[doc(hidden)]
pub mod __private;

pub use context::{FromRef, State, TaskContext, ToolContext};
pub use limits::Limits;
pub use protocol::RpcError;
pub use router::TaskRouter;
pub use store::TaskStore;
pub use task::TaskVariables;
pub use tool::{ResultExt, ToolError, ToolResult};
