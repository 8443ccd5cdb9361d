//! The workers and their counters.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Mutex,
};

use super::lock;
use crate::store::backend::{Beat, WorkerId};

#[derive(Debug, Default)]
pub(super) struct Workers(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    alive: BTreeMap<WorkerId, u64>,
    /// Never shrinks: being buried is final.
    buried: HashSet<WorkerId>,
}

impl Workers {
    pub(super) fn beat(&self, worker: WorkerId) -> Beat {
        let mut state = lock(&self.0);
        if state.buried.contains(&worker) {
            return Beat::Buried;
        }
        let counter = state.alive.entry(worker).or_default();
        *counter += 1;
        Beat::Alive(*counter)
    }

    pub(super) fn alive(&self) -> Vec<(WorkerId, u64)> {
        lock(&self.0).alive.iter().map(|(worker, counter)| (*worker, *counter)).collect()
    }

    pub(super) fn bury(&self, worker: WorkerId, seen: u64) -> bool {
        let mut state = lock(&self.0);
        if state.buried.contains(&worker) {
            return true;
        }
        if state.alive.get(&worker) != Some(&seen) {
            return false;
        }
        state.alive.remove(&worker);
        state.buried.insert(worker);
        true
    }
}
