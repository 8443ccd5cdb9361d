//! Running tools: isolation, time, cancellation, shutdown.

mod courier;
mod finishing;
mod questions;
mod run;
mod runtime;
mod variables;

pub(crate) use run::{Place, Run, RunParts};
pub(crate) use runtime::{PANICKED, Runtime};
pub(crate) use variables::visible;
