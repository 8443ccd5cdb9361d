//! Streams that reach a client.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use tokio::sync::mpsc;

/// A message that goes to the client over one stream.
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

/// The number of messages a slow reader may be behind.
pub(crate) const STREAM_BUFFER: usize = 64;

/// A stream that reaches the client.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    pub(crate) id: u64,
    sender: mpsc::Sender<Outgoing>,
    /// The task this stream waits for, if it is that of `tasks/result`.
    pub(crate) task: Option<String>,
}

impl Outbox {
    pub(crate) fn new(sender: mpsc::Sender<Outgoing>, task: Option<String>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed), sender, task }
    }

    /// The same stream as one that waits for this task.
    pub(crate) fn waiting_for(&self, task: &str) -> Self {
        Self::new(self.sender.clone(), Some(task.to_owned()))
    }

    /// Tells whether what is sent over the one arrives over the other.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.sender.same_channel(&other.sender)
    }

    /// One that carries nothing: for a request whose client cannot read messages beside the response.
    pub(crate) fn closed_one() -> Self {
        Self::new(mpsc::channel(1).0, None)
    }

    /// Sends if the client keeps up; else the message is dropped.
    pub(crate) fn offer(&self, message: Value) {
        if self.sender.try_send(Outgoing::Message(message)).is_err() {
            tracing::debug!("a notification was dropped: the client does not read");
        }
    }

    /// Sends as soon as the client has read enough; tells whether it is still there.
    pub(crate) async fn send(&self, outgoing: Outgoing) -> bool {
        self.sender.send(outgoing).await.is_ok()
    }

    /// Tells whether nobody reads any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Ends when nobody reads any more.
    pub(crate) async fn closed(&self) {
        self.sender.closed().await;
    }
}
