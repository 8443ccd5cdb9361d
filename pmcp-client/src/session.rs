//! The handshake of 2025-11-25 and earlier, and sessions that end.

use pmcp_protocol::{Version, message};
use serde_json::{Value, json};

use crate::{
    connection::Connection,
    error::ClientError,
    request::{Reply, RequestOptions},
};

impl Connection {
    /// Makes the connection usable.
    pub(crate) async fn start(&self) -> Result<(), ClientError> {
        if self.settings.revision.has_handshake() { self.initialize().await } else { Ok(()) }
    }

    async fn initialize(&self) -> Result<(), ClientError> {
        let params = json!({
            "protocolVersion": self.settings.revision.as_str(),
            "capabilities": self.settings.capabilities(),
            "clientInfo": self.settings.client_info(),
        });
        let reply = self.exchange(self.next_id(), "initialize", params, &RequestOptions::new()).await?;
        let result = reply.admitted()?;
        let version = result
            .get("protocolVersion")
            .and_then(Value::as_str)
            .ok_or_else(|| ClientError::protocol("`initialize` was answered without a version"))?;
        if !Version::parse(version).is_some_and(Version::has_handshake) && version != self.settings.revision.as_str() {
            return Err(ClientError::protocol(format!("the server speaks `{version}`, which this client does not")));
        }
        *self.server.lock() = Some(result);
        self.post(&message::notification("notifications/initialized", Value::Null)).await?;
        self.wire.established().await;
        Ok(())
    }

    /// The protocol version in use.
    pub(crate) fn version(&self) -> String {
        let negotiated =
            self.server.lock().as_ref().and_then(|server| Some(server["protocolVersion"].as_str()?.to_owned()));
        negotiated.unwrap_or_else(|| self.settings.revision.as_str().to_owned())
    }

    /// Sends a request; if the session has ended, begins a new one and sends it again (2025-11-25, "Session
    /// Management"). A request with headers of its own is sent once, as it is.
    pub(crate) async fn send(
        &self,
        method: &str,
        params: Value,
        options: &RequestOptions,
    ) -> Result<Reply, ClientError> {
        let session = self.wire.session_id().filter(|_| options.headers.is_empty());
        let Some(session) = session else { return self.exchange(self.next_id(), method, params, options).await };
        let reply = self.exchange(self.next_id(), method, params.clone(), options).await;
        let has_ended = match &reply {
            Ok(reply) => reply.status == Some(404),
            Err(ClientError::Http { status, .. }) => *status == 404,
            Err(_) => false,
        };
        if !has_ended {
            return reply;
        }
        self.renew(&session).await?;
        self.exchange(self.next_id(), method, params, options).await
    }

    async fn renew(&self, ended: &str) -> Result<(), ClientError> {
        let _renewing = self.renewing.lock().await;
        // Somebody else may have begun the new session meanwhile.
        if self.wire.session_id().is_some_and(|id| id != ended) {
            return Ok(());
        }
        self.wire.forget_session();
        self.initialize().await
    }
}
