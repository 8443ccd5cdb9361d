//! News of what other processes do to the tasks that run here.

use std::{sync::Arc, time::Duration};

use super::Engine;
use crate::{
    error::CancelCause,
    store::backend::{Feed, Parts, TaskKey},
};

/// Time after which another feed is asked for when one has ended.
const PAUSE: Duration = Duration::from_secs(1);

impl Engine {
    /// Passes on the hints of other processes' changes until the server stops. A feed that ends before is followed by another.
    pub(super) async fn follow_feed(self: Arc<Self>) {
        let mut is_told = false;
        while let Some(feed) = self.host.store.feed(&self.host.lease.worker()) {
            tokio::select! {
                biased;
                () = self.follow(feed) => {}
                () = self.host.stopped() => return,
            }
            if !std::mem::replace(&mut is_told, true) {
                crate::heard::warn!(
                    "the store gives no hints of other processes' changes any more, and is asked again"
                );
            }
            tokio::select! {
                biased;
                () = self.host.stopped() => return,
                () = self.host.clock().sleep(PAUSE) => {}
            }
        }
    }

    /// Passes on the hints of a feed until it ends.
    async fn follow(&self, mut feed: Feed) {
        while let Some(key) = feed.hints.recv().await {
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
            Some(_) => seat.lose(CancelCause::TakenOver),
            None => seat.lose(CancelCause::Expired),
        }
    }
}
