//! Trying again while the store is away.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{error::StoreError, time::Clock};

/// Number of times an operation is tried for somebody who waits for its answer. It is idempotent: a retry reuses its write id.
const TRIES: u32 = 4;

/// The longest pause before a store that is away is asked again.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Pauses before a store that is away is asked again, each twice as long as the one before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pauses {
    first: Duration,
    next: Duration,
}

impl Pauses {
    /// Pauses of which the first is this long.
    pub(crate) fn from(first: Duration) -> Self {
        Self { first, next: first }
    }

    /// Those of a run, whose operations have been tried a few times before.
    pub(crate) fn of_a_run() -> Self {
        Self::from(Duration::from_millis(250))
    }

    /// Tells whether none was taken yet.
    pub(crate) fn is_first(&self) -> bool {
        self.next == self.first
    }

    /// The length of the next one.
    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = LONGEST_PAUSE.min(2 * pause);
        pause
    }
}

/// Number of tries of an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tries<'a> {
    /// A few times: then whoever asked is told.
    Few,
    /// Until this run is cancelled: its work pauses as long as the store is away.
    Until(&'a CancellationToken),
}

impl Tries<'_> {
    fn waits(self) -> bool {
        matches!(self, Self::Until(run) if !run.is_cancelled())
    }

    /// Ends if what is waited for is not wanted any more.
    async fn given_up(self) {
        match self {
            Self::Until(run) if !run.is_cancelled() => run.cancelled().await,
            _ => std::future::pending().await,
        }
    }

    /// Does an operation, and again while the store is away: after 20, 40, 80 ms and so on.
    pub(super) async fn of<T, F: Future<Output = Result<T, StoreError>> + Send>(
        self,
        clock: &dyn Clock,
        operation: impl Fn() -> F + Send,
    ) -> Result<T, StoreError> {
        let (mut failures, mut pauses) = (0, Pauses::from(Duration::from_millis(20)));
        loop {
            let error = match operation().await {
                Err(error) if error.is_away() => error,
                result => return result,
            };
            failures += 1;
            if !(failures < TRIES && error.is_retryable() || self.waits()) {
                return Err(error);
            }
            if failures == TRIES {
                tracing::warn!(error = &error as &dyn std::error::Error, "work waits for the store");
            }
            tokio::select! {
                biased;
                () = clock.sleep(pauses.next()) => {}
                () = self.given_up() => {}
            }
        }
    }
}
