//! A shared backend is a backend.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use super::{
    StorageBackend,
    backend::{
        Beat, Capabilities, Claim, Create, Feed, Holder, Merge, Merged, NewTask, Page, Parts, Position, Put, Recorded,
        Result, Scope, Step, StoredTask, TaskKey, Worker, WorkerId, Written,
    },
};
use crate::time::Millis;

#[async_trait]
impl<T: StorageBackend + ?Sized> StorageBackend for Arc<T> {
    fn capabilities(&self) -> Capabilities {
        (**self).capabilities()
    }

    async fn create(&self, new: &NewTask, now: Millis) -> Result<Create> {
        (**self).create(new, now).await
    }

    async fn get(&self, key: &TaskKey, parts: Parts, now: Millis) -> Result<Option<StoredTask>> {
        (**self).get(key, parts, now).await
    }

    async fn put(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written> {
        (**self).put(key, put, now).await
    }

    async fn merge(&self, key: &TaskKey, merge: &Merge, now: Millis) -> Result<Merged> {
        (**self).merge(key, merge, now).await
    }

    async fn record(&self, key: &TaskKey, step: &Step, now: Millis) -> Result<Recorded> {
        (**self).record(key, step, now).await
    }

    async fn delete(&self, key: &TaskKey) -> Result<bool> {
        (**self).delete(key).await
    }

    async fn page(&self, scope: &Scope, before: Option<&Position>, n: u16, now: Millis) -> Result<Page> {
        (**self).page(scope, before, n, now).await
    }

    async fn claim(&self, from: &Holder, to: &WorkerId, n: u16, now: Millis) -> Result<Claim> {
        (**self).claim(from, to, n, now).await
    }

    async fn held(&self, by: &Holder, after: Option<&TaskKey>, n: u16) -> Result<Vec<TaskKey>> {
        (**self).held(by, after, n).await
    }

    async fn beat(&self, worker: &WorkerId, period: Duration, now: Millis) -> Result<Beat> {
        (**self).beat(worker, period, now).await
    }

    async fn workers(&self) -> Result<Vec<Worker>> {
        (**self).workers().await
    }

    async fn bury(&self, worker: &WorkerId, seen: u64) -> Result<bool> {
        (**self).bury(worker, seen).await
    }

    async fn buried(&self) -> Result<Vec<WorkerId>> {
        (**self).buried().await
    }

    async fn settle(&self, worker: &WorkerId) -> Result<()> {
        (**self).settle(worker).await
    }

    async fn sweep(&self, n: u16, now: Millis) -> Result<u16> {
        (**self).sweep(n, now).await
    }

    fn feed(&self, me: &WorkerId) -> Option<Feed> {
        (**self).feed(me)
    }
}
