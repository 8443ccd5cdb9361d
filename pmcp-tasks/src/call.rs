//! A request as the router sees it: which revision, whose, and the way back to the client.

use std::{any::Any, fmt, sync::Arc};

use async_trait::async_trait;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

pub use pmcp_protocol::{ClientCapabilities, Revision, TraceContext};

use crate::{
    protocol::{LogLevel, RpcError},
    security::Principal,
    task::Owner,
};

/// Caller of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Caller {
    /// This owner.
    Known {
        /// The owner.
        owner: Owner,
        /// Finding of the authenticator, if there is one.
        principal: Option<Principal>,
        /// Set if the owner may list tasks: not where several callers are one owner.
        may_list: bool,
    },
    /// Somebody nobody can tell from others: tasks are refused with this text, which says what to configure.
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

    /// The caller of whom this much is known: what a run has of whoever asked for it.
    pub(crate) fn of(owner: Option<Owner>, principal: Option<Principal>) -> Self {
        match owner {
            Some(owner) => Self::Known { owner, principal, may_list: false },
            None => Self::Unknown { reason: "the caller is not known" },
        }
    }

    /// The finding of the authenticator, if there is one.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal> {
        match self {
            Self::Known { principal, .. } => principal.as_ref(),
            Self::Unknown { .. } => None,
        }
    }

    /// Tells whether the caller was granted this scope. The user of a local server needs none: scopes bound tokens, and there is none.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        match self {
            Self::Known { principal: Some(principal), .. } => principal.has_scope(scope),
            Self::Known { owner, principal: None, .. } => *owner == Owner::local(),
            Self::Unknown { .. } => false,
        }
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

    /// Ends the connection on which the client waits, if it can come back for what follows; else nothing happens.
    fn let_go(&self) {}

    /// Sends a request and waits for the answer. If the stream it went over closes, it is sent again on the next one.
    ///
    /// # Errors
    /// The client's error, or [`PeerError::Gone`] when the session ends.
    async fn request(&self, method: &str, params: Value) -> Result<Value, PeerError>;

    /// Ends when the session does.
    async fn closed(&self);
}

/// Reason why a request to the client has no result.
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
    /// Revision it speaks.
    pub revision: Revision,
    /// Caller it belongs to.
    pub caller: Caller,
    /// Abilities the client declared.
    pub client: ClientCapabilities,
    /// The stream of this request.
    pub peer: Arc<dyn Peer>,
    /// The session: outlives the request. `None` where the protocol has none (2026-07-28). What a task that this request
    /// creates asks goes there, as soon as it is asked: the transport holds it back until the client knows the task.
    pub session: Option<Arc<dyn Peer>>,
    /// Fires when the client cancels the request, or closes its stream where that means the same.
    pub cancellation: CancellationToken,
    /// The trace that the transport tells of, as headers of HTTP do; that of the request's `_meta` goes before it.
    pub trace: Option<TraceContext>,
    /// The request as the transport saw it, for functions that know its type: see [`ToolContext::request`](crate::ToolContext::request).
    pub request: Option<Arc<dyn Any + Send + Sync>>,
}

/// Things that a request brings beside its arguments: for the run it begins, and kept with no task.
#[derive(Clone, Debug, Default)]
pub(crate) struct Brought {
    /// `_meta` of its parameters.
    pub(crate) meta: Option<Arc<Map<String, Value>>>,
    /// The request as the transport saw it.
    pub(crate) request: Option<Arc<dyn Any + Send + Sync>>,
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
            trace: None,
            request: None,
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
