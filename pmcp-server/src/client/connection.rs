//! A connection: requests with their answers, notifications, and what the server asks.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use pmcp_protocol::{RpcError, TaskSupport, message::text, meta};
use serde_json::{Map, Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    process::Child,
    sync::{broadcast, mpsc, oneshot},
    task::AbortHandle,
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{ClientError, Notification, Reply, RequestOptions, builder::Settings, http::HttpWire, lines::LineWire};

/// How many notifications wait for a slow reader before it misses the oldest.
const NOTIFICATIONS: usize = 1024;
/// How many notifications wait for a slow subscriber before its subscription ends.
const SUBSCRIPTION: usize = 256;

/// A response: what it says, or that it says nothing.
type Answer = Result<Result<Value, RpcError>, ClientError>;

/// How messages travel.
#[derive(Debug)]
pub(super) enum Wire {
    Lines(Box<LineWire>),
    Http(HttpWire),
}

/// Everything the clones of a client share.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) settings: Settings,
    /// What every request says in `_meta`.
    meta: Map<String, Value>,
    pub(super) wire: Wire,
    /// The result of `initialize`.
    pub(super) server: Mutex<Option<Value>>,
    /// What `tools/list` said about tasks, until it changes (2025-11-25).
    pub(super) tools: Mutex<Option<HashMap<String, TaskSupport>>>,
    /// Whether the server is not known to refuse `subscriptions/listen`.
    pub(super) can_listen: AtomicBool,
    /// Held while a session that ended is replaced.
    pub(super) renewing: tokio::sync::Mutex<()>,
    next: AtomicU64,
    pending: Mutex<HashMap<u64, oneshot::Sender<Answer>>>,
    subscriptions: Mutex<HashMap<u64, mpsc::Sender<Notification>>>,
    notifications: broadcast::Sender<Notification>,
    answering: Mutex<HashMap<String, AbortHandle>>,
    pub(super) closed: CancellationToken,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Connection {
    fn drop(&mut self) {
        for (_, answering) in lock(&self.answering).drain() {
            answering.abort();
        }
    }
}

impl Connection {
    fn new(settings: Settings, wire: Wire) -> Self {
        Self {
            meta: settings.meta(),
            settings,
            wire,
            server: Mutex::default(),
            tools: Mutex::default(),
            can_listen: AtomicBool::new(true),
            renewing: tokio::sync::Mutex::default(),
            next: AtomicU64::new(1),
            pending: Mutex::default(),
            subscriptions: Mutex::default(),
            notifications: broadcast::Sender::new(NOTIFICATIONS),
            answering: Mutex::default(),
            closed: CancellationToken::new(),
        }
    }

    pub(super) fn over_http(settings: Settings, wire: HttpWire) -> Arc<Self> {
        Arc::new(Self::new(settings, Wire::Http(wire)))
    }

    pub(super) fn over_lines<R, W>(settings: Settings, reader: R, writer: W, child: Option<Child>) -> Arc<Self>
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let max = settings.max_message;
        let lines = LineWire::new(writer, child);
        let connection = Arc::new(Self::new(settings, Wire::Lines(Box::new(lines))));
        if let Wire::Lines(lines) = &connection.wire {
            lines.read(Arc::downgrade(&connection), reader, max);
        }
        connection
    }

    /// An id no other request of this connection has.
    pub(super) fn next_id(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Notifications from now on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<Notification> {
        self.notifications.subscribe()
    }

    /// The notifications of the subscription with this id.
    pub(super) fn route(&self, id: u64) -> mpsc::Receiver<Notification> {
        let (sender, receiver) = mpsc::channel(SUBSCRIPTION);
        lock(&self.subscriptions).insert(id, sender);
        receiver
    }

    pub(super) fn unroute(&self, id: u64) {
        lock(&self.subscriptions).remove(&id);
    }

    /// The connection broke or was closed: nothing more will be answered.
    pub(super) fn lost(&self) {
        self.closed.cancel();
        lock(&self.subscriptions).clear();
    }

    /// Sends a request and waits for its answer.
    pub(super) async fn exchange(
        self: &Arc<Self>,
        id: u64,
        method: &str,
        params: Value,
        options: &RequestOptions,
    ) -> Result<Reply, ClientError> {
        if self.closed.is_cancelled() {
            return Err(ClientError::Closed);
        }
        let params = options.apply(params, &self.meta)?;
        let mut open = OpenRequest { connection: self, id, cancellable: is_cancellable(method, &params) };
        let mut message = json!({ "jsonrpc": "2.0", "id": id, "method": method });
        message["params"] = params;
        let answer = async {
            match &self.wire {
                Wire::Http(http) => http.exchange(self, id, method, &message, options).await,
                Wire::Lines(lines) => {
                    let (sender, receiver) = oneshot::channel();
                    lock(&self.pending).insert(id, sender);
                    lines.send(text(&message)).await?;
                    tokio::select! {
                        biased;
                        result = receiver => match result {
                            Ok(answer) => Ok(Reply { status: None, result: answer? }),
                            Err(_) => Err(ClientError::Closed),
                        },
                        () = self.closed.cancelled() => Err(ClientError::Closed),
                    }
                }
            }
        };
        let timeout = options.timeout.or_else(|| self.timeout(method));
        let reply = match timeout {
            Some(timeout) => tokio::time::timeout(timeout, answer).await.map_err(|_| ClientError::Timeout(timeout))?,
            None => answer.await,
        };
        open.cancellable = false;
        reply
    }

    /// Requests that run code of the server wait longer than those it answers itself.
    fn timeout(&self, method: &str) -> Option<Duration> {
        match method {
            "subscriptions/listen" => None,
            "tools/call" | "prompts/get" | "resources/read" | "tasks/result" => self.settings.call_timeout,
            _ => Some(self.settings.request_timeout),
        }
    }

    /// Sends a message that has no answer.
    pub(super) async fn post(&self, message: Value) -> Result<(), ClientError> {
        match &self.wire {
            Wire::Lines(lines) => lines.send(text(&message)).await,
            Wire::Http(http) => {
                let timeout = self.settings.request_timeout;
                tokio::time::timeout(timeout, http.post(&message)).await.map_err(|_| ClientError::Timeout(timeout))?
            }
        }
    }

    /// Takes a message of the server.
    pub(super) fn receive(self: &Arc<Self>, message: Value) {
        let mut message = match message {
            Value::Object(message) => message,
            // 2025-03-26 has batches.
            Value::Array(batch) => return batch.into_iter().for_each(|message| self.receive(message)),
            _ => return tracing::warn!("the server sent something that is not a message"),
        };
        let params = message.remove("params").unwrap_or_default();
        match (message.remove("method"), message.remove("id")) {
            (Some(Value::String(method)), Some(id)) => self.asked(id, method, params),
            (Some(Value::String(method)), None) => self.notified(Notification { method, params }),
            (None, Some(id)) => {
                let waiting = id.as_u64().and_then(|id| lock(&self.pending).remove(&id));
                if let Some(waiting) = waiting {
                    // Whoever waited may have given up.
                    let _ = waiting.send(outcome(message));
                }
            }
            _ => tracing::warn!("the server sent something that is not a message"),
        }
    }

    fn notified(&self, notification: Notification) {
        let params = &notification.params;
        match notification.method.as_str() {
            "notifications/cancelled" => {
                if let Some(id) = params.get("requestId") {
                    if let Some(answering) = lock(&self.answering).remove(&id.to_string()) {
                        answering.abort();
                    }
                    // How a server ends a subscription on a shared channel (subscriptions, "Cancellation").
                    if let Some(id) = id.as_u64() {
                        self.unroute(id);
                    }
                }
            }
            "notifications/tools/list_changed" => *lock(&self.tools) = None,
            _ => {}
        }
        if let Some(id) = params.pointer("/_meta/io.modelcontextprotocol~1subscriptionId").and_then(Value::as_u64) {
            let mut subscriptions = lock(&self.subscriptions);
            // A subscriber that does not keep up learns it from the end of its stream; it never misses a part unnoticed.
            if subscriptions.get(&id).is_some_and(|sender| sender.try_send(notification.clone()).is_err()) {
                subscriptions.remove(&id);
            }
        }
        // Nobody may be listening.
        let _ = self.notifications.send(notification);
    }

    /// Answers a request of the server in the background.
    fn asked(self: &Arc<Self>, id: Value, method: String, params: Value) {
        if self.settings.is_stateless() {
            // Servers of this revision never send requests, and no response may be sent (stdio, "Receiving Messages").
            return tracing::warn!(method, "the server sent a request, which this protocol version does not allow");
        }
        let weak: Weak<Self> = Arc::downgrade(self);
        let callbacks = self.settings.callbacks.clone();
        let key = id.to_string();
        let mut answering = lock(&self.answering);
        let task = tokio::spawn({
            let key = key.clone();
            async move {
                let task = meta::related_task(&params).map(str::to_owned);
                let answer = tokio::spawn({
                    let method = method.clone();
                    async move { callbacks.answer(&method, params, None).await }
                });
                // The server is told of a callback that panicked too: it waits for an answer.
                let answer = AbortOnDropHandle::new(answer).await;
                let answer = answer.unwrap_or_else(|_| Err(RpcError::internal("the client failed to answer")));
                let Some(connection) = weak.upgrade() else { return };
                if let Err(error) = connection.post(response(&id, answer, task)).await {
                    tracing::warn!(error = &error as &dyn std::error::Error, method, "an answer could not be sent");
                }
                lock(&connection.answering).remove(&key);
            }
        });
        answering.insert(key, task.abort_handle());
    }

    /// Gives up a request (cancellation).
    fn cancel(self: &Arc<Self>, id: u64) {
        let message = json!({
            "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id },
        });
        match &self.wire {
            Wire::Lines(lines) => lines.try_send(text(&message)),
            // The end of the response stream says it.
            Wire::Http(_) if self.settings.is_stateless() => {}
            Wire::Http(_) => {
                let connection = Arc::clone(self);
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(async move { connection.post(message).await });
                }
            }
        }
    }
}

/// A request somebody waits for; cancelled when nobody does any more.
struct OpenRequest<'a> {
    connection: &'a Arc<Connection>,
    id: u64,
    cancellable: bool,
}

impl Drop for OpenRequest<'_> {
    fn drop(&mut self) {
        lock(&self.connection.pending).remove(&self.id);
        if self.cancellable && !self.connection.closed.is_cancelled() {
            self.connection.cancel(self.id);
        }
    }
}

/// `initialize` is never cancelled, and a call that became a task is cancelled as one (cancellation, 2025-11-25).
fn is_cancellable(method: &str, params: &Value) -> bool {
    method != "initialize" && params.get("task").is_none()
}

/// The result or error of a response.
pub(super) fn outcome(mut response: Map<String, Value>) -> Answer {
    if let Some(error) = response.remove("error") {
        return serde_json::from_value(error)
            .map(Err)
            .map_err(|error| ClientError::protocol(format!("an error of the wrong shape: {error}")));
    }
    match response.remove("result") {
        Some(result) => Ok(Ok(result)),
        None => Err(ClientError::protocol("a response with neither result nor error")),
    }
}

fn response(id: &Value, answer: Result<Value, RpcError>, task: Option<String>) -> Value {
    match answer {
        Ok(mut result) => {
            if let Some(task) = task {
                meta::relate(&mut result, &task);
            }
            json!({ "jsonrpc": "2.0", "id": id, "result": result })
        }
        Err(error) => json!({ "jsonrpc": "2.0", "id": id, "error": error }),
    }
}
