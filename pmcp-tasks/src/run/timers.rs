//! Waiting for a time that a restart does not move: when a timer is due is a recorded step.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{
    host::Host,
    seat::Seat,
    steps::{Recording, Steps},
    variables::Variables,
    waits::Timer,
};
use crate::{
    error::{Mistake, ToolError},
    task::TIMER,
    time::millis,
};

/// Parts of a run that a timer needs.
pub(super) struct Timing<'a> {
    pub(super) host: &'a Arc<Host>,
    pub(super) seat: &'a Arc<Seat>,
    pub(super) steps: &'a Steps,
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
            return Err(ToolError::cancelled());
        }
        let timer = match self.steps.waits.timer(name) {
            Some(Timer { has_run_out: true, .. }) => {
                let text = format!("the timer `{name}` has run out before in this run; give each its own name");
                return Err(Mistake::new(text).into());
            }
            Some(timer) => timer,
            None => self.begin(name, duration).await?,
        };
        self.steps.waits.note(name, timer);
        // A clock that was set back makes nobody wait longer than was asked for.
        let left = self.host.now().until(timer.due).min(timer.duration);
        let resting = self.seat.slots.rest();
        tokio::select! {
            biased;
            () = cancellation.cancelled() => return Err(ToolError::cancelled()),
            () = self.host.clock().sleep(left) => {}
        }
        drop(resting);
        self.steps.waits.note(name, Timer { has_run_out: true, ..timer });
        Ok(())
    }

    /// A timer that this run has not met: as an earlier one recorded it, or from now.
    async fn begin(&self, name: &str, duration: Duration) -> Result<Timer, ToolError> {
        let step = format!("{TIMER}{name}");
        let recorded = |bytes: &[u8]| -> Result<Timer, ToolError> {
            let (due, ms) = serde_json::from_slice(bytes)
                .map_err(|error| Mistake::caused(format!("what is recorded of timer `{name}` is no time"), error))?;
            Ok(Timer { due, duration: Duration::from_millis(ms), has_run_out: false })
        };
        if let Some(bytes) = self.steps.earlier(&step) {
            return recorded(bytes);
        }
        self.seat.establish(self.host).await.map_err(|_| ToolError::cancelled())?;
        let due = self.host.now().after(duration);
        let value = format!("[{},{}]", due.0, millis(duration)).into_bytes().into_boxed_slice().into();
        match self.steps.record(self.host, self.seat, self.variables, (&step, value), Vec::new()).await? {
            Recording::Earlier(bytes) => recorded(&bytes),
            // It changes nothing.
            Recording::Done | Recording::Changed(_) => Ok(Timer { due, duration, has_run_out: false }),
        }
    }
}
