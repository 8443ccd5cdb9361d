//! Reading: one task, a page of a list, what a holder has.

use super::{
    db::Db,
    error::Result,
    row::{Record, clamped, holder_bytes, key, select_record},
};
use crate::{
    store::backend::{Holder, Page, Parts, Position, Scope, StoredTask, TaskKey},
    time::Millis,
};

impl Db {
    pub(super) fn get(&self, key: &TaskKey, parts: Parts, now: Millis) -> Result<Option<StoredTask>> {
        let record = self.find_at(key, now)?;
        record.map(|record| self.with_parts(record, parts)).transpose()
    }

    pub(super) fn page(&self, scope: Scope, before: Option<&Position>, n: u16, now: Millis) -> Result<Page> {
        let n = usize::from(n);
        let mut page = Page { tasks: Vec::with_capacity(n), next: None };
        // No position is that late: ids of all ones are not made.
        let (stamp, id) =
            before.map_or((i64::MAX, [0xff; 16]), |before| (clamped(before.stamp.0), *before.id.as_bytes()));
        let mut older = self.prepare_cached(select_record!(
            ", owner.key, task.id FROM task INDEXED BY listed JOIN owner ON owner.n = task.owner \
             WHERE task.scope = (SELECT n FROM owner WHERE key = ?1) AND (task.stamp, task.id) < (?2, ?3) \
             AND task.expires > ?4 ORDER BY task.stamp DESC, task.id DESC"
        ))?;
        let mut rows = older.query((scope.0.0, stamp, id, clamped(now.0)))?;
        let mut last = None;
        while let Some(row) = rows.next()? {
            if page.tasks.len() == n {
                page.next = last;
                break;
            }
            match key(row, 9, 10).and_then(|key| Ok((key, Record::read(row)?))) {
                Ok((key, record)) => {
                    last = Some(Position { stamp: record.stamp, id: key.id });
                    page.tasks.push((key, record.into_stored()));
                }
                Err(failure) => crate::heard::error!(%failure, "a corrupt task was left out of a list"),
            }
        }
        Ok(page)
    }

    /// In key order, which is not that of the owners' numbers: sorts what the holder has.
    pub(super) fn held(&self, by: Holder, after: Option<&TaskKey>, n: u16) -> Result<Vec<TaskKey>> {
        let (owner, id): (&[u8], &[u8]) = after.map_or((&[], &[]), |after| (&after.owner.0, after.id.as_bytes()));
        let mut held = self.prepare_cached(
            "SELECT owner.key, task.id FROM task INDEXED BY held JOIN owner ON owner.n = task.owner \
             WHERE task.holder = ?1 AND (owner.key, task.id) > (?2, ?3) ORDER BY owner.key, task.id LIMIT ?4",
        )?;
        let mut rows = held.query((holder_bytes(by), owner, id, n))?;
        let mut keys = Vec::new();
        while let Some(row) = rows.next()? {
            keys.push(key(row, 0, 1)?);
        }
        Ok(keys)
    }
}
