//! Stores that several servers share, each over a link of its own, which can die at a write.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use pmcp_tasks::{
    TaskStore,
    store::{
        MemoryBackend, SqliteBackend, StorageBackend,
        backend::{
            Beat, Capabilities, Claim, Create, Feed, Holder, Merge, Merged, NewTask, Page, Parts, Position, Put,
            Recorded, Result, Scope, Step, StoredTask, TaskKey, Worker, WorkerId, Written,
        },
    },
    testing::ManualClock,
    time::Millis,
};
use tempfile::TempDir;
use tokio::sync::watch;

/// A store that is empty at first.
pub(super) enum Stored {
    Memory(Arc<MemoryBackend>),
    Sqlite(TempDir),
    #[cfg(feature = "redis")]
    Redis(String),
}

impl Stored {
    pub(super) fn memory() -> Self {
        Self::Memory(Arc::default())
    }

    pub(super) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    #[cfg(feature = "redis")]
    pub(super) fn redis() -> Self {
        let url = std::env::var("PMCP_TEST_REDIS_URL").expect("PMCP_TEST_REDIS_URL is not set: `cargo xtask services`");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Self::Redis(format!("{url}?prefix=doors{:x}", now.as_nanos()))
    }

    /// Another one of the kind, empty.
    pub(super) fn another(&self) -> Self {
        match self {
            Self::Memory(_) => Self::memory(),
            Self::Sqlite(_) => Self::sqlite(),
            #[cfg(feature = "redis")]
            Self::Redis(_) => Self::redis(),
        }
    }

    /// A link of a server to it.
    pub(super) async fn link(&self) -> Link {
        let inner: Arc<dyn StorageBackend> = match self {
            Self::Memory(memory) => memory.clone(),
            Self::Sqlite(directory) => Arc::new(SqliteBackend::open(directory.path().join("tasks.db")).await.unwrap()),
            #[cfg(feature = "redis")]
            Self::Redis(url) => Arc::new(pmcp_tasks::store::RedisBackend::connect(url).await.unwrap()),
        };
        Link { inner, dies: Arc::default(), dead: Arc::new(watch::Sender::new(false)) }
    }

    /// The store of a server on this clock.
    pub(super) async fn store(&self, clock: &ManualClock) -> TaskStore {
        TaskStore::new(self.link().await).with_clock(clock.clone())
    }
}

/// The way of one server to a store. Clones share everything.
#[derive(Clone, Debug)]
pub(super) struct Link {
    inner: Arc<dyn StorageBackend>,
    /// The write of a task at which it dies, counted down, and whether that is applied.
    dies: Arc<Mutex<Option<(usize, bool)>>>,
    dead: Arc<watch::Sender<bool>>,
}

impl Link {
    /// Dies at the write of this number, from 1: before or after it is applied. Nothing is answered from then on.
    pub(super) fn die_at(&self, write: usize, applied: bool) {
        *self.dies.lock().unwrap() = Some((write, applied));
    }

    /// Waits until it has died.
    pub(super) async fn dead(&self) {
        self.dead.subscribe().wait_for(|dead| *dead).await.unwrap();
    }

    async fn living(&self) -> &dyn StorageBackend {
        if *self.dead.borrow() {
            std::future::pending::<()>().await;
        }
        &*self.inner
    }

    async fn write<T>(&self, write: impl Future<Output = Result<T>> + Send) -> Result<T> {
        self.living().await;
        let dies = {
            let mut dies = self.dies.lock().unwrap();
            let dies = dies.as_mut().map(|(left, applied)| {
                *left = left.saturating_sub(1);
                (*left == 0).then_some(*applied)
            });
            dies.flatten()
        };
        if dies == Some(false) {
            return self.die().await;
        }
        let written = write.await;
        if dies.is_some() { self.die().await } else { written }
    }

    async fn die<T>(&self) -> T {
        self.dead.send_replace(true);
        std::future::pending().await
    }
}

#[async_trait]
impl StorageBackend for Link {
    fn capabilities(&self) -> Capabilities {
        // Several servers of this process share what others could not.
        Capabilities { shared: true, ..self.inner.capabilities() }
    }

    async fn create(&self, new: &NewTask, now: Millis) -> Result<Create> {
        self.write(self.inner.create(new, now)).await
    }

    async fn get(&self, key: &TaskKey, parts: Parts, now: Millis) -> Result<Option<StoredTask>> {
        self.living().await.get(key, parts, now).await
    }

    async fn put(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written> {
        self.write(self.inner.put(key, put, now)).await
    }

    async fn merge(&self, key: &TaskKey, merge: &Merge, now: Millis) -> Result<Merged> {
        self.write(self.inner.merge(key, merge, now)).await
    }

    async fn record(&self, key: &TaskKey, step: &Step, now: Millis) -> Result<Recorded> {
        self.write(self.inner.record(key, step, now)).await
    }

    async fn delete(&self, key: &TaskKey) -> Result<bool> {
        self.write(self.inner.delete(key)).await
    }

    async fn page(&self, scope: &Scope, before: Option<&Position>, n: u16, now: Millis) -> Result<Page> {
        self.living().await.page(scope, before, n, now).await
    }

    async fn claim(&self, from: &Holder, to: &WorkerId, n: u16, now: Millis) -> Result<Claim> {
        self.living().await.claim(from, to, n, now).await
    }

    async fn held(&self, by: &Holder, after: Option<&TaskKey>, n: u16) -> Result<Vec<TaskKey>> {
        self.living().await.held(by, after, n).await
    }

    async fn beat(&self, worker: &WorkerId, period: Duration, now: Millis) -> Result<Beat> {
        self.living().await.beat(worker, period, now).await
    }

    async fn workers(&self) -> Result<Vec<Worker>> {
        self.living().await.workers().await
    }

    async fn bury(&self, worker: &WorkerId, seen: u64) -> Result<bool> {
        self.living().await.bury(worker, seen).await
    }

    async fn buried(&self) -> Result<Vec<WorkerId>> {
        self.living().await.buried().await
    }

    async fn settle(&self, worker: &WorkerId) -> Result<()> {
        self.living().await.settle(worker).await
    }

    async fn sweep(&self, n: u16, now: Millis) -> Result<u16> {
        self.living().await.sweep(n, now).await
    }

    fn feed(&self, me: &WorkerId) -> Option<Feed> {
        self.inner.feed(me)
    }
}
