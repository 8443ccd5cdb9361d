//! Why a server cannot be built or served.

use std::net::SocketAddr;

/// Why a server cannot be built or served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The tools do not fit together.
    #[error(transparent)]
    Build(#[from] pmcp_tasks::router::BuildError),
    /// Two prompts or resources have one name.
    #[error("two {what}s are named `{name}`")]
    Duplicate {
        /// What they are.
        what: &'static str,
        /// Their name or URI.
        name: String,
    },
    /// A resource template is not one.
    #[error("`{template}` is not a resource template: {reason}")]
    Template {
        /// The template.
        template: String,
        /// Why.
        reason: &'static str,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] pmcp_tasks::store::StoreError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The command line is wrong.
    #[error("{0}")]
    Usage(String),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
