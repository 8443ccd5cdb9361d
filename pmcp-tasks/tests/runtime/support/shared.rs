//! A store that several processes share, each over a connection of its own that a test can cut.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use pmcp_tasks::{
    store::{
        MemoryBackend, StorageBackend, StoreError,
        backend::{
            Beat, Capabilities, Claim, Create, Feed, Holder, Merge, Merged, NewTask, Page, Parts, Position, Put,
            Recorded, Result, Scope, Step, StoredTask, TaskKey, Worker, WorkerId, Written,
        },
    },
    time::Millis,
};

/// The connection of a process. It brings no hints: what others change has to be found by looking.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    store: Arc<MemoryBackend>,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    cut: AtomicBool,
    full: AtomicBool,
    loses_creations: AtomicBool,
}

impl Connection {
    pub(crate) fn to(store: &Arc<MemoryBackend>) -> Self {
        Self { store: store.clone(), state: Arc::default() }
    }

    /// Whether nothing gets through from now on.
    pub(crate) fn cut(&self, cut: bool) {
        self.state.cut.store(cut, Ordering::SeqCst);
    }

    /// Whether nothing can be written from now on, for want of room.
    pub(crate) fn fill(&self, full: bool) {
        self.state.full.store(full, Ordering::SeqCst);
    }

    /// Whether creations are applied and their replies lost from now on.
    pub(crate) fn lose_creations(&self, lose: bool) {
        self.state.loses_creations.store(lose, Ordering::SeqCst);
    }

    fn up(&self) -> Result<&MemoryBackend> {
        if self.state.cut.load(Ordering::SeqCst) { Err(unavailable()) } else { Ok(&self.store) }
    }

    fn writable(&self) -> Result<&MemoryBackend> {
        if self.state.full.load(Ordering::SeqCst) {
            return Err(StoreError::Refused { backend: "shared", source: "the disk is full".into() });
        }
        self.up()
    }
}

fn unavailable() -> StoreError {
    StoreError::Unavailable { backend: "shared", source: "as the test wants".into() }
}

#[async_trait]
impl StorageBackend for Connection {
    fn capabilities(&self) -> Capabilities {
        Capabilities { shared: true, ..self.store.capabilities() }
    }

    async fn create(&self, new: &NewTask, now: Millis) -> Result<Create> {
        let created = self.writable()?.create(new, now).await;
        if self.state.loses_creations.load(Ordering::SeqCst) { Err(unavailable()) } else { created }
    }

    async fn get(&self, key: &TaskKey, parts: Parts, now: Millis) -> Result<Option<StoredTask>> {
        self.up()?.get(key, parts, now).await
    }

    async fn put(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written> {
        self.writable()?.put(key, put, now).await
    }

    async fn merge(&self, key: &TaskKey, merge: &Merge, now: Millis) -> Result<Merged> {
        self.writable()?.merge(key, merge, now).await
    }

    async fn record(&self, key: &TaskKey, step: &Step, now: Millis) -> Result<Recorded> {
        self.writable()?.record(key, step, now).await
    }

    async fn delete(&self, key: &TaskKey) -> Result<bool> {
        self.writable()?.delete(key).await
    }

    async fn page(&self, scope: &Scope, before: Option<&Position>, n: u16, now: Millis) -> Result<Page> {
        self.up()?.page(scope, before, n, now).await
    }

    async fn claim(&self, from: &Holder, to: &WorkerId, n: u16, now: Millis) -> Result<Claim> {
        self.writable()?.claim(from, to, n, now).await
    }

    async fn held(&self, by: &Holder, after: Option<&TaskKey>, n: u16) -> Result<Vec<TaskKey>> {
        self.up()?.held(by, after, n).await
    }

    async fn beat(&self, worker: &WorkerId, period: Duration, now: Millis) -> Result<Beat> {
        self.writable()?.beat(worker, period, now).await
    }

    async fn workers(&self) -> Result<Vec<Worker>> {
        self.up()?.workers().await
    }

    async fn bury(&self, worker: &WorkerId, seen: u64) -> Result<bool> {
        self.writable()?.bury(worker, seen).await
    }

    async fn buried(&self) -> Result<Vec<WorkerId>> {
        self.up()?.buried().await
    }

    async fn settle(&self, worker: &WorkerId) -> Result<()> {
        self.writable()?.settle(worker).await
    }

    async fn sweep(&self, n: u16, now: Millis) -> Result<u16> {
        self.writable()?.sweep(n, now).await
    }

    fn feed(&self, _: &WorkerId) -> Option<Feed> {
        None
    }
}
