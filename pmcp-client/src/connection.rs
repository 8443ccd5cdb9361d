//! A connection: a wire, the inbox behind it, and requests with their answers.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use pmcp_protocol::{Revision, TaskSupport, message};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use crate::{
    answering::Answering,
    error::ClientError,
    inbox::{Asked, Inbox},
    request::{Reply, RequestOptions},
    runtime::{Runtime, Task, spawn, within},
    settings::Settings,
    wire::{Exchange, Wire},
};

/// The tools' support for tasks, as `tools/list` told it.
#[derive(Debug)]
pub(crate) struct KnownTools {
    /// The number of times the list had changed by then.
    pub(crate) changes: u64,
    pub(crate) support: HashMap<String, TaskSupport>,
}

/// Everything the clones of a client share.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) settings: Settings,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) wire: Arc<dyn Wire>,
    pub(crate) inbox: Arc<Inbox>,
    /// The fields of every request's `_meta`.
    meta: Map<String, Value>,
    /// The result of `initialize`.
    pub(crate) server: Mutex<Option<Value>>,
    /// The tools' support for tasks, once it is known (2025-11-25).
    pub(crate) tools: Mutex<Option<KnownTools>>,
    /// Unset once the server is known to refuse `subscriptions/listen`.
    pub(crate) can_listen: AtomicBool,
    /// Held while a session that ended is replaced.
    pub(crate) renewing: tokio::sync::Mutex<()>,
    next: AtomicU64,
    _answering: Task<()>,
}

impl Connection {
    /// A connection over this wire, whose inbox it is and where questions of the server arrive.
    pub(crate) fn new(
        settings: Settings,
        runtime: Arc<dyn Runtime>,
        wire: Arc<dyn Wire>,
        inbox: Arc<Inbox>,
        asked: mpsc::UnboundedReceiver<Asked>,
    ) -> Arc<Self> {
        let answering = Answering {
            wire: Arc::downgrade(&wire),
            runtime: runtime.clone(),
            callbacks: settings.callbacks.clone(),
            // Servers of other revisions never send requests, and no response may be sent (stdio, "Receiving Messages").
            is_allowed: settings.revision().asks_by_request(),
            timeout: settings.request_timeout,
        };
        Arc::new(Self {
            meta: settings.meta(),
            settings,
            _answering: spawn(&runtime, answering.run(asked)),
            runtime,
            wire,
            inbox,
            server: Mutex::default(),
            tools: Mutex::default(),
            can_listen: AtomicBool::new(true),
            renewing: tokio::sync::Mutex::default(),
            next: AtomicU64::new(1),
        })
    }

    /// The revision of tasks in the version the client asks for.
    pub(crate) fn revision(&self) -> Revision {
        self.settings.revision()
    }

    /// An id no other request of this connection has.
    pub(crate) fn next_id(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Sends a request and waits for its answer.
    pub(crate) async fn exchange(
        &self,
        id: u64,
        method: &str,
        params: Value,
        options: &RequestOptions,
    ) -> Result<Reply, ClientError> {
        if self.inbox.closed().is_cancelled() {
            return Err(ClientError::Closed);
        }
        let params = options.apply(params, &self.meta)?;
        let mut open = OpenRequest { connection: self, id, cancellable: is_cancellable(method, &params) };
        let mut message = json!({ "jsonrpc": "2.0", "id": id, "method": method });
        message["params"] = params;
        let answer = self.wire.exchange(Exchange::new(id, method, &message, &options.headers));
        let timeout = options.timeout.or_else(|| self.timeout(method));
        let reply = match timeout {
            Some(timeout) => within(&self.runtime, timeout, answer).await?,
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
    pub(crate) async fn post(&self, message: &Value) -> Result<(), ClientError> {
        within(&self.runtime, self.settings.request_timeout, self.wire.post(message)).await?
    }
}

/// A request somebody waits for; cancelled when nobody does any more.
struct OpenRequest<'a> {
    connection: &'a Connection,
    id: u64,
    cancellable: bool,
}

impl Drop for OpenRequest<'_> {
    fn drop(&mut self) {
        if self.cancellable && !self.connection.inbox.closed().is_cancelled() {
            let params = json!({ "requestId": self.id });
            self.connection.wire.cancel(message::notification("notifications/cancelled", params));
        }
    }
}

/// `initialize` is never cancelled, and a call that became a task is cancelled as one (cancellation, 2025-11-25).
fn is_cancellable(method: &str, params: &Value) -> bool {
    method != "initialize" && params.get("task").is_none()
}
