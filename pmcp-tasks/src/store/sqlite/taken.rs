//! Bytes that tasks take, summed up for each owner with every write.

use rusqlite::{OptionalExtension as _, Row};

use super::{db::Db, error::Result};
use crate::store::backend::TASK_BYTES;

/// Bytes an owner's tasks take.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Taken {
    pub(super) live: i64,
    pub(super) sealed: i64,
}

/// What a task takes.
pub(super) struct Size {
    pub(super) owner: i64,
    pub(super) bytes: i64,
    /// Bytes all tasks of its owner may take when it is sealed.
    pub(super) max: i64,
}

impl Db {
    /// Bytes the tasks of an owner take; none if there is no such owner any more.
    pub(super) fn taken(&self, owner: i64) -> Result<Taken> {
        let mut taken = self.prepare_cached("SELECT live_bytes, sealed_bytes FROM owner WHERE n = ?1")?;
        let taken = taken.query_row([owner], |row| Ok(Taken { live: row.get(0)?, sealed: row.get(1)? })).optional()?;
        Ok(taken.unwrap_or_default())
    }

    /// Adds to the bytes an owner's open and sealed tasks take; what they take now.
    pub(super) fn take(&self, owner: i64, live: i64, sealed: i64) -> Result<Taken> {
        let mut take = self.prepare_cached(
            "UPDATE owner SET live_bytes = live_bytes + ?2, sealed_bytes = sealed_bytes + ?3 WHERE n = ?1 \
             RETURNING live_bytes, sealed_bytes",
        )?;
        Ok(take.query_row((owner, live, sealed), |row| Ok(Taken { live: row.get(0)?, sealed: row.get(1)? }))?)
    }

    /// Notes that a part of an open task has become larger by so many bytes.
    pub(super) fn grow(&self, task: i64, bytes: i64) -> Result<()> {
        if bytes == 0 {
            return Ok(());
        }
        self.prepare_cached(
            "UPDATE owner SET live_bytes = live_bytes + ?2 WHERE n = (SELECT owner FROM task WHERE n = ?1)",
        )?
        .execute((task, bytes))?;
        Ok(())
    }

    /// Notes that an open task was sealed just now, and became larger by so many bytes; the others of its owner make room.
    pub(super) fn seal(&self, task: i64, grown: i64) -> Result<()> {
        let Size { owner, bytes, max } = self.size(task)?;
        let taken = self.take(owner, grown - bytes, bytes)?;
        self.make_room(owner, taken, max, Some(task))
    }

    /// Removes sealed tasks of an owner while all of his take more than so many bytes, those that were sealed first.
    pub(super) fn make_room(&self, owner: i64, taken: Taken, max: i64, spared: Option<i64>) -> Result<()> {
        let mut bytes = taken.live + taken.sealed;
        while bytes > max {
            let Some(first) = self.first_sealed(owner, spared)? else { break };
            bytes -= self.remove(first)?;
        }
        Ok(())
    }

    /// The bytes a task takes.
    pub(super) fn size(&self, task: i64) -> Result<Size> {
        let mut size = self.prepare_cached(
            "SELECT owner, max_bytes, ?2 + octet_length(head) + coalesce(octet_length(body), 0) + coalesce(octet_length(result), 0) \
             + coalesce((SELECT octet_length(value) FROM body WHERE task = ?1), 0) \
             + coalesce((SELECT bytes FROM merged WHERE task = ?1), 0) \
             + coalesce((SELECT sum(octet_length(name) + octet_length(value)) FROM step WHERE task = ?1), 0) \
             FROM task WHERE n = ?1",
        )?;
        let read = |row: &Row<'_>| Ok(Size { owner: row.get(0)?, max: row.get(1)?, bytes: row.get(2)? });
        Ok(size.query_row((task, TASK_BYTES.cast_signed()), read)?)
    }

    /// The sealed task of an owner that was sealed first, of those beside `spared`.
    fn first_sealed(&self, owner: i64, spared: Option<i64>) -> Result<Option<i64>> {
        let mut first = self.prepare_cached(
            "SELECT n FROM task INDEXED BY finished WHERE owner = ?1 AND open = 0 AND n IS NOT ?2 \
             ORDER BY sealed, id LIMIT 1",
        )?;
        Ok(first.query_row((owner, spared), |row| row.get(0)).optional()?)
    }
}
