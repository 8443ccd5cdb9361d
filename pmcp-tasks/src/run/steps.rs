//! Recorded steps: each runs to its end once in the life of a task.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{host::Host, seat::Seat, variables::Variables, waits::Waits};
use crate::{
    error::{CancelCause, Mistake, ToolError},
    store::backend::{Field, FieldOp, Recorded},
    task::{NewStep, VariableError},
};

/// The steps of a run.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    /// Recorded by earlier runs.
    recorded: HashMap<String, Bytes>,
    used: Mutex<HashSet<String>>,
    /// Those for what is recorded as a step, too.
    pub(super) waits: Waits,
}

/// Outcome of recording a step.
#[derive(Debug)]
pub(crate) enum Recording {
    /// It is recorded, and its changes are made.
    Done,
    /// A run recorded this value before; that one stands, and the changes that came with it.
    Earlier(Bytes),
    /// This variable was changed since it was read; nothing was written.
    Changed(String),
}

impl Steps {
    pub(super) fn new(recorded: BTreeMap<String, Bytes>) -> Self {
        Self { recorded: recorded.into_iter().collect(), ..Self::default() }
    }

    /// What an earlier run recorded under this name.
    pub(super) fn earlier(&self, name: &str) -> Option<&Bytes> {
        self.recorded.get(name)
    }

    /// Begins a step; its value if an earlier run recorded it. The task is in the store then: a crash finds it.
    pub(super) async fn begin(
        &self,
        host: &Arc<Host>,
        seat: &Arc<Seat>,
        cancellation: &CancellationToken,
        name: &str,
    ) -> Result<Option<Bytes>, ToolError> {
        if cancellation.is_cancelled() {
            return Err(ToolError::cancelled());
        }
        if !self.used.lock().insert(name.to_owned()) {
            return Err(
                Mistake::new(format!("the step `{name}` was used twice in one run; give each its own name")).into()
            );
        }
        if let Some(recorded) = self.recorded.get(name) {
            return Ok(Some(recorded.clone()));
        }
        seat.establish(host).await.map_err(|_| ToolError::cancelled())?;
        Ok(None)
    }

    /// Records a step, with changes of variables as they go to the store.
    pub(super) async fn record(
        &self,
        host: &Host,
        seat: &Seat,
        variables: &Variables,
        (name, value): (&str, Bytes),
        changes: Vec<(Field, FieldOp)>,
    ) -> Result<Recording, ToolError> {
        let max = host.limits.max_result;
        if value.len() > max as usize {
            let size = value.len();
            return Err(Mistake::new(format!("the result of step `{name}` has {size} bytes; {max} are allowed")).into());
        }
        let max_bytes = host.limits.max_variables;
        let Some(key) = seat.stored() else {
            return Ok(match variables.merge_local(&changes, max_bytes)? {
                Some(field) => Recording::Changed(field),
                None => Recording::Done,
            });
        };
        let step = NewStep { name: name.to_owned(), value, changes, max_bytes };
        match host.store.record(seat.cancellation(), key, seat.fence(), step).await? {
            Recorded::Recorded => Ok(Recording::Done),
            Recorded::Exists(value) => Ok(Recording::Earlier(value)),
            Recorded::Changed(field) => Ok(Recording::Changed(field.to_string())),
            Recorded::TooLarge => Err(VariableError::TooLarge { max: max_bytes }.into()),
            Recorded::Lost => {
                seat.given_away(host).await;
                Err(ToolError::cancelled())
            }
            Recorded::Missing => {
                seat.cancel(CancelCause::Expired);
                Err(ToolError::cancelled())
            }
        }
    }

    /// The answer an earlier run recorded to the question with this key.
    pub(super) fn answer(&self, key: &str) -> Option<Value> {
        self.recorded.get(&answer_step(key)).and_then(|bytes| serde_json::from_slice(bytes).ok())
    }
}

/// The step an answer is recorded as, so that it is not asked for again after a crash.
pub(super) fn answer_step(key: &str) -> String {
    format!("run.pmcp/answer/{key}")
}
