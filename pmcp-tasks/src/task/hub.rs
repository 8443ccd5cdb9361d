//! Wakes those who wait for a task in this process.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use dashmap::DashMap;
use tokio::sync::{mpsc, watch};

use crate::{store::backend::TaskKey, time::Clock};

/// How often a task is looked at although nobody said that it changed: hints of other processes may be lost.
const LOOK: Duration = Duration::from_secs(1);

/// Who waits for which task.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hub {
    waiting: Arc<DashMap<TaskKey, watch::Sender<()>>>,
    /// Where a backend that gives hints is told what is waited for.
    interest: Arc<OnceLock<mpsc::UnboundedSender<(TaskKey, bool)>>>,
}

impl Hub {
    /// Starts to watch a task: every change announced from now on ends a [`Watch::changed`].
    pub(crate) fn watch(&self, key: &TaskKey, looking: Option<Arc<dyn Clock>>) -> Watch {
        let entry = self.waiting.entry(key.clone()).or_insert_with(|| {
            self.tell(key, true);
            watch::channel(()).0
        });
        Watch { receiver: Some(entry.subscribe()), key: key.clone(), hub: self.clone(), looking }
    }

    /// Tells a backend what is waited for, from now on.
    pub(crate) fn tell_interest(&self, interest: mpsc::UnboundedSender<(TaskKey, bool)>) {
        // A second feed of the same store changes nothing.
        let _ = self.interest.set(interest);
        self.waiting.iter().for_each(|entry| self.tell(entry.key(), true));
    }

    fn tell(&self, key: &TaskKey, waiting: bool) {
        if let Some(interest) = self.interest.get() {
            // A feed that is gone gives no hints.
            let _ = interest.send((key.clone(), waiting));
        }
    }

    /// Announces that a task changed.
    pub(crate) fn announce(&self, key: &TaskKey) {
        if let Some(sender) = self.waiting.get(key) {
            sender.send_replace(());
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}

/// A watch on one task.
#[derive(Debug)]
pub(crate) struct Watch {
    /// There until it is dropped.
    receiver: Option<watch::Receiver<()>>,
    key: TaskKey,
    hub: Hub,
    /// Set where other processes may change the task: the clock of the looks.
    looking: Option<Arc<dyn Clock>>,
}

impl Watch {
    /// Ends at the next change, or at once if there was one since the last call; where other processes may change the task,
    /// also when it is time to look.
    pub(crate) async fn changed(&mut self) {
        let looking = self.looking.clone();
        let look = async {
            match looking {
                Some(clock) => clock.sleep(LOOK).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.announced() => {}
            () = look => {}
        }
    }

    async fn announced(&mut self) {
        let changed = match &mut self.receiver {
            Some(receiver) => receiver.changed().await.is_ok(),
            None => false,
        };
        if !changed {
            // The sender goes only with its last receiver; without it nothing will change.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Dropped before it is counted: of two that go at once, the later one finds none left.
        self.receiver = None;
        if self.hub.waiting.remove_if(&self.key, |_, sender| sender.receiver_count() == 0).is_some() {
            self.hub.tell(&self.key, false);
        }
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
        let (mut one, two) = (hub.watch(&key, None), hub.watch(&key, None));
        hub.announce(&key);
        one.changed().await;
        drop(one);
        assert_eq!(hub.len(), 1);
        drop(two);
        assert_eq!(hub.len(), 0);
        hub.announce(&key);
    }

    #[test]
    fn watches_that_end_at_once_leave_nothing_behind() {
        let hub = Hub::default();
        let key = TaskKey { owner: OwnerKey([0; 32]), id: TaskId::from_random([0; 16]) };
        let barrier = std::sync::Barrier::new(4);
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    for _ in 0..2000 {
                        let watch = hub.watch(&key, None);
                        barrier.wait();
                        drop(watch);
                        barrier.wait();
                        assert_eq!(hub.len(), 0);
                        barrier.wait();
                    }
                });
            }
        });
    }
}
