//! Connections, and the tables they find.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, MAIN_DB, OpenFlags, config::DbConfig};

use super::{
    db::Options,
    error::{Failure, Result},
};
use crate::store::Missing;

/// Scripts that bring the tables of each version to the next, `user_version` with them; the first finds an empty file.
const MIGRATIONS: [&str; 3] = [include_str!("schema.sql"), include_str!("workers.sql"), include_str!("taken.sql")];

/// Time SQLite waits for programs that know nothing of the lock file, such as a shell.
const BUSY: Duration = Duration::from_secs(5);

/// Statements a connection keeps prepared: more than there are.
const STATEMENTS: usize = 64;

/// Pages of the write-ahead log after which a commit copies them into the database. A task costs about ten; at four times
/// SQLite's default the copies, with two syncs each, do not show.
const CHECKPOINT_PAGES: u32 = 4000;

/// Largest size of the log file after a checkpoint, in bytes.
const KEPT_LOG: u32 = 64 << 20;

/// The writer's connection, on tables of this build's version. The caller holds the lock.
pub(super) fn open(path: &Path, options: &Options) -> Result<Connection> {
    let connection = connect(path)?;
    if connection.is_readonly(MAIN_DB)? {
        return Err(Failure::refused("the file is read-only; let the server's user write it"));
    }
    check_version(&connection)?;
    check_ours(&connection)?;
    if options.missing == Missing::Refused {
        check_made(&connection)?;
    }
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Failure::refused(format!(
            "no write-ahead log is possible on this file system (journal mode `{mode}`); use a local disk"
        )));
    }
    connection.pragma_update(None, "synchronous", options.synchronous)?;
    // Where fsync leaves data in the drive's cache (macOS), ask for more; ignored elsewhere.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", KEPT_LOG)?;
    migrate(&connection)?;
    if let Some(pages) = options.max_pages {
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    Ok(connection)
}

/// A connection that only reads.
pub(super) fn open_reader(path: &Path) -> Result<Connection> {
    let connection = connect(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn connect(path: &Path) -> Result<Connection> {
    // Readers of a write-ahead log write its index.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Sorting and savepoints need no files of their own.
    connection.pragma_update(None, "temp_store", "memory")?;
    Ok(connection)
}

fn version(connection: &Connection) -> Result<usize> {
    let version: i64 = connection.prepare_cached("PRAGMA user_version")?.query_row([], |row| row.get(0))?;
    usize::try_from(version).map_err(|_| Failure::refused("the file is not a store of tasks"))
}

/// Fails if another build made the tables newer than this one knows.
pub(super) fn check_version(connection: &Connection) -> Result<()> {
    let version = version(connection)?;
    if version > MIGRATIONS.len() {
        return Err(Failure::refused(format!(
            "the file has schema version {version} and this build knows up to {}; use the newer build",
            MIGRATIONS.len()
        )));
    }
    Ok(())
}

/// Fails if the tables are another program's.
fn check_ours(connection: &Connection) -> Result<()> {
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if version(connection)? == 0 && tables > 0 {
        return Err(Failure::refused("the file is another program's database; use a file of its own"));
    }
    Ok(())
}

/// Fails if the tables are not made yet, or by an older build.
fn check_made(connection: &Connection) -> Result<()> {
    match version(connection)? {
        0 => Err(Failure::refused("the file is empty; a server makes a store of it when it starts")),
        version if version < MIGRATIONS.len() => Err(Failure::refused(format!(
            "the file has schema version {version} and this build reads {}; a server of this build brings it up to date when it starts",
            MIGRATIONS.len()
        ))),
        _ => Ok(()),
    }
}

fn migrate(connection: &Connection) -> Result<()> {
    let version = version(connection)?;
    if version == MIGRATIONS.len() {
        return Ok(());
    }
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let migrated = MIGRATIONS[version..]
        .iter()
        .try_for_each(|migration| connection.execute_batch(migration))
        .and_then(|()| connection.execute_batch("COMMIT"));
    if migrated.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    Ok(migrated?)
}
