//! Tasks: states, ids, owners, records.

mod id;
mod machine;
mod owner;
mod record;
mod status;
mod variables;

pub use id::{InvalidTaskId, TaskId};
pub(crate) use machine::Change;
pub use owner::{Owner, OwnerKey, OwnerKind};
pub(crate) use record::{Hidden, SCHEMA, TaskBody, TaskHead, canonical, read_value};
pub use record::{InputRequest, Outcome, Task};
pub use status::TaskStatus;
pub use variables::{FieldDefinition, TaskVariables, VariableError, VariableValue};
