//! Contexts, as a running function holds them: its task, its client, its state.
//!
//! [`ToolContext`] is for every function, [`TaskContext`] adds the variables of a task. Both are typed faces of a run,
//! which does the work; they turn values into JSON and back. [`State`] hands on what the server owns. The room knows
//! runs and schemas below it, not the tools whose functions it serves.

mod amount;
mod asking;
mod call;
mod outside;
mod state;
mod step;
mod task;
mod tool;
mod variable;
mod variables;
mod visit;

pub use amount::Amount;
pub use state::{FromRef, State};
pub use step::StepValue;
pub use task::{RunContext, TaskContext};
pub use tool::ToolContext;
#[doc(hidden)]
pub use variable::take_field;
pub use variable::{Number, Variable};
pub(crate) use variable::{encode, typed};
pub use variables::{Cells, TaskVariables};
pub use visit::Visit;

pub use crate::{
    error::{AskError, CancelCause, Cancelled},
    schema::form::{Form, FormField},
};
