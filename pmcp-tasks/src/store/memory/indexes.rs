//! Indexes across owners: who holds which task, what expires when.

use std::{collections::BTreeSet, mem, ops::Bound};

use dashmap::DashMap;
use parking_lot::Mutex;

use crate::{
    store::backend::{Holder, TaskKey},
    time::Millis,
};

/// The open tasks of each holder.
#[derive(Debug, Default)]
pub(super) struct Holders(DashMap<Holder, Held>);

impl Holders {
    pub(super) fn insert(&self, holder: Holder, key: &TaskKey) {
        self.0.entry(holder).or_default().insert(key.clone());
    }

    pub(super) fn change(&self, key: &TaskKey, from: Option<Holder>, to: Option<Holder>) {
        if from == to {
            return;
        }
        if let Some(from) = from {
            self.remove(from, key);
        }
        if let Some(to) = to {
            self.insert(to, key);
        }
    }

    fn remove(&self, holder: Holder, key: &TaskKey) {
        let Some(mut held) = self.0.get_mut(&holder) else { return };
        held.remove(key);
        let empty = held.is_empty();
        drop(held);
        // Workers come and go: one that holds nothing leaves nothing behind.
        if empty {
            self.0.remove_if(&holder, |_, held| held.is_empty());
        }
    }

    /// At most `n` tasks of a holder in key order, after the given one.
    pub(super) fn of(&self, holder: Holder, after: Option<&TaskKey>, n: usize) -> Vec<TaskKey> {
        self.0.get(&holder).map_or_else(Vec::new, |held| held.after(after, n))
    }

    #[cfg(test)]
    pub(super) fn entries(&self) -> Vec<(Holder, TaskKey)> {
        let mut holders: Vec<_> = self.0.iter().map(|held| (*held.key(), held.after(None, usize::MAX))).collect();
        holders.sort();
        assert!(holders.iter().all(|(_, keys)| !keys.is_empty()));
        holders.into_iter().flat_map(|(holder, keys)| keys.into_iter().map(move |key| (holder, key))).collect()
    }
}

/// Number of recent tasks a holder has before they move to the others.
const RECENT: usize = 512;

/// The tasks of one holder. Keys are random, so an insert into a large set waits for memory on every level. Recent tasks
/// are kept apart in a small set, and most end before they would move.
#[derive(Debug, Default)]
struct Held {
    recent: BTreeSet<TaskKey>,
    others: BTreeSet<TaskKey>,
}

impl Held {
    fn is_empty(&self) -> bool {
        self.recent.is_empty() && self.others.is_empty()
    }

    fn insert(&mut self, key: TaskKey) {
        if self.recent.len() == RECENT {
            self.others.extend(mem::take(&mut self.recent));
        }
        self.recent.insert(key);
    }

    fn remove(&mut self, key: &TaskKey) {
        if !self.recent.remove(key) {
            self.others.remove(key);
        }
    }

    fn after(&self, key: Option<&TaskKey>, n: usize) -> Vec<TaskKey> {
        let range = (key.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let mut keys: Vec<_> = self.others.range(range).take(n).cloned().collect();
        keys.extend(self.recent.range(range).take(n).cloned());
        keys.sort_unstable();
        keys.truncate(n);
        keys
    }
}

/// Every task by expiry, in parts so that writers seldom meet.
#[derive(Debug, Default)]
pub(super) struct Expiry([Mutex<BTreeSet<(Millis, TaskKey)>>; 16]);

impl Expiry {
    fn part(&self, key: &TaskKey) -> &Mutex<BTreeSet<(Millis, TaskKey)>> {
        let [.., random] = key.id.as_bytes();
        &self.0[usize::from(random % 16)]
    }

    pub(super) fn insert(&self, expires: Millis, key: &TaskKey) {
        self.part(key).lock().insert((expires, key.clone()));
    }

    pub(super) fn remove(&self, expires: Millis, key: &TaskKey) {
        self.part(key).lock().remove(&(expires, key.clone()));
    }

    /// At most `n` expired tasks.
    pub(super) fn due(&self, now: Millis, n: u16) -> Vec<TaskKey> {
        let mut due = Vec::new();
        for part in &self.0 {
            let part = part.lock();
            let expired = part.iter().take_while(|(expires, _)| *expires <= now).map(|(_, key)| key);
            due.extend(expired.take(usize::from(n) - due.len()).cloned());
        }
        due
    }

    #[cfg(test)]
    pub(super) fn entries(&self) -> Vec<(Millis, TaskKey)> {
        let mut entries: Vec<_> =
            self.0.iter().flat_map(|part| part.lock().iter().cloned().collect::<Vec<_>>()).collect();
        entries.sort();
        entries
    }
}
