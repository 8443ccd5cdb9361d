//! Reading: one task, a page of a list, what a holder has.

use uuid::Uuid;

use super::{
    Inner,
    error::Result,
    keys::{holder_id, task_id},
    row::{COLUMNS, cells, clamped, key, part, record, task},
};
use crate::{
    store::backend::{Holder, Page, Parts, Position, Scope, StoredTask, TaskKey},
    time::Millis,
};

impl Inner {
    pub(super) async fn get(&self, key: &TaskKey, parts: Parts, now: Millis) -> Result<Option<StoredTask>> {
        let (owner, id) = (&key.owner.0[..], task_id(key));
        let (bits, now) = (i16::from(parts.bits()), clamped(now.0));
        let Some(row) = self.db.row(self.db.sql.get.with(&[&owner, &id, &bits, &now])).await? else { return Ok(None) };
        let mut stored = record(&row)?;
        stored.body = part(&row, COLUMNS)?;
        stored.outcome = part(&row, COLUMNS + 1)?;
        if parts.contains(Parts::VARIABLES) {
            stored.variables = Some(cells(&row, COLUMNS + 2)?);
        }
        if parts.contains(Parts::STEPS) {
            stored.steps = Some(cells(&row, COLUMNS + 4)?);
        }
        Ok(Some(stored))
    }

    pub(super) async fn page(&self, scope: Scope, before: Option<Position>, n: u16, now: Millis) -> Result<Page> {
        // No position is that late: ids of all ones are not made.
        let (stamp, id) = before.map_or((i64::MAX, Uuid::max()), |before| {
            (clamped(before.stamp.0), Uuid::from_bytes(*before.id.as_bytes()))
        });
        // One more than asked for tells that there is another page.
        let (owner, limit, now) = (&scope.0.0[..], i64::from(n) + 1, clamped(now.0));
        let rows = self.db.rows(self.db.sql.page.with(&[&owner, &stamp, &id, &limit, &now])).await?;
        let has_more = rows.len() > usize::from(n);
        let mut page = Page { tasks: Vec::with_capacity(rows.len()), next: None };
        for row in rows.iter().take(usize::from(n)) {
            let read = record(row).and_then(|record| Ok((task(row.try_get(COLUMNS)?), record)));
            match read {
                Ok((id, record)) => {
                    if has_more {
                        page.next = Some(Position { stamp: record.stamp, id });
                    }
                    page.tasks.push((TaskKey { owner: scope.0, id }, record));
                }
                Err(failure) => crate::heard::error!(%failure, "a corrupt task was left out of a list"),
            }
        }
        Ok(page)
    }

    pub(super) async fn held(&self, by: Holder, after: Option<&TaskKey>, n: u16) -> Result<Vec<TaskKey>> {
        let (owner, id): (&[u8], _) = after.map_or((&[], Uuid::nil()), |after| (&after.owner.0, task_id(after)));
        let (holder, limit) = (holder_id(by), i64::from(n));
        let rows = self.db.rows(self.db.sql.held.with(&[&holder, &owner, &id, &limit])).await?;
        rows.iter().map(|row| key(row, 0, 1)).collect()
    }
}
