//! The place of the database, and the lock that processes take turns by.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use super::{
    error::{Failure, Result},
    path,
};

/// Number of times, and the time between, that a process looks again whether those who wait for the lock have it by
/// now. Waking up takes some 50 µs, and on a busy machine several milliseconds; one that is stopped while it waits
/// holds nobody up for longer.
const LOOKS: u32 = 10;
const LOOK: Duration = Duration::from_micros(100);

/// Place of the database, and the lock around its transactions.
///
/// SQLite's own lock is polled and starves: a process that writes without pause keeps the others out. Those who wait for the
/// lock of a file are woken up when it is free, but the process that has just freed it could take it again meanwhile. So
/// they say that they wait, by sharing the lock of a second file, and it lets them in.
#[derive(Debug)]
pub(super) struct Location {
    path: PathBuf,
    lock: File,
    waiting: File,
}

impl Location {
    /// Finds the place of a database that need not exist yet.
    pub(super) fn new(path: &Path) -> Result<Self> {
        let path = path::resolve(path)?;
        let (lock, waiting) = (path::open(&beside(&path, "-lock"))?, path::open(&beside(&path, "-wait"))?);
        Ok(Self { path, lock, waiting })
    }

    /// The path of a file beside the database.
    pub(super) fn beside(&self, suffix: &str) -> PathBuf {
        beside(&self.path, suffix)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until no other process writes.
    pub(super) fn lock(&self) -> Result<Guard<'_>> {
        self.lock_after(LOOKS)
    }

    fn lock_after(&self, looks: u32) -> Result<Guard<'_>> {
        self.let_others_in(looks)?;
        match self.lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                uninterrupted(|| self.waiting.lock_shared())?;
                let locked = uninterrupted(|| self.lock.lock());
                uninterrupted(|| self.waiting.unlock())?;
                locked?;
            }
            Err(TryLockError::Error(error)) => return Err(Failure::file("cannot lock the lock file")(error)),
        }
        Ok(Guard(&self.lock))
    }

    /// Pauses while somebody waits for the lock; not for long, as it may be a process that is stopped.
    fn let_others_in(&self, looks: u32) -> Result<()> {
        for _ in 0..looks {
            match self.waiting.try_lock() {
                Ok(()) => return uninterrupted(|| self.waiting.unlock()),
                Err(TryLockError::WouldBlock) => thread::sleep(LOOK),
                Err(TryLockError::Error(error)) => return Err(Failure::file("cannot lock the lock file")(error)),
            }
        }
        Ok(())
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(suffix);
    name.into()
}

/// Does something with a lock, whatever signals come.
fn uninterrupted(lock: impl Fn() -> io::Result<()>) -> Result<()> {
    loop {
        match lock() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done.map_err(Failure::file("cannot lock the lock file")),
        }
    }
}

/// The lock, held.
#[derive(Debug)]
pub(super) struct Guard<'a>(&'a File);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            crate::heard::error!(%error, "the lock file of the task store was not unlocked");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn two() -> (tempfile::TempDir, Location, Location) {
        let directory = tempfile::tempdir().unwrap();
        let location = || Location::new(&directory.path().join("tasks.db")).unwrap();
        let (one, other) = (location(), location());
        (directory, one, other)
    }

    #[test]
    fn who_takes_the_lock_again_lets_those_in_who_wait() {
        const TURNS: u32 = 20;
        // For as long as any machine may need to wake the other one.
        const LONG: u32 = 100_000;
        let (_directory, greedy, other) = two();
        let had = AtomicU32::new(0);
        thread::scope(|scope| {
            let mut lock = greedy.lock().unwrap();
            for turn in 0..TURNS {
                scope.spawn(|| {
                    // Without a look of its own, which takes the second lock for a moment as if it waited.
                    let _lock = other.lock_after(0).unwrap();
                    had.fetch_add(1, Ordering::Relaxed);
                });
                // Until the other one waits.
                while greedy.waiting.try_lock().is_ok() {
                    greedy.waiting.unlock().unwrap();
                    thread::yield_now();
                }
                assert_eq!(had.load(Ordering::Relaxed), turn);
                drop(lock);
                lock = greedy.lock_after(LONG).unwrap();
                assert_eq!(had.load(Ordering::Relaxed), turn + 1);
            }
        });
    }

    #[test]
    fn one_that_is_stopped_while_it_waits_keeps_nobody_out() {
        let (_directory, stopped, other) = two();
        stopped.waiting.lock_shared().unwrap();
        for _ in 0..3 {
            drop(other.lock().unwrap());
        }
    }
}
