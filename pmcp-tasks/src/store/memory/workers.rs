//! The workers and their counters.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::store::backend::{Beat, WorkerId};

#[derive(Debug, Default)]
pub(super) struct Workers(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    alive: BTreeMap<WorkerId, u64>,
    /// With whether they are settled. Never shrinks: being buried is final.
    buried: BTreeMap<WorkerId, bool>,
}

impl Workers {
    pub(super) fn beat(&self, worker: WorkerId) -> Beat {
        let mut state = self.0.lock();
        if state.buried.contains_key(&worker) {
            return Beat::Buried;
        }
        let counter = state.alive.entry(worker).or_default();
        *counter += 1;
        Beat::Alive(*counter)
    }

    pub(super) fn alive(&self) -> Vec<(WorkerId, u64)> {
        self.0.lock().alive.iter().map(|(worker, counter)| (*worker, *counter)).collect()
    }

    pub(super) fn bury(&self, worker: WorkerId, seen: u64) -> bool {
        let mut state = self.0.lock();
        if state.buried.contains_key(&worker) {
            return true;
        }
        if state.alive.get(&worker) != Some(&seen) {
            return false;
        }
        state.alive.remove(&worker);
        state.buried.insert(worker, false);
        true
    }

    pub(super) fn buried(&self) -> Vec<WorkerId> {
        self.0.lock().buried.iter().filter(|(_, settled)| !**settled).map(|(worker, _)| *worker).collect()
    }

    pub(super) fn settle(&self, worker: WorkerId) {
        if let Some(settled) = self.0.lock().buried.get_mut(&worker) {
            *settled = true;
        }
    }
}
