//! The client's side of a connection: the streams that reach it, what it asked and what we asked it.
//!
//! On stdio there is one for the process. Over HTTP each process in which a session is used has one: the streams that are open
//! here and the calls that run here. What was agreed is in the session's id.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher as _, RandomState},
    sync::{
        Arc, Once,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use pmcp_protocol::{
    LogLevel, RpcError, code,
    message::{self, RequestId},
    meta::related_task,
};
use pmcp_tasks::{
    call::PeerError,
    offer::{ResourceUpdates, Subscribed, Updates},
    router::Board,
    time::Clock,
};
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use crate::{
    outbox::Outbox,
    panics::guarded,
    passing::{Answer, Passing, note, passed_on},
    shares::Share,
};

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

/// The number of ids under which a question that was sent again may still be answered.
const MAX_IDS: usize = 4;

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

    /// The client answers one of our requests; the first answer counts, others are ignored. One to another process is given back.
    pub(crate) fn answered(&self, id: &RequestId, answer: Answer) -> Result<(), Box<Passing>> {
        let Some(id) = id.number() else { return Ok(()) };
        let waiting = self.inner.lock().pending.remove(&id);
        if let Some(waiting) = waiting {
            // Whoever asked may have stopped waiting, or have an answer already.
            let _ = waiting.try_send(answer);
            return Ok(());
        }
        let (asker, here) = (id >> COUNTED, self.next_id.load(Ordering::Relaxed) >> COUNTED);
        if here == 0 || asker == 0 || asker == here {
            Ok(())
        } else {
            Err(Box::new(Passing::new(self.board.clone(), id, answer)))
        }
    }

    /// Takes the answers to what is asked here that came to other processes, without end, and one question at a time for all.
    async fn take_passed_on(&self) -> Answer {
        let Some(board) = &self.board else { return std::future::pending().await };
        let _turn = self.taking.lock().await;
        let mut watch = board.watch();
        loop {
            match board.read().await {
                Ok(notes) => {
                    for (name, note) in notes {
                        let id = name.strip_prefix(note::ANSWER).and_then(|id| id.parse().ok());
                        let Some(id) = id.filter(|id| self.inner.lock().pending.contains_key(id)) else { continue };
                        if let Err(error) = board.take([name]).await {
                            tracing::warn!(
                                error = &error as &dyn std::error::Error,
                                "an answer was taken and is still there"
                            );
                        }
                        let waiting = self.inner.lock().pending.remove(&id);
                        if let (Some(waiting), Some(answer)) = (waiting, passed_on(note)) {
                            let _ = waiting.try_send(answer);
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "answers that came to other processes are late"
                    );
                }
            }
            watch.changed().await;
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

    /// A stream that suits a message about a task better than the one it went down: nothing tells whether that one is read.
    async fn better_stream(&self, than: &Outbox, task: Option<&str>) -> Outbox {
        let order = |stream: &Outbox| (rank(stream, task), stream.id);
        let is_better =
            |stream: &Outbox| rank(stream, task) > 0 && order(stream) > order(than) && !stream.is_same(than);
        self.when_opened(|| self.best_stream(task).filter(is_better)).await
    }

    /// Ends when the client waits for the result of this task.
    pub(crate) async fn waited_for(&self, task: &str) {
        let waits = |stream: &Outbox| stream.task.as_deref() == Some(task) && !stream.is_closed();
        self.when_opened(|| self.inner.lock().streams.iter().any(waits).then_some(())).await;
    }

    /// Finds something, now or when another stream opens.
    async fn when_opened<T>(&self, find: impl Fn() -> Option<T>) -> T {
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

    /// Asks the client over `own`, or the best stream when there is none or it closes before the answer; once more on each
    /// better stream that opens. The first answer counts.
    pub(crate) async fn ask(&self, own: Option<Outbox>, method: &str, params: Value) -> Result<Value, PeerError> {
        let task = related_task(&params);
        let (sender, mut answers) = mpsc::channel::<Answer>(1);
        let asking = async {
            // The client may have read the question on an earlier stream: the ids it was sent under before stay good.
            let mut ids = VecDeque::new();
            // One whose client has left carries it only if there is no other: that client may come back.
            let better = own.as_ref().filter(|own| own.is_closed()).and_then(|_| self.best_stream(task));
            let mut is_own = own.is_some() && better.is_none();
            let mut next = better.or(own);
            loop {
                let stream = match next.take() {
                    Some(stream) => stream,
                    None => self.some_stream(task).await,
                };
                let pending = self.expect_answer(sender.clone());
                let message = message::request(pending.id, method, &params);
                ids.truncate(MAX_IDS - 1);
                ids.push_front(pending);
                let sent = async {
                    if stream.send(&message).await {
                        stream.closed().await;
                    }
                };
                tokio::select! {
                    () = sent => {}
                    better = self.better_stream(&stream, task), if !is_own => next = Some(better),
                }
                is_own = false;
            }
        };
        tokio::select! {
            biased;
            () = self.ended.cancelled() => Err(PeerError::Gone),
            Some(answer) = answers.recv() => answer.map_err(PeerError::Rpc),
            never = asking => never,
            never = self.take_passed_on() => never.map_err(PeerError::Rpc),
        }
    }

    fn expect_answer(&self, sender: mpsc::Sender<Answer>) -> Pending<'_> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        self.inner.lock().pending.insert(id, sender);
        Pending { session: self, id }
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

/// Tells how well a stream suits a message about a task.
fn rank(stream: &Outbox, task: Option<&str>) -> u8 {
    match (&stream.task, task) {
        (Some(waits_for), Some(task)) if waits_for == task => 2,
        (None, _) => 1,
        _ => 0,
    }
}

/// A request of ours that waits for its answer, until it is dropped.
struct Pending<'a> {
    session: &'a Session,
    id: u64,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.session.inner.lock().pending.remove(&self.id);
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

#[cfg(test)]
mod tests {
    use pmcp_protocol::meta::relate;
    use pmcp_tasks::testing::ManualClock;

    use super::*;
    use crate::{
        outbox::{Budget, Kind, Outgoing},
        shares::{Sharer, Shares},
    };

    fn outbox(sender: mpsc::Sender<Outgoing>, task: Option<&str>) -> Outbox {
        let budget = Budget { bytes: Shares::new(1 << 20), sharer: Sharer::EVERYBODY };
        Outbox::new(sender, task.map(str::to_owned), budget)
    }

    fn id(message: &Outgoing) -> RequestId {
        assert_eq!(message.kind, Kind::Message);
        let message: Value = serde_json::from_str(&message.text).unwrap();
        serde_json::from_value(message["id"].clone()).unwrap()
    }

    fn asked(session: &Arc<Session>) -> tokio::task::JoinHandle<Result<Value, PeerError>> {
        let (session, mut params) = (session.clone(), json!({}));
        relate(&mut params, "task");
        tokio::spawn(async move { session.ask(None, "elicitation/create", params).await })
    }

    #[tokio::test]
    async fn a_question_does_not_stick_to_a_stream_that_is_full() {
        let session = Session::new("session".into(), Arc::new(ManualClock::new()));
        let (sender, mut unread) = mpsc::channel(1);
        let stream = outbox(sender, None);
        stream.offer(&json!("something that nobody reads"));
        let _unread = session.open(stream);
        let asked = asked(&session);
        tokio::task::yield_now().await;
        let (sender, mut read) = mpsc::channel(1);
        let _open = session.open(outbox(sender, Some("task")));
        session.answered(&id(&read.recv().await.unwrap()), Ok(json!("yes"))).unwrap();
        assert_eq!(asked.await.unwrap(), Ok(json!("yes")));
        // It never went down there, and does not any more.
        unread.recv().await.unwrap();
        assert!(unread.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_connection_that_waits_for_the_result_as_well_is_not_asked_twice() {
        let session = Session::new("session".into(), Arc::new(ManualClock::new()));
        let (sender, mut line) = mpsc::channel(9);
        let stream = outbox(sender, None);
        let waiting = stream.waiting_for("task");
        let _open = session.open(stream);
        let asked = asked(&session);
        let question = line.recv().await.unwrap();
        let _waiting = session.open(waiting);
        for _ in 0..9 {
            tokio::task::yield_now().await;
        }
        session.answered(&id(&question), Ok(json!("yes"))).unwrap();
        assert_eq!(asked.await.unwrap(), Ok(json!("yes")));
        assert!(line.try_recv().is_err());
    }
}
