//! Writing a task: head, variables, steps.

use bytes::Bytes;
use rusqlite::OptionalExtension as _;

use super::{
    db::Db,
    error::{Failure, Result},
    row::{Recent, clamped, exact, holder_bytes},
};
use crate::{
    store::backend::{
        Field, FieldOp, Guard, Holder, HolderChange, Merge, Merged, Put, Recorded, Step, TaskKey, Written,
    },
    time::Millis,
};

/// Reason why variables were not changed.
enum NotChanged {
    /// A `SetIf` of this field found another value.
    Field(Field),
    TooLarge,
}

impl Db {
    pub(super) fn put(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written> {
        let Some(mut record) = self.find_at(key, now)? else { return Ok(Written::Missing) };
        if record.writes.contains(put.write) {
            return Ok(Written::Replayed(record.into_stored()));
        }
        let fenced_off = put.fence.is_some_and(|fence| fence != record.fence);
        if !record.open || put.version != record.version || fenced_off {
            return Ok(Written::Conflict(record.into_stored()));
        }
        if let HolderChange::Take(worker) = put.holder
            && self.is_buried(worker)?
        {
            return Ok(Written::Buried);
        }
        let (holder, fence) = match put.holder {
            HolderChange::Keep => (record.holder, record.fence),
            HolderChange::Take(worker) => (Some(Holder::Worker(worker)), record.fence + 1),
            HolderChange::Queue => (Some(Holder::Queue), record.fence + 1),
            HolderChange::Release => (None, record.fence),
        };
        let version = record.version + 1;
        record.writes.add(put.write);
        let outcome = put.outcome.as_ref().map_or(0, Bytes::len);
        let grown = count(put.head.len() + outcome) - count(record.head.len());
        let (n, writes) = (record.n, &record.writes.0[..]);
        // Before it is sealed, so that it counts among what the task takes.
        let grown = grown + put.step.as_ref().map_or(Ok(0), |(name, value)| self.keep_step(n, name, value))?;
        // One statement a case: a column that is named has its indexes written, changed or not.
        if !put.open {
            self.prepare_cached(
                "UPDATE task SET version = ?2, fence = ?3, writes = ?4, head = ?5, holder = NULL, open = 0, sealed = ?7, \
                 result = ?6 WHERE n = ?1",
            )?
                        .execute((
                n,
                exact(version)?,
                exact(fence)?,
                writes,
                &put.head[..],
                put.outcome.as_deref(),
                clamped(now.0),
            ))?;
            self.seal(n, grown)?;
        } else if holder == record.holder {
            self.prepare_cached("UPDATE task SET version = ?2, fence = ?3, writes = ?4, head = ?5 WHERE n = ?1")?
                .execute((n, exact(version)?, exact(fence)?, writes, &put.head[..]))?;
        } else {
            self.prepare_cached(
                "UPDATE task SET version = ?2, fence = ?3, writes = ?4, head = ?5, holder = ?6 WHERE n = ?1",
            )?
            .execute((
                n,
                exact(version)?,
                exact(fence)?,
                writes,
                &put.head[..],
                holder.map(holder_bytes),
            ))?;
        }
        if put.open {
            self.grow(n, grown)?;
        }
        // Its own holder knows.
        let unaware = record.holder.filter(|_| put.fence.is_none());
        self.tell(key, unaware, put.open && holder == Some(Holder::Queue))?;
        Ok(Written::Done { version, fence })
    }

    pub(super) fn merge(&self, key: &TaskKey, merge: &Merge, now: Millis) -> Result<Merged> {
        let Some(record) = self.find_at(key, now)? else { return Ok(Merged::Missing) };
        let (before, mut writes) = self.merged(record.n)?;
        let mut bytes = before;
        if writes.contains(merge.write) {
            return Ok(Merged::Replayed);
        }
        let holds = match merge.guard {
            Guard::Fence(fence) => fence == record.fence,
            Guard::Open => true,
        };
        if !record.open || !holds {
            return Ok(Merged::Lost);
        }
        match self.change(record.n, &mut bytes, &merge.ops, merge.max_bytes)? {
            Some(NotChanged::Field(field)) => return Ok(Merged::Changed(field)),
            Some(NotChanged::TooLarge) => return Ok(Merged::TooLarge),
            None => {}
        }
        writes.add(merge.write);
        self.keep_merged(record.n, bytes, writes)?;
        self.grow(record.n, bytes - before)?;
        if merge.guard == Guard::Open {
            self.tell(key, record.holder, false)?;
        }
        Ok(Merged::Done)
    }

    pub(super) fn record(&self, key: &TaskKey, step: &Step, now: Millis) -> Result<Recorded> {
        let Some(record) = self.find_at(key, now)? else { return Ok(Recorded::Missing) };
        if !record.open || step.fence != record.fence {
            return Ok(Recorded::Lost);
        }
        if let Some(value) = self.cell("SELECT value FROM step WHERE task = ?1 AND name = ?2", record.n, &step.name)? {
            return Ok(Recorded::Exists(value));
        }
        if !step.changes.is_empty() {
            let (before, writes) = self.merged(record.n)?;
            let mut bytes = before;
            match self.change(record.n, &mut bytes, &step.changes, step.max_bytes)? {
                Some(NotChanged::Field(field)) => return Ok(Recorded::Changed(field)),
                Some(NotChanged::TooLarge) => return Ok(Recorded::TooLarge),
                None => {}
            }
            self.keep_merged(record.n, bytes, writes)?;
            self.grow(record.n, bytes - before)?;
        }
        let grown = self.keep_step(record.n, &step.name, &step.value)?;
        self.grow(record.n, grown)?;
        Ok(Recorded::Recorded)
    }

    /// Keeps a step's result unless there is one; tells the bytes it takes.
    fn keep_step(&self, n: i64, name: &str, value: &Bytes) -> Result<i64> {
        let kept = self
            .prepare_cached("INSERT OR IGNORE INTO step (task, name, value) VALUES (?1, ?2, ?3)")?
            .execute((n, name, &value[..]))?;
        Ok(if kept == 0 { 0 } else { count(name.len() + value.len()) })
    }

    /// Changes variables, and their length with them. Nothing, if it tells why not.
    fn change(&self, n: i64, bytes: &mut i64, ops: &[(Field, FieldOp)], max_bytes: u32) -> Result<Option<NotChanged>> {
        // All checks come before the first write.
        for (field, op) in ops {
            let size = |length: usize| count(field.len() + length);
            let (old, new) = match op {
                FieldOp::Set(value) => (self.length(n, field)?, Some(value)),
                FieldOp::Remove => (self.length(n, field)?, None),
                FieldOp::SetIf { was, value } => {
                    let old = self.cell("SELECT value FROM variable WHERE task = ?1 AND name = ?2", n, field)?;
                    if old != *was {
                        return Ok(Some(NotChanged::Field(field.clone())));
                    }
                    (old.map(|old| old.len()), Some(value))
                }
            };
            *bytes += new.map_or(0, |value| size(value.len())) - old.map_or(0, size);
        }
        if *bytes > i64::from(max_bytes) {
            return Ok(Some(NotChanged::TooLarge));
        }
        for (field, op) in ops {
            match op {
                FieldOp::Set(value) | FieldOp::SetIf { value, .. } => self
                    .prepare_cached("INSERT OR REPLACE INTO variable (task, name, value) VALUES (?1, ?2, ?3)")?
                    .execute((n, &**field, &value[..]))?,
                FieldOp::Remove => {
                    self.prepare_cached("DELETE FROM variable WHERE task = ?1 AND name = ?2")?.execute((n, &**field))?
                }
            };
        }
        Ok(None)
    }

    /// Reads what is kept of a task's merges: the length of its variables, the last writes.
    fn merged(&self, n: i64) -> Result<(i64, Recent<64>)> {
        let merged = self
            .prepare_cached("SELECT bytes, writes FROM merged WHERE task = ?1")?
            .query_row([n], |row| Ok((row.get(0)?, Recent(row.get(1)?))))
            .optional()?;
        Ok(merged.unwrap_or_default())
    }

    fn keep_merged(&self, n: i64, bytes: i64, writes: Recent<64>) -> Result<()> {
        self.prepare_cached("INSERT OR REPLACE INTO merged (task, bytes, writes) VALUES (?1, ?2, ?3)")?
            .execute((n, bytes, writes.0))?;
        Ok(())
    }

    /// The length of a variable.
    fn length(&self, n: i64, field: &str) -> Result<Option<usize>> {
        let length: Option<i64> = self
            .prepare_cached("SELECT length(value) FROM variable WHERE task = ?1 AND name = ?2")?
            .query_row((n, field), |row| row.get(0))
            .optional()?;
        let length = length.map(usize::try_from).transpose();
        length.map_err(|_| Failure::corrupt("a variable", "its length is negative"))
    }

    fn cell(&self, sql: &str, n: i64, name: &str) -> Result<Option<Bytes>> {
        let value: Option<Vec<u8>> = self.prepare_cached(sql)?.query_row((n, name), |row| row.get(0)).optional()?;
        Ok(value.map(Bytes::from))
    }
}

fn count(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
