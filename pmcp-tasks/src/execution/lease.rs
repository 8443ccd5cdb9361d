//! The lease of a worker: one counter in the store that it raises, however many tasks it runs.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    store::{
        StoreError, TaskStore,
        backend::{Beat, WorkerId},
    },
    time::Clock,
};

/// How long a worker may go without renewing before others may take its tasks over.
pub(crate) const DEFAULT_LEASE: Duration = Duration::from_secs(10);

/// Who this process is to the others that share its store.
#[derive(Debug)]
pub(crate) struct Lease {
    period: Duration,
    state: Mutex<State>,
    /// One renewal at a time.
    renewing: tokio::sync::Mutex<()>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    worker: WorkerId,
    /// The counter as we last raised it; 0 before the worker is known to the store.
    counter: u64,
    /// When that was, on the monotonic clock.
    renewed: Duration,
}

/// What renewing found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Renewal {
    /// The lease goes on.
    Kept,
    /// Others have taken it: this worker is dead, and a new one in its place has not begun yet.
    Lost,
}

impl Lease {
    pub(crate) fn new(store: &TaskStore, period: Duration) -> Result<Self, StoreError> {
        let state = State::new(store)?;
        Ok(Self { period, state: Mutex::new(state), renewing: tokio::sync::Mutex::new(()) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A value that is replaced whole is never half-written.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn period(&self) -> Duration {
        self.period
    }

    /// The worker this process is now.
    pub(crate) fn worker(&self) -> WorkerId {
        self.state().worker
    }

    /// The worker this process is, known to the store: others see it die.
    pub(crate) async fn known(&self, store: &TaskStore) -> Result<WorkerId, StoreError> {
        loop {
            let state = *self.state();
            if state.counter > 0 {
                return Ok(state.worker);
            }
            self.renew(store).await?;
        }
    }

    /// Raises the counter. A worker that others buried, or that the store has forgotten, is dead; the process goes on as
    /// another one.
    pub(crate) async fn renew(&self, store: &TaskStore) -> Result<Renewal, StoreError> {
        let _one = self.renewing.lock().await;
        let before = *self.state();
        // Taken before the store is asked: the lease runs from the earliest moment the others can have seen.
        let now = store.clock().monotonic();
        match store.beat(&before.worker).await? {
            // A reply that was lost has raised it, too.
            Beat::Alive(counter) if counter > before.counter => {
                *self.state() = State { counter, renewed: now, ..before };
                Ok(Renewal::Kept)
            }
            Beat::Alive(_) | Beat::Buried => {
                self.replace(store)?;
                Ok(Renewal::Lost)
            }
        }
    }

    /// Becomes another worker, which holds nothing yet.
    pub(crate) fn replace(&self, store: &TaskStore) -> Result<(), StoreError> {
        *self.state() = State::new(store)?;
        Ok(())
    }

    /// Whether the lease has run out because it could not be renewed.
    pub(crate) fn has_run_out(&self, clock: &dyn Clock) -> bool {
        let state = *self.state();
        state.counter > 0 && clock.monotonic().saturating_sub(state.renewed) > self.period
    }

    /// Gives the lease up, so that others take the tasks over at once.
    pub(crate) async fn give_up(&self, store: &TaskStore) -> Result<(), StoreError> {
        let _one = self.renewing.lock().await;
        let state = *self.state();
        if state.counter > 0 {
            store.bury(&state.worker, state.counter).await?;
        }
        Ok(())
    }
}

impl State {
    fn new(store: &TaskStore) -> Result<Self, StoreError> {
        let worker = WorkerId(u128::from_be_bytes(store.random()?));
        Ok(Self { worker, counter: 0, renewed: store.clock().monotonic() })
    }
}
