//! A store in front of another one, which notes what becomes of tasks.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use parking_lot::Mutex;
use pmcp_tasks::{
    store::{
        StorageBackend,
        backend::{
            Beat, Capabilities, Claim, Create, Feed, Holder, Merge, Merged, NewTask, Page, Parts, Position, Put,
            Recorded, Result, Scope, Step, StoredTask, TaskKey, Worker, WorkerId, Written,
        },
    },
    task::TaskId,
    time::Millis,
};

/// What became of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Created,
    /// Another worker goes on with it.
    TakenOver,
    Ended,
    Deleted,
}

/// What was noted, in order. A real one would be a table or a topic, written before the answer is given.
pub(crate) type Entries = Arc<Mutex<Vec<(TaskId, Event)>>>;

/// A store that notes what becomes of the tasks in another one.
#[derive(Debug)]
pub(crate) struct Journal<B> {
    inner: B,
    entries: Entries,
}

impl<B> Journal<B> {
    pub(crate) fn new(inner: B, entries: Entries) -> Self {
        Self { inner, entries }
    }

    fn note(&self, task: &TaskKey, event: Event) {
        self.entries.lock().push((task.id, event));
    }
}

#[async_trait]
impl<B: StorageBackend> StorageBackend for Journal<B> {
    fn capabilities(&self) -> Capabilities {
        Capabilities { name: "journal", ..self.inner.capabilities() }
    }

    async fn create(&self, new: &NewTask, now: Millis) -> Result<Create> {
        let created = self.inner.create(new, now).await?;
        // A repeated write was noted the first time.
        if created == Create::Created {
            self.note(&new.key, Event::Created);
        }
        Ok(created)
    }

    async fn put(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written> {
        let written = self.inner.put(key, put, now).await?;
        if !put.open && matches!(written, Written::Done { .. }) {
            self.note(key, Event::Ended);
        }
        Ok(written)
    }

    async fn claim(&self, from: &Holder, to: &WorkerId, n: u16, now: Millis) -> Result<Claim> {
        let claim = self.inner.claim(from, to, n, now).await?;
        if let (Claim::Taken(claimed), Holder::Worker(_)) = (&claim, from) {
            for claimed in claimed {
                self.note(&claimed.key, Event::TakenOver);
            }
        }
        Ok(claim)
    }

    async fn delete(&self, key: &TaskKey) -> Result<bool> {
        let was_there = self.inner.delete(key).await?;
        if was_there {
            self.note(key, Event::Deleted);
        }
        Ok(was_there)
    }

    // The rest is the other store's.

    async fn get(&self, key: &TaskKey, parts: Parts, now: Millis) -> Result<Option<StoredTask>> {
        self.inner.get(key, parts, now).await
    }

    async fn merge(&self, key: &TaskKey, merge: &Merge, now: Millis) -> Result<Merged> {
        self.inner.merge(key, merge, now).await
    }

    async fn record(&self, key: &TaskKey, step: &Step, now: Millis) -> Result<Recorded> {
        self.inner.record(key, step, now).await
    }

    async fn page(&self, scope: &Scope, before: Option<&Position>, n: u16, now: Millis) -> Result<Page> {
        self.inner.page(scope, before, n, now).await
    }

    async fn held(&self, by: &Holder, after: Option<&TaskKey>, n: u16) -> Result<Vec<TaskKey>> {
        self.inner.held(by, after, n).await
    }

    async fn beat(&self, worker: &WorkerId, period: Duration, now: Millis) -> Result<Beat> {
        self.inner.beat(worker, period, now).await
    }

    async fn workers(&self) -> Result<Vec<Worker>> {
        self.inner.workers().await
    }

    async fn bury(&self, worker: &WorkerId, seen: u64) -> Result<bool> {
        self.inner.bury(worker, seen).await
    }

    async fn buried(&self) -> Result<Vec<WorkerId>> {
        self.inner.buried().await
    }

    async fn settle(&self, worker: &WorkerId) -> Result<()> {
        self.inner.settle(worker).await
    }

    async fn sweep(&self, n: u16, now: Millis) -> Result<u16> {
        self.inner.sweep(n, now).await
    }

    fn feed(&self, me: &WorkerId) -> Option<Feed> {
        self.inner.feed(me)
    }
}

#[cfg(test)]
mod contract {
    use pmcp_tasks::{storage_contract, store::MemoryBackend};

    use super::{Entries, Journal};

    storage_contract!(memory, Journal::new(MemoryBackend::new(), Entries::default()));
}
