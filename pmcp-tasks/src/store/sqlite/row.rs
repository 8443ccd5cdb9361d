//! A task as it lies in its row, and how its columns are written.

use std::collections::BTreeMap;

use bytes::Bytes;
use rusqlite::{OptionalExtension as _, Row, types::ValueRef};

use super::{
    db::Db,
    error::{Failure, Result},
};
use crate::{
    id::TaskId,
    owner::OwnerKey,
    store::backend::{Field, Holder, Parts, Stamp, StoredTask, TaskKey, WorkerId, WriteId},
    time::Millis,
};

/// A query that begins with the columns [`Record::read`] takes.
macro_rules! select_record {
    ($rest:literal) => {
        concat!(
            "SELECT task.n, task.version, task.fence, task.holder, task.open, task.writes, task.stamp, task.expires, \
             task.head",
            $rest
        )
    };
}
pub(super) use select_record;

/// A task without its parts.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) n: i64,
    pub(super) version: u64,
    pub(super) fence: u64,
    pub(super) holder: Option<Holder>,
    pub(super) open: bool,
    pub(super) writes: Recent<8>,
    pub(super) stamp: Stamp,
    pub(super) expires: Millis,
    pub(super) head: Bytes,
}

impl Record {
    /// Reads a row of [`select_record!`].
    pub(super) fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            n: row.get(0)?,
            version: natural(row, 1)?,
            fence: natural(row, 2)?,
            holder: match row.get_ref(3)? {
                ValueRef::Null => None,
                value => Some(holder(value.as_blob().map_err(|_| wrong("its holder"))?)?),
            },
            open: row.get::<_, i64>(4)? != 0,
            writes: Recent(row.get(5)?),
            stamp: Stamp(natural(row, 6)?),
            expires: Millis(natural(row, 7)?),
            head: bytes(row, 8)?,
        })
    }

    pub(super) fn exists(&self, now: Millis) -> bool {
        now < self.expires
    }

    /// Without parts.
    pub(super) fn into_stored(self) -> StoredTask {
        StoredTask {
            version: self.version,
            fence: self.fence,
            holder: self.holder,
            open: self.open,
            stamp: self.stamp,
            expires: self.expires,
            head: self.head,
            body: None,
            variables: None,
            steps: None,
            outcome: None,
        }
    }
}

impl Db {
    /// The task under a key, expired or not.
    pub(super) fn find(&self, key: &TaskKey) -> Result<Option<Record>> {
        let mut find = self.prepare_cached(select_record!(
            " FROM task WHERE owner = (SELECT n FROM owner WHERE key = ?1) AND id = ?2"
        ))?;
        let mut rows = find.query((key.owner.0, key.id.as_bytes()))?;
        rows.next()?.map(Record::read).transpose()
    }

    /// The task under a key if it has not expired.
    pub(super) fn find_at(&self, key: &TaskKey, now: Millis) -> Result<Option<Record>> {
        Ok(self.find(key)?.filter(|record| record.exists(now)))
    }

    /// The task with these parts.
    pub(super) fn with_parts(&self, record: Record, parts: Parts) -> Result<StoredTask> {
        let n = record.n;
        let mut stored = record.into_stored();
        if parts.contains(Parts::BODY) {
            stored.body = self.body(n)?;
        }
        if parts.contains(Parts::VARIABLES) {
            stored.variables =
                Some(self.cells("SELECT name, value FROM variable WHERE task = ?1", n, |name| Field::from(name))?);
        }
        if parts.contains(Parts::STEPS) {
            stored.steps = Some(self.cells("SELECT name, value FROM step WHERE task = ?1", n, str::to_owned)?);
        }
        if parts.contains(Parts::OUTCOME) && !stored.open {
            stored.outcome = self.part("SELECT result FROM task WHERE n = ?1", n)?;
        }
        Ok(stored)
    }

    fn body(&self, n: i64) -> Result<Option<Bytes>> {
        match self.part("SELECT body FROM task WHERE n = ?1", n)? {
            Some(body) => Ok(Some(body)),
            None => self.part("SELECT value FROM body WHERE task = ?1", n),
        }
    }

    fn part(&self, sql: &str, n: i64) -> Result<Option<Bytes>> {
        let part: Option<Option<Vec<u8>>> = self.prepare_cached(sql)?.query_row([n], |row| row.get(0)).optional()?;
        Ok(part.flatten().map(Bytes::from))
    }

    fn cells<N: Ord>(&self, sql: &str, n: i64, name: impl Fn(&str) -> N) -> Result<BTreeMap<N, Bytes>> {
        let mut cells = self.prepare_cached(sql)?;
        let mut rows = cells.query([n])?;
        let mut found = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let text = row.get_ref(0)?.as_str().map_err(|_| wrong("the name of a variable or step"))?;
            found.insert(name(text), bytes(row, 1)?);
        }
        Ok(found)
    }
}

/// The key of a task from columns with its owner's key and its id.
pub(super) fn key(row: &Row<'_>, owner: usize, id: usize) -> Result<TaskKey> {
    Ok(TaskKey { owner: OwnerKey(array(row, owner)?), id: TaskId::from_bytes(array(row, id)?) })
}

pub(super) fn array<const N: usize>(row: &Row<'_>, column: usize) -> Result<[u8; N]> {
    let bytes = row.get_ref(column)?.as_blob().map_err(|_| wrong("a key"))?;
    bytes.try_into().map_err(|_| wrong("a key"))
}

fn bytes(row: &Row<'_>, column: usize) -> Result<Bytes> {
    Ok(Bytes::from(row.get::<_, Vec<u8>>(column)?))
}

/// A number that is stored as SQLite stores them: with a sign.
pub(super) fn natural(row: &Row<'_>, column: usize) -> Result<u64> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| wrong("a number"))
}

/// A number for SQLite to compare with, the largest it knows for those above: nothing stored is larger.
pub(super) fn clamped(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number to store.
pub(super) fn exact(number: u64) -> Result<i64> {
    i64::try_from(number).map_err(|_| Failure::refused("a number has more than 63 bits"))
}

fn wrong(what: &'static str) -> Failure {
    Failure::corrupt(what, "it has another type or length than was written")
}

/// A holder as its column has it.
pub(super) fn holder_bytes(holder: Holder) -> Vec<u8> {
    match holder {
        Holder::Queue => Vec::new(),
        Holder::Worker(worker) => worker.0.to_be_bytes().into(),
    }
}

pub(super) fn holder(bytes: &[u8]) -> Result<Holder> {
    if bytes.is_empty() {
        return Ok(Holder::Queue);
    }
    let worker = bytes.try_into().map_err(|_| wrong("its holder"))?;
    Ok(Holder::Worker(WorkerId(u128::from_be_bytes(worker))))
}

/// The last `N` writes, 16 bytes each, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Recent<const N: usize>(pub(super) Vec<u8>);

impl<const N: usize> Recent<N> {
    const SIZE: usize = size_of::<WriteId>();

    pub(super) fn contains(&self, write: WriteId) -> bool {
        self.0.chunks_exact(Self::SIZE).any(|known| known == write.0.to_be_bytes())
    }

    pub(super) fn add(&mut self, write: WriteId) {
        self.0.extend(write.0.to_be_bytes());
        let excess = self.0.len().saturating_sub(N * Self::SIZE);
        self.0.drain(..excess);
    }
}
