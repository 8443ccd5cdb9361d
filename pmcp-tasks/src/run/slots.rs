//! The questions of a run, each with a slot for its answer.

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::{Notify, oneshot};

use crate::task::InputRequest;

/// Questions by key.
pub(super) type Open = BTreeMap<String, InputRequest>;

/// The questions of a run.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    inner: Mutex<Inner>,
    /// Told when a question opens or closes, or the function begins or ceases to wait for something else.
    turned: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    /// Asked, and not yet in the store.
    pending: Open,
    waiting: HashMap<String, oneshot::Sender<Value>>,
    /// Answers that are recorded, and that the head of the task need not keep.
    taken: Vec<String>,
    /// Asked, perhaps in the store, and no longer waited for.
    given_up: Vec<String>,
    /// Number of waits for what is no answer.
    resting: usize,
}

impl Slots {
    /// Adds a question; its answer comes through the receiver. `None` if too many are open.
    pub(super) fn add(&self, key: &str, request: InputRequest, limit: usize) -> Option<oneshot::Receiver<Value>> {
        let mut inner = self.inner.lock();
        if inner.waiting.len() >= limit {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        inner.pending.insert(key.to_owned(), request);
        inner.waiting.insert(key.to_owned(), sender);
        self.turned.notify_waiters();
        Some(receiver)
    }

    /// Forgets a question; whether it had no answer.
    pub(super) fn give_up(&self, key: &str) -> bool {
        let mut inner = self.inner.lock();
        inner.pending.remove(key);
        let is_open = inner.waiting.remove(key).is_some();
        if is_open {
            inner.given_up.push(key.to_owned());
            self.turned.notify_waiters();
        }
        is_open
    }

    /// Waits for something from outside that is no answer, until what is returned is dropped.
    pub(super) fn rest(&self) -> Resting<'_> {
        self.inner.lock().resting += 1;
        self.turned.notify_waiters();
        Resting(self)
    }

    /// Tells whether the function waits for an answer, or for something else from outside.
    pub(super) fn are_open(&self) -> bool {
        let inner = self.inner.lock();
        inner.resting > 0 || !inner.waiting.is_empty()
    }

    /// Ends when the function waits for something from outside, or for nothing.
    pub(super) async fn become_open(&self, open: bool) {
        loop {
            let mut turned = pin!(self.turned.notified());
            // Registered before looking, so that a turn in between is seen.
            turned.as_mut().enable();
            if self.are_open() == open {
                return;
            }
            turned.await;
        }
    }

    /// Those to be published: asked, not in the store, and still waited for.
    pub(super) fn pending(&self) -> Open {
        self.inner.lock().pending.clone()
    }

    /// These are in the store, or need not be.
    pub(super) fn published(&self, questions: &Open) {
        self.inner.lock().pending.retain(|key, _| !questions.contains_key(key));
    }

    /// Hands answers to those who wait for them.
    pub(crate) fn deliver(&self, answers: &BTreeMap<String, Value>) {
        let mut inner = self.inner.lock();
        for (key, answer) in answers {
            if let Some(sender) = inner.waiting.remove(key) {
                self.turned.notify_waiters();
                // A receiver that is gone is a question the function is giving up.
                let _ = sender.send(answer.clone());
            }
        }
    }

    /// The store need not keep this answer any more. Not before it is recorded: who goes on after a crash would ask again.
    pub(super) fn take(&self, key: &str) {
        self.inner.lock().taken.push(key.to_owned());
    }

    /// Takes out what the next write to the store brings along.
    pub(super) fn drain(&self) -> Drained<'_> {
        let mut inner = self.inner.lock();
        let (taken, given_up) = (std::mem::take(&mut inner.taken), std::mem::take(&mut inner.given_up));
        Drained { slots: self, taken, given_up }
    }
}

/// A wait for something from outside, while which the time of the work stands still.
#[derive(Debug)]
pub(crate) struct Resting<'a>(&'a Slots);

impl Drop for Resting<'_> {
    fn drop(&mut self) {
        self.0.inner.lock().resting -= 1;
        self.0.turned.notify_waiters();
    }
}

/// Keys whose questions are over: the store may forget these answers, and the client these questions. They are for the next
/// write if this one fails, or whoever waits for it is dropped.
#[derive(Debug)]
pub(super) struct Drained<'a> {
    slots: &'a Slots,
    pub(super) taken: Vec<String>,
    pub(super) given_up: Vec<String>,
}

impl Drained<'_> {
    /// They are in the store.
    pub(super) fn written(mut self) {
        self.taken.clear();
        self.given_up.clear();
    }
}

impl Drop for Drained<'_> {
    fn drop(&mut self) {
        if !(self.taken.is_empty() && self.given_up.is_empty()) {
            let mut inner = self.slots.inner.lock();
            inner.taken.append(&mut self.taken);
            inner.given_up.append(&mut self.given_up);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_write_did_not_bring_along_is_for_the_next_one() {
        let slots = Slots::default();
        let question = InputRequest { method: "elicitation/create".into(), params: Value::Null };
        let _answer = slots.add("a", question, 1);
        assert!(slots.give_up("a"));
        slots.take("b");
        // As one that is dropped on its way.
        drop(slots.drain());
        let drained = slots.drain();
        assert_eq!((&drained.given_up[..], &drained.taken[..]), (&["a".to_owned()][..], &["b".to_owned()][..]));
        drained.written();
        let left = slots.drain();
        assert!(left.given_up.is_empty() && left.taken.is_empty());
    }
}
