//! Records of one owner: the live tasks his quota counts, his list, his idempotency keys.

use std::{
    collections::{BTreeSet, HashMap},
    ops::Bound,
};

use super::record::Record;
use crate::{
    id::TaskId,
    store::backend::{Create, Digest, NewTask, Position},
    time::Millis,
};

#[derive(Debug, Default)]
pub(super) struct OwnerState {
    /// Open tasks by expiry, so that the expired ones are in front.
    live: BTreeSet<(Millis, TaskId)>,
    list: BTreeSet<Position>,
    idempotency: HashMap<Digest, Idempotency>,
}

#[derive(Debug)]
struct Idempotency {
    payload: Digest,
    task: TaskId,
    expires: Millis,
}

impl OwnerState {
    pub(super) fn is_empty(&self) -> bool {
        self.live.is_empty() && self.list.is_empty() && self.idempotency.is_empty()
    }

    /// Answers a create with a known idempotency key.
    pub(super) fn idempotent(&self, new: &NewTask, now: Millis) -> Option<Create> {
        let (key, payload) = new.idempotency?;
        let known = self.idempotency.get(&key).filter(|known| now < known.expires)?;
        Some(if known.payload == payload { Create::Same(known.task) } else { Create::Differs })
    }

    /// Tells whether the quota leaves no place for another task.
    pub(super) fn is_full(&mut self, quota: u32, now: Millis) -> bool {
        let quota = usize::try_from(quota).unwrap_or(usize::MAX);
        while self.live.len() >= quota {
            if self.live.first().is_none_or(|(expires, _)| now < *expires) {
                return true;
            }
            self.live.pop_first();
        }
        false
    }

    pub(super) fn add(&mut self, new: &NewTask) {
        let id = new.key.id;
        self.live.insert((new.expires, id));
        if new.scope.is_some() {
            self.list.insert(Position { stamp: new.stamp, id });
        }
        if let Some((key, payload)) = new.idempotency {
            self.idempotency.insert(key, Idempotency { payload, task: id, expires: new.expires });
        }
    }

    /// Frees the place of a task in the quota.
    pub(super) fn seal(&mut self, expires: Millis, id: TaskId) {
        self.live.remove(&(expires, id));
    }

    pub(super) fn remove(&mut self, id: TaskId, record: &Record) {
        self.live.remove(&(record.expires, id));
        if record.listed {
            self.list.remove(&Position { stamp: record.stamp, id });
        }
        // Once it had expired, another task may have got the key.
        if let Some(key) = record.idempotency
            && self.idempotency.get(&key).is_some_and(|known| known.task == id)
        {
            self.idempotency.remove(&key);
        }
    }

    /// The listed tasks older than `before`, newest first.
    pub(super) fn older(&self, before: Option<&Position>) -> impl Iterator<Item = &Position> {
        let end = before.map_or(Bound::Unbounded, |before| Bound::Excluded(*before));
        self.list.range((Bound::Unbounded, end)).rev()
    }

    #[cfg(test)]
    pub(super) fn counted(&self) -> impl Iterator<Item = TaskId> {
        self.live.iter().map(|(_, id)| *id)
    }
}
