//! All that comes from the server: answers, notifications, subscriptions, and what it asks.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;
use pmcp_protocol::{RpcError, message::RequestId, meta::SUBSCRIPTION_ID};
use serde::Deserialize as _;
use serde_json::Value;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::{
    error::ClientError,
    observe::{self, Observer, Side},
    request::{Answer, Notification, Reply, outcome},
};

/// The number of notifications that wait for a slow reader before it misses the oldest.
const NOTIFICATIONS: usize = 1024;
/// The number of notifications that wait for a slow subscriber before its subscription ends.
const SUBSCRIPTION: usize = 256;

/// A request of the server, or the end of one.
#[derive(Debug)]
pub(crate) enum Asked {
    /// It wants an answer under this id; an error stands for parameters that cannot be read.
    Question { id: Value, method: String, params: Result<Value, RpcError> },
    /// It wants none any more.
    Withdrawn { id: Value },
}

/// All that comes from the server over a [`Wire`](crate::Wire).
#[derive(Debug)]
pub struct Inbox {
    pending: Mutex<HashMap<u64, oneshot::Sender<Answer>>>,
    subscriptions: Mutex<HashMap<u64, mpsc::Sender<Notification>>>,
    notifications: broadcast::Sender<Notification>,
    asked: mpsc::UnboundedSender<Asked>,
    /// The number of times the list of tools has changed.
    tool_changes: AtomicU64,
    closed: CancellationToken,
    observer: Option<Observer>,
}

/// An answer that somebody waits for.
#[derive(Debug)]
pub struct Expected {
    inbox: Arc<Inbox>,
    id: u64,
    answer: oneshot::Receiver<Answer>,
}

/// The id of a request of ours that a server gives back.
pub(crate) fn ours(id: &Value) -> Option<u64> {
    RequestId::deserialize(id).ok()?.number()
}

impl Expected {
    /// The answer, once it has come.
    ///
    /// # Errors
    /// The answer is no JSON-RPC response, or the connection ends before it.
    pub async fn answer(mut self) -> Result<Reply, ClientError> {
        let closed = self.inbox.closed.clone();
        tokio::select! {
            biased;
            answer = &mut self.answer => match answer {
                Ok(answer) => Ok(Reply { status: None, result: answer? }),
                Err(_) => Err(ClientError::Closed),
            },
            () = closed.cancelled() => Err(ClientError::Closed),
        }
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        self.inbox.pending.lock().remove(&self.id);
    }
}

impl Inbox {
    /// An empty one, and where questions of the server arrive.
    pub(crate) fn new(observer: Option<Observer>) -> (Arc<Self>, mpsc::UnboundedReceiver<Asked>) {
        let (asked, questions) = mpsc::unbounded_channel();
        let inbox = Self {
            pending: Mutex::default(),
            subscriptions: Mutex::default(),
            notifications: broadcast::Sender::new(NOTIFICATIONS),
            asked,
            tool_changes: AtomicU64::new(0),
            closed: CancellationToken::new(),
            observer,
        };
        (Arc::new(inbox), questions)
    }

    /// Waits for the answer to the request with this id, from now on.
    #[must_use]
    pub fn expect(self: &Arc<Self>, id: u64) -> Expected {
        let (sender, answer) = oneshot::channel();
        self.pending.lock().insert(id, sender);
        Expected { inbox: Arc::clone(self), id, answer }
    }

    /// Takes a message of the server.
    pub fn receive(&self, message: Value) {
        let mut message = match message {
            Value::Object(message) => message,
            // 2025-03-26 has batches.
            Value::Array(batch) => return batch.into_iter().for_each(|message| self.receive(message)),
            _ => return tracing::warn!("the server sent something that is not a message"),
        };
        let params = message.remove("params").unwrap_or_default();
        let (method, id) = (message.remove("method"), message.remove("id"));
        if let (Some(observer), Some(Value::String(method))) = (&self.observer, &method) {
            observer.show(Side::Server, &observe::asked(method, &params, id.as_ref()));
        }
        match (method, id) {
            (Some(Value::String(method)), Some(id)) => self.ask(Asked::Question { id, method, params: Ok(params) }),
            (Some(Value::String(method)), None) => self.notified(Notification { method, params }),
            (None, Some(id)) => {
                let waiting = ours(&id).and_then(|id| self.pending.lock().remove(&id));
                if let Some(waiting) = waiting {
                    // Whoever waited may have given up.
                    let _ = waiting.send(outcome(message));
                }
            }
            _ => tracing::warn!("the server sent something that is not a message"),
        }
    }

    /// Takes note of a message that cannot be read though its id can, and tells whether it is one: nobody has to wait any longer
    /// for an answer, and a question is refused. Anything else that cannot be read is no message.
    #[cfg(feature = "lines")]
    pub(crate) fn unreadable(&self, message: &[u8], error: &serde_json::Error) -> bool {
        #[derive(serde::Deserialize)]
        struct Head {
            id: RequestId,
            method: Option<String>,
        }
        let Ok(Head { id, method }) = serde_json::from_slice(message) else { return false };
        if let Some(method) = method {
            let error = RpcError::new(pmcp_protocol::code::INVALID_REQUEST, "the request cannot be read");
            self.ask(Asked::Question { id: serde_json::json!(id), method, params: Err(error) });
        } else if let Some(waiting) = id.number().and_then(|id| self.pending.lock().remove(&id)) {
            // Whoever waited may have given up.
            let _ = waiting.send(Err(ClientError::protocol(format!("an answer that cannot be read: {error}"))));
        }
        true
    }

    /// Takes note that the wire broke or was closed: nothing more will be answered.
    pub fn close(&self) {
        self.closed.cancel();
        self.subscriptions.lock().clear();
    }

    /// Fires when nothing more will be answered.
    pub(crate) fn closed(&self) -> &CancellationToken {
        &self.closed
    }

    /// Notifications from now on.
    pub(crate) fn notifications(&self) -> broadcast::Receiver<Notification> {
        self.notifications.subscribe()
    }

    /// The notifications of the subscription with this id.
    pub(crate) fn subscribe(&self, id: u64) -> mpsc::Receiver<Notification> {
        let (sender, receiver) = mpsc::channel(SUBSCRIPTION);
        self.subscriptions.lock().insert(id, sender);
        receiver
    }

    /// Ends the subscription with this id; what is left to read stays readable.
    pub(crate) fn unsubscribe(&self, id: u64) {
        self.subscriptions.lock().remove(&id);
    }

    /// The number of times the list of tools has changed.
    pub(crate) fn tool_changes(&self) -> u64 {
        self.tool_changes.load(Ordering::Acquire)
    }

    fn ask(&self, asked: Asked) {
        // Nobody answers once the connection is gone.
        let _ = self.asked.send(asked);
    }

    fn notified(&self, notification: Notification) {
        let params = &notification.params;
        match notification.method.as_str() {
            "notifications/cancelled" => {
                if let Some(id) = params.get("requestId") {
                    self.ask(Asked::Withdrawn { id: id.clone() });
                    // How a server ends a subscription on a shared channel (subscriptions, "Cancellation").
                    if let Some(id) = ours(id) {
                        self.unsubscribe(id);
                    }
                }
            }
            "notifications/tools/list_changed" => {
                self.tool_changes.fetch_add(1, Ordering::Release);
            }
            _ => {}
        }
        let subscription = params.get("_meta").and_then(|meta| meta.get(SUBSCRIPTION_ID)).and_then(ours);
        if let Some(id) = subscription {
            let mut subscriptions = self.subscriptions.lock();
            // A subscriber that does not keep up learns it from the end of its stream; it never misses a part unnoticed.
            if subscriptions.get(&id).is_some_and(|sender| sender.try_send(notification.clone()).is_err()) {
                subscriptions.remove(&id);
            }
        }
        // Nobody may be listening.
        let _ = self.notifications.send(notification);
    }
}
