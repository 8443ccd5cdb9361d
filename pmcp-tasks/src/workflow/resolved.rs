//! Knowledge of a step before it is done, and reasons why it could not be.

use serde_json::{Map, Value};

use crate::tool::ToolError;

/// The arguments of a step, as far as the results of earlier steps give them.
#[derive(Debug)]
#[non_exhaustive]
pub enum Resolved {
    /// The arguments of its tool, or what the client is shown. A step of the server is ready as soon as what it takes is there, and
    /// shows `null`.
    Ready(Value),
    /// Some results are still needed.
    Waiting {
        /// The arguments that need none of them, by their names on the wire.
        arguments: Map<String, Value>,
        /// The steps whose results are needed.
        needs: Vec<&'static str>,
    },
    /// It is not to be done: the mapping gave `None`.
    Skipped,
    /// The mapping gave an error. Whoever shows it decides how much of it a client may see.
    Refused(ToolError),
    /// A result is not of the type that the step takes.
    Mismatch(Mismatch),
}

/// A result that a later step cannot read: it was recorded by another build, or came of a client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the result of step `{step}`: {message}")]
pub struct Mismatch {
    /// The step whose result it is.
    pub step: &'static str,
    /// One sentence that names the part which does not fit.
    pub message: String,
}

/// Reason why a step of the server has no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum StepFailure {
    /// Its function failed.
    Failed(ToolError),
    /// A result is not of the type that it takes.
    Mismatch(Mismatch),
    /// A result that it takes is not there, or it is no step of the server.
    NotReady,
}

impl From<ToolError> for StepFailure {
    fn from(error: ToolError) -> Self {
        Self::Failed(error)
    }
}
