//! Wakes those who wait for a task in this process.

use std::sync::Arc;

use dashmap::DashMap;
use tokio::sync::watch;

use super::backend::TaskKey;

/// Who waits for which task.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hub {
    waiting: Arc<DashMap<TaskKey, watch::Sender<()>>>,
}

impl Hub {
    /// Starts to watch a task: every change announced from now on ends a [`Watch::changed`].
    pub(crate) fn watch(&self, key: &TaskKey) -> Watch {
        let receiver = self.waiting.entry(key.clone()).or_insert_with(|| watch::channel(()).0).subscribe();
        Watch { receiver, key: key.clone(), hub: self.clone() }
    }

    /// Announces that a task changed.
    pub(crate) fn announce(&self, key: &TaskKey) {
        if let Some(sender) = self.waiting.get(key) {
            sender.send_replace(());
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.waiting.len()
    }
}

/// A watch on one task.
#[derive(Debug)]
pub(crate) struct Watch {
    receiver: watch::Receiver<()>,
    key: TaskKey,
    hub: Hub,
}

impl Watch {
    /// Ends at the next change, or at once if there was one since the last call.
    pub(crate) async fn changed(&mut self) {
        if self.receiver.changed().await.is_err() {
            // The sender goes only with its last receiver; without it nothing will change.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // This receiver still counts: the entry goes with the last one.
        self.hub.waiting.remove_if(&self.key, |_, sender| sender.receiver_count() <= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{OwnerKey, TaskId};

    #[tokio::test]
    async fn an_announcement_before_waiting_is_not_lost_and_nothing_is_left_behind() {
        let hub = Hub::default();
        let key = TaskKey { owner: OwnerKey([0; 32]), id: TaskId::from_random([0; 16]) };
        let (mut one, two) = (hub.watch(&key), hub.watch(&key));
        hub.announce(&key);
        one.changed().await;
        drop(one);
        assert_eq!(hub.len(), 1);
        drop(two);
        assert_eq!(hub.len(), 0);
        hub.announce(&key);
    }
}
