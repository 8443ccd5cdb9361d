//! Workflows: declared plans that the server runs as far as it can, and then hands over.
//!
//! `#[workflow]` makes a [`Workflow`] of the struct of a prompt's arguments; [`plan`] takes its type away, and a [`Plan`] is
//! all that an engine knows. A plan keeps nothing: it reads arguments, maps the results of earlier steps to the arguments of
//! later ones, as a whole or field by field, and runs the functions of steps that are the server's. What is recorded, who
//! holds a run and what clients are told is the engine's. The room knows tools, contexts and the engine below it.
//!
//! The rest of the room is what the server makes of a plan: the course of a run, which decides what comes next and does nothing;
//! going on, which does it step by step and records each in the write that says what follows; and views and words for clients.
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

mod bound;
mod completion;
mod course;
mod definition;
mod ended;
mod going;
mod outputs;
mod plan;
mod recorded;
mod resolved;
mod room;
mod texts;
mod view;
mod words;

pub(crate) use bound::{Flow, Steps, bind};
pub use completion::completions;
pub(crate) use course::{Course, Next};
pub(crate) use definition::prompt_arguments;
pub use definition::{By, OnError, Start, StepDefinition, Takes, WorkflowDefinition};
pub(crate) use ended::completed;
pub(crate) use going::go_on;
pub use outputs::{Outputs, value_of};
pub use plan::{Plan, PlannedRun, Workflow, WorkflowTool, plan};
pub(crate) use recorded::{Party, RecordedStep, name as recorded_name};
pub use resolved::{Mismatch, Resolved, StepFailure};
pub(crate) use room::Room;
pub(crate) use texts::{names, read, read_one};
pub(crate) use view::{CONTINUE, Questions, Subject, TASK_ID, View, WORKFLOW, outline, result_of};
pub(crate) use words::look;
