//! What a running function holds: its task, its client, its state.

mod ask;
mod state;
mod step;
mod task;
mod variable;

pub use ask::{AskError, Elicit};
pub(crate) use ask::{form_answer, form_of};
pub use state::{FromRef, State};
pub use step::StepValue;
pub use task::{Amount, Cancelled, RunContext, TaskContext, ToolContext};
#[doc(hidden)]
pub use variable::take_field;
pub(crate) use variable::typed;
pub use variable::{Cells, Number, Variable};
