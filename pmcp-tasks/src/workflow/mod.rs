//! Workflows: declared plans that the server runs as far as it can, and then hands over.
//!
//! `#[workflow]` makes a [`Workflow`] of the struct of a prompt's arguments; [`plan`] takes its type away, and a [`Plan`] is
//! all that an engine knows. A plan keeps nothing: it reads arguments, maps the results of earlier steps to the arguments of
//! later ones, as a whole or field by field, and runs the functions of steps that are the server's. What is recorded, who
//! holds a run and what clients are told is the engine's. The room knows tools and contexts below it.
//!
//! | an engine asks | and gets |
//! |---|---|
//! | [`Plan::definition`] | names, guidance, schemas, and which step takes what |
//! | [`Plan::tools`] | the tools that steps name, to be registered with the server's |
//! | [`Plan::read`] | a [`PlannedRun`], or which argument does not fit |
//! | [`PlannedRun::resolve`] | [`Resolved`]: the arguments of a step, or what is still needed |
//! | [`PlannedRun::run`] | the result of a step of the server |
//!
//! Results go by the names of steps, in [`Outputs`]; that of a tool is what [`value_of`] makes of it.

mod completion;
mod definition;
mod outputs;
mod plan;
mod resolved;
mod texts;

pub use completion::completions;
pub use definition::{By, OnError, Start, StepDefinition, Takes, WorkflowDefinition};
pub use outputs::{Outputs, value_of};
pub use plan::{Plan, PlannedRun, Workflow, WorkflowTool, plan};
pub use resolved::{Mismatch, Resolved, StepFailure};
pub(crate) use texts::read;
