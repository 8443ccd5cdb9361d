//! Looking on: every message of a connection, as somebody who shows or records it sees it.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use pmcp_protocol::message;
use serde_json::{Value, json};

use crate::{
    error::ClientError,
    request::Reply,
    revision::ClientRevision,
    wire::{Exchange, Wire},
};

/// The side that sends a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// This client.
    Client,
    /// Its server.
    Server,
}

type Observe = dyn Fn(Side, &Value) + Send + Sync;

/// Somebody who is shown each message.
#[derive(Clone)]
pub(crate) struct Observer(Arc<Observe>);

impl Observer {
    pub(crate) fn new(observe: impl Fn(Side, &Value) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observe))
    }

    pub(crate) fn show(&self, from: Side, message: &Value) {
        (self.0)(from, message);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Observer")
    }
}

/// A wire that somebody looks at. What a server sends of itself is shown by the inbox.
#[derive(Debug)]
pub(crate) struct Observed<W> {
    pub(crate) wire: W,
    pub(crate) observer: Observer,
}

#[async_trait]
impl<W: Wire> Wire for Observed<W> {
    async fn exchange(&self, request: Exchange<'_>) -> Result<Reply, ClientError> {
        self.observer.show(Side::Client, request.message);
        let reply = self.wire.exchange(request).await?;
        let response = match &reply.result {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": request.id, "result": result }),
            Err(error) => json!({ "jsonrpc": "2.0", "id": request.id, "error": error }),
        };
        self.observer.show(Side::Server, &response);
        Ok(reply)
    }

    async fn post(&self, message: &Value) -> Result<(), ClientError> {
        self.observer.show(Side::Client, message);
        self.wire.post(message).await
    }

    fn cancel(&self, notification: Value) {
        self.observer.show(Side::Client, &notification);
        self.wire.cancel(notification);
    }

    fn speak(&self, version: &ClientRevision) {
        self.wire.speak(version);
    }

    async fn established(&self) {
        self.wire.established().await;
    }

    fn forget_session(&self) {
        self.wire.forget_session();
    }

    fn session_id(&self) -> Option<String> {
        self.wire.session_id()
    }

    async fn close(&self) -> Result<(), ClientError> {
        self.wire.close().await
    }
}

/// A request or a notification as the server has sent it.
pub(crate) fn asked(method: &str, params: &Value, id: Option<&Value>) -> Value {
    let mut sent = message::notification(method, params.clone());
    if let (Some(id), Some(fields)) = (id, sent.as_object_mut()) {
        fields.insert("id".into(), id.clone());
    }
    sent
}
