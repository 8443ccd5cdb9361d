//! A connection to the file, and how it is opened.

use std::{ops::Deref, sync::Arc, time::Duration};

use rusqlite::Connection;

use super::{error::Result, files::Files};
use crate::store::Missing;

/// Options of opening, which tests change, too.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) missing: Missing,
    /// SQLite's `synchronous`.
    pub(super) synchronous: &'static str,
    /// Number of pages the file may have.
    pub(super) max_pages: Option<u32>,
    /// The time after which the log tells that opening waits.
    pub(super) late: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { missing: Missing::Made, synchronous: "full", max_pages: None, late: Duration::from_secs(1) }
    }
}

/// A connection with the statements of the store.
pub(super) struct Db {
    pub(super) connection: Connection,
    /// Random: tells the changes of this backend from those of others.
    pub(super) origin: i64,
    pub(super) files: Arc<Files>,
}

impl Db {
    /// Fails if the files are not the store's any more. Outside of a transaction.
    pub(super) fn check(&self) -> Result<()> {
        self.files.check(&self.connection)
    }

    /// The same before anything is read or written, where the log is only looked at if it is shorter than it was.
    pub(super) fn check_lengths(&self) -> Result<()> {
        self.files.check_lengths(&self.connection)
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        self.files.leave(&self.connection);
    }
}

impl Deref for Db {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}
