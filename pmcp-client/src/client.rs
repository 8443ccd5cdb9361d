//! The client itself: requests, notifications, and what is known of the server.

use std::{fmt, sync::Arc};

use futures_util::{Stream, stream};
use pmcp_protocol::message;
use serde_json::Value;
use tokio::sync::broadcast::error::RecvError;

use crate::{
    connection::Connection,
    error::ClientError,
    request::{Notification, Reply, RequestOptions},
    runtime::Runtime,
};

/// A connection to a server. Cheap to clone; the connection ends with the last clone, or with [`close`](Self::close).
#[derive(Clone)]
pub struct Client {
    connection: Arc<Connection>,
    /// The standard error of a child, until it is taken.
    #[cfg(feature = "lines")]
    pub(crate) stderr: Arc<parking_lot::Mutex<Option<tokio::process::ChildStderr>>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("connection", &self.connection).finish_non_exhaustive()
    }
}

impl Client {
    pub(crate) fn new(connection: Arc<Connection>) -> Self {
        Self {
            connection,
            #[cfg(feature = "lines")]
            stderr: Arc::default(),
        }
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// The protocol version in use: the client's own, or what the handshake agreed on.
    #[must_use]
    pub fn protocol_version(&self) -> String {
        self.connection.version()
    }

    /// The result of `initialize`; `None` in 2026-07-28, where [`discover`](Self::discover) tells the same.
    #[must_use]
    pub fn server(&self) -> Option<Value> {
        self.connection.server.lock().clone()
    }

    /// The session's id, over HTTP in 2025-11-25 and earlier.
    #[must_use]
    pub fn session_id(&self) -> Option<String> {
        self.connection.wire.session_id()
    }

    /// The executor that the client runs on, for work that belongs to it.
    #[must_use]
    pub fn runtime(&self) -> &Arc<dyn Runtime> {
        &self.connection.runtime
    }

    /// The standard error of the server's process, if its command piped it. It can be taken once.
    #[cfg(feature = "lines")]
    #[must_use]
    pub fn take_stderr(&self) -> Option<tokio::process::ChildStderr> {
        self.stderr.lock().take()
    }

    /// Every notification of the server from now on. A reader that falls far behind misses the oldest.
    pub fn notifications(&self) -> impl Stream<Item = Notification> + Send + Unpin + 'static {
        let inbox = &self.connection.inbox;
        let state = (inbox.notifications(), inbox.closed().clone());
        Box::pin(stream::unfold(state, |(mut receiver, closed)| async move {
            loop {
                tokio::select! {
                    biased;
                    received = receiver.recv() => match received {
                        Ok(notification) => return Some((notification, (receiver, closed))),
                        Err(RecvError::Lagged(missed)) => tracing::warn!(missed, "notifications were not read in time"),
                        Err(RecvError::Closed) => return None,
                    },
                    () = closed.cancelled() => return None,
                }
            }
        }))
    }

    /// Sends a request and gives its result, whatever the method. Input the server asks for first is not answered here.
    ///
    /// # Errors
    /// The server answers with an error or with a `resultType` the request cannot have, or the connection fails.
    pub async fn request(&self, method: &str, params: Value) -> Result<Value, ClientError> {
        let reply = self.request_with(method, params, RequestOptions::new()).await?;
        let result = reply.result.map_err(ClientError::Rpc)?;
        self.connection.check_result(method, &result)?;
        Ok(result)
    }

    /// Sends a request that differs from the ordinary, and gives the answer as it came.
    ///
    /// # Errors
    /// The answer is no JSON-RPC response, or the connection fails.
    pub async fn request_with(
        &self,
        method: &str,
        params: Value,
        options: RequestOptions,
    ) -> Result<Reply, ClientError> {
        self.connection.send(method, params, &options).await
    }

    /// Sends a notification.
    ///
    /// # Errors
    /// The server refuses it, or the connection fails.
    pub async fn notify(&self, method: &str, params: Value) -> Result<(), ClientError> {
        self.connection.post(&message::notification(method, params)).await
    }

    /// Ends the connection: the session of HTTP is deleted, a child is given time to exit.
    ///
    /// # Errors
    /// The server refuses to end the session, or cannot be reached.
    pub async fn close(&self) -> Result<(), ClientError> {
        let closed = self.connection.wire.close().await;
        self.connection.inbox.close();
        closed
    }
}
