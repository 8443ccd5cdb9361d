//! Running tools: isolation, time, cancellation, shutdown.

mod allowance;
mod courier;
mod feed;
mod finishing;
mod lease;
mod questions;
mod run;
mod runtime;
mod variables;

pub(crate) use allowance::Allowance;
pub(crate) use lease::Renewal;
pub(crate) use run::{Place, Run, RunParts, lock};
pub use runtime::Execution;
pub(crate) use runtime::{PANICKED, Runtime, Settings, panic_text, shutting_down};
pub(crate) use variables::visible;
