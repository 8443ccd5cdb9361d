//! Removing tasks.

use uuid::Uuid;

use super::{
    Inner,
    db::{Locks, Parameter},
    error::Result,
    keys::{holder, task_id},
    row::clamped,
};
use crate::{store::backend::TaskKey, time::Millis};

/// Number of tasks one transaction of a sweep removes, so that its locks are short.
const SWEPT: u16 = 100;

impl Inner {
    pub(super) async fn delete(&self, key: &TaskKey) -> Result<bool> {
        self.delete_if(key, None).await
    }

    /// Removes a task, or only if it has expired by a time. Tells whether it did.
    pub(super) async fn delete_if(&self, key: &TaskKey, expired: Option<Millis>) -> Result<bool> {
        let (owner, id, expired) = (&key.owner.0[..], task_id(key), expired.map(|now| clamped(now.0)));
        let address: [Parameter<'_>; 2] = [&owner, &id];
        // The lock waits for a merge that is under way: what it leaves is removed, too.
        let delete: [Parameter<'_>; 3] = [&owner, &id, &expired];
        let calls = [self.db.sql.lock_task.with(&address), self.db.sql.delete.with(&delete)];
        let [_, deleted] = self.db.flight(Locks::default(), calls).await?;
        let Some(row) = deleted.first() else { return Ok(false) };
        self.tell(key, row.try_get::<_, Option<Uuid>>(0)?.map(holder), false);
        Ok(true)
    }

    /// Removes at most `n` expired tasks; tells how many. What somebody is writing waits for the next sweep.
    pub(super) async fn sweep(&self, n: u16, now: Millis) -> Result<u16> {
        let mut removed = 0;
        loop {
            let due = (n - removed).min(SWEPT);
            let (now, most) = (clamped(now.0), i64::from(due));
            let lock: [Parameter<'_>; 2] = [&now, &most];
            // A merge that came before the lock is seen after it: what it left is removed, too.
            let calls = [self.db.sql.lock_due.with(&lock), self.db.sql.sweep.with(&[])];
            let [_, rows] = self.db.flight(Locks::default(), calls).await?;
            let Some(row) = rows.first() else { return Ok(removed) };
            let swept = u16::try_from(row.try_get::<_, i64>(0)?).unwrap_or(due).min(due);
            if let Some(owners) = row.try_get::<_, Option<Vec<&[u8]>>>(1)? {
                self.fold(&owners).await;
            }
            removed += swept;
            if swept < due || removed == n {
                return Ok(removed);
            }
        }
    }
}
