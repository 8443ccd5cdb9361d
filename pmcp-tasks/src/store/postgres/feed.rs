//! Hints for one worker of this process, from news or from polls.

use std::{
    collections::{HashMap, HashSet},
    mem,
    time::Duration,
};

use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        mpsc::{Sender, UnboundedReceiver, error::TrySendError},
    },
    time::sleep,
};

use super::hints::{Change, News};
use crate::store::backend::{TaskKey, WorkerId};

/// Time after which hints that found no room are sent again.
const AGAIN: Duration = Duration::from_millis(20);

/// A feed at work.
pub(super) struct Follower {
    me: WorkerId,
    hints: Sender<TaskKey>,
    interests: UnboundedReceiver<(TaskKey, bool)>,
    /// Set once nobody will wait for anything in particular any more.
    is_alone: bool,
    /// Number of those who wait for each task.
    awaited: HashMap<TaskKey, usize>,
    /// Hints to send.
    pending: HashSet<TaskKey>,
}

impl Follower {
    pub(super) fn new(me: WorkerId, hints: Sender<TaskKey>, interests: UnboundedReceiver<(TaskKey, bool)>) -> Self {
        Self { me, hints, interests, is_alone: false, awaited: HashMap::new(), pending: HashSet::new() }
    }

    pub(super) fn me(&self) -> WorkerId {
        self.me
    }

    /// Passes on news until the feed is dropped or there will be none.
    pub(super) async fn follow(mut self, mut news: broadcast::Receiver<News>) {
        loop {
            tokio::select! {
                biased;
                () = self.hints.closed() => return,
                interest = self.interests.recv(), if !self.is_alone => self.note(interest),
                heard = news.recv() => {
                    // Whoever waits for a change has told before it was made.
                    self.note_all();
                    match heard {
                        Ok(News::Change(change)) => {
                            if self.concerns(&change) {
                                self.pending.insert(change.key);
                            }
                        }
                        Ok(News::Missed) | Err(RecvError::Lagged(_)) => self.pending.extend(self.awaited.keys().cloned()),
                        Err(RecvError::Closed) => return,
                    }
                }
                () = sleep(AGAIN), if !self.pending.is_empty() => {}
            }
            self.send();
        }
    }

    fn concerns(&self, change: &Change) -> bool {
        change.queued || change.holder == Some(self.me) || self.awaited.contains_key(&change.key)
    }

    /// Waits for a time, or for the next interest. Tells whether the feed goes on.
    pub(super) async fn pause(&mut self, time: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.hints.closed() => return false,
            () = sleep(time) => {}
            interest = self.interests.recv(), if !self.is_alone => self.note(interest),
        }
        self.note_all();
        true
    }

    fn note(&mut self, interest: Option<(TaskKey, bool)>) {
        match interest {
            None => self.is_alone = true,
            Some((key, true)) => *self.awaited.entry(key).or_default() += 1,
            Some((key, false)) => {
                if let Some(count) = self.awaited.get_mut(&key) {
                    *count -= 1;
                    if *count == 0 {
                        self.awaited.remove(&key);
                    }
                }
            }
        }
    }

    /// Takes the interests that were told until now.
    fn note_all(&mut self) {
        while let Ok(interest) = self.interests.try_recv() {
            self.note(Some(interest));
        }
    }

    /// The tasks somebody waits for.
    pub(super) fn awaited(&self) -> impl Iterator<Item = &TaskKey> {
        self.awaited.keys()
    }

    pub(super) fn hint(&mut self, key: TaskKey) {
        self.pending.insert(key);
    }

    /// Sends the hints there is room for.
    pub(super) fn send(&mut self) {
        if !self.pending.is_empty() {
            let pending = mem::take(&mut self.pending);
            let is_left = |key: &TaskKey| matches!(self.hints.try_send(key.clone()), Err(TrySendError::Full(_)));
            self.pending = pending.into_iter().filter(is_left).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;
    use crate::testing::fixtures::{task, worker};

    #[tokio::test]
    async fn hints_are_of_what_is_awaited_run_here_or_queued() {
        let (send, mut hints) = mpsc::channel(1);
        let (interest, interests) = mpsc::unbounded_channel();
        let (news, heard) = broadcast::channel(16);
        let follower = tokio::spawn(Follower::new(worker(1), send, interests).follow(heard));
        interest.send((task(1).key, true)).unwrap();
        interest.send((task(2).key, true)).unwrap();
        interest.send((task(2).key, false)).unwrap();
        let change = |n, holder, queued| News::Change(Change { key: task(n).key, holder, queued });
        for (told, hinted) in [
            (change(2, None, false), None),
            (change(2, Some(worker(2)), false), None),
            (change(1, None, false), Some(1)),
            (change(3, Some(worker(1)), false), Some(3)),
            (change(4, None, true), Some(4)),
            (News::Missed, Some(1)),
        ] {
            news.send(told).unwrap();
            if let Some(n) = hinted {
                assert_eq!(hints.recv().await.unwrap(), task(n).key);
            }
        }
        // More than there is room for: none of them is lost, though their order may be.
        for n in 5..9 {
            news.send(change(n, None, true)).unwrap();
        }
        let mut all = HashSet::new();
        while all.len() < 4 {
            all.insert(hints.recv().await.unwrap());
        }
        assert_eq!(all, (5..9).map(|n| task(n).key).collect());
        drop(hints);
        follower.await.unwrap();
    }
}
