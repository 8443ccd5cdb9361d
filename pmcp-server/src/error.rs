//! The reasons why a server cannot be built or served.

use std::{fmt, net::SocketAddr};

use pmcp_tasks::{offer::OfferError, router::BuildError, store::StoreError};

/// The reason why a server cannot be built or served.
///
/// It is what a `main` returns, which prints errors with `Debug`: in either form it is one line that tells the causes, too,
/// and so has no `source`.
///
/// ```
/// use pmcp_server::Error;
///
/// let cause = std::io::ErrorKind::AddrInUse.into();
/// let error = Error::Bind { address: ([127, 0, 0, 1], 80).into(), cause };
/// assert_eq!(error.to_string(), "cannot listen on 127.0.0.1:80: address in use");
/// assert_eq!(format!("{error:?}"), error.to_string());
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The tools do not fit together.
    #[error("{}", with_causes(.0))]
    Build(BuildError),
    /// The prompts and resources do not fit together.
    #[error(transparent)]
    Offer(OfferError),
    /// The widgets and tools do not fit together.
    #[cfg(feature = "apps")]
    #[error(transparent)]
    Widget(pmcp_apps::WidgetError),
    /// The store failed.
    #[error("{}", with_causes(.0))]
    Store(StoreError),
    /// The authenticator cannot be used.
    #[error("the authenticator cannot be used: {0}")]
    Authenticator(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {}", with_causes(.cause))]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The reason.
        cause: std::io::Error,
    },
    /// The command line is wrong.
    #[error("{0}")]
    Usage(String),
    /// Reading or writing failed.
    #[error("{}", with_causes(.0))]
    Io(std::io::Error),
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<BuildError> for Error {
    fn from(error: BuildError) -> Self {
        Self::Build(error)
    }
}

impl From<OfferError> for Error {
    fn from(error: OfferError) -> Self {
        Self::Offer(error)
    }
}

#[cfg(feature = "apps")]
impl From<pmcp_apps::WidgetError> for Error {
    fn from(error: pmcp_apps::WidgetError) -> Self {
        Self::Widget(error)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// The text of the error, and of each of its causes.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full_disk() -> StoreError {
        StoreError::Refused { backend: "sqlite", source: "the disk is full".into() }
    }

    #[test]
    fn main_prints_one_line_with_every_cause() {
        let text = "sqlite: refused: the disk is full";
        for error in
            [Error::from(full_disk()), BuildError::from(full_disk()).into(), std::io::Error::other(text).into()]
        {
            assert_eq!((format!("{error:?}"), error.to_string()), (text.to_owned(), text.to_owned()));
        }
        let inside = std::io::Error::other(full_disk());
        assert_eq!(format!("{:?}", Error::from(inside)), text);
    }
}
