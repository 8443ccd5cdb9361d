//! Failures of SQLite, by meaning.

use std::{borrow::Cow, io, sync::Arc};

use rusqlite::ErrorCode;

use super::db::NAME;
use crate::store::StoreError;

/// Result of this module's functions.
pub(super) type Result<T, E = Failure> = std::result::Result<T, E>;

/// A failure that can be told to every caller of a lost transaction.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Failure {
    /// SQLite says so.
    #[error(transparent)]
    Sqlite(Arc<rusqlite::Error>),
    /// The file system says so.
    #[error("{what}")]
    File { what: Cow<'static, str>, source: Arc<io::Error> },
    /// This build or this file cannot do it, ever.
    #[error("{0}")]
    Refused(Cow<'static, str>),
    /// A stored record cannot be read.
    #[error("{why}")]
    Corrupt { what: Cow<'static, str>, why: &'static str },
    /// The thread that does the work has ended.
    #[error("the store's thread has ended")]
    Stopped,
}

impl Failure {
    pub(super) fn file(what: impl Into<Cow<'static, str>>) -> impl FnOnce(io::Error) -> Self {
        |source| Self::File { what: what.into(), source: Arc::new(source) }
    }

    pub(super) fn refused(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(why.into())
    }

    pub(super) fn corrupt(what: impl Into<Cow<'static, str>>, why: &'static str) -> Self {
        Self::Corrupt { what: what.into(), why }
    }

    /// Tells whether what failed was too much for the disk; less may fit.
    pub(super) fn is_full(&self) -> bool {
        matches!(self, Self::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull))
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        let refused = match &failure {
            Failure::Sqlite(error) => match error.as_ref() {
                rusqlite::Error::SqliteFailure(code, _) => match code.code {
                    ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                        return corrupt("the database file", failure);
                    }
                    ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::OutOfMemory
                    | ErrorCode::FileLockingProtocolFailed
                    | ErrorCode::OperationInterrupted
                    | ErrorCode::SchemaChanged => false,
                    // A full or read-only disk, a missing permission, a table that is not there.
                    _ => true,
                },
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::Utf8Error(..) => return corrupt("of a task", failure),
                _ => true,
            },
            Failure::File { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::NotFound
                    | io::ErrorKind::PermissionDenied
                    | io::ErrorKind::ReadOnlyFilesystem
                    | io::ErrorKind::NotADirectory
                    | io::ErrorKind::IsADirectory
                    | io::ErrorKind::InvalidFilename
                    | io::ErrorKind::InvalidInput
                    | io::ErrorKind::StorageFull
                    | io::ErrorKind::QuotaExceeded
                    | io::ErrorKind::Unsupported
            ),
            Failure::Refused(_) => true,
            Failure::Corrupt { what, .. } => return corrupt(what.clone(), failure),
            Failure::Stopped => false,
        };
        let (backend, source) = (NAME, Box::new(failure));
        if refused { Self::Refused { backend, source } } else { Self::Unavailable { backend, source } }
    }
}

fn corrupt(what: impl Into<String>, failure: Failure) -> StoreError {
    StoreError::Corrupt { backend: NAME, what: what.into(), source: Some(Box::new(failure)) }
}
