//! News of what other processes do to the tasks that run here.

use std::sync::Arc;

use super::Engine;
use crate::store::backend::{Parts, TaskKey};

impl Engine {
    /// Passes on the hints of other processes' changes until the server stops.
    pub(super) async fn follow_feed(self: Arc<Self>) {
        let Some(mut feed) = self.host.store.feed(&self.host.lease.worker()) else { return };
        loop {
            let key = tokio::select! {
                biased;
                key = feed.hints.recv() => key,
                () = self.host.stopped() => return,
            };
            let Some(key) = key else { return };
            self.host.store.announce(&key);
            if self.host.seats.contains_key(&key) {
                self.look_at(&key).await;
            } else {
                // It may be queued work.
                self.queue_hint.notify_one();
            }
        }
    }

    /// Looks at every task that runs here: a hint may have been lost.
    pub(super) async fn refresh(&self) {
        for key in self.host.seated() {
            self.look_at(&key).await;
        }
    }

    async fn look_at(&self, key: &TaskKey) {
        // Before the store is asked: its answer may be older than a run that began meanwhile.
        let Some(seat) = self.host.seats.get(key).map(|seat| seat.clone()) else { return };
        let is_stored = seat.in_store().is_some();
        let task = match self.host.store.read(key, Parts::empty()).await {
            Ok(task) => task,
            Err(error) => {
                tracing::warn!(task = %key.id, error = &error as &dyn std::error::Error, "a running task could not be looked at");
                return;
            }
        };
        match task {
            Some(task) if !task.stored.open => seat.observe(&task),
            Some(task) if seat.holds(&task) => seat.observe(&task),
            // A task that is about to be stored is not lost.
            None if !is_stored => {}
            Some(_) | None => seat.lose(),
        }
    }
}
