//! Everything that can go wrong for a client.

use std::{error::Error, time::Duration};

use pmcp_protocol::{RpcError, TaskStatus};

/// The reason a request has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server answered with a JSON-RPC error. A failed task ends with the error it carries.
    #[error("the server answered with an error: {0}")]
    Rpc(#[source] RpcError),
    /// The server answered with an HTTP status and no JSON-RPC message.
    #[error("the server answered with HTTP status {status}")]
    Http {
        /// The status.
        status: u16,
        /// The `WWW-Authenticate` header, if there is one.
        authenticate: Option<String>,
        /// The body, unless it is too long.
        body: String,
    },
    /// The connection could not be made or broke.
    #[error("the connection failed: {0}")]
    Transport(#[source] Box<dyn Error + Send + Sync>),
    /// The connection is closed.
    #[error("the connection is closed")]
    Closed,
    /// There was no answer in time.
    #[error("there was no answer within {0:?}")]
    Timeout(Duration),
    /// The server sent something the protocol does not allow.
    #[error("the server broke the protocol: {0}")]
    Protocol(String),
    /// The server asks for something that has no answer: there is no callback for it, or the callback failed.
    #[error("the server asks with `{method}`: {reason}")]
    Unanswered {
        /// The method of the question.
        method: String,
        /// The reason there is no answer.
        #[source]
        reason: RpcError,
    },
    /// The server kept asking before it gave a result.
    #[error("the server still asks for input after {0} rounds")]
    TooManyRounds(usize),
    /// The task was cancelled.
    #[error("the task was cancelled")]
    Cancelled,
    /// The task has no result yet.
    #[error("the task has not ended; it is `{}`", .0.as_str())]
    NotFinished(TaskStatus),
    /// The connection's protocol version has no such thing.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The client was given something it cannot send.
    #[error("{0}")]
    Input(String),
}

impl ClientError {
    /// The JSON-RPC error, if the server answered with one.
    #[must_use]
    pub fn rpc(&self) -> Option<&RpcError> {
        match self {
            Self::Rpc(error) => Some(error),
            _ => None,
        }
    }

    /// The JSON-RPC error's code, if the server answered with one.
    #[must_use]
    pub fn code(&self) -> Option<i64> {
        self.rpc().map(|error| error.code)
    }

    /// A wire that failed, with its reason.
    pub fn transport(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Transport(error.into())
    }

    /// A server that sent something the protocol does not allow.
    pub fn protocol(text: impl Into<String>) -> Self {
        Self::Protocol(text.into())
    }
}
