//! Operations of workers in a store beside tasks' own writes: leases, claims, hints.

use std::time::Duration;

use super::{Change, NotChanged, Task, TaskStore, Writing, tries::Tries};
use crate::{
    error::StoreError,
    store::backend::{Beat, Claim, Feed, Holder, HolderChange, TaskKey, Worker, WorkerId},
    time::{Millis, millis},
};

/// The difference between the wall clocks of processes that share a store that costs nobody a task. A reader goes by its
/// own clock all the same: by that a task may seem to have expired, or not to have.
const MAX_SKEW: Duration = Duration::from_secs(60);

impl TaskStore {
    pub(crate) async fn beat(&self, worker: &WorkerId, period: Duration) -> Result<Beat, StoreError> {
        // Not retried: a lease that cannot be renewed in time is lost, and the next look comes soon.
        self.backend.beat(worker, period, self.now()).await
    }

    /// The error of a store that does not answer.
    pub(crate) fn silent(&self) -> StoreError {
        StoreError::Unavailable { backend: self.capabilities().name, source: "it does not answer".into() }
    }

    pub(crate) async fn workers(&self) -> Result<Vec<Worker>, StoreError> {
        Tries::Few.of(&**self.clock(), || self.backend.workers()).await
    }

    pub(crate) async fn bury(&self, worker: &WorkerId, seen: u64) -> Result<bool, StoreError> {
        Tries::Few.of(&**self.clock(), || self.backend.bury(worker, seen)).await
    }

    pub(crate) async fn buried(&self) -> Result<Vec<WorkerId>, StoreError> {
        Tries::Few.of(&**self.clock(), || self.backend.buried()).await
    }

    pub(crate) async fn settle(&self, worker: &WorkerId) -> Result<(), StoreError> {
        Tries::Few.of(&**self.clock(), || self.backend.settle(worker)).await
    }

    /// Claims tasks of a holder; those that can be read, and how many there were. A corrupt one is reported in the log and
    /// keeps nobody from the others. `None` if others have taken the worker for dead.
    pub(crate) async fn claim(
        &self,
        from: &Holder,
        to: &WorkerId,
        n: u16,
    ) -> Result<Option<(Vec<Task>, usize)>, StoreError> {
        // Not retried: what a lost reply claimed is found as a task of ours that nobody runs.
        let Claim::Taken(claimed) = self.backend.claim(from, to, n, self.now()).await? else { return Ok(None) };
        let count = claimed.len();
        let mut tasks = Vec::with_capacity(count);
        for claimed in claimed {
            match self.decode(&claimed.key, claimed.task) {
                Ok(task) => tasks.push(task),
                Err(error) => {
                    crate::heard::error!(task = %claimed.key.id, error = &error as &dyn std::error::Error, "a claimed task cannot be read");
                }
            }
        }
        Ok(Some((tasks, count)))
    }

    pub(crate) async fn held(&self, by: &Holder, after: Option<&TaskKey>, n: u16) -> Result<Vec<TaskKey>, StoreError> {
        Tries::Few.of(&**self.clock(), || self.backend.held(by, after, n)).await
    }

    /// Removes tasks that expired long enough ago that they have by the clock of everybody who shares the store: by more
    /// than [`MAX_SKEW`]. None if the clock here is ahead of another worker's by more than that, as who is right cannot be known.
    pub(crate) async fn sweep(&self) -> Result<(), StoreError> {
        const BATCH: u16 = 1000;
        let now = self.now();
        let mut until = now;
        if self.capabilities().shared {
            let is_behind = |other: &Worker| other.clock.after(other.period + MAX_SKEW) < now;
            if let Some(other) = self.workers().await?.into_iter().find(is_behind) {
                tracing::warn!(
                    ahead_ms = now.0 - other.clock.0,
                    worker = %format_args!("{:032x}", other.id.0),
                    "the clock is ahead of another worker's: expired tasks are not removed"
                );
                return Ok(());
            }
            until = Millis(now.0.saturating_sub(millis(MAX_SKEW)));
        }
        while self.backend.sweep(BATCH, until).await? == BATCH {
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Gives a task we hold back to the queue, with a message about what it waits for.
    pub(crate) async fn requeue(&self, task: &mut Task, message: Option<String>) -> Result<(), NotChanged> {
        let fence = task.stored.fence;
        let write = self.write_id().await.map_err(NotChanged::Store)?;
        let mut changes = vec![Change::HandBack];
        changes.extend(message.map(|text| Change::Message { text, is_progress: true }));
        let writing = Writing { holder: HolderChange::Queue, ..(&*changes).into() };
        self.put(write, task, Some(fence), &writing).await
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
