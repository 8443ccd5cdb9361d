//! Tasks in the memory of this process.

mod indexes;
mod owner;
mod ranking;
mod record;
#[cfg(test)]
mod tests;
mod workers;

use std::{fmt, sync::atomic::Ordering, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use dashmap::{DashMap, mapref::one::Ref};
use parking_lot::Mutex;

use self::{
    indexes::{Expiry, Holders},
    owner::OwnerState,
    ranking::Ranking,
    record::Record,
    workers::Workers,
};
use super::{
    StorageBackend, StoreError,
    backend::{
        Beat, Capabilities, Claim, Claimed, Create, Feed, Holder, HolderChange, Merge, Merged, NewTask, Page, Parts,
        Position, Put, Recorded, Result, Scope, Step, StoredTask, TaskKey, Worker, WorkerId, Written,
    },
    part,
};
use crate::{id::TaskId, owner::OwnerKey, time::Millis};

/// The largest part it stores: 64 MiB.
const MAX_PART: u32 = 64 << 20;

/// Number of finished tasks it keeps unless told otherwise.
const RETAINED: usize = 100_000;

/// Bytes of finished tasks it keeps unless told otherwise: 256 MiB.
const RETAINED_BYTES: u64 = 256 << 20;

/// Keeps tasks in memory: the default, for tests and for servers whose tasks may end with the process.
///
/// Finished tasks stay readable until they expire, but of all owners together at most 100,000
/// ([`with_retained`](Self::with_retained)) and 256 MiB ([`with_retained_bytes`](Self::with_retained_bytes)): beyond that,
/// the owner who takes most loses the one that finished first, which is then unknown as if it had expired. Live tasks
/// are bounded for each owner, by [`Limits`](crate::Limits).
///
/// ```
/// use pmcp_tasks::store::{MemoryBackend, StorageBackend as _};
///
/// assert_eq!(MemoryBackend::new().capabilities().name, "memory");
/// ```
// Locks are taken in this order: workers, owner, task, one index. The guards of `owners` and `tasks` belong to the lock they
// lead to, so none of the two maps is entered again while a guard of it is held; indexes are held by themselves.
pub struct MemoryBackend {
    owners: DashMap<OwnerKey, Mutex<OwnerState>>,
    tasks: DashMap<TaskKey, Box<Mutex<Record>>>,
    holders: Holders,
    expiry: Expiry,
    finished: Ranking,
    workers: Workers,
}

impl MemoryBackend {
    /// An empty store that keeps up to 100,000 finished tasks, in up to 256 MiB.
    #[must_use]
    pub fn new() -> Self {
        Self::with_retained(RETAINED)
    }

    /// An empty store that keeps up to `finished` finished tasks, in up to 256 MiB. With 0 no outcome can ever be read.
    #[must_use]
    pub fn with_retained(finished: usize) -> Self {
        Self {
            owners: DashMap::new(),
            tasks: DashMap::new(),
            holders: Holders::default(),
            expiry: Expiry::default(),
            finished: Ranking::new(finished, RETAINED_BYTES),
            workers: Workers::default(),
        }
    }

    /// The same store, which keeps up to so many bytes of finished tasks: 1 KiB a task, and its state, call, result,
    /// variables and steps. One that alone is larger is forgotten as soon as it has finished.
    #[must_use]
    pub fn with_retained_bytes(mut self, bytes: u64) -> Self {
        self.finished.max_bytes = bytes;
        self
    }

    /// The state of an owner, made if there is none.
    fn owner(&self, key: OwnerKey) -> Ref<'_, OwnerKey, Mutex<OwnerState>> {
        match self.owners.get(&key) {
            Some(owner) => owner,
            None => self.owners.entry(key).or_default().downgrade(),
        }
    }

    /// Forgets an owner of whom nothing is stored.
    fn forget_if_empty(&self, owner: &OwnerKey) {
        self.owners.remove_if(owner, |_, state| state.lock().is_empty());
    }

    fn insert(&self, new: &NewTask, now: Millis) -> Create {
        // Held to the end: who is buried meanwhile gets nothing afterwards.
        let living = self.workers.while_not_buried(new.holder);
        let owner = self.owner(new.key.owner);
        let mut owner = owner.lock();
        // No task of this owner comes or goes while the owner is locked.
        if self.tasks.get(&new.key).is_some_and(|task| task.lock().exists(now)) {
            return Create::Replayed;
        }
        if let Some(answer) = owner.idempotent(new, now) {
            return answer;
        }
        if living.is_none() {
            return Create::Buried;
        }
        for id in owner.expired(now) {
            self.remove_of(&mut owner, &TaskKey { owner: new.key.owner, id }, |_| true);
        }
        if owner.is_full(new.quota) {
            return Create::Full;
        }
        // It has expired, and is created again: it takes no room beside itself.
        self.remove_of(&mut owner, &new.key, |_| true);
        // Bytes that other tasks may take.
        let rest = new.max_bytes.checked_sub(new.bytes());
        let Some(rest) = rest.filter(|rest| owner.live_bytes().load(Ordering::Relaxed) <= *rest) else {
            return Create::NoRoom;
        };
        self.make_room(new.key.owner, &mut owner, rest, None);
        let record = Record::new(new, owner.live_bytes().clone());
        // Held to the end: nobody may change the holder of the task before its entry is there.
        let task = self.tasks.entry(new.key.clone()).insert(Box::new(Mutex::new(record)));
        owner.add(new);
        self.holders.insert(new.holder, &new.key);
        self.expiry.insert(new.expires, &new.key);
        drop(task);
        Create::Created
    }

    fn write_head(&self, key: &TaskKey, put: &Put, now: Millis) -> Written {
        // Held to the end, as in creating.
        let taking = match put.holder {
            HolderChange::Take(worker) => Some(self.workers.while_not_buried(Holder::Worker(worker))),
            _ => None,
        };
        // Only sealing needs the owner, for the quota.
        let owner = if put.open { None } else { Some(self.owners.get(&key.owner)) };
        let mut owner = match &owner {
            Some(Some(owner)) => Some(owner.lock()),
            // Who is not there has no task; one that comes to be meanwhile is not to be sealed behind its owner's back.
            Some(None) => return Written::Missing,
            None => None,
        };
        let Some(task) = self.tasks.get(key) else { return Written::Missing };
        let mut record = task.lock();
        if !record.exists(now) {
            return Written::Missing;
        }
        let (was_open, holder) = (record.is_open(), record.holder);
        let written = record.put(put, !matches!(taking, Some(None)), now);
        self.holders.change(key, holder, record.holder);
        if was_open
            && !record.is_open()
            && let Some(owner) = &mut owner
        {
            let share = owner.share();
            owner.seal(key.id, &record, now);
            self.finished.change(key.owner, share, owner.share());
            let max = record.max_bytes;
            drop(record);
            drop(task);
            self.make_room(key.owner, owner, max, Some(key.id));
        }
        written
    }

    /// Removes finished tasks of an owner while all of his take more than so many bytes, those that finished first.
    fn make_room(&self, key: OwnerKey, owner: &mut OwnerState, max: u64, spared: Option<TaskId>) {
        while owner.bytes() > max
            && let Some(id) = owner.first_finished(spared)
        {
            self.remove_of(owner, &TaskKey { owner: key, id }, |_| true);
        }
    }

    /// Forgets finished tasks of whoever has most of them while more is kept than may be, those that finished first.
    fn evict(&self) {
        while let Some(largest) = self.finished.largest_of_too_many() {
            let owner = self.owner(largest);
            let mut state = owner.lock();
            // Others may have made room meanwhile.
            if self.finished.largest_of_too_many() == Some(largest)
                && let Some(id) = state.first_finished(None)
            {
                self.remove_of(&mut state, &TaskKey { owner: largest, id }, |_| true);
            }
            drop(state);
            drop(owner);
            self.forget_if_empty(&largest);
        }
    }

    fn page_of(&self, key: OwnerKey, owner: &mut OwnerState, before: Option<&Position>, n: usize, now: Millis) -> Page {
        let mut page = Page { tasks: Vec::new(), next: None };
        let (mut last, mut expired) = (None, Vec::new());
        for position in owner.older(before) {
            let key = TaskKey { owner: key, id: position.id };
            let Some(task) = self.tasks.get(&key) else { continue };
            let record = task.lock();
            let stored = record.exists(now).then(|| record.stored(Parts::empty()));
            drop(record);
            drop(task);
            let Some(stored) = stored else {
                expired.push(key);
                continue;
            };
            if page.tasks.len() == n {
                page.next = last;
                break;
            }
            last = Some(*position);
            page.tasks.push((key, stored));
        }
        // So that no page has to pass them again.
        for key in expired {
            self.remove_of(owner, &key, |record| !record.exists(now));
        }
        page
    }

    fn take_over(&self, key: &TaskKey, from: Holder, to: WorkerId, now: Millis) -> Option<StoredTask> {
        let task = self.tasks.get(key)?;
        let mut record = task.lock();
        if !record.exists(now) || !record.is_open() || record.holder != Some(from) {
            return None;
        }
        record.take(to);
        self.holders.change(key, Some(from), record.holder);
        Some(record.stored(Parts::BODY | Parts::VARIABLES | Parts::STEPS))
    }

    /// Removes a task and everything about it if it is there and meets the condition.
    fn remove(&self, key: &TaskKey, condition: impl FnOnce(&Record) -> bool) -> bool {
        let owner = self.owner(key.owner);
        let mut state = owner.lock();
        let removed = self.remove_of(&mut state, key, condition);
        let empty = state.is_empty();
        drop(state);
        drop(owner);
        if empty {
            self.forget_if_empty(&key.owner);
        }
        removed
    }

    fn remove_of(&self, owner: &mut OwnerState, key: &TaskKey, condition: impl FnOnce(&Record) -> bool) -> bool {
        let Some((_, record)) = self.tasks.remove_if(key, |_, record| condition(&record.lock())) else { return false };
        // No task can come to be under this key meanwhile: that needs the owner.
        self.unindex(owner, key, &record.into_inner());
        true
    }

    fn unindex(&self, owner: &mut OwnerState, key: &TaskKey, record: &Record) {
        let share = owner.share();
        owner.remove(key.id, record);
        self.finished.change(key.owner, share, owner.share());
        self.holders.change(key, record.holder, None);
        self.expiry.remove(record.expires, key);
    }
}

impl Default for MemoryBackend {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBackend").field("tasks", &self.tasks.len()).finish_non_exhaustive()
    }
}

#[async_trait]
impl StorageBackend for MemoryBackend {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "memory",
            max_part: MAX_PART,
            shared: false,
            durability: "lost when the process ends".to_owned(),
        }
    }

    async fn create(&self, new: &NewTask, now: Millis) -> Result<Create> {
        check_sizes([&new.head, &new.body])?;
        if new.scope.is_some_and(|scope| scope.0 != new.key.owner) {
            return Err(StoreError::Refused { backend: "memory", source: "a task is listed with its owner".into() });
        }
        let answer = self.insert(new, now);
        if matches!(answer, Create::Full | Create::NoRoom | Create::Buried) {
            self.forget_if_empty(&new.key.owner);
        }
        Ok(answer)
    }

    async fn get(&self, key: &TaskKey, parts: Parts, now: Millis) -> Result<Option<StoredTask>> {
        let Some(task) = self.tasks.get(key) else { return Ok(None) };
        let record = task.lock();
        Ok(record.exists(now).then(|| record.stored(parts)))
    }

    async fn put(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written> {
        check_sizes(part::of_put(put))?;
        let written = self.write_head(key, put, now);
        if !put.open {
            self.evict();
        }
        Ok(written)
    }

    async fn merge(&self, key: &TaskKey, merge: &Merge, now: Millis) -> Result<Merged> {
        check_sizes(part::values(&merge.ops))?;
        let Some(task) = self.tasks.get(key) else { return Ok(Merged::Missing) };
        let mut record = task.lock();
        Ok(if record.exists(now) { record.merge(merge) } else { Merged::Missing })
    }

    async fn record(&self, key: &TaskKey, step: &Step, now: Millis) -> Result<Recorded> {
        check_sizes([&step.value].into_iter().chain(part::values(&step.changes)))?;
        let Some(task) = self.tasks.get(key) else { return Ok(Recorded::Missing) };
        let mut record = task.lock();
        Ok(if record.exists(now) { record.record(step) } else { Recorded::Missing })
    }

    async fn delete(&self, key: &TaskKey) -> Result<bool> {
        Ok(self.remove(key, |_| true))
    }

    async fn page(&self, scope: &Scope, before: Option<&Position>, n: u16, now: Millis) -> Result<Page> {
        let (page, emptied) = match self.owners.get(&scope.0) {
            Some(owner) => {
                let mut owner = owner.lock();
                let page = self.page_of(scope.0, &mut owner, before, usize::from(n), now);
                (page, owner.is_empty())
            }
            None => (Page { tasks: Vec::new(), next: None }, false),
        };
        if emptied {
            self.forget_if_empty(&scope.0);
        }
        Ok(page)
    }

    async fn claim(&self, from: &Holder, to: &WorkerId, n: u16, now: Millis) -> Result<Claim> {
        let Some(_living) = self.workers.while_not_buried(Holder::Worker(*to)) else { return Ok(Claim::Buried) };
        let mut claimed = Vec::new();
        let mut after = None;
        while claimed.len() < usize::from(n) {
            let keys = self.holders.of(*from, after.as_ref(), usize::from(n) - claimed.len());
            let Some(last) = keys.last() else { break };
            after = Some(last.clone());
            for key in keys {
                if let Some(task) = self.take_over(&key, *from, *to, now) {
                    claimed.push(Claimed { key, task });
                } else if *from == Holder::Queue {
                    // So that no claim has to pass an expired task again. What a dead worker held is found by others, whose
                    // clocks may be right.
                    self.remove(&key, |record| !record.exists(now));
                }
            }
        }
        Ok(Claim::Taken(claimed))
    }

    async fn held(&self, by: &Holder, after: Option<&TaskKey>, n: u16) -> Result<Vec<TaskKey>> {
        Ok(self.holders.of(*by, after, usize::from(n)))
    }

    async fn beat(&self, worker: &WorkerId, period: Duration, now: Millis) -> Result<Beat> {
        Ok(self.workers.beat(*worker, period, now))
    }

    async fn workers(&self) -> Result<Vec<Worker>> {
        Ok(self.workers.alive())
    }

    async fn bury(&self, worker: &WorkerId, seen: u64) -> Result<bool> {
        Ok(self.workers.bury(*worker, seen))
    }

    async fn buried(&self) -> Result<Vec<WorkerId>> {
        Ok(self.workers.buried())
    }

    async fn settle(&self, worker: &WorkerId) -> Result<()> {
        self.workers.settle(*worker, || self.holders.of(Holder::Worker(*worker), None, 1).is_empty());
        Ok(())
    }

    async fn sweep(&self, n: u16, now: Millis) -> Result<u16> {
        let mut removed = 0;
        for key in self.expiry.due(now, n) {
            removed += u16::from(self.remove(&key, |record| !record.exists(now)));
        }
        Ok(removed)
    }

    fn feed(&self, _me: &WorkerId) -> Option<Feed> {
        None
    }
}

fn check_sizes<'a>(parts: impl IntoIterator<Item = &'a Bytes>) -> Result<()> {
    part::check_sizes("memory", MAX_PART, parts)
}
