//! The workers, as they beat last.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use parking_lot::{RwLock, RwLockReadGuard};

use crate::{
    store::backend::{Beat, Holder, Worker, WorkerId},
    time::Millis,
};

#[derive(Debug, Default)]
pub(super) struct Workers(RwLock<State>);

#[derive(Debug, Default)]
pub(super) struct State {
    alive: BTreeMap<WorkerId, Worker>,
    /// Never shrinks: being buried is final.
    buried: BTreeSet<WorkerId>,
    unsettled: BTreeSet<WorkerId>,
}

impl Workers {
    /// Keeps everybody from being buried while what is answered lives; `None` if this holder is.
    pub(super) fn while_not_buried(&self, holder: Holder) -> Option<RwLockReadGuard<'_, State>> {
        let state = self.0.read();
        let buried = matches!(holder, Holder::Worker(worker) if state.buried.contains(&worker));
        (!buried).then_some(state)
    }

    pub(super) fn beat(&self, worker: WorkerId, period: Duration, now: Millis) -> Beat {
        let mut state = self.0.write();
        if state.buried.contains(&worker) {
            return Beat::Buried;
        }
        let counter = state.alive.get(&worker).map_or(1, |beaten| beaten.counter + 1);
        state.alive.insert(worker, Worker { id: worker, counter, period, clock: now });
        Beat::Alive(counter)
    }

    pub(super) fn alive(&self) -> Vec<Worker> {
        self.0.read().alive.values().copied().collect()
    }

    pub(super) fn bury(&self, worker: WorkerId, seen: u64) -> bool {
        let mut state = self.0.write();
        if state.buried.contains(&worker) {
            return true;
        }
        if state.alive.get(&worker).is_none_or(|beaten| beaten.counter != seen) {
            return false;
        }
        state.alive.remove(&worker);
        state.unsettled.insert(worker);
        state.buried.insert(worker)
    }

    pub(super) fn buried(&self) -> Vec<WorkerId> {
        self.0.read().unsettled.iter().copied().collect()
    }

    /// Settles a buried worker if it holds nothing, which does not change any more once it was buried.
    pub(super) fn settle(&self, worker: WorkerId, holds_nothing: impl FnOnce() -> bool) {
        let mut state = self.0.write();
        if state.unsettled.contains(&worker) && holds_nothing() {
            state.unsettled.remove(&worker);
        }
    }
}
