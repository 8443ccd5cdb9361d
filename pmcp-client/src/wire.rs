//! The way messages travel.

use std::fmt;

use async_trait::async_trait;
use serde_json::Value;

use crate::{error::ClientError, request::Reply, revision::ClientRevision};

/// A request on its way.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Exchange<'a> {
    /// Its id, which no other request of the connection has.
    pub id: u64,
    /// Its method.
    pub method: &'a str,
    /// The whole message.
    pub message: &'a Value,
    /// HTTP headers in place of the wire's own: a value, or `None` to leave the header out.
    pub headers: &'a [(String, Option<String>)],
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(id: u64, method: &'a str, message: &'a Value, headers: &'a [(String, Option<String>)]) -> Self {
        Self { id, method, message, headers }
    }
}

/// The way messages travel. It is made around the connection's [`Inbox`](crate::Inbox), into which it puts all that the
/// server sends and no exchange of its own waits for.
#[async_trait]
pub trait Wire: fmt::Debug + Send + Sync + 'static {
    /// Sends a request and waits for its answer. Dropping the future gives the request up.
    ///
    /// # Errors
    /// The answer is no JSON-RPC response, or the wire fails.
    async fn exchange(&self, request: Exchange<'_>) -> Result<Reply, ClientError>;

    /// Sends a message that has no answer.
    ///
    /// # Errors
    /// The server refuses it, or the wire fails.
    async fn post(&self, message: &Value) -> Result<(), ClientError>;

    /// Sends the notification that a request was given up, without waiting. It may be lost, and a wire on which the end of
    /// an exchange says as much sends nothing.
    fn cancel(&self, notification: Value);

    /// Takes note of the version that messages have from now on: before the first one, and again if the server turns out to
    /// speak another. It is never [`ClientRevision::Auto`].
    fn speak(&self, version: &ClientRevision) {
        let _ = version;
    }

    /// Takes note that the handshake is over: a server that sends on a stream of its own may do so from now on.
    async fn established(&self) {}

    /// Forgets a session that has ended: another begins.
    fn forget_session(&self) {}

    /// The id of the session, where the wire has sessions.
    fn session_id(&self) -> Option<String> {
        None
    }

    /// Ends the session, and what stands behind the wire.
    ///
    /// # Errors
    /// The server refuses to end the session, or cannot be reached.
    async fn close(&self) -> Result<(), ClientError>;
}
