//! Recorded steps: each runs to its end once in the life of a task.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::Value;

use super::{host::Host, seat::Seat};
use crate::{
    error::{Cancelled, Mistake, ToolError},
    store::backend::Recorded,
};

/// The steps of a run.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    /// Recorded by earlier runs.
    recorded: HashMap<String, Bytes>,
    used: Mutex<HashSet<String>>,
}

impl Steps {
    pub(super) fn new(recorded: BTreeMap<String, Bytes>) -> Self {
        Self { recorded: recorded.into_iter().collect(), used: Mutex::default() }
    }

    /// Begins a step; its value if an earlier run recorded it. The task is in the store then: a crash finds it.
    pub(super) async fn begin(
        &self,
        host: &Arc<Host>,
        seat: &Arc<Seat>,
        name: &str,
    ) -> Result<Option<Bytes>, ToolError> {
        if seat.cancellation().is_cancelled() {
            return Err(Cancelled.into());
        }
        if !self.used.lock().insert(name.to_owned()) {
            return Err(
                Mistake::new(format!("the step `{name}` was used twice in one run; give each its own name")).into()
            );
        }
        if let Some(recorded) = self.recorded.get(name) {
            return Ok(Some(recorded.clone()));
        }
        seat.establish(host).await.map_err(|_| Cancelled)?;
        Ok(None)
    }

    /// Records a step; the value another run recorded before, if one did.
    pub(super) async fn record(
        &self,
        host: &Host,
        seat: &Seat,
        name: &str,
        value: Bytes,
    ) -> Result<Option<Bytes>, ToolError> {
        let max = host.limits.max_result;
        if value.len() > max as usize {
            let size = value.len();
            return Err(Mistake::new(format!("the result of step `{name}` has {size} bytes; {max} are allowed")).into());
        }
        let Some(key) = seat.stored() else { return Ok(None) };
        match host.store.record(seat.cancellation(), key, seat.fence(), name.to_owned(), value).await? {
            Recorded::Recorded => Ok(None),
            Recorded::Exists(value) => Ok(Some(value)),
            Recorded::Lost | Recorded::Missing => {
                seat.cancellation().cancel();
                Err(Cancelled.into())
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
