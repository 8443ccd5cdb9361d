//! The database file: its lock, and whether it is still there.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use super::error::{Failure, Result};

/// Where the database is, and the lock around its transactions.
///
/// SQLite's own lock is polled and starves: a process that writes without pause keeps the others out. The lock of a file
/// beside the database has a queue.
#[derive(Debug)]
pub(super) struct Location {
    path: PathBuf,
    lock: File,
}

impl Location {
    /// Finds the place of a database that need not exist yet.
    pub(super) fn new(path: &Path) -> Result<Self> {
        let path = resolve(path)?;
        let mut lock = path.clone().into_os_string();
        lock.push("-lock");
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock)
            .map_err(Failure::file(format!("cannot open `{}`", Path::new(&lock).display())))?;
        Ok(Self { path, lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until no other process writes.
    pub(super) fn lock(&self) -> Result<Guard<'_>> {
        loop {
            match self.lock.lock() {
                Ok(()) => return Ok(Guard(&self.lock)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Failure::file("cannot lock the lock file")(error)),
            }
        }
    }
}

/// The lock, held.
#[derive(Debug)]
pub(super) struct Guard<'a>(&'a File);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::error!(%error, "the lock file of the task store was not unlocked");
        }
    }
}

/// The file that was opened, which its path may no longer name.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    path: PathBuf,
    number: FileNumber,
}

/// Device and inode.
#[cfg(unix)]
type FileNumber = (u64, u64);

/// An open file is neither deleted nor replaced.
#[cfg(not(unix))]
type FileNumber = ();

impl Identity {
    pub(super) fn of(path: &Path) -> Result<Self> {
        Ok(Self { path: path.to_owned(), number: number(path)? })
    }

    /// Fails if another file, or none, has the path now: SQLite would go on reading and writing what nobody will ever
    /// find again.
    pub(super) fn check(&self) -> Result<()> {
        if number(&self.path)? == self.number { Ok(()) } else { Err(gone(&self.path)) }
    }
}

fn number(path: &Path) -> Result<FileNumber> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(number_of(&metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(gone(path)),
        Err(error) => Err(Failure::file("cannot see the database file")(error)),
    }
}

#[cfg(unix)]
fn number_of(metadata: &Metadata) -> FileNumber {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn number_of(_: &Metadata) -> FileNumber {}

fn gone(path: &Path) -> Failure {
    Failure::refused(format!("the file `{}` was deleted or replaced; restart the server", path.display()))
}

/// The path by which every process names the file, so that all of them take the same lock.
fn resolve(path: &Path) -> Result<PathBuf> {
    let name = path.file_name().filter(|name| *name != ":memory:");
    let Some(name) = name else {
        return Err(Failure::refused(format!("`{}` names no file", path.display())));
    };
    match fs::canonicalize(path) {
        Ok(path) => return Ok(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(Failure::file(format!("cannot open `{}`", path.display()))(error)),
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let directory =
        fs::canonicalize(directory).map_err(Failure::file(format!("cannot open `{}`", directory.display())))?;
    Ok(directory.join(name))
}
