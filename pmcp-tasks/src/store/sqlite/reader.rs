//! The threads that read, each on a connection of its own.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, PoisonError, mpsc::Receiver},
};

use super::{db::Db, error::Result};

/// One reading operation, with the way back to whom it is for.
pub(super) type Query = Box<dyn FnOnce(&Reader) + Send>;

/// A reader's state; lives on its thread.
pub(super) struct Reader {
    pub(super) db: Db,
}

impl Reader {
    /// Works until nobody can ask any more.
    pub(super) fn run(&self, queries: &Mutex<Receiver<Query>>) {
        loop {
            // One reader waits for a query, the others for their turn to wait.
            let query = queries.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(query) = query else { return };
            // Of a panic whom it was for learns that there is no answer; the snapshot has gone with it.
            let _ = catch_unwind(AssertUnwindSafe(|| query(self)));
        }
    }

    /// Reads in one snapshot.
    pub(super) fn read<T>(&self, query: impl FnOnce(&Db) -> Result<T>) -> Result<T> {
        self.db.check_lengths()?;
        let snapshot = self.db.unchecked_transaction()?;
        let answer = query(&self.db);
        snapshot.finish()?;
        if answer.is_err() {
            // Of files that were damaged meanwhile SQLite knows less.
            self.db.check()?;
        }
        answer
    }
}
