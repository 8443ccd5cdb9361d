//! A backend whose operations are timed.

use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::{
    StorageBackend,
    backend::{
        Beat, Capabilities, Claim, Create, Feed, Holder, Merge, Merged, NewTask, Page, Parts, Position, Put, Recorded,
        Result, Scope, Step, StoredTask, TaskKey, Worker, WorkerId, Written,
    },
};
use crate::{error::StoreError, measure, time::Millis};

/// A backend whose operations are timed: each try by itself, by the clock of the machine.
#[derive(Debug)]
pub(crate) struct Measured<B> {
    backend: B,
    name: &'static str,
}

impl<B: StorageBackend> Measured<B> {
    pub(crate) fn new(backend: B) -> Self {
        let name = backend.capabilities().name;
        Self { backend, name }
    }

    async fn timed<T>(&self, operation: &'static str, work: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let began = Instant::now();
        let result = work.await;
        measure::stored(self.name, operation, began.elapsed(), result.as_ref().err().map(StoreError::code));
        result
    }
}

#[async_trait]
impl<B: StorageBackend> StorageBackend for Measured<B> {
    fn capabilities(&self) -> Capabilities {
        self.backend.capabilities()
    }

    async fn create(&self, new: &NewTask, now: Millis) -> Result<Create> {
        self.timed("create", self.backend.create(new, now)).await
    }

    async fn get(&self, key: &TaskKey, parts: Parts, now: Millis) -> Result<Option<StoredTask>> {
        self.timed("get", self.backend.get(key, parts, now)).await
    }

    async fn put(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written> {
        self.timed("put", self.backend.put(key, put, now)).await
    }

    async fn merge(&self, key: &TaskKey, merge: &Merge, now: Millis) -> Result<Merged> {
        self.timed("merge", self.backend.merge(key, merge, now)).await
    }

    async fn record(&self, key: &TaskKey, step: &Step, now: Millis) -> Result<Recorded> {
        self.timed("record", self.backend.record(key, step, now)).await
    }

    async fn delete(&self, key: &TaskKey) -> Result<bool> {
        self.timed("delete", self.backend.delete(key)).await
    }

    async fn page(&self, scope: &Scope, before: Option<&Position>, n: u16, now: Millis) -> Result<Page> {
        self.timed("page", self.backend.page(scope, before, n, now)).await
    }

    async fn claim(&self, from: &Holder, to: &WorkerId, n: u16, now: Millis) -> Result<Claim> {
        self.timed("claim", self.backend.claim(from, to, n, now)).await
    }

    async fn held(&self, by: &Holder, after: Option<&TaskKey>, n: u16) -> Result<Vec<TaskKey>> {
        self.timed("held", self.backend.held(by, after, n)).await
    }

    async fn beat(&self, worker: &WorkerId, period: Duration, now: Millis) -> Result<Beat> {
        self.timed("beat", self.backend.beat(worker, period, now)).await
    }

    async fn workers(&self) -> Result<Vec<Worker>> {
        self.timed("workers", self.backend.workers()).await
    }

    async fn bury(&self, worker: &WorkerId, seen: u64) -> Result<bool> {
        self.timed("bury", self.backend.bury(worker, seen)).await
    }

    async fn buried(&self) -> Result<Vec<WorkerId>> {
        self.timed("buried", self.backend.buried()).await
    }

    async fn settle(&self, worker: &WorkerId) -> Result<()> {
        self.timed("settle", self.backend.settle(worker)).await
    }

    async fn sweep(&self, n: u16, now: Millis) -> Result<u16> {
        self.timed("sweep", self.backend.sweep(n, now)).await
    }

    fn feed(&self, me: &WorkerId) -> Option<Feed> {
        self.backend.feed(me)
    }
}
