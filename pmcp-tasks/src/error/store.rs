//! Failures of a store, by meaning.

/// The failure of a store, by meaning.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store cannot be reached or did not answer in time. The write may have been applied: repeat it with its id.
    #[error("{backend}: unavailable")]
    Unavailable {
        /// The backend's name.
        backend: &'static str,
        /// Error it gave.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store refused the operation for good: a full disk, a missing permission, a missing table.
    #[error("{backend}: refused")]
    Refused {
        /// The backend's name.
        backend: &'static str,
        /// Error it gave.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A stored record cannot be read.
    #[error("{backend}: {what} is corrupt")]
    Corrupt {
        /// The backend's name.
        backend: &'static str,
        /// Record that is damaged.
        what: String,
        /// Cause of it.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// A part is larger than the backend stores.
    #[error("{backend}: {size} bytes are more than the {max} it stores")]
    TooLarge {
        /// The backend's name.
        backend: &'static str,
        /// The part's size in bytes.
        size: u64,
        /// The largest part in bytes.
        max: u32,
    },
    /// The URL names no store this build has.
    #[error("{0}")]
    Url(String),
}

impl StoreError {
    /// Tells whether the same operation may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Tells whether nothing can be read or written at present: it may be later, be it that somebody makes room.
    pub(crate) fn is_away(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Refused { .. })
    }

    /// A stable name of the kind of failure, for logs and metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "unavailable",
            Self::Refused { .. } => "refused",
            Self::Corrupt { .. } => "corrupt",
            Self::TooLarge { .. } => "too_large",
            Self::Url(_) => "url",
        }
    }
}
