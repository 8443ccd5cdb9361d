//! How far a run of a workflow has come, as its task keeps it: names alone, so that whoever looks at a task reads no results.
//!
//! What a step gave is a recorded step of the task; what the run is about to do follows from these and the plan.

use serde::{Deserialize, Serialize};

/// How far a run has come. Fields are in the order of their names: see [`canonical`](super::canonical).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct WorkflowHead {
    /// Set once somebody went on with it after its beginning.
    pub(crate) continued: bool,
    /// The steps that have a result, in the order in which they got it.
    pub(crate) done: Vec<String>,
    /// Reason why nobody runs it; none while somebody does.
    pub(crate) pause: Option<Pause>,
    /// Number of times that a step which had failed was tried again.
    pub(crate) retries: u32,
    /// The step that runs, or that whoever claims it begins.
    pub(crate) running: Option<String>,
    /// The fence under which that step was begun; 0 while nobody has.
    pub(crate) since: u64,
    /// The steps that are left out.
    pub(crate) skipped: Vec<String>,
    /// Name of the workflow.
    pub(crate) workflow: String,
}

/// Reason why a run waits. Fields are in the order of their names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pause {
    /// Text about it, for whoever goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    /// The steps whose results are missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) needs: Vec<String>,
    pub(crate) reason: Reason,
    /// The step that comes next.
    pub(crate) step: String,
}

/// Kind of a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reason {
    /// It is the client's turn.
    Client,
    /// The step takes results that are not there.
    Unresolved,
    /// The step has no arguments that can be used: its mapping failed, or the tool refuses them.
    Refused,
    /// The server's function failed.
    Failed,
    /// The tool failed.
    ToolFailed,
    /// A result is not of the type that the step takes, or the plan has changed.
    Mismatch,
    /// The server stopped while it ran a tool that must not run twice unasked.
    Interrupted,
    /// A bound of the server was met.
    Limit,
}

/// Beginning of the names under which results of a workflow's steps are recorded.
pub(crate) const STEP: &str = "run.pmcp/step/";
