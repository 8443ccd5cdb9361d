//! Calls of clients that know no tasks: each is a task from its beginning, waited for inside the call for a while; if that is
//! too short, the client's model is told how to go on, with tools that stand for the methods it lacks.

mod answer;
mod call;
mod companions;
mod settings;
mod told;
mod waiting;

pub(super) use call::call_companion;
pub(super) use companions::Companions;
pub use settings::TaskFallback;
pub(super) use waiting::{capabilities, resume, wait};
