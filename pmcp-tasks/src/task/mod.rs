//! Tasks: states, ids, owners, records.

mod id;
mod machine;
mod owner;
mod policy;
mod record;
mod variables;

pub use id::{InvalidTaskId, TaskId};
pub(crate) use machine::Change;
pub use owner::{Owner, OwnerKey, OwnerKind};
pub use pmcp_protocol::{InputRequest, Outcome, TaskStatus};
pub use record::Task;
pub(crate) use record::{Hidden, SCHEMA, TaskBody, TaskHead, canonical, read_value};
pub use variables::{FieldDefinition, TaskVariables, VariableError, VariableValue};
