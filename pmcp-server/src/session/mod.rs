//! The client's side of a connection: the streams that reach it, what it asked and what we asked it.
//!
//! On stdio there is one for the process. Over HTTP each process in which a session is used has one: the streams that are open
//! here and the calls that run here. What was agreed is in the session's id.

mod asking;
mod streams;

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, Once, atomic::AtomicU64},
    time::Duration,
};

use parking_lot::Mutex;
use pmcp_protocol::{
    LogLevel, RpcError, code,
    message::{self, RequestId},
};
use pmcp_tasks::{
    offer::{ResourceUpdates, Subscribed, Updates},
    router::Board,
    time::Clock,
};
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use crate::{outbox::Outbox, panics::guarded, passing::Answer, shares::Share};

/// One client.
#[derive(Debug)]
pub(crate) struct Session {
    /// Tells it from others, and what it owns; over HTTP the random part of its id, which lets nobody in.
    pub(crate) id: String,
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
    /// Told when a stream opens.
    opened: Notify,
    next_id: AtomicU64,
    pub(crate) ended: CancellationToken,
    /// The resources it wants to hear about, with what each takes of the budget.
    pub(crate) subscribed: Subscribed<Share>,
    following: Once,
    /// Done when it is told of lists that change.
    pub(crate) following_lists: Once,
    /// The notes of the processes that serve it, where several may.
    pub(crate) board: Option<Board>,
    /// Told when the client asks about its tasks.
    looked: Notify,
    /// Held for the one of its streams that hears of tasks which were created elsewhere.
    pub(crate) attending: tokio::sync::Mutex<()>,
    /// Held by the question that looks for answers on the board, for all that are open: each look reads all of it.
    taking: tokio::sync::Mutex<()>,
}

/// The bits of a question's id that count; those above tell which process asks.
const COUNTED: u32 = 20;

#[derive(Debug, Default)]
struct Inner {
    streams: Vec<Outbox>,
    /// The stream of its own that its client left last, and may come back to.
    left: Option<Outbox>,
    pending: HashMap<u64, mpsc::Sender<Answer>>,
    in_flight: HashMap<RequestId, CancellationToken>,
    last_used: Duration,
    log_level: LogLevel,
}

/// The number of requests of one session that may be worked on at once.
pub(crate) const MAX_IN_FLIGHT: usize = 1000;

/// The reason why a request is not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotBegun {
    /// Another request with this id is being worked on.
    Duplicate,
    /// Too many are being worked on.
    Busy,
}

impl From<NotBegun> for RpcError {
    fn from(refused: NotBegun) -> Self {
        match refused {
            NotBegun::Duplicate => Self::new(code::INVALID_REQUEST, "a request with this id is being worked on"),
            NotBegun::Busy => Self::internal("too many requests are being worked on"),
        }
    }
}

impl Session {
    /// One that this process alone serves.
    pub(crate) fn new(id: String, clock: Arc<dyn Clock>) -> Arc<Self> {
        Self::asking_from(0, id, clock, None)
    }

    /// One that other processes may serve, too: on this board. What it asks here has ids of its own.
    pub(crate) fn of_several(id: String, clock: Arc<dyn Clock>, board: Option<Board>) -> Arc<Self> {
        // Small enough for a double, in which some clients keep numbers, and never 0, which is where one process is alone.
        let here = RandomState::new().hash_one(&id) >> 33 | 1;
        Self::asking_from(here << COUNTED, id, clock, board)
    }

    fn asking_from(first_id: u64, id: String, clock: Arc<dyn Clock>, board: Option<Board>) -> Arc<Self> {
        let last_used = clock.monotonic();
        Arc::new(Self {
            id,
            clock,
            inner: Mutex::new(Inner { last_used, ..Inner::default() }),
            opened: Notify::new(),
            board,
            looked: Notify::new(),
            attending: tokio::sync::Mutex::default(),
            taking: tokio::sync::Mutex::default(),
            next_id: AtomicU64::new(first_id + 1),
            ended: CancellationToken::new(),
            subscribed: Subscribed::default(),
            following: Once::new(),
            following_lists: Once::new(),
        })
    }

    /// Notes that the session is used.
    pub(crate) fn touch(&self) {
        self.inner.lock().last_used = self.clock.monotonic();
    }

    /// The client chooses which log messages it sees.
    pub(crate) fn set_log_level(&self, level: LogLevel) {
        self.inner.lock().log_level = level;
    }

    pub(crate) fn log_level(&self) -> LogLevel {
        self.inner.lock().log_level
    }

    /// Tells whether its client chose something that no id tells: a log level, or resources to follow.
    pub(crate) fn has_choices(&self) -> bool {
        self.log_level() != LogLevel::default() || !self.subscribed.all().is_empty()
    }

    /// Tells the client, from now on, about the resources it subscribes to.
    pub(crate) fn follow(self: &Arc<Self>, updates: &ResourceUpdates) {
        self.following.call_once(|| {
            let (session, updates) = (self.clone(), updates.clone());
            // From now on, not only once it is polled.
            let mut first = Some(updates.follow());
            let telling = move || {
                let updates = first.take().unwrap_or_else(|| updates.follow());
                session.clone().tell(updates)
            };
            tokio::spawn(guarded("telling a session of changed resources", self.clock.clone(), telling));
        });
    }

    async fn tell(self: Arc<Self>, mut updates: Updates) {
        loop {
            let changed = tokio::select! {
                Some(changed) = updates.next(&self.subscribed) => changed,
                () = self.ended.cancelled() => return,
                else => return,
            };
            if let Some(stream) = self.stream_for_news() {
                for uri in changed {
                    stream.offer(&message::notification("notifications/resources/updated", json!({ "uri": uri })));
                }
            }
        }
    }

    /// For how long nobody has used it; `None` while a stream is open or a request is being worked on.
    pub(crate) fn idle(&self) -> Option<Duration> {
        let mut inner = self.inner.lock();
        inner.streams.retain(|stream| !stream.is_lost());
        (inner.streams.is_empty() && inner.in_flight.is_empty())
            .then(|| self.clock.monotonic().saturating_sub(inner.last_used))
    }

    /// Begins a request of the client; its cancellation fires when the client cancels it.
    pub(crate) fn begin(self: &Arc<Self>, id: &RequestId) -> Result<InFlight, NotBegun> {
        let cancellation = CancellationToken::new();
        let mut inner = self.inner.lock();
        if inner.in_flight.len() >= MAX_IN_FLIGHT {
            return Err(NotBegun::Busy);
        }
        if inner.in_flight.contains_key(id) {
            return Err(NotBegun::Duplicate);
        }
        inner.in_flight.insert(id.clone(), cancellation.clone());
        inner.last_used = self.clock.monotonic();
        Ok(InFlight { session: self.clone(), id: id.clone(), cancellation })
    }

    /// The client cancels one of its requests; unknown ones are ignored.
    pub(crate) fn cancel(&self, id: &RequestId) {
        if let Some(cancellation) = self.inner.lock().in_flight.get(id) {
            cancellation.cancel();
        }
    }

    /// Lets the others know of something, if there may be any.
    pub(crate) async fn tell_others(&self, name: &str, note: Value) {
        let Some(board) = &self.board else { return };
        if let Err(error) = board.leave(name, &note).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(name, error, "other processes do not learn of something that happened in a session");
        }
    }

    /// Notes that the client asks about its tasks.
    pub(crate) fn look(&self) {
        self.looked.notify_one();
    }

    /// Ends when it does.
    pub(crate) async fn looked_for_tasks(&self) {
        self.looked.notified().await;
    }

    /// Nothing comes from the client any more: what waits for it stops waiting.
    pub(crate) fn hang_up(&self) {
        self.ended.cancel();
    }

    /// Ends it, and cancels what is being worked on.
    pub(crate) fn end(&self) {
        self.hang_up();
        for cancellation in self.inner.lock().in_flight.values() {
            cancellation.cancel();
        }
    }
}

/// A request of the client that is being worked on, until it is dropped.
#[derive(Debug)]
pub(crate) struct InFlight {
    session: Arc<Session>,
    id: RequestId,
    pub(crate) cancellation: CancellationToken,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut inner = self.session.inner.lock();
        inner.in_flight.remove(&self.id);
        inner.last_used = self.session.clock.monotonic();
    }
}
