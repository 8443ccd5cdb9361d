//! `subscriptions/listen`: notifications somebody asked for (2026-07-28, subscriptions).

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::Stream;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{
    client::Client,
    error::ClientError,
    request::{Notification, RequestOptions},
    runtime::{Task, spawn, within},
};

/// The notifications of one `subscriptions/listen` request.
///
/// It ends when the server ends it or the connection breaks, and when too many notifications wait unread. Dropping it
/// ends the subscription.
#[derive(Debug)]
pub struct Subscription {
    acknowledged: Value,
    receiver: mpsc::Receiver<Notification>,
    _request: Task<()>,
}

impl Subscription {
    /// The part of the filter that the server honours.
    #[must_use]
    pub fn acknowledged(&self) -> &Value {
        &self.acknowledged
    }

    /// The next notification; `None` once the subscription has ended.
    pub async fn next(&mut self) -> Option<Notification> {
        self.receiver.recv().await
    }
}

impl Stream for Subscription {
    type Item = Notification;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Notification>> {
        self.receiver.poll_recv(cx)
    }
}

impl Client {
    /// Listens to notifications; the filter is that of `subscriptions/listen`, such as `{"taskIds": ["…"]}`.
    ///
    /// # Errors
    /// The server refuses, does not acknowledge in time, or the connection fails.
    pub async fn listen(&self, filter: Value) -> Result<Subscription, ClientError> {
        let connection = self.connection();
        if connection.revision().has_sessions() {
            return Err(ClientError::Unsupported("`subscriptions/listen` came with 2026-07-28"));
        }
        let id = connection.next_id();
        let mut receiver = connection.inbox.subscribe(id);
        let (ended, mut end) = mpsc::channel(1);
        let request = spawn(&connection.runtime, {
            let connection = connection.clone();
            async move {
                let params = json!({ "notifications": filter });
                let options = RequestOptions::new();
                let reply = connection.exchange(id, "subscriptions/listen", params, &options).await;
                // Whatever is left to read stays readable; then the stream ends.
                connection.inbox.unsubscribe(id);
                // Only a subscription that was never acknowledged needs the reason.
                let _ = ended.try_send(reply.and_then(|reply| reply.result.map_err(ClientError::Rpc)));
            }
        });
        let timeout = connection.settings.request_timeout;
        let first = within(&connection.runtime, timeout, receiver.recv()).await?;
        match first {
            Some(first) if first.method == "notifications/subscriptions/acknowledged" => {
                let acknowledged = first.params.get("notifications").cloned().unwrap_or_default();
                Ok(Subscription { acknowledged, receiver, _request: request })
            }
            Some(other) => {
                Err(ClientError::protocol(format!("`{}` before the subscription's acknowledgement", other.method)))
            }
            None => match end.recv().await {
                Some(Err(error)) => Err(error),
                _ => Err(ClientError::protocol("a subscription that ended before its acknowledgement")),
            },
        }
    }
}
