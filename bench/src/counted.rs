//! A store whose operations are counted, and whose writes are kept where somebody wants to write them again.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
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

/// A write of a task.
#[derive(Clone, Debug)]
pub(crate) enum Wrote {
    Create(NewTask, Millis),
    Put(Put),
}

/// Clones share everything. What a server does from time to time for all tasks, and not for a call, is counted apart.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    inner: Arc<dyn StorageBackend>,
    operations: Arc<AtomicU32>,
    upkeep: Arc<AtomicU32>,
    /// Set while writes are kept.
    tape: Arc<Mutex<Option<Vec<Wrote>>>>,
}

impl Default for Counted {
    fn default() -> Self {
        Self::of(Arc::new(MemoryBackend::new()))
    }
}

impl Counted {
    pub(crate) fn of(inner: Arc<dyn StorageBackend>) -> Self {
        Self { inner, operations: Arc::default(), upkeep: Arc::default(), tape: Arc::default() }
    }

    /// The store without the counting.
    pub(crate) fn bare(&self) -> &Arc<dyn StorageBackend> {
        &self.inner
    }

    /// How many there were since this was last asked.
    pub(crate) fn operations(&self) -> u32 {
        self.operations.swap(0, Ordering::Relaxed)
    }

    /// The same of what is done for no call.
    pub(crate) fn upkeep(&self) -> u32 {
        self.upkeep.swap(0, Ordering::Relaxed)
    }

    /// Keeps creations and changes of heads from now on.
    pub(crate) fn tape(&self) {
        self.on_tape(|tape| *tape = Some(Vec::new()));
    }

    /// Keeps none any more; those that were kept.
    pub(crate) fn taped(&self) -> Vec<Wrote> {
        self.on_tape(Option::take).unwrap_or_default()
    }

    fn keep(&self, wrote: impl FnOnce() -> Wrote) {
        self.on_tape(|tape| tape.as_mut().map(|tape| tape.push(wrote())));
    }

    fn on_tape<T>(&self, what: impl FnOnce(&mut Option<Vec<Wrote>>) -> T) -> T {
        what(&mut self.tape.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn count(&self) -> &dyn StorageBackend {
        self.operations.fetch_add(1, Ordering::Relaxed);
        &*self.inner
    }

    fn keep_house(&self) -> &dyn StorageBackend {
        self.upkeep.fetch_add(1, Ordering::Relaxed);
        &*self.inner
    }
}

#[async_trait]
impl StorageBackend for Counted {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn create(&self, new: &NewTask, now: Millis) -> Result<Create> {
        self.keep(|| Wrote::Create(new.clone(), now));
        self.count().create(new, now).await
    }

    async fn get(&self, key: &TaskKey, parts: Parts, now: Millis) -> Result<Option<StoredTask>> {
        self.count().get(key, parts, now).await
    }

    async fn put(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written> {
        self.keep(|| Wrote::Put(put.clone()));
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
        self.keep_house().claim(from, to, n, now).await
    }

    async fn held(&self, by: &Holder, after: Option<&TaskKey>, n: u16) -> Result<Vec<TaskKey>> {
        self.keep_house().held(by, after, n).await
    }

    async fn beat(&self, worker: &WorkerId, period: Duration, now: Millis) -> Result<Beat> {
        self.keep_house().beat(worker, period, now).await
    }

    async fn workers(&self) -> Result<Vec<Worker>> {
        self.keep_house().workers().await
    }

    async fn bury(&self, worker: &WorkerId, seen: u64) -> Result<bool> {
        self.keep_house().bury(worker, seen).await
    }

    async fn buried(&self) -> Result<Vec<WorkerId>> {
        self.keep_house().buried().await
    }

    async fn settle(&self, worker: &WorkerId) -> Result<()> {
        self.keep_house().settle(worker).await
    }

    async fn sweep(&self, n: u16, now: Millis) -> Result<u16> {
        self.keep_house().sweep(n, now).await
    }

    fn feed(&self, me: &WorkerId) -> Option<Feed> {
        self.inner.feed(me)
    }
}
