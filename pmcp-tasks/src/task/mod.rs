//! Tasks: states, ids, owners, records, and the store that keeps them.
//!
//! Here bytes become tasks: [`TaskStore`] stands on a backend, reads and writes its parts as records, retries what may
//! be retried and wakes those who wait. Every change of a task's state goes through one machine, so that a task ends
//! exactly once. The room knows the store below it, and nothing of runs, tools or requests.

mod canonical;
mod connect;
mod cursor;
mod draft;
mod ending;
mod hub;
mod list;
mod machine;
mod policy;
mod progress;
mod read;
mod record;
mod signals;
mod store;
mod tries;
mod variables;
mod workers;
mod workflow;
mod writing;

pub(crate) use canonical::canonical;
use canonical::canonical_of;
pub(crate) use draft::{Draft, NotChanged, NotCreated};
pub(crate) use ending::Ending;
pub(crate) use hub::{Observer, Watch};
pub use list::TaskPage;
pub(crate) use machine::Change;
pub use pmcp_protocol::{InputRequest, Outcome, TaskStatus};
pub use policy::OnCrash;
pub(crate) use policy::Policy;
pub(crate) use progress::Progress;
pub use read::Task;
pub(crate) use read::read_value;
pub(crate) use record::{Bounds, DynamicWork, Hidden, SCHEMA, StepOf, TaskBody, TaskHead, WORKFLOW_SCHEMA};
pub(crate) use signals::{
    MAX_EARLY, MAX_EARLY_BYTES, MAX_SIGNAL, MAX_SIGNAL_NAME, SIGNAL, Signals, TIMER, elicitation_signal, signal_step,
};
pub use store::TaskStore;
pub(crate) use tries::{Pauses, Tries};
pub use variables::{FieldDefinition, VariableError, VariableValue};
pub(crate) use variables::{shown_defaults, visible, visible_by};
pub(crate) use workflow::{Pause, Reason, STEP, WorkflowHead};
pub(crate) use writing::{CONFLICTS, NewStep, Taken, Writing};

pub use crate::{
    id::{InvalidTaskId, TaskId},
    owner::{Owner, OwnerKey, OwnerKind},
};
