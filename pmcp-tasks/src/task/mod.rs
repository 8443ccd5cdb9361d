//! Tasks: states, ids, owners, records.

mod id;
mod owner;
mod status;

pub use id::{InvalidTaskId, TaskId};
pub use owner::{Owner, OwnerKey, OwnerKind};
pub use status::TaskStatus;
