//! Operations of workers in a store beside tasks' own writes: leases, claims, hints.

use super::{Change, NotChanged, Task, TaskStore};
use crate::{
    error::StoreError,
    store::backend::{Beat, Feed, Holder, HolderChange, TaskKey, WorkerId},
};

impl TaskStore {
    pub(crate) async fn beat(&self, worker: &WorkerId) -> Result<Beat, StoreError> {
        // Not retried: a lease that cannot be renewed in time is lost, and the next look comes soon.
        self.backend.beat(worker).await
    }

    /// The error of a store that does not answer.
    pub(crate) fn silent(&self) -> StoreError {
        StoreError::Unavailable { backend: self.capabilities().name, source: "it does not answer".into() }
    }

    pub(crate) async fn workers(&self) -> Result<Vec<(WorkerId, u64)>, StoreError> {
        self.retry(|| self.backend.workers()).await
    }

    pub(crate) async fn bury(&self, worker: &WorkerId, seen: u64) -> Result<bool, StoreError> {
        self.retry(|| self.backend.bury(worker, seen)).await
    }

    pub(crate) async fn buried(&self) -> Result<Vec<WorkerId>, StoreError> {
        self.retry(|| self.backend.buried()).await
    }

    pub(crate) async fn settle(&self, worker: &WorkerId) -> Result<(), StoreError> {
        self.retry(|| self.backend.settle(worker)).await
    }

    /// Claims tasks of a holder; those that can be read, and how many there were. A corrupt one is reported in the log and
    /// keeps nobody from the others.
    pub(crate) async fn claim(&self, from: &Holder, to: &WorkerId, n: u16) -> Result<(Vec<Task>, usize), StoreError> {
        // Not retried: what a lost reply claimed is found as a task of ours that nobody runs.
        let claimed = self.backend.claim(from, to, n, self.now()).await?;
        let count = claimed.len();
        let mut tasks = Vec::with_capacity(count);
        for claimed in claimed {
            match self.decode(&claimed.key, claimed.task) {
                Ok(task) => tasks.push(task),
                Err(error) => {
                    tracing::error!(task = %claimed.key.id, error = &error as &dyn std::error::Error, "a claimed task cannot be read");
                }
            }
        }
        Ok((tasks, count))
    }

    pub(crate) async fn held(&self, by: &Holder, after: Option<&TaskKey>, n: u16) -> Result<Vec<TaskKey>, StoreError> {
        self.retry(|| self.backend.held(by, after, n)).await
    }

    /// Gives a task we hold back to the queue.
    pub(crate) async fn requeue(&self, task: &mut Task) -> Result<(), NotChanged> {
        let fence = task.stored.fence;
        self.put(task, Some(fence), &[Change::HandBack], HolderChange::Queue).await
    }

    /// Hints of what other processes change; from now on the backend is told what is waited for here.
    pub(crate) fn feed(&self, me: &WorkerId) -> Option<Feed> {
        let feed = self.backend.feed(me)?;
        self.hub.tell_interest(feed.interest.clone());
        Some(feed)
    }

    /// Wakes those who wait for a task that somebody else may have changed.
    pub(crate) fn announce(&self, key: &TaskKey) {
        self.hub.announce(key);
    }
}
