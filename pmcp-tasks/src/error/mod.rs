//! Failures, sorted by who may hear of them: the model, the client, the developer.
//!
//! This room is on the ground floor and knows the wire types only. [`ToolError`] is what a tool says to the model,
//! [`AskError`] and [`Cancelled`] stop its work, [`StoreError`] says by meaning what a backend could not do. What the
//! client must not see stays in an error's source, for the log.

mod ask;
mod cancel;
mod mistake;
mod plain;
mod store;
mod tool;

pub use ask::AskError;
pub use cancel::{CancelCause, Cancelled};
pub(crate) use mistake::Mistake;
pub(crate) use plain::plain;
pub use store::StoreError;
pub(crate) use tool::Kind as ToolErrorKind;
pub use tool::{IntoFailure, ResultExt, ToolError};
