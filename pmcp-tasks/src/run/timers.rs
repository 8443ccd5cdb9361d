//! Waiting for a time that a restart does not move: when a timer is due is a recorded step.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::{
    host::Host,
    seat::Seat,
    steps::{Recording, Steps},
    variables::Variables,
};
use crate::{
    error::{Cancelled, Mistake, ToolError},
    time::Millis,
};

/// The timers of a run.
#[derive(Debug, Default)]
pub(super) struct Timers {
    known: Mutex<HashMap<String, Timer>>,
}

#[derive(Clone, Copy, Debug)]
struct Timer {
    due: Millis,
    has_run_out: bool,
}

/// Parts of a run that a timer needs.
pub(super) struct Timing<'a> {
    pub(super) host: &'a Arc<Host>,
    pub(super) seat: &'a Arc<Seat>,
    pub(super) steps: &'a Steps,
    pub(super) timers: &'a Timers,
    pub(super) variables: &'a Variables,
}

impl Timing<'_> {
    /// Waits until the timer has run out: `duration` after the task first waited for it.
    pub(super) async fn wait(
        &self,
        cancellation: &CancellationToken,
        name: &str,
        duration: Duration,
    ) -> Result<(), ToolError> {
        if cancellation.is_cancelled() {
            return Err(Cancelled.into());
        }
        let known = self.timers.known.lock().get(name).copied();
        let due = match known {
            Some(Timer { has_run_out: true, .. }) => {
                let text = format!("the timer `{name}` has run out before in this run; give each its own name");
                return Err(Mistake::new(text).into());
            }
            Some(timer) => timer.due,
            None => self.begin(name, duration).await?,
        };
        self.note(name, Timer { due, has_run_out: false });
        // A clock that was set back makes nobody wait longer than was asked for.
        let left = self.host.now().until(due).min(duration);
        let resting = self.seat.slots.rest();
        tokio::select! {
            biased;
            () = cancellation.cancelled() => return Err(Cancelled.into()),
            () = self.host.clock().sleep(left) => {}
        }
        drop(resting);
        self.note(name, Timer { due, has_run_out: true });
        Ok(())
    }

    fn note(&self, name: &str, timer: Timer) {
        self.timers.known.lock().insert(name.to_owned(), timer);
    }

    /// When a timer is due that this run has not met: as an earlier one recorded it, or from now.
    async fn begin(&self, name: &str, duration: Duration) -> Result<Millis, ToolError> {
        let step = format!("run.pmcp/timer/{name}");
        let recorded = |bytes: &[u8]| {
            let due = serde_json::from_slice(bytes);
            due.map_err(|error| Mistake::caused(format!("what is recorded of timer `{name}` is no time"), error))
        };
        if let Some(bytes) = self.steps.earlier(&step) {
            return Ok(recorded(bytes)?);
        }
        self.seat.establish(self.host).await.map_err(|_| Cancelled)?;
        let due = self.host.now().after(duration);
        let value = due.0.to_string().into_bytes().into_boxed_slice().into();
        match self.steps.record(self.host, self.seat, self.variables, (&step, value), Vec::new()).await? {
            Recording::Earlier(bytes) => Ok(recorded(&bytes)?),
            // It changes nothing.
            Recording::Done | Recording::Changed(_) => Ok(due),
        }
    }
}
