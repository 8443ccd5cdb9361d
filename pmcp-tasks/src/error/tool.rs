//! Failures of a tool.

use std::{any::Any, error::Error, fmt};

use serde_json::Value;

use super::{AskError, Cancelled};
use crate::protocol::RpcError;

/// The failure of a tool.
///
/// - [`ToolError::new`] is a result with `isError` that the model may read.
/// - [`ToolError::rpc`] is a JSON-RPC error.
/// - `?` on an [`AskError`] says what is the matter; a capability the client lacks is error -32021 in 2026-07-28.
/// - `?` on any other error is a result with `isError` that says "internal error" and a reference; what happened goes to
///   [`tracing`] under that reference and not to the client. [`ResultExt::context`] adds a line the model may read.
/// - A mistake of the program that the runtime finds, such as a step name used twice in one run, is told as what it is.
///
/// Like other errors that anything converts into, it does not implement [`Error`] itself.
pub struct ToolError(pub(crate) Kind);

pub(crate) enum Kind {
    Visible(String),
    Rpc(RpcError),
    Cancelled,
    /// The client lacks this capability: which error that is depends on the revision.
    Unsupported(&'static str),
    Internal {
        source: Box<dyn Error + Send + Sync>,
        context: Option<String>,
    },
}

impl ToolError {
    /// A result with `isError` and this text, for the model to read.
    pub fn new(text: impl fmt::Display) -> Self {
        Self(Kind::Visible(text.to_string()))
    }

    /// A JSON-RPC error. Codes from -32768 to -32000 are reserved by JSON-RPC; use others for your own.
    pub fn rpc(code: i64, text: impl Into<String>) -> Self {
        Self(Kind::Rpc(RpcError::new(code, text)))
    }

    /// A JSON-RPC error with details for a program.
    pub fn rpc_with_data(code: i64, text: impl Into<String>, data: Value) -> Self {
        Self(Kind::Rpc(RpcError::new(code, text).with_data(data)))
    }

    /// Adds a line the model may read. Of errors that it may read anyway it becomes the beginning.
    #[must_use]
    pub fn context(self, text: impl fmt::Display) -> Self {
        Self(match self.0 {
            Kind::Visible(inner) => Kind::Visible(format!("{text}: {inner}")),
            Kind::Internal { source, context } => Kind::Internal {
                source,
                context: Some(match context {
                    Some(inner) => format!("{text}: {inner}"),
                    None => text.to_string(),
                }),
            },
            other => other,
        })
    }

    /// Tells whether the tool ended because it was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0, Kind::Cancelled)
    }
}

impl fmt::Debug for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Visible(text) => f.debug_tuple("ToolError").field(text).finish(),
            Kind::Rpc(error) => f.debug_tuple("ToolError").field(error).finish(),
            Kind::Cancelled => f.write_str("ToolError(cancelled)"),
            Kind::Unsupported(what) => write!(f, "ToolError(no {what})"),
            Kind::Internal { source, context } => {
                f.debug_struct("ToolError").field("source", source).field("context", context).finish()
            }
        }
    }
}

/// The text a person debugging the server wants: the error with its causes.
impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Visible(text) => f.write_str(text),
            Kind::Rpc(error) => error.fmt(f),
            Kind::Cancelled => Cancelled.fmt(f),
            Kind::Unsupported(what) => AskError::Unsupported { what }.fmt(f),
            Kind::Internal { source, context } => {
                if let Some(context) = context {
                    write!(f, "{context}: ")?;
                }
                write!(f, "{source}")?;
                let mut cause = source.source();
                while let Some(inner) = cause {
                    write!(f, ": {inner}")?;
                    cause = inner.source();
                }
                Ok(())
            }
        }
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for ToolError {
    fn from(error: E) -> Self {
        // Our own errors have a meaning beyond "internal": they keep it through `?`.
        let any: &dyn Any = &error;
        if any.is::<Cancelled>() {
            return Self(Kind::Cancelled);
        }
        if let Some(ask) = any.downcast_ref::<AskError>() {
            return match ask {
                AskError::Stopped => Self(Kind::Cancelled),
                AskError::Unsupported { what } => Self(Kind::Unsupported(what)),
                AskError::Declined | AskError::Cancelled | AskError::Refused { .. } | AskError::Invalid { .. } => {
                    Self(Kind::Visible(ask.to_string()))
                }
                AskError::Failed { .. } => Self(Kind::Internal { source: Box::new(error), context: None }),
            };
        }
        if let Some(rpc) = any.downcast_ref::<RpcError>() {
            return Self(Kind::Rpc(rpc.clone()));
        }
        Self(Kind::Internal { source: Box::new(error), context: None })
    }
}

/// Adds text for the model to the error of a `Result`.
pub trait ResultExt<T> {
    /// On an error, a [`ToolError`] that begins with this text.
    ///
    /// # Errors
    /// The error of `self`, with the text.
    fn context(self, text: impl fmt::Display) -> Result<T, ToolError>;
}

impl<T, E: Into<ToolError>> ResultExt<T> for Result<T, E> {
    fn context(self, text: impl fmt::Display) -> Result<T, ToolError> {
        self.map_err(|error| error.into().context(text))
    }
}
