//! The files a store lives in, and whether they are still those that were opened.
//!
//! SQLite goes on with files that have lost their names, and reads what it remembers of a log that was cut: nobody would
//! ever find again what is written then. So every transaction looks before it begins, when nothing is written yet, and
//! again after its commit and before anybody is told of it. Once a file is not the store's any more, nothing is, until
//! the store is opened again.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use rusqlite::{Connection, config::DbConfig, ffi};

use super::{
    error::{Failure, Result},
    file::Location,
    path,
    seen::{FileNumber, Seen},
};

/// Length of the log's header, and of the one before each of its pages, in bytes.
const HEADER: u64 = 32;
const FRAME_HEADER: u64 = 24;

/// Places of the log's random number, which changes when it begins anew, in these headers.
const SALT: u64 = 16;
const FRAME_SALT: u64 = 8;

type Salt = [u8; 8];

/// Number of times, and the time between, that it looks at the index while another program writes its first lines. One that
/// is stopped meanwhile holds nobody up for longer.
const LOOKS: u32 = 1000;
const LOOK: Duration = Duration::from_millis(1);

/// A file, by its path and what the path named when it was opened.
#[derive(Debug)]
struct Opened {
    path: PathBuf,
    number: FileNumber,
    /// Largest size that was seen, in bytes.
    size: AtomicU64,
}

/// What the path of a file that was opened names now.
enum Found {
    /// `shrunk` if it is smaller than it was.
    Same {
        seen: Seen,
        shrunk: bool,
    },
    Another,
    Nothing,
}

impl Opened {
    fn new(path: PathBuf, seen: Seen) -> Self {
        Self { path, number: seen.number, size: AtomicU64::new(seen.size) }
    }

    /// Looks at what the path names now.
    fn look(&self) -> Result<Found> {
        // Before the look: what other threads see meanwhile may be more.
        let before = self.size.load(Ordering::Relaxed);
        match Seen::at(&self.path) {
            Ok(seen) if seen.number == self.number => {
                self.size.fetch_max(seen.size, Ordering::Relaxed);
                Ok(Found::Same { seen, shrunk: seen.size < before })
            }
            Ok(_) => Ok(Found::Another),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Nothing),
            Err(error) => Err(Failure::file(format!("cannot look at `{}`", self.path.display()))(error)),
        }
    }
}

/// The files of an open store: the database, its log and the log's index, and the two that processes take turns by.
#[derive(Debug)]
pub(super) struct Files {
    database: Opened,
    log: Opened,
    index: Opened,
    turns: [Opened; 2],
    /// The log, to read its headers. It has no locks, which closing the database or the index would give up.
    headers: File,
    /// Bytes of a page.
    page: u64,
    /// End of the log that was whole, and the log's random number then.
    whole: Mutex<Option<(u64, Salt)>>,
    lost: OnceLock<Lost>,
    /// Set once everything in the log is in the database, too, of a store that is lost.
    saved: AtomicBool,
}

/// The reason why a store is given up.
#[derive(Debug)]
struct Lost {
    failure: Failure,
    /// Only a name is lost: SQLite still has the file.
    whole: bool,
}

impl Files {
    /// Notes the files of a database that is open, and so has a log.
    pub(super) fn of(location: &Location, db: &Connection) -> Result<Self> {
        let opened = |path: PathBuf| match Seen::at(&path) {
            Ok(seen) => Ok(Opened::new(path, seen)),
            Err(error) => Err(Failure::file(format!("cannot look at `{}`", path.display()))(error)),
        };
        let log = location.beside("-wal");
        let cannot_open = || Failure::file(format!("cannot open `{}`", log.display()));
        let headers = File::open(&log).map_err(cannot_open())?;
        let metadata = headers.metadata().map_err(cannot_open())?;
        let files = Self {
            database: opened(location.path().to_owned())?,
            log: Opened::new(log, Seen::of(&metadata)),
            index: opened(location.beside("-shm"))?,
            turns: [opened(location.beside("-lock"))?, opened(location.beside("-wait"))?],
            headers,
            page: db.query_row("PRAGMA page_size", [], |row| row.get::<_, u32>(0))?.into(),
            whole: Mutex::new(None),
            lost: OnceLock::new(),
            saved: AtomicBool::new(false),
        };
        files.check(db)?;
        Ok(files)
    }

    /// Path of the database.
    pub(super) fn path(&self) -> &Path {
        &self.database.path
    }

    /// Fails if a file is not the store's any more: deleted, replaced, cut or overwritten. Outside of a transaction.
    pub(super) fn check(&self, db: &Connection) -> Result<()> {
        let log = self.look(db)?;
        self.check_log(db, log)
    }

    /// The same for what is not acknowledged afterwards, at a fraction of the cost: a log that is as long as it was when it was
    /// whole is not read.
    pub(super) fn check_lengths(&self, db: &Connection) -> Result<()> {
        let log = self.look(db)?;
        let whole = *self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        if whole.is_some_and(|(end, _)| log >= HEADER + end * (FRAME_HEADER + self.page)) {
            return Ok(());
        }
        self.check_log(db, log)
    }

    /// Fails if a file is deleted, replaced or cut, but for the log, whose length it tells.
    fn look(&self, db: &Connection) -> Result<u64> {
        if let Some(lost) = self.lost.get() {
            return Err(lost.failure.clone());
        }
        let found = |file: &Opened| match file.look()? {
            Found::Same { seen, shrunk } => Ok((seen, shrunk)),
            Found::Another | Found::Nothing => Err(self.lose(file, "deleted or replaced", true)),
        };
        for file in &self.turns {
            found(file)?;
        }
        let (log, _) = found(&self.log)?;
        let (_, shrunk) = found(&self.index)?;
        if shrunk {
            // SQLite has it in memory, and what is not there any more ends the process when it is touched.
            return Err(self.lose(&self.index, "cut", false));
        }
        let (database, shrunk) = found(&self.database)?;
        path::check_names(&self.database.path, database.names)?;
        if shrunk {
            self.check_database(db, database.size)?;
        }
        Ok(log.size)
    }

    /// Fails if the database has fewer pages than its log says, and than it had: not so if another program compacted it.
    fn check_database(&self, db: &Connection, size: u64) -> Result<()> {
        let pages: u32 = db.prepare_cached("PRAGMA page_count")?.query_row([], |row| row.get(0))?;
        if size < u64::from(pages) * self.page {
            return Err(self.lose(&self.database, "cut", false));
        }
        self.database.size.store(size, Ordering::Relaxed);
        Ok(())
    }

    /// Fails if the log does not hold what its index says.
    fn check_log(&self, db: &Connection, mut size: u64) -> Result<()> {
        let mut before = None;
        loop {
            let end = end_of_log(db)?;
            if self.is_whole(end, size).map_err(Failure::file(format!("cannot read `{}`", self.log.path.display())))? {
                return Ok(());
            }
            // Another program may have emptied it meanwhile, which the index tells before the log is cut.
            if before == Some(end) {
                return Err(self.lose(&self.log, "cut or overwritten", false));
            }
            before = Some(end);
            size = self.headers.metadata().map_or(0, |metadata| metadata.len());
        }
    }

    /// Tells whether the log has this many pages at least: its first header, the last page and the one that was the last
    /// when it was whole belong together. What is cut off and then written over leaves zeros there. Nothing is read where
    /// nothing was written since.
    fn is_whole(&self, end: u64, size: u64) -> io::Result<bool> {
        let frame = FRAME_HEADER + self.page;
        let frame_salt = |end: u64| self.salt(HEADER + (end - 1) * frame + FRAME_SALT);
        let mut whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        if size < HEADER + end * frame {
            return Ok(end == 0);
        }
        if end == 0 || whole.is_some_and(|(before, _)| before == end) {
            return Ok(true);
        }
        let Some(salt) = self.salt(SALT)? else { return Ok(false) };
        if frame_salt(end)? != Some(salt) {
            return Ok(false);
        }
        if let Some((before, known)) = *whole
            && known == salt
            && before <= end
            && frame_salt(before)? != Some(salt)
        {
            return Ok(false);
        }
        *whole = Some((end, salt));
        Ok(true)
    }

    /// Reads a random number of the log; `None` if it ends before.
    #[cfg(unix)]
    fn salt(&self, at: u64) -> io::Result<Option<Salt>> {
        use std::os::unix::fs::FileExt as _;
        let mut salt = Salt::default();
        match self.headers.read_exact_at(&mut salt, at) {
            Ok(()) => Ok(Some(salt)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Knows nothing but the sizes where a file has one place for all who read it.
    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "on Unix it reads")]
    fn salt(&self, _: u64) -> io::Result<Option<Salt>> {
        Ok(Some(Salt::default()))
    }

    /// Gives the store up, and says so once.
    fn lose(&self, file: &Opened, what: &str, whole: bool) -> Failure {
        let failure = Failure::refused(format!(
            "`{}` was {what} while the store was open, so that nothing is read or written any more; put the file back \
             if you can, and restart the server",
            file.path.display()
        ));
        if self.lost.set(Lost { failure: failure.clone(), whole }).is_ok() {
            crate::heard::error!(%failure, "the store of tasks is lost until it is opened again");
        }
        failure
    }

    /// Copies what the log of a lost store holds into the database, where a restart finds it. Not so if others may have
    /// opened the database with another log meanwhile. The caller holds the lock.
    pub(super) fn save(&self, db: &Connection) {
        let Some(Lost { whole: true, .. }) = self.lost.get() else { return };
        let same = |file: &Opened| matches!(file.look(), Ok(Found::Same { .. }));
        let nobodys = |file: &Opened| matches!(file.look(), Ok(Found::Same { .. } | Found::Nothing));
        let alone = self.turns.iter().all(same) && same(&self.database) && nobodys(&self.log) && nobodys(&self.index);
        if !alone || self.saved.load(Ordering::Relaxed) {
            return;
        }
        match self.copy(db) {
            Ok(done) => self.saved.store(done, Ordering::Relaxed),
            Err(failure) => crate::heard::error!(%failure, "tasks of a lost log may not be in the database"),
        }
    }

    /// Copies the log into the database; tells whether it did so to its end.
    fn copy(&self, db: &Connection) -> Result<bool> {
        let cannot_read = || Failure::file("cannot read the log");
        let size = self.headers.metadata().map_err(cannot_read())?.len();
        if !self.is_whole(end_of_log(db)?, size).map_err(cannot_read())? {
            return Ok(false);
        }
        let copied = |row: &rusqlite::Row<'_>| Ok(row.get::<_, i64>(1)? == row.get::<_, i64>(2)?);
        Ok(db.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?.query_row([], copied)?)
    }

    /// Prepares the end of a connection: what is left of a store that is lost is not written into the database.
    pub(super) fn leave(&self, db: &Connection) {
        if self.lost.get().is_some() && db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).is_err() {
            crate::heard::error!("what is left of a lost log may be written into the database");
        }
    }
}

/// Number of pages in the log, by its index.
fn end_of_log(db: &Connection) -> Result<u64> {
    for _ in 0..LOOKS {
        let (busy, end): (bool, i64) =
            db.prepare_cached("PRAGMA wal_checkpoint(NOOP)")?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        match u64::try_from(end) {
            Ok(end) => return Ok(end),
            // Another program writes the index.
            Err(_) if busy => thread::sleep(LOOK),
            Err(_) => return Err(Failure::refused("another program took the write-ahead log away from the database")),
        }
    }
    Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None).into())
}
