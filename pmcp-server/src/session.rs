//! The client's side of a connection: what it declared, the streams that reach it, and what we asked it.
//!
//! On stdio there is one for the process. Over HTTP each `initialize` makes one; it lives in this process, so a load
//! balancer has to send all requests of a session to the same instance.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, Once, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use pmcp_tasks::{
    LogLevel, RpcError,
    call::{Peer, PeerError},
    protocol::RELATED_TASK,
    time::Clock,
};
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::{
    message::{self, RequestId},
    updates::{ResourceUpdates, Subscribed},
};

/// What goes to the client over one stream.
#[derive(Clone, Debug)]
pub(crate) enum Outgoing {
    /// A notification or a request.
    Message(Value),
    /// The response that ends the stream, if it is one of a single request.
    Response(Value),
}

impl Outgoing {
    pub(crate) fn into_message(self) -> Value {
        match self {
            Self::Message(message) | Self::Response(message) => message,
        }
    }
}

/// How many messages a slow reader may be behind.
pub(crate) const STREAM_BUFFER: usize = 64;

/// A stream that reaches the client.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    id: u64,
    sender: mpsc::Sender<Outgoing>,
    /// The task this stream waits for, if it is that of `tasks/result`.
    task: Option<String>,
}

impl Outbox {
    pub(crate) fn new(sender: mpsc::Sender<Outgoing>, task: Option<String>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed), sender, task }
    }

    /// Sends if the client keeps up; else the message is dropped.
    pub(crate) fn offer(&self, message: Value) {
        if self.sender.try_send(Outgoing::Message(message)).is_err() {
            tracing::debug!("a notification was dropped: the client does not read");
        }
    }

    /// Sends as soon as the client has read enough; whether it is still there.
    pub(crate) async fn send(&self, outgoing: Outgoing) -> bool {
        self.sender.send(outgoing).await.is_ok()
    }

    /// Ends when nobody reads any more.
    pub(crate) async fn closed(&self) {
        self.sender.closed().await;
    }
}

/// One client.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
    /// Told when a stream opens.
    opened: Notify,
    next_id: AtomicU64,
    pub(crate) ended: CancellationToken,
    /// The resources it wants to hear about.
    pub(crate) subscribed: Subscribed,
    following: Once,
}

#[derive(Debug, Default)]
struct Inner {
    streams: Vec<Outbox>,
    pending: HashMap<u64, oneshot::Sender<Result<Value, RpcError>>>,
    in_flight: HashMap<RequestId, CancellationToken>,
    last_used: Duration,
    log_level: LogLevel,
}

/// How many requests of one session may be worked on at once.
const MAX_IN_FLIGHT: usize = 1000;

/// Why a request is not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotBegun {
    /// Another request with this id is being worked on.
    Duplicate,
    /// Too many are being worked on.
    Busy,
}

impl Session {
    pub(crate) fn new(id: String, clock: Arc<dyn Clock>) -> Arc<Self> {
        let last_used = clock.monotonic();
        Arc::new(Self {
            id,
            clock,
            inner: Mutex::new(Inner { last_used, ..Inner::default() }),
            opened: Notify::new(),
            next_id: AtomicU64::new(1),
            ended: CancellationToken::new(),
            subscribed: Subscribed::default(),
            following: Once::new(),
        })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Every change is a single insertion or removal: a panic elsewhere leaves nothing half done.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the session is used.
    pub(crate) fn touch(&self) {
        self.inner().last_used = self.clock.monotonic();
    }

    /// The client chooses which log messages it sees.
    pub(crate) fn set_log_level(&self, level: LogLevel) {
        self.inner().log_level = level;
    }

    fn log_level(&self) -> LogLevel {
        self.inner().log_level
    }

    /// Tells the client, from now on, about the resources it subscribes to.
    pub(crate) fn follow(self: &Arc<Self>, updates: &ResourceUpdates) {
        self.following.call_once(|| {
            let (session, mut updates) = (self.clone(), updates.follow());
            tokio::spawn(async move {
                loop {
                    let changed = tokio::select! {
                        Some(changed) = updates.next(&session.subscribed) => changed,
                        () = session.ended.cancelled() => return,
                        else => return,
                    };
                    if let Some(stream) = session.best_stream(None) {
                        for uri in changed {
                            stream
                                .offer(message::notification("notifications/resources/updated", json!({ "uri": uri })));
                        }
                    }
                }
            });
        });
    }

    /// For how long nobody has used it; `None` while a stream is open or a request is being worked on.
    pub(crate) fn idle(&self) -> Option<Duration> {
        let mut inner = self.inner();
        inner.streams.retain(|stream| !stream.sender.is_closed());
        (inner.streams.is_empty() && inner.in_flight.is_empty())
            .then(|| self.clock.monotonic().saturating_sub(inner.last_used))
    }

    /// Makes a stream one that messages of this session may take, until the guard is dropped.
    pub(crate) fn open(self: &Arc<Self>, stream: Outbox) -> OpenStream {
        let id = stream.id;
        self.inner().streams.push(stream);
        self.opened.notify_waiters();
        OpenStream { session: self.clone(), id }
    }

    /// Begins a request of the client; its cancellation fires when the client cancels it.
    pub(crate) fn begin(self: &Arc<Self>, id: &RequestId) -> Result<InFlight, NotBegun> {
        let cancellation = CancellationToken::new();
        let mut inner = self.inner();
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
        if let Some(cancellation) = self.inner().in_flight.get(id) {
            cancellation.cancel();
        }
    }

    /// The client answers one of our requests; the first answer counts, others are ignored.
    pub(crate) fn answered(&self, id: &RequestId, result: Result<Value, RpcError>) {
        let RequestId::Number(id) = id else { return };
        let waiting = id.as_u64().and_then(|id| self.inner().pending.remove(&id));
        if let Some(waiting) = waiting {
            // Whoever asked may have stopped waiting.
            let _ = waiting.send(result);
        }
    }

    /// The best open stream for a message about a task: the one that waits for that task's result, else one that waits
    /// for anything, the newest first.
    fn best_stream(&self, task: Option<&str>) -> Option<Outbox> {
        let mut inner = self.inner();
        inner.streams.retain(|stream| !stream.sender.is_closed());
        let rank = |stream: &Outbox| match (&stream.task, task) {
            (Some(waits_for), Some(task)) if waits_for == task => 2,
            (None, _) => 1,
            _ => 0,
        };
        inner.streams.iter().max_by_key(|stream| (rank(stream), stream.id)).cloned()
    }

    async fn some_stream(&self, task: Option<&str>) -> Outbox {
        loop {
            let opened = self.opened.notified();
            tokio::pin!(opened);
            // Registered before looking, so that a stream that opens in between is seen.
            opened.as_mut().enable();
            if let Some(stream) = self.best_stream(task) {
                return stream;
            }
            opened.await;
        }
    }

    /// Asks the client over `own`, or the best stream when there is none or it closes before the answer.
    async fn ask(&self, mut own: Option<Outbox>, method: &str, params: Value) -> Result<Value, PeerError> {
        let task = params.pointer("/_meta").and_then(|meta| meta.get(RELATED_TASK)?.get("taskId")?.as_str());
        let asking = async {
            loop {
                let stream = match own.take() {
                    Some(stream) => stream,
                    None => self.some_stream(task).await,
                };
                let (pending, answer) = self.expect_answer();
                let message = message::request(pending.id, method, &params);
                if !stream.send(Outgoing::Message(message)).await {
                    continue;
                }
                tokio::select! {
                    biased;
                    answer = answer => return answer.map_err(|_| PeerError::Gone)?.map_err(PeerError::Rpc),
                    () = stream.closed() => {}
                }
            }
        };
        tokio::select! {
            biased;
            () = self.ended.cancelled() => Err(PeerError::Gone),
            answer = asking => answer,
        }
    }

    fn expect_answer(&self) -> (Pending<'_>, oneshot::Receiver<Result<Value, RpcError>>) {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        self.inner().pending.insert(id, sender);
        (Pending { session: self, id }, receiver)
    }

    /// Ends it: what waits for the client stops waiting.
    pub(crate) fn end(&self) {
        self.ended.cancel();
        for cancellation in self.inner().in_flight.values() {
            cancellation.cancel();
        }
    }
}

/// A request of ours that waits for its answer, until it is dropped.
struct Pending<'a> {
    session: &'a Session,
    id: u64,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.session.inner().pending.remove(&self.id);
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
        let mut inner = self.session.inner();
        inner.streams.retain(|stream| stream.id != self.id);
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
        let mut inner = self.session.inner();
        inner.in_flight.remove(&self.id);
        inner.last_used = self.session.clock.monotonic();
    }
}

/// Any stream of a session.
#[derive(Debug)]
pub(crate) struct SessionPeer(pub(crate) Arc<Session>);

#[async_trait]
impl Peer for SessionPeer {
    fn session(&self) -> &str {
        &self.0.id
    }

    fn notify(&self, method: &str, params: Value) {
        if let Some(stream) = self.0.best_stream(None) {
            stream.offer(message::notification(method, params));
        }
    }

    fn log_level(&self) -> Option<LogLevel> {
        Some(self.0.log_level())
    }

    async fn request(&self, method: &str, params: Value) -> Result<Value, PeerError> {
        self.0.ask(None, method, params).await
    }

    async fn closed(&self) {
        self.0.ended.cancelled().await;
    }
}

/// The stream of one request.
#[derive(Debug)]
pub(crate) struct RequestPeer {
    pub(crate) stream: Outbox,
    /// `None` where the client cannot be asked on a stream (2026-07-28).
    pub(crate) session: Option<Arc<Session>>,
    /// What the request wants to see of the log, where there is no session to say it.
    pub(crate) log_level: Option<LogLevel>,
}

#[async_trait]
impl Peer for RequestPeer {
    fn session(&self) -> &str {
        self.session.as_ref().map_or("", |session| &session.id)
    }

    fn notify(&self, method: &str, params: Value) {
        self.stream.offer(message::notification(method, params));
    }

    fn log_level(&self) -> Option<LogLevel> {
        self.session.as_ref().map_or(self.log_level, |session| Some(session.log_level()))
    }

    async fn request(&self, method: &str, params: Value) -> Result<Value, PeerError> {
        match &self.session {
            Some(session) => session.ask(Some(self.stream.clone()), method, params).await,
            None => Err(PeerError::Gone),
        }
    }

    async fn closed(&self) {
        self.stream.closed().await;
    }
}
