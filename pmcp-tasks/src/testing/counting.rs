//! A store that tells what it was asked for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use parking_lot::Mutex;

use super::clock::settle;
use crate::{
    store::{
        StorageBackend,
        backend::{
            Beat, Capabilities, Claim, Create, Feed, Holder, Merge, Merged, NewTask, Page, Parts, Position, Put,
            Recorded, Result, Scope, Step, StoredTask, TaskKey, Worker, WorkerId, Written,
        },
    },
    time::Millis,
};

/// A connection to any store, which notes each operation of the port. It brings no hints, so that nothing is asked for that
/// the test did not cause, and calls every store shared, so that all are used alike. Clones share the notes.
///
/// ```
/// use std::sync::Arc;
///
/// use pmcp_tasks::{
///     store::{MemoryBackend, StorageBackend as _},
///     testing::CountingBackend,
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let backend = CountingBackend::to(Arc::new(MemoryBackend::new()));
/// backend.workers().await?;
/// assert_eq!(backend.take(), "workers");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct CountingBackend {
    inner: Arc<dyn StorageBackend>,
    asked: Arc<Mutex<Vec<&'static str>>>,
    /// Operations that have begun and not ended.
    open: Arc<AtomicUsize>,
}

impl CountingBackend {
    /// A connection to this store.
    pub fn to(inner: Arc<dyn StorageBackend>) -> Self {
        Self { inner, asked: Arc::default(), open: Arc::default() }
    }

    /// The operations since the last call, in the order they began.
    #[expect(clippy::must_use_candidate, reason = "whoever wants to begin anew lets them go")]
    pub fn take(&self) -> String {
        std::mem::take(&mut *self.asked.lock()).join(" ")
    }

    /// Waits until nothing goes on that asks the store for something. On a runtime of one thread.
    pub async fn quiet(&self) {
        loop {
            let before = self.asked.lock().len();
            settle().await;
            settle().await;
            if self.open.load(Ordering::SeqCst) == 0 && self.asked.lock().len() == before {
                return;
            }
        }
    }

    async fn note<T: Send>(&self, name: &'static str, operation: impl Future<Output = T> + Send) -> T {
        struct Open<'a>(&'a AtomicUsize);

        impl Drop for Open<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }

        self.asked.lock().push(name);
        self.open.fetch_add(1, Ordering::SeqCst);
        let _open = Open(&self.open);
        operation.await
    }
}

#[async_trait]
impl StorageBackend for CountingBackend {
    fn capabilities(&self) -> Capabilities {
        Capabilities { shared: true, ..self.inner.capabilities() }
    }

    async fn create(&self, new: &NewTask, now: Millis) -> Result<Create> {
        self.note("create", self.inner.create(new, now)).await
    }

    async fn get(&self, key: &TaskKey, parts: Parts, now: Millis) -> Result<Option<StoredTask>> {
        self.note("get", self.inner.get(key, parts, now)).await
    }

    async fn put(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written> {
        self.note("put", self.inner.put(key, put, now)).await
    }

    async fn merge(&self, key: &TaskKey, merge: &Merge, now: Millis) -> Result<Merged> {
        self.note("merge", self.inner.merge(key, merge, now)).await
    }

    async fn record(&self, key: &TaskKey, step: &Step, now: Millis) -> Result<Recorded> {
        self.note("record", self.inner.record(key, step, now)).await
    }

    async fn delete(&self, key: &TaskKey) -> Result<bool> {
        self.note("delete", self.inner.delete(key)).await
    }

    async fn page(&self, scope: &Scope, before: Option<&Position>, n: u16, now: Millis) -> Result<Page> {
        self.note("page", self.inner.page(scope, before, n, now)).await
    }

    async fn claim(&self, from: &Holder, to: &WorkerId, n: u16, now: Millis) -> Result<Claim> {
        self.note("claim", self.inner.claim(from, to, n, now)).await
    }

    async fn held(&self, by: &Holder, after: Option<&TaskKey>, n: u16) -> Result<Vec<TaskKey>> {
        self.note("held", self.inner.held(by, after, n)).await
    }

    async fn beat(&self, worker: &WorkerId, period: Duration, now: Millis) -> Result<Beat> {
        self.note("beat", self.inner.beat(worker, period, now)).await
    }

    async fn workers(&self) -> Result<Vec<Worker>> {
        self.note("workers", self.inner.workers()).await
    }

    async fn buried(&self) -> Result<Vec<WorkerId>> {
        self.note("buried", self.inner.buried()).await
    }

    async fn settle(&self, worker: &WorkerId) -> Result<()> {
        self.note("settle", self.inner.settle(worker)).await
    }

    async fn bury(&self, worker: &WorkerId, seen: u64) -> Result<bool> {
        self.note("bury", self.inner.bury(worker, seen)).await
    }

    async fn sweep(&self, n: u16, now: Millis) -> Result<u16> {
        self.note("sweep", self.inner.sweep(n, now)).await
    }

    fn feed(&self, _: &WorkerId) -> Option<Feed> {
        None
    }
}
