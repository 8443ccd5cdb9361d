//! Time a run may take.

use std::time::Duration;

use super::slots::Slots;
use crate::{
    limits::{Limits, RESULT_TIME},
    time::Clock,
};

/// The time a run has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    /// For its work: while it waits for the client's answers this time stands still.
    pub(crate) work: Duration,
    /// In all.
    pub(crate) all: Duration,
}

impl Allowance {
    /// That of a plain call, which somebody waits for: its time goes on while it asks.
    pub(crate) fn of_call(limits: &Limits, timeout: Option<Duration>) -> Self {
        let timeout = timeout.unwrap_or(limits.default_timeout).min(limits.max_ttl);
        Self { work: timeout, all: timeout }
    }

    /// That of a task that exists for so long: its timeout, and in all what leaves time to fetch the result.
    pub(crate) fn of_task(limits: &Limits, timeout: Option<Duration>, left: Duration) -> Self {
        let work = timeout.unwrap_or(limits.default_timeout).min(left);
        Self { work, all: left.saturating_sub(RESULT_TIME).max(work) }
    }

    /// That of a tool inside a task, which has its own time in all.
    pub(crate) fn of_part(limits: &Limits, timeout: Option<Duration>) -> Self {
        Self { work: timeout.unwrap_or(limits.default_timeout), all: limits.max_ttl }
    }

    /// Ends when the time is used up.
    pub(crate) async fn used_up(self, clock: &dyn Clock, questions: &Slots) {
        let Self { mut work, mut all } = self;
        loop {
            let (waits, since) = (questions.are_open(), clock.monotonic());
            tokio::select! {
                biased;
                () = questions.become_open(!waits) => {}
                () = clock.sleep(if waits { all } else { all.min(work) }) => return,
            }
            let passed = clock.monotonic().saturating_sub(since);
            all = all.saturating_sub(passed);
            if !waits {
                work = work.saturating_sub(passed);
            }
        }
    }
}
