//! What a running function holds: its task, its client, its state.

mod ask;
mod state;
mod step;
mod task;
mod variable;
mod variables;

pub use ask::Elicit;
pub use state::{FromRef, State};
pub use step::StepValue;
pub use task::{Amount, RunContext, TaskContext, ToolContext};
#[doc(hidden)]
pub use variable::take_field;
pub(crate) use variable::typed;
pub use variable::{Number, Variable};
pub use variables::{Cells, TaskVariables};

pub use crate::error::{AskError, Cancelled};
