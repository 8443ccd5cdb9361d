//! A request as the router sees it: which revision, whose, and the way back to the client.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
    log::LogLevel,
    protocol::{RpcError, TASKS_EXTENSION},
    security::Principal,
    task::Owner,
};

/// What a request may expect of tasks, by the protocol version it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Revision {
    /// 2025-06-18 and earlier: no tasks.
    Plain,
    /// 2025-11-25: tasks in the core protocol.
    V2025,
    /// 2026-07-28: the tasks extension.
    V2026,
}

/// What a client declared it can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a capability of its own")]
pub struct ClientCapabilities {
    /// It shows forms.
    pub elicitation: bool,
    /// It tells its roots.
    pub roots: bool,
    /// It asks its model.
    pub sampling: bool,
    /// It understands tasks: it declared the extension, or in 2025-11-25 the `tasks` capability.
    pub tasks: bool,
}

impl ClientCapabilities {
    /// Reads a `ClientCapabilities` object. An elicitation capability that names no mode means forms.
    #[must_use]
    pub fn parse(capabilities: &Value) -> Self {
        let elicitation = capabilities.get("elicitation").and_then(Value::as_object);
        Self {
            elicitation: elicitation.is_some_and(|modes| !modes.contains_key("url") || modes.contains_key("form")),
            sampling: capabilities.get("sampling").is_some_and(Value::is_object),
            roots: capabilities.get("roots").is_some_and(Value::is_object),
            tasks: capabilities
                .get("extensions")
                .and_then(|all| all.get(TASKS_EXTENSION))
                .is_some_and(Value::is_object),
        }
    }

    /// The capability the client lacks to be asked with this method; `None` if it can be asked.
    #[must_use]
    pub fn missing_for(&self, method: &str) -> Option<&'static str> {
        let (declared, capability) = match method {
            "elicitation/create" => (self.elicitation, "elicitation"),
            "sampling/createMessage" => (self.sampling, "sampling"),
            "roots/list" => (self.roots, "roots"),
            _ => (false, "this kind of question"),
        };
        (!declared).then_some(capability)
    }
}

/// Whose a request is.
#[derive(Clone, Debug, PartialEq)]
pub enum Caller {
    /// This owner's.
    Known {
        /// The owner.
        owner: Owner,
        /// What the authenticator found, if there is one.
        principal: Option<Principal>,
        /// Whether the owner may list tasks: not where several callers are one owner.
        may_list: bool,
    },
    /// Nobody's: tasks are refused with this text, which says what to configure.
    Unknown {
        /// For the developer who sees the error.
        reason: &'static str,
    },
}

impl Caller {
    /// The one user of a local server.
    #[must_use]
    pub fn local() -> Self {
        Self::Known { owner: Owner::local(), principal: None, may_list: true }
    }

    /// The owner, if known.
    #[must_use]
    pub fn owner(&self) -> Option<&Owner> {
        match self {
            Self::Known { owner, .. } => Some(owner),
            Self::Unknown { .. } => None,
        }
    }
}

/// The way back to a client: the stream of one request, or any open stream of a session.
#[async_trait]
pub trait Peer: fmt::Debug + Send + Sync + 'static {
    /// Identifies the session (or connection) among those of this process.
    fn session(&self) -> &str;

    /// Sends a notification; it is dropped if no stream is open or the client reads too slowly.
    fn notify(&self, method: &str, params: Value);

    /// The least grave log message the client wants to see; `None` if it wants none.
    fn log_level(&self) -> Option<LogLevel> {
        None
    }

    /// Sends a request and waits for the answer. If the stream it went over closes, it is sent again on the next one.
    ///
    /// # Errors
    /// The client's error, or [`PeerError::Gone`] when the session ends.
    async fn request(&self, method: &str, params: Value) -> Result<Value, PeerError>;

    /// Ends when the session does.
    async fn closed(&self);
}

/// Why a request to the client has no result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerError {
    /// The client answered with an error.
    #[error("the client answered with an error: {0}")]
    Rpc(RpcError),
    /// The session ended.
    #[error("the client is gone")]
    Gone,
}

/// Everything about a request beside its method and parameters.
#[derive(Clone, Debug)]
pub struct CallContext {
    /// Which revision it speaks.
    pub revision: Revision,
    /// Whose it is.
    pub caller: Caller,
    /// What the client can do.
    pub client: ClientCapabilities,
    /// The stream of this request.
    pub peer: Arc<dyn Peer>,
    /// The session: outlives the request. `None` where the protocol has none (2026-07-28). What a task that this request
    /// creates asks goes there, as soon as it is asked: the transport holds it back until the client knows the task.
    pub session: Option<Arc<dyn Peer>>,
    /// Fires when the client cancels the request, or closes its stream where that means the same.
    pub cancellation: CancellationToken,
}

impl CallContext {
    /// The context of a request whose client can do nothing and is reached by its response alone. Set the fields that are
    /// known to be more.
    #[must_use]
    pub fn new(revision: Revision, caller: Caller) -> Self {
        Self {
            revision,
            caller,
            client: ClientCapabilities::default(),
            peer: Arc::new(Nobody),
            session: None,
            cancellation: CancellationToken::new(),
        }
    }
}

/// No way back.
#[derive(Debug)]
struct Nobody;

#[async_trait]
impl Peer for Nobody {
    fn session(&self) -> &'static str {
        ""
    }

    fn notify(&self, _: &str, _: Value) {}

    async fn request(&self, _: &str, _: Value) -> Result<Value, PeerError> {
        Err(PeerError::Gone)
    }

    async fn closed(&self) {
        std::future::pending::<()>().await;
    }
}
