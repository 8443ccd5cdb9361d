//! The memory backend, with the operations on tasks counted.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use pmcp_tasks::{
    store::{
        MemoryBackend, StorageBackend,
        backend::{
            Beat, Capabilities, Claim, Create, Feed, Holder, Merge, Merged, NewTask, Page, Parts, Position, Put,
            Recorded, Result, Scope, Step, StoredTask, TaskKey, Worker, WorkerId, Written,
        },
    },
    time::Millis,
};

/// Clones share everything. What a server does from time to time for all tasks, and not for a call, is not counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    inner: Arc<MemoryBackend>,
    operations: Arc<AtomicU32>,
}

impl Counted {
    /// How many there were since this was last asked.
    pub(crate) fn operations(&self) -> u32 {
        self.operations.swap(0, Ordering::Relaxed)
    }

    fn count(&self) -> &MemoryBackend {
        self.operations.fetch_add(1, Ordering::Relaxed);
        &self.inner
    }
}

#[async_trait]
impl StorageBackend for Counted {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn create(&self, new: &NewTask, now: Millis) -> Result<Create> {
        self.count().create(new, now).await
    }

    async fn get(&self, key: &TaskKey, parts: Parts, now: Millis) -> Result<Option<StoredTask>> {
        self.count().get(key, parts, now).await
    }

    async fn put(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written> {
        self.count().put(key, put, now).await
    }

    async fn merge(&self, key: &TaskKey, merge: &Merge, now: Millis) -> Result<Merged> {
        self.count().merge(key, merge, now).await
    }

    async fn record(&self, key: &TaskKey, step: &Step, now: Millis) -> Result<Recorded> {
        self.count().record(key, step, now).await
    }

    async fn delete(&self, key: &TaskKey) -> Result<bool> {
        self.count().delete(key).await
    }

    async fn page(&self, scope: &Scope, before: Option<&Position>, n: u16, now: Millis) -> Result<Page> {
        self.count().page(scope, before, n, now).await
    }

    async fn claim(&self, from: &Holder, to: &WorkerId, n: u16, now: Millis) -> Result<Claim> {
        self.inner.claim(from, to, n, now).await
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
