//! Wakes those who wait for a task in this process.

use std::{
    fmt,
    pin::pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use dashmap::DashMap;
use parking_lot::RwLock;
use tokio::sync::{Notify, mpsc};

use super::Task;
use crate::{
    store::backend::{TaskKey, WorkerId},
    time::Clock,
};

/// Time between two looks at a task although nobody said that it changed: hints of other processes may be lost.
const LOOK: Duration = Duration::from_secs(1);

/// Channel on which a backend is told which tasks are waited for, and which are no longer.
type Interest = mpsc::UnboundedSender<(TaskKey, bool)>;

/// Party in this process that runs tasks, and is told of what is written to them from outside its runs.
pub(crate) trait Observer: fmt::Debug + Send + Sync {
    /// Sees a task as it has just been written.
    fn observe(&self, task: &Task);
    /// Goes on with what this worker left, which is dead.
    fn takes_over(self: Arc<Self>, worker: WorkerId);
}

/// Waiters, by the task they wait for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hub {
    waiting: Arc<DashMap<TaskKey, Arc<Announced>>>,
    /// That of the backend, if it gives hints.
    interest: Arc<RwLock<Option<Interest>>>,
    /// Those who run tasks; each goes when it is dropped.
    observers: Arc<RwLock<Vec<Weak<dyn Observer>>>>,
}

/// The changes of one task. Those who wait are woken in the order they began to, so that a run of a program can be
/// repeated: a `watch` channel wakes them in a random one.
#[derive(Debug, Default)]
struct Announced {
    count: AtomicU64,
    told: Notify,
}

impl Hub {
    /// Starts to watch a task: every change announced from now on ends a [`Watch::changed`].
    pub(crate) fn watch(&self, key: &TaskKey, looking: Option<Arc<dyn Clock>>) -> Watch {
        let entry = self.waiting.entry(key.clone()).or_insert_with(|| {
            self.tell(key, true);
            Arc::default()
        });
        let seen = entry.count.load(Ordering::Acquire);
        Watch { announced: Some(entry.clone()), seen, key: key.clone(), hub: self.clone(), looking }
    }

    /// Tells a backend what is waited for, from now on.
    pub(crate) fn tell_interest(&self, interest: Interest) {
        {
            let mut told = self.interest.write();
            // A second feed of the same store changes nothing while there is the first.
            if told.as_ref().is_some_and(|told| !told.is_closed()) {
                return;
            }
            *told = Some(interest);
        }
        self.waiting.iter().for_each(|entry| self.tell(entry.key(), true));
    }

    fn tell(&self, key: &TaskKey, waiting: bool) {
        if let Some(interest) = &*self.interest.read() {
            // A feed that is gone gives no hints.
            let _ = interest.send((key.clone(), waiting));
        }
    }

    /// Announces that a task changed.
    pub(crate) fn announce(&self, key: &TaskKey) {
        if let Some(announced) = self.waiting.get(key) {
            announced.count.fetch_add(1, Ordering::AcqRel);
            announced.told.notify_waiters();
        }
    }

    /// Tells this one of what is written from outside its runs, from now on.
    pub(super) fn add_observer(&self, observer: Weak<dyn Observer>) {
        let mut observers = self.observers.write();
        observers.retain(|observer| observer.strong_count() > 0);
        observers.push(observer);
    }

    /// Those who run tasks.
    pub(super) fn observers(&self) -> Vec<Arc<dyn Observer>> {
        self.observers.read().iter().filter_map(Weak::upgrade).collect()
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
    announced: Option<Arc<Announced>>,
    /// Number of changes that were announced when it last looked.
    seen: u64,
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
            biased;
            () = self.announced() => {}
            () = look => {}
        }
    }

    async fn announced(&mut self) {
        let Some(announced) = &self.announced else { return std::future::pending().await };
        loop {
            let mut told = pin!(announced.told.notified());
            // Registered before looking, so that a change in between is seen.
            told.as_mut().enable();
            let count = announced.count.load(Ordering::Acquire);
            if count != self.seen {
                self.seen = count;
                return;
            }
            told.await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Dropped before it is counted: of two that go at once, the later one finds none left.
        self.announced = None;
        if self.hub.waiting.remove_if(&self.key, |_, announced| Arc::strong_count(announced) == 1).is_some() {
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

    #[tokio::test]
    async fn what_is_awaited_is_told_to_the_feed_that_takes_the_place_of_one_that_is_gone() {
        let hub = Hub::default();
        let key = TaskKey { owner: OwnerKey([0; 32]), id: TaskId::from_random([0; 16]) };
        let watch = hub.watch(&key, None);
        let (first, mut told_first) = mpsc::unbounded_channel();
        let (second, mut told_second) = mpsc::unbounded_channel();
        hub.tell_interest(first);
        hub.tell_interest(second.clone());
        assert_eq!(told_first.recv().await, Some((key.clone(), true)));
        assert!(told_first.try_recv().is_err() && told_second.try_recv().is_err());
        drop(told_first);
        hub.tell_interest(second);
        drop(watch);
        assert_eq!(told_second.recv().await, Some((key.clone(), true)));
        assert_eq!(told_second.recv().await, Some((key, false)));
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
