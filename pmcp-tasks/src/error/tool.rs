//! Failures of a tool.

use std::{any::Any, borrow::Cow, error::Error, fmt};

use serde_json::Value;

use super::{AskError, Cancelled};
use crate::protocol::RpcError;

/// The failure of a tool.
///
/// - [`ToolError::new`] is a result with `isError` that the model may read.
/// - [`ToolError::rpc`] is a JSON-RPC error.
/// - [`ToolError::not_found`] is what a resource says of a URI that names nothing.
/// - `?` on an [`AskError`] says what is the matter; a capability the client lacks is error -32021 in 2026-07-28.
/// - `?` on a `String` or a `&'static str` is what [`ToolError::new`] makes of it.
/// - `?` on any other error is a result with `isError` that says "internal error" and a reference; what happened goes to
///   [`tracing`] under that reference and not to the client. [`ResultExt::context`] adds a line the model may read.
/// - A mistake of the program that the runtime finds, such as a step name used twice in one run, is told as what it is.
///
/// Errors are those that implement [`Error`], `Box<dyn Error + Send + Sync>`, and what converts into it as `anyhow::Error`
/// does; turn on the feature `anyhow` for a cancellation or another of our errors to keep its meaning as an `anyhow::Error`.
/// For the model to read what such an error says, write `.map_err(ToolError::new)?`:
///
/// ```
/// # use pmcp_tasks::prelude::*;
/// #[task_tool]
/// async fn rows(path: &str) -> Result<usize, ToolError> {
///     let text = std::fs::read_to_string("settings")?; // "internal error", and the log has the rest
///     let rows: usize = text.parse().map_err(ToolError::new)?; // "invalid digit found in string"
///     let rows = rows.checked_add(1).ok_or("too many rows")?; // "too many rows"
///     Ok(rows)
/// }
/// ```
///
/// Like other errors that anything converts into, it does not implement [`Error`] itself.
pub struct ToolError(pub(crate) Kind);

pub(crate) enum Kind {
    Visible(String),
    Rpc(RpcError),
    Cancelled,
    /// There is no such resource: which error that is depends on the revision, and on the URI.
    NotFound,
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

    /// There is no such resource: the error that the client's revision has for an unknown URI (resources, "Error Handling"). Of a
    /// tool or a prompt it is what [`ToolError::new`] makes of "not found".
    #[must_use]
    pub fn not_found() -> Self {
        Self(Kind::NotFound)
    }

    /// Ends the task as cancelled. That is what a [`Cancelled`] becomes, and what an answer that cannot come any more does.
    #[must_use]
    pub fn cancelled() -> Self {
        Self(Kind::Cancelled)
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
            Kind::NotFound => f.write_str("ToolError(not found)"),
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
            Kind::Cancelled => f.write_str("cancelled"),
            Kind::NotFound => f.write_str("not found"),
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

/// Type of which `?` makes a [`ToolError`].
#[diagnostic::on_unimplemented(
    message = "`?` cannot make a `ToolError` of `{Self}`",
    label = "not an error that is `Send + Sync`: implement `std::error::Error`, or let the model read it with `.map_err(ToolError::new)?`",
    note = "errors are those that implement `std::error::Error`, `Box<dyn Error + Send + Sync>`, `anyhow::Error`, and texts for the model"
)]
pub trait IntoFailure: Into<Box<dyn Error + Send + Sync>> + 'static {}

#[diagnostic::do_not_recommend]
impl<E: Into<Box<dyn Error + Send + Sync>> + 'static> IntoFailure for E {}

impl<E: IntoFailure> From<E> for ToolError {
    fn from(error: E) -> Self {
        let any: &dyn Any = &error;
        let is_text = any.is::<String>() || any.is::<&'static str>() || any.is::<Cow<'static, str>>();
        // As a `Box` it would be of a type of its own.
        #[cfg(feature = "anyhow")]
        if let Some(kind) = any.downcast_ref::<anyhow::Error>().and_then(|error| meaning(&**error)) {
            return Self(kind);
        }
        let error = error.into();
        if is_text {
            return Self(Kind::Visible(error.to_string()));
        }
        Self(meaning(&*error).unwrap_or(Kind::Internal { source: error, context: None }))
    }
}

/// The meaning of one of our own errors beyond "internal". They keep it through `?`, and inside the errors of others, where
/// [`Error::source`] or `anyhow`'s `context` put them.
fn meaning(error: &(dyn Error + 'static)) -> Option<Kind> {
    // Inside somebody else's error it is not ours to send.
    if let Some(rpc) = error.downcast_ref::<RpcError>() {
        return Some(Kind::Rpc(rpc.clone()));
    }
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<Cancelled>() {
            return Some(Kind::Cancelled);
        }
        if let Some(ask) = error.downcast_ref::<AskError>() {
            return match ask {
                AskError::Stopped => Some(Kind::Cancelled),
                AskError::Unsupported { what } => Some(Kind::Unsupported(what)),
                AskError::Declined
                | AskError::Cancelled
                | AskError::Refused { .. }
                | AskError::Unopened { .. }
                | AskError::Invalid { .. } => Some(Kind::Visible(ask.to_string())),
                AskError::Failed { .. } => None,
            };
        }
        next = error.source();
    }
    None
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

#[cfg(test)]
mod tests {
    use std::{error::Error, io};

    use anyhow::Context as _;

    // Not all of it: `ResultExt` has a `context` of its own.
    use super::{AskError, Cancelled, Kind, RpcError, ToolError};
    use crate::error::CancelCause;

    fn cancelled() -> Cancelled {
        Cancelled::new(CancelCause::Shutdown)
    }

    fn of(error: impl Into<ToolError>) -> String {
        let error = error.into();
        let kind = match &error.0 {
            Kind::Visible(_) => "visible",
            Kind::Rpc(_) => "rpc",
            Kind::Cancelled => "cancelled",
            Kind::NotFound => "not found",
            Kind::Unsupported(_) => "unsupported",
            Kind::Internal { .. } => "internal",
        };
        format!("{kind}: {error}")
    }

    #[test]
    fn errors_of_every_kind_become_one() {
        assert_eq!(of(io::Error::other("secret")), "internal: secret");
        assert_eq!(of(anyhow::anyhow!("secret").context("reading")), "internal: reading: secret");
        assert_eq!(of(Box::<dyn Error + Send + Sync>::from("secret")), "internal: secret");
        assert_eq!(of("no rows"), "visible: no rows");
        assert_eq!(of(String::from("no rows")), "visible: no rows");
        assert_eq!(of(ToolError::new(anyhow::anyhow!("no rows"))), "visible: no rows");
    }

    #[test]
    fn our_own_keep_their_meaning_inside_others() {
        let inside: fn() -> Box<dyn Error + Send + Sync> = || AskError::Declined.into();
        assert_eq!(of(inside()), "visible: the user declined to answer");
        assert_eq!(
            of(Err::<(), _>(cancelled()).context("asleep").context("again").unwrap_err()),
            "cancelled: cancelled"
        );
        let unsupported = Err::<(), _>(AskError::Unsupported { what: "sampling" }).context("asking").unwrap_err();
        assert!(of(unsupported).starts_with("unsupported: "));
        assert!(of(Err::<(), _>(RpcError::new(7, "gone")).context("upstream").unwrap_err()).starts_with("internal: "));
    }
    #[cfg(feature = "anyhow")]
    #[test]
    fn with_the_feature_they_keep_it_as_errors_of_anyhow() {
        assert_eq!(of(anyhow::Error::new(cancelled())), "cancelled: cancelled");
        assert_eq!(of(anyhow::Error::new(AskError::Declined)), "visible: the user declined to answer");
        assert_eq!(of(anyhow::Error::new(RpcError::new(7, "gone"))), of(RpcError::new(7, "gone")));
    }
}
