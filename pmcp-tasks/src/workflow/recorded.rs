//! Result of a step as it is recorded in the task.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    task::{STEP, canonical},
    time::Millis,
};

/// A recorded step. Fields are in the order of their names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RecordedStep {
    /// The arguments of the tool that was called, or what the client was shown.
    pub(crate) arguments: Value,
    pub(crate) at: Millis,
    pub(crate) by: Party,
    pub(crate) result: Value,
}

/// Who did a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Party {
    Client,
    Server,
}

impl RecordedStep {
    /// The record of a step, under its name in the task.
    pub(crate) fn record(&self, step: &str) -> Result<(String, Bytes), serde_json::Error> {
        Ok((name(step), canonical(self)?.into_boxed_slice().into()))
    }
}

/// The name a step's result is recorded under.
pub(crate) fn name(step: &str) -> String {
    format!("{STEP}{step}")
}
