//! Failures of SQLite, by meaning.

use std::{borrow::Cow, fs::OpenOptions, io, path::Path, sync::Arc};

use rusqlite::{ErrorCode, ffi};

use crate::store::StoreError;

/// The backend's name, in errors.
pub(super) const NAME: &str = "sqlite";

/// Result of this module's functions.
pub(super) type Result<T, E = Failure> = std::result::Result<T, E>;

/// A failure that can be told to every caller of a lost transaction.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Failure {
    /// SQLite says so.
    #[error("{}", words(.0))]
    Sqlite(Arc<rusqlite::Error>),
    /// The file system says so.
    #[error("{what}")]
    File { what: Cow<'static, str>, source: Arc<io::Error> },
    /// The database cannot be opened.
    #[error("{what}")]
    Open { what: String, source: Box<Failure> },
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

    /// Says which file cannot be opened, and what to do.
    pub(super) fn open(path: &Path, failure: Self) -> Self {
        let name = path.display();
        let what = match failure.code() {
            Some(ErrorCode::NotADatabase) => format!("`{name}` is no database; name another file, or move it away"),
            Some(ErrorCode::DatabaseCorrupt) => {
                format!("`{name}` is damaged; restore it, or move it away together with its `-wal` and `-shm`")
            }
            Some(ErrorCode::DiskFull) => format!("cannot open `{name}`; make room on its disk"),
            Some(ErrorCode::CannotOpen) => match OpenOptions::new().read(true).write(true).open(path) {
                Ok(_) => format!("cannot open `{name}`, or the files `-wal` and `-shm` beside it"),
                // SQLite does not tell the reason.
                Err(error) => return Self::file(format!("cannot open `{name}`"))(error),
            },
            _ => format!("cannot open `{name}`"),
        };
        Self::Open { what, source: Box::new(failure) }
    }

    fn code(&self) -> Option<ErrorCode> {
        if let Self::Sqlite(error) = self { error.sqlite_error_code() } else { None }
    }

    pub(super) fn refused(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(why.into())
    }

    pub(super) fn corrupt(what: impl Into<Cow<'static, str>>, why: &'static str) -> Self {
        Self::Corrupt { what: what.into(), why }
    }

    /// Tells whether what failed was too much for the disk; less may fit.
    pub(super) fn is_full(&self) -> bool {
        self.code() == Some(ErrorCode::DiskFull)
    }
}

/// The error as SQLite tells it, with what failed where it only tells that reading or writing did.
fn words(error: &rusqlite::Error) -> String {
    let rusqlite::Error::SqliteFailure(code, _) = error else { return error.to_string() };
    match code.extended_code {
        ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC => {
            format!("{error}: fsync failed, so that what was written may not be on the disk")
        }
        ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_TRUNCATE => format!("{error}: a write failed"),
        ffi::SQLITE_IOERR_READ | ffi::SQLITE_IOERR_SHORT_READ => format!("{error}: a read failed"),
        extended if code.code == ErrorCode::SystemIoFailure => format!("{error} (SQLite's code {extended})"),
        _ => error.to_string(),
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        let cause = if let Failure::Open { source, .. } = &failure { source } else { &failure };
        let refused = match cause {
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
            Failure::Refused(_) | Failure::Open { .. } => true,
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
