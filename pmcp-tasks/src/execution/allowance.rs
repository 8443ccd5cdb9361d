//! How long a run may take.

use std::time::Duration;

use super::questions::Questions;
use crate::time::Clock;

/// The time a run has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    /// For its work: while it waits for the client's answers this time stands still.
    pub(crate) work: Duration,
    /// In all.
    pub(crate) all: Duration,
}

impl Allowance {
    /// Ends when the time is used up.
    pub(super) async fn used_up(self, clock: &dyn Clock, questions: &Questions) {
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
