//! The lease of a worker: one counter in the store that it raises, however many tasks it runs.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

use crate::{
    error::StoreError,
    store::backend::{Beat, WorkerId},
    task::TaskStore,
    time::Clock,
};

/// Time a worker may go without renewing before others may take its tasks over, unless it is told otherwise.
pub(crate) const DEFAULT_LEASE: Duration = Duration::from_secs(10);

/// The part of a lease period for which a renewal waits for its turn.
const PATIENCE: u32 = 8;

/// Identity of this process to the others that share its store.
#[derive(Debug)]
pub(crate) struct Lease {
    period: Duration,
    state: Mutex<State>,
    /// Told when the lease was renewed, or is another one.
    changed: Notify,
    /// The turn of a renewal: one at a time, as long as whoever has it goes on.
    renewing: tokio::sync::Mutex<()>,
    /// Number of those who renew it, again and again.
    keepers: AtomicUsize,
    /// Set once it is given up: who renews it out of turn must not take it up again.
    given_up: AtomicBool,
}

/// The lease is renewed for as long as this lives.
#[derive(Debug)]
pub(crate) struct Keeping<'a>(&'a Lease);

impl Drop for Keeping<'_> {
    fn drop(&mut self) {
        self.0.keepers.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Clone, Copy, Debug)]
struct State {
    worker: WorkerId,
    /// The counter as we last raised it; 0 before the worker is known to the store.
    counter: u64,
    /// Time of that, on the monotonic clock.
    renewed: Duration,
}

/// Finding of a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Renewal {
    /// The lease goes on.
    Kept,
    /// Others have taken it: this worker is dead.
    Lost(WorkerId),
}

impl Lease {
    pub(crate) fn new(store: &TaskStore, period: Duration) -> Result<Self, StoreError> {
        let state = State::new(store)?;
        Ok(Self {
            period,
            state: Mutex::new(state),
            changed: Notify::new(),
            renewing: tokio::sync::Mutex::new(()),
            keepers: AtomicUsize::new(0),
            given_up: AtomicBool::new(false),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    pub(crate) fn period(&self) -> Duration {
        self.period
    }

    /// The worker this process is now.
    pub(crate) fn worker(&self) -> WorkerId {
        self.state().worker
    }

    /// The worker this process is, if it is known to the store, so that others see it die.
    pub(super) fn known(&self) -> Option<WorkerId> {
        let state = self.state();
        (state.counter > 0).then_some(state.worker)
    }

    /// Raises the counter. A worker that others buried, or that the store has forgotten, is dead: the process has to go on
    /// as another one.
    pub(crate) async fn renew(&self, store: &TaskStore) -> Result<Renewal, StoreError> {
        let _turn = self.turn(&**store.clock()).await;
        let before = *self.state();
        if self.given_up.load(Ordering::SeqCst) {
            return Ok(Renewal::Kept);
        }
        // Taken before the store is asked: the lease runs from the earliest moment the others can have seen.
        let now = store.clock().monotonic();
        let beat = tokio::select! {
            biased;
            beat = store.beat(&before.worker, self.period) => beat?,
            // It is told of, and asked again.
            () = store.clock().sleep(self.period) => return Err(store.silent()),
        };
        let mut state = self.state();
        if state.worker != before.worker || self.given_up.load(Ordering::SeqCst) {
            // Meanwhile this process gave that worker up: it must not become it again.
            return Ok(Renewal::Kept);
        }
        match beat {
            // A reply that was lost has raised it, too, or a renewal out of turn.
            Beat::Alive(counter) if counter > before.counter => {
                *state = State { counter: counter.max(state.counter), renewed: now.max(state.renewed), ..before };
                self.changed.notify_waiters();
                Ok(Renewal::Kept)
            }
            Beat::Alive(_) | Beat::Buried => Ok(Renewal::Lost(before.worker)),
        }
    }

    /// Waits for the turn of a renewal. Who has it may not go on: where all threads of the runtime are blocked, nobody takes the
    /// reply of the store. After a while it is renewed out of turn, which does no harm.
    async fn turn(&self, clock: &dyn Clock) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        if let Ok(turn) = self.renewing.try_lock() {
            return Some(turn);
        }
        tokio::select! {
            biased;
            turn = self.renewing.lock() => Some(turn),
            () = clock.sleep(self.period / PATIENCE) => None,
        }
    }

    /// Time of the last renewal, on the monotonic clock.
    pub(crate) fn renewed(&self) -> Duration {
        self.state().renewed
    }

    /// The time since the lease was renewed; `None` before it had to be.
    pub(crate) fn age(&self, clock: &dyn Clock) -> Option<Duration> {
        let state = *self.state();
        (state.counter > 0).then(|| clock.monotonic().saturating_sub(state.renewed))
    }

    /// The time since the lease was renewed, if that should have been done by now.
    pub(crate) fn overdue(&self, clock: &dyn Clock) -> Option<Duration> {
        let state = *self.state();
        let age = clock.monotonic().saturating_sub(state.renewed);
        // The keeper renews it each quarter.
        (state.counter > 0 && age > self.period * 3 / 8).then_some(age)
    }

    /// Becomes another worker than the one that is dead, one that holds nothing yet; `false` if it is another already.
    pub(super) fn replace(&self, dead: WorkerId, store: &TaskStore) -> Result<bool, StoreError> {
        let mut state = self.state();
        let is_dead = state.worker == dead;
        if is_dead {
            *state = State::new(store)?;
            self.changed.notify_waiters();
        }
        Ok(is_dead)
    }

    /// Told by whoever renews the lease from now on.
    pub(crate) fn keep(&self) -> Keeping<'_> {
        self.keepers.fetch_add(1, Ordering::Relaxed);
        Keeping(self)
    }

    /// Tells whether somebody renews the lease.
    pub(crate) fn is_kept(&self) -> bool {
        self.keepers.load(Ordering::Relaxed) > 0
    }

    /// Waits until the lease is known to hold, or to be another one. Who has stood still for longer than it lasts, or whose
    /// store has taken no writes for so long, cannot know whether others have gone on with its tasks.
    pub(crate) async fn certain(&self, clock: &dyn Clock) {
        loop {
            let changed = self.changed.notified();
            if !self.has_run_out(clock) {
                return;
            }
            changed.await;
        }
    }

    /// Tells whether the lease has run out because it could not be renewed: others may have taken it.
    pub(crate) fn has_run_out(&self, clock: &dyn Clock) -> bool {
        let state = *self.state();
        state.counter > 0 && clock.monotonic().saturating_sub(state.renewed) > self.period
    }

    /// Gives the lease up, so that others take the tasks over at once.
    pub(crate) async fn give_up(&self, store: &TaskStore) -> Result<(), StoreError> {
        self.given_up.store(true, Ordering::SeqCst);
        let _one = self.renewing.lock().await;
        let State { worker, counter, .. } = *self.state();
        let mut seen = (counter > 0).then_some(counter);
        while let Some(counter) = seen {
            if store.bury(&worker, counter).await? {
                break;
            }
            // Others have buried it, or a renewal out of turn has raised the counter: the last one that there was.
            let known = store.workers().await?.into_iter().find(|known| known.id == worker);
            seen = known.map(|known| known.counter);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lease_that_was_renewed_out_of_turn_is_given_up_all_the_same_and_for_good() {
        let store = TaskStore::memory();
        let lease = Lease::new(&store, DEFAULT_LEASE).unwrap();
        lease.renew(&store).await.unwrap();
        let worker = lease.worker();
        // Its reply is still under way.
        store.beat(&worker, DEFAULT_LEASE).await.unwrap();
        lease.give_up(&store).await.unwrap();
        assert_eq!(store.workers().await.unwrap(), []);
        assert_eq!(store.buried().await.unwrap(), [worker]);
        assert_eq!(lease.renew(&store).await.unwrap(), Renewal::Kept);
        assert_eq!((lease.worker(), store.workers().await.unwrap()), (worker, vec![]));
    }
}
