//! What other processes do to the tasks that run here.

use std::sync::Arc;

use super::Runtime;
use crate::store::backend::{Holder, Parts, TaskKey};

impl Runtime {
    /// Passes on the hints of other processes' changes until the server stops.
    pub(crate) async fn follow_feed(self: Arc<Self>) {
        let Some(mut feed) = self.store.feed(&self.lease.worker()) else { return };
        loop {
            let key = tokio::select! {
                key = feed.hints.recv() => key,
                () = self.stopped() => return,
            };
            let Some(key) = key else { return };
            self.store.announce(&key);
            if self.runs.contains_key(&key) {
                self.look_at(&key).await;
            } else {
                // It may be queued work.
                self.queue_hint.notify_one();
            }
        }
    }

    /// Looks at every task that runs here: a hint may have been lost.
    pub(crate) async fn refresh(&self) {
        let keys: Vec<TaskKey> = self.runs.iter().map(|run| run.key().clone()).collect();
        for key in keys {
            self.look_at(&key).await;
        }
    }

    async fn look_at(&self, key: &TaskKey) {
        let task = match self.store.read(key, Parts::empty()).await {
            Ok(task) => task,
            Err(error) => {
                tracing::warn!(task = %key.id, error = &error as &dyn std::error::Error, "a running task could not be looked at");
                return;
            }
        };
        let Some(run) = self.runs.get(key).map(|run| run.clone()) else { return };
        match task {
            Some(task) if !task.stored.open => run.observe(&task),
            Some(task) if run.is_held(&task) => run.observe(&task),
            // A run that has not been created yet is not lost.
            None if !run.is_begun() => {}
            Some(_) | None => run.lose(),
        }
    }

    /// Who is to hold a task that is created now.
    pub(crate) async fn holder(&self) -> Result<Holder, crate::store::StoreError> {
        if self.execution == super::Execution::Queued {
            return Ok(Holder::Queue);
        }
        self.own_holder().await
    }

    /// This worker, which others can see die where they share the store.
    pub(crate) async fn own_holder(&self) -> Result<Holder, crate::store::StoreError> {
        let worker =
            if self.store.capabilities().shared { self.lease.known(&self.store).await? } else { self.lease.worker() };
        Ok(Holder::Worker(worker))
    }
}
