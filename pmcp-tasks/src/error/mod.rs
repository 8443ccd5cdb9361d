//! What goes wrong, by who may hear of it: the model, the client, the developer.

mod ask;
mod store;
mod tool;

pub use ask::{AskError, Cancelled};
pub use store::StoreError;
pub(crate) use tool::Kind as ToolErrorKind;
pub use tool::{ResultExt, ToolError};
