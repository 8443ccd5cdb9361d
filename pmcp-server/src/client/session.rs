//! The handshake of 2025-11-25 and earlier, and sessions that end.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    ClientError, Reply, RequestOptions,
    connection::{Connection, Wire, lock},
};

/// The versions with a handshake.
const HANDSHAKE: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

impl Connection {
    /// Makes the connection usable.
    pub(super) async fn start(self: &Arc<Self>) -> Result<(), ClientError> {
        if self.settings.is_stateless() { Ok(()) } else { self.initialize().await }
    }

    async fn initialize(self: &Arc<Self>) -> Result<(), ClientError> {
        let params = json!({
            "protocolVersion": self.settings.revision.as_str(),
            "capabilities": self.settings.capabilities(),
            "clientInfo": self.settings.client_info(),
        });
        let reply = self.exchange(self.next_id(), "initialize", params, &RequestOptions::new()).await?;
        let result = reply.result.map_err(ClientError::Rpc)?;
        let version = result
            .get("protocolVersion")
            .and_then(Value::as_str)
            .ok_or_else(|| ClientError::protocol("`initialize` was answered without a version"))?;
        if !HANDSHAKE.contains(&version) && version != self.settings.revision.as_str() {
            return Err(ClientError::protocol(format!("the server speaks `{version}`, which this client does not")));
        }
        if let Wire::Http(http) = &self.wire {
            http.negotiated(version);
        }
        *lock(&self.server) = Some(result);
        self.post(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await?;
        if let (Wire::Http(http), true) = (&self.wire, self.settings.session_stream) {
            http.open_stream(self).await;
        }
        Ok(())
    }

    /// The protocol version in use.
    pub(super) fn version(&self) -> String {
        let negotiated =
            lock(&self.server).as_ref().and_then(|server| Some(server["protocolVersion"].as_str()?.to_owned()));
        negotiated.unwrap_or_else(|| self.settings.revision.as_str().to_owned())
    }

    /// The session's id, where there is a session.
    pub(super) fn session_id(&self) -> Option<String> {
        match &self.wire {
            Wire::Http(http) => http.session().id,
            Wire::Lines(_) => None,
        }
    }

    /// Sends a request; if the session has ended, begins a new one and sends it again (2025-11-25, "Session
    /// Management"). A request with headers of its own is sent once, as it is.
    pub(super) async fn send(
        self: &Arc<Self>,
        method: &str,
        params: Value,
        options: &RequestOptions,
    ) -> Result<Reply, ClientError> {
        let session = self.session_id().filter(|_| options.headers.is_empty());
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

    async fn renew(self: &Arc<Self>, ended: &str) -> Result<(), ClientError> {
        let _renewing = self.renewing.lock().await;
        let Wire::Http(http) = &self.wire else { return Ok(()) };
        // Somebody else may have begun the new session meanwhile.
        if self.session_id().is_some_and(|id| id != ended) {
            return Ok(());
        }
        http.forget();
        self.initialize().await
    }
}
