//! A small client of the Model Context Protocol.
//!
//! It speaks both task revisions and the handshake of earlier versions, over standard streams, HTTP and anything in
//! process that carries bytes. [`Client::call_and_wait`] is one call for a tool's result, whether or not the call becomes
//! a task; [`TaskHandle`] follows a task, answers what it asks through the callbacks of [`ClientBuilder`], and gives its
//! changes as a stream.
//!
//! ```no_run
//! # async fn example() -> Result<(), pmcp_server::client::ClientError> {
//! use pmcp_server::client::{Client, ElicitAnswer};
//! use serde_json::json;
//!
//! let client = Client::builder("example", "1.0.0")
//!     .on_elicit(|question| async move {
//!         assert_eq!(question.message, "Keep the rejected rows?");
//!         ElicitAnswer::Accept(json!({ "keep": true }))
//!     })
//!     .connect_http("http://127.0.0.1:8080/mcp")
//!     .await?;
//! let result = client.call_and_wait("import_csv", json!({ "path": "rows.csv" })).await?;
//! assert!(!result.is_error);
//! client.close().await
//! # }
//! ```

mod answers;
mod builder;
mod calls;
mod changes;
mod connection;
mod error;
mod events;
mod http;
mod lines;
mod listen;
mod lists;
mod request;
mod session;
mod state;
mod task;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use futures_util::{Stream, stream};
use serde_json::Value;
use tokio::{process::ChildStderr, sync::broadcast::error::RecvError};

pub use answers::{ElicitAnswer, Elicitation};
pub use builder::{ClientBuilder, ClientRevision};
pub use calls::CallOutcome;
pub use error::ClientError;
pub use listen::Subscription;
pub use lists::ToolInfo;
pub use request::{Notification, Reply, RequestOptions};
pub use state::TaskState;
pub use task::{TaskHandle, TaskUpdate};

use connection::{Connection, Wire, lock};

/// A connection to a server. Cheap to clone; the connection ends with the last clone, or with [`close`](Self::close).
#[derive(Clone, Debug)]
pub struct Client {
    connection: Arc<Connection>,
}

impl Client {
    /// Begins a client with the name and version it tells servers.
    pub fn builder(name: impl Into<String>, version: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(name.into(), version.into())
    }

    fn new(connection: Arc<Connection>) -> Self {
        Self { connection }
    }

    fn connection(&self) -> &Arc<Connection> {
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
        lock(&self.connection.server).clone()
    }

    /// The session's id, over HTTP in 2025-11-25 and earlier.
    #[must_use]
    pub fn session_id(&self) -> Option<String> {
        self.connection.session_id()
    }

    /// The standard error of the server's process, if its command piped it. It can be taken once.
    #[must_use]
    pub fn take_stderr(&self) -> Option<ChildStderr> {
        match &self.connection.wire {
            Wire::Lines(lines) => lines.take_stderr(),
            Wire::Http(_) => None,
        }
    }

    /// Every notification of the server from now on. A reader that falls far behind misses the oldest.
    pub fn notifications(&self) -> impl Stream<Item = Notification> + Send + Unpin + 'static {
        let state = (self.connection.subscribe(), self.connection.closed.clone());
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
        let mut message = serde_json::json!({ "jsonrpc": "2.0", "method": method });
        if !params.is_null() {
            message["params"] = params;
        }
        self.connection.post(message).await
    }

    /// Ends the connection: the session of HTTP is deleted, a child is given time to exit.
    ///
    /// # Errors
    /// The server refuses to end the session, or cannot be reached.
    pub async fn close(&self) -> Result<(), ClientError> {
        let closed = match &self.connection.wire {
            Wire::Lines(lines) => {
                lines.close().await;
                Ok(())
            }
            Wire::Http(http) => http.close().await,
        };
        self.connection.lost();
        closed
    }
}
