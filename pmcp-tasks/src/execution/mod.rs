//! Running tools: isolation, time, cancellation, shutdown.

mod courier;
mod questions;
mod run;
mod runtime;
mod variables;

pub(crate) use run::{Place, Run, RunParts};
pub(crate) use runtime::Runtime;
pub(crate) use variables::visible;
