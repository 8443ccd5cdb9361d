//! Waits of a run for what happens outside: what of it is over. The rest is recorded with the task.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use parking_lot::Mutex;

use crate::time::Millis;

/// The waits of a run.
#[derive(Debug, Default)]
pub(super) struct Waits {
    /// The signals whose values it was given.
    taken: Mutex<HashSet<String>>,
    /// The timers it has met.
    timers: Mutex<HashMap<String, Timer>>,
}

/// A timer that a run has met.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timer {
    pub(super) due: Millis,
    /// Time that it was begun with.
    pub(super) duration: Duration,
    pub(super) has_run_out: bool,
}

impl Waits {
    /// Tells whether the run was given this signal's value.
    pub(super) fn has_taken(&self, signal: &str) -> bool {
        self.taken.lock().contains(signal)
    }

    /// The run is given this signal's value; `false` if it was before.
    pub(super) fn take(&self, signal: &str) -> bool {
        self.taken.lock().insert(signal.to_owned())
    }

    /// The timer, if the run has met it.
    pub(super) fn timer(&self, name: &str) -> Option<Timer> {
        self.timers.lock().get(name).copied()
    }

    /// Notes how a timer stands.
    pub(super) fn note(&self, name: &str, timer: Timer) {
        self.timers.lock().insert(name.to_owned(), timer);
    }
}
