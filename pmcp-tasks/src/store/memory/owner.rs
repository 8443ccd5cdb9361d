//! Records of one owner: the live tasks his quota counts, the finished ones in their order, his list, his idempotency keys.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
    ops::Bound,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{ranking::Share, record::Record};
use crate::{
    id::TaskId,
    store::backend::{Create, Digest, NewTask, Position},
    time::Millis,
};

#[derive(Debug, Default)]
pub(super) struct OwnerState {
    /// Open tasks by expiry, so that the expired ones are in front.
    live: BTreeSet<(Millis, TaskId)>,
    /// Bytes they take.
    live_bytes: Arc<AtomicU64>,
    /// Sealed tasks in the order they were.
    finished: BTreeSet<(Millis, TaskId)>,
    /// Bytes they take.
    finished_bytes: u64,
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
        self.live.is_empty() && self.finished.is_empty() && self.list.is_empty() && self.idempotency.is_empty()
    }

    /// Answers a create with a known idempotency key.
    pub(super) fn idempotent(&self, new: &NewTask, now: Millis) -> Option<Create> {
        let (key, payload) = new.idempotency?;
        let known = self.idempotency.get(&key).filter(|known| now < known.expires)?;
        Some(if known.payload == payload { Create::Same(known.task) } else { Create::Differs })
    }

    /// Tells whether the quota leaves no place for another task.
    pub(super) fn is_full(&self, quota: u32) -> bool {
        self.live.len() >= usize::try_from(quota).unwrap_or(usize::MAX)
    }

    /// The open tasks that have expired.
    pub(super) fn expired(&self, now: Millis) -> Vec<TaskId> {
        self.live.iter().take_while(|(expires, _)| *expires <= now).map(|(_, id)| *id).collect()
    }

    /// Bytes the open tasks take, for a task to add its own.
    pub(super) fn live_bytes(&self) -> &Arc<AtomicU64> {
        &self.live_bytes
    }

    /// Bytes all tasks take.
    pub(super) fn bytes(&self) -> u64 {
        self.live_bytes.load(Ordering::Relaxed) + self.finished_bytes
    }

    /// The task that finished first, of those beside `spared`.
    pub(super) fn first_finished(&self, spared: Option<TaskId>) -> Option<TaskId> {
        self.finished.iter().map(|(_, id)| *id).find(|id| Some(*id) != spared)
    }

    /// The part of the finished tasks of all owners that is his.
    pub(super) fn share(&self) -> Option<Share> {
        let first = self.finished.first()?;
        Some(Share { bytes: self.finished_bytes, first: Reverse(*first), tasks: self.finished.len() })
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

    /// Frees the place in the quota of a task that was sealed.
    pub(super) fn seal(&mut self, id: TaskId, record: &Record, now: Millis) {
        self.live.remove(&(record.expires, id));
        self.finished.insert((now, id));
        self.finished_bytes += record.bytes();
    }

    pub(super) fn remove(&mut self, id: TaskId, record: &Record) {
        if let Some(sealed) = record.sealed {
            self.finished.remove(&(sealed, id));
            self.finished_bytes -= record.bytes();
        } else {
            self.live.remove(&(record.expires, id));
            record.leave_live();
        }
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

    /// The finished tasks, the bytes they take, and those the open ones take.
    #[cfg(test)]
    pub(super) fn kept(&self) -> (Vec<(Millis, TaskId)>, u64, u64) {
        (self.finished.iter().copied().collect(), self.finished_bytes, self.live_bytes.load(Ordering::Relaxed))
    }
}
