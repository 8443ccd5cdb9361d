//! A wire whose messages somebody is shown.

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::{
    error::ClientError,
    observe::{Observer, Side},
    request::Reply,
    revision::ClientRevision,
    wire::{Exchange, Wire},
};

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
