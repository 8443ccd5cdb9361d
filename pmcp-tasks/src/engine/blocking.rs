//! Tools that block the thread they run on: they are told of by name.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use crate::{panics::harmless, run::Run, time::millis};

/// The time one poll may take before the tool is told of. A poll that does what it should takes microseconds.
pub(super) const LONG: Duration = Duration::from_secs(1);

/// The work of a run, of which it is told once if it blocks its thread, when it has done so; of what blocks all threads tells
/// whoever renews the lease meanwhile.
pub(super) struct Polled<'a, F> {
    work: Pin<&'a mut F>,
    run: &'a Run,
    is_told: bool,
}

impl<'a, F> Polled<'a, F> {
    pub(super) fn new(run: &'a Run, work: Pin<&'a mut F>) -> Self {
        Self { work, run, is_told: false }
    }
}

impl<F: Future> Future for Polled<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let before = self.run.clock().monotonic();
        let polling = self.run.polling(before);
        let polled = self.work.as_mut().poll(cx);
        drop(polling);
        let took = self.run.clock().monotonic().saturating_sub(before);
        if took >= LONG && !self.is_told {
            self.is_told = true;
            let (run, ms) = (self.run, millis(took));
            harmless(|| {
                tracing::warn!(
                    tool = run.name(),
                    task = ?run.id(),
                    ms,
                    "a tool blocked the thread it runs on, and with it other tasks: what blocks belongs in \
                     `tokio::task::spawn_blocking`"
                );
            });
        }
        polled
    }
}
