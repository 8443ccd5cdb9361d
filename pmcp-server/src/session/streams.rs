//! The streams that reach the client, and which of them suits a message.

use std::sync::Arc;

use super::Session;
use crate::outbox::Outbox;

impl Session {
    /// Makes a stream one that messages of this session may take, until the guard is dropped.
    pub(crate) fn open(self: &Arc<Self>, stream: Outbox) -> OpenStream {
        let id = stream.id;
        {
            let mut inner = self.inner.lock();
            if stream.task.is_none() {
                inner.left = None;
            }
            inner.streams.push(stream);
        }
        self.opened.notify_waiters();
        OpenStream { session: self.clone(), id }
    }

    /// Its client has come back to a stream.
    pub(crate) fn came_back(&self) {
        self.opened.notify_waiters();
    }

    /// The best open stream for a message about a task: the one that waits for that task's result, else one that waits
    /// for anything, the newest first.
    pub(crate) fn best_stream(&self, task: Option<&str>) -> Option<Outbox> {
        let mut inner = self.inner.lock();
        inner.streams.retain(|stream| !stream.is_lost());
        inner
            .streams
            .iter()
            .filter(|stream| !stream.is_closed())
            .max_by_key(|stream| (rank(stream, task), stream.id))
            .cloned()
    }

    /// A stream for something that is told once: an open one, else the one that the client may come back to.
    pub(crate) fn stream_for_news(&self) -> Option<Outbox> {
        self.best_stream(None).or_else(|| self.inner.lock().left.clone().filter(|left| !left.is_lost()))
    }

    /// The best open stream for a message about a task, as soon as one is open.
    pub(crate) async fn some_stream(&self, task: Option<&str>) -> Outbox {
        self.when_opened(|| self.best_stream(task)).await
    }

    /// Ends when the client waits for the result of this task.
    pub(crate) async fn waited_for(&self, task: &str) {
        let waits = |stream: &Outbox| stream.task.as_deref() == Some(task) && !stream.is_closed();
        self.when_opened(|| self.inner.lock().streams.iter().any(waits).then_some(())).await;
    }

    /// Finds something, now or when another stream opens.
    pub(super) async fn when_opened<T>(&self, find: impl Fn() -> Option<T>) -> T {
        loop {
            let opened = self.opened.notified();
            tokio::pin!(opened);
            // Registered before looking, so that a stream that opens in between is seen.
            opened.as_mut().enable();
            if let Some(found) = find() {
                return found;
            }
            opened.await;
        }
    }
}

/// Tells how well a stream suits a message about a task.
pub(super) fn rank(stream: &Outbox, task: Option<&str>) -> u8 {
    match (&stream.task, task) {
        (Some(waits_for), Some(task)) if waits_for == task => 2,
        (None, _) => 1,
        _ => 0,
    }
}

/// A stream of a session, until it is dropped.
#[derive(Debug)]
pub(crate) struct OpenStream {
    session: Arc<Session>,
    id: u64,
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let mut inner = self.session.inner.lock();
        if let Some(at) = inner.streams.iter().position(|stream| stream.id == self.id) {
            let stream = inner.streams.remove(at);
            let is_own = stream.task.is_none() && stream.may_be_left();
            if is_own && inner.streams.iter().all(|other| other.task.is_some()) {
                inner.left = Some(stream);
            }
        }
        inner.last_used = self.session.clock.monotonic();
    }
}
