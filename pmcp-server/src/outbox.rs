//! Streams that reach a client.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use pmcp_protocol::{RpcError, message, message::RequestId};
use pmcp_tasks::apart::{apart, texts};
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use crate::shares::{Share, Sharer, Shares};

/// A message on its way to the client, as it goes on the wire: what waits takes its bytes and no more, and has them counted.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) text: String,
    pub(crate) kind: Kind,
    /// What it takes of the budget while it waits.
    pub(crate) share: Option<Share>,
}

/// The kind of a message that goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A notification or a request.
    Message,
    /// The response that ends the stream, if it is one of a single request; with the code of the error it tells.
    Response { error: Option<i64> },
    /// The response to a request whose own there is no room for.
    Refused,
    /// None: the connection ends here, and the stream goes on when its client comes back to it.
    Parting,
}

impl Kind {
    /// Tells whether nothing follows it, on the stream of a single request.
    pub(crate) fn ends(self) -> bool {
        matches!(self, Self::Response { .. } | Self::Refused)
    }
}

/// A message with what its event says of it.
#[derive(Debug)]
pub(crate) struct Marked {
    pub(crate) outgoing: Outgoing,
    /// The id that a client comes back with.
    pub(crate) id: Option<String>,
    /// The time after which it does.
    pub(crate) retry: Option<Duration>,
}

impl From<Outgoing> for Marked {
    fn from(outgoing: Outgoing) -> Self {
        Self { outgoing, id: None, retry: None }
    }
}

impl Marked {
    /// An event without a message, for its id.
    pub(crate) fn priming(id: String, retry: Duration) -> Self {
        let outgoing = Outgoing { text: String::new(), kind: Kind::Message, share: None };
        Self { outgoing, id: Some(id), retry: Some(retry) }
    }
}

/// The number of messages a slow reader may be behind.
pub(crate) const STREAM_BUFFER: usize = 64;

/// The size of a response that is not counted, in bytes: connections have buffers of that size anyway.
const SMALL: usize = 16 << 10;

/// The budget that what waits for a client is taken from.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    pub(crate) bytes: Arc<Shares>,
    pub(crate) sharer: Sharer,
}

/// A stream that reaches the client.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    pub(crate) id: u64,
    sender: mpsc::Sender<Outgoing>,
    /// The task this stream waits for, if it is that of `tasks/result`.
    pub(crate) task: Option<String>,
    budget: Budget,
    /// Tells whether somebody reads it now, if its client may leave and come back.
    presence: Option<watch::Receiver<bool>>,
}

impl Outbox {
    pub(crate) fn new(sender: mpsc::Sender<Outgoing>, task: Option<String>, budget: Budget) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed), sender, task, budget, presence: None }
    }

    /// The same as one whose client may leave and come back: this tells whether it is there.
    pub(crate) fn with_presence(self, presence: watch::Receiver<bool>) -> Self {
        Self { presence: Some(presence), ..self }
    }

    /// Tells whether its client may leave and come back.
    pub(crate) fn may_be_left(&self) -> bool {
        self.presence.is_some()
    }

    /// The same stream for somebody else who reads it, and what tells of that one's presence.
    pub(crate) fn renewed(&self) -> (Self, watch::Sender<bool>) {
        let (presence, present) = watch::channel(true);
        (Self::new(self.sender.clone(), self.task.clone(), self.budget.clone()).with_presence(present), presence)
    }

    /// The same stream as one that waits for this task.
    pub(crate) fn waiting_for(&self, task: &str) -> Self {
        let other = Self::new(self.sender.clone(), Some(task.to_owned()), self.budget.clone());
        Self { presence: self.presence.clone(), ..other }
    }

    /// Tells whether what is sent over the one arrives over the other.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.sender.same_channel(&other.sender)
    }

    /// One that carries nothing: for a request whose client cannot read messages beside the response.
    pub(crate) fn closed_one(budget: Budget) -> Self {
        Self::new(mpsc::channel(1).0, None, budget)
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Sends if the client keeps up and there is room for it; else the message is dropped.
    pub(crate) fn offer(&self, message: &Value) {
        let Ok(place) = self.sender.try_reserve() else {
            return tracing::debug!("a notification was dropped: the client does not read");
        };
        let text = message::text(message);
        let Budget { bytes, sharer } = &self.budget;
        let share = bytes.take(*sharer, text.len());
        if share.is_none() {
            return tracing::debug!("a notification was dropped: too much waits for clients already");
        }
        place.send(Outgoing { text, kind: Kind::Message, share });
    }

    /// Sends as soon as the client has read enough; tells whether it is still there. To one that may come back it is sent if nothing has
    /// to be waited for.
    pub(crate) async fn send(&self, message: &Value) -> bool {
        let sending = async {
            let text = message::text(message);
            let Budget { bytes, sharer } = &self.budget;
            let share = bytes.take_soon(*sharer, text.len()).await;
            self.sender.send(Outgoing { text, kind: Kind::Message, share: Some(share) }).await.is_ok()
        };
        tokio::select! {
            biased;
            sent = sending => sent,
            () = self.closed() => false,
        }
    }

    /// Sends a response as soon as the client has read enough. One there is no room for is replaced by an error.
    pub(crate) async fn respond(&self, response: Value) {
        let budget = self.budget.clone();
        let outgoing = apart(texts(&response), move || Outgoing::response(&response, &budget)).await;
        // Its client may be gone.
        let _ = self.sender.send(outgoing).await;
    }

    /// Ends when the next message does not have to wait for the client to read; tells whether it is still there.
    pub(crate) async fn has_room(&self) -> bool {
        tokio::select! {
            biased;
            place = self.sender.reserve() => place.is_ok(),
            // One that has left may come back on another stream.
            () = self.closed() => false,
        }
    }

    /// Ends the connection once what was sent so far is written, if its client may come back.
    pub(crate) fn let_go(&self) {
        if self.may_be_left()
            && let Ok(place) = self.sender.try_reserve()
        {
            place.send(Outgoing { text: String::new(), kind: Kind::Parting, share: None });
        }
    }

    /// Tells whether nobody reads now, though somebody may come back.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_lost() || self.presence.as_ref().is_some_and(|presence| !*presence.borrow())
    }

    /// Ends when nobody reads now, though somebody may come back.
    pub(crate) async fn closed(&self) {
        let left = async {
            if let Some(mut presence) = self.presence.clone() {
                let left = presence.wait_for(|is_there| !is_there).await;
                if left.is_ok() {
                    return;
                }
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = self.sender.closed() => {}
            () = left => {}
        }
    }

    /// Tells whether nobody reads any more, nor will.
    pub(crate) fn is_lost(&self) -> bool {
        self.sender.is_closed()
    }

    /// Ends when nobody reads any more, nor will.
    pub(crate) async fn lost(&self) {
        self.sender.closed().await;
    }
}

impl Outgoing {
    /// A response, or the error in its place.
    pub(crate) fn response(response: &Value, budget: &Budget) -> Self {
        let text = message::text(response);
        let kind = Kind::Response { error: response.pointer("/error/code").and_then(Value::as_i64) };
        if text.len() <= SMALL {
            return Self { text, kind, share: None };
        }
        if let share @ Some(_) = budget.bytes.take(budget.sharer, text.len()) {
            return Self { text, kind, share };
        }
        let id = response.get("id").and_then(|id| serde_json::from_value::<RequestId>(id.clone()).ok());
        let error = RpcError::internal("there is no room for the answer: too much waits to be read; try again later");
        Self { text: message::text(&message::response(id.as_ref(), Err(error))), kind: Kind::Refused, share: None }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt as _;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn nobody_waits_for_room_on_a_stream_that_was_left() {
        let (sender, _unread) = mpsc::channel(1);
        let (presence, present) = watch::channel(true);
        let budget = Budget { bytes: Shares::new(100), sharer: Sharer::EVERYBODY };
        let stream = Outbox::new(sender, None, budget).with_presence(present);
        assert!(stream.has_room().await);
        stream.offer(&json!("something that nobody reads"));
        let mut waits = pin!(stream.has_room());
        assert!(waits.as_mut().now_or_never().is_none());
        presence.send_replace(false);
        assert_eq!(waits.now_or_never(), Some(false));
    }
}
