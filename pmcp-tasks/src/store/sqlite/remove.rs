//! Removing tasks.

use super::{db::Db, error::Result, row::clamped, taken::Size};
use crate::{store::backend::TaskKey, time::Millis};

impl Db {
    pub(super) fn delete(&self, key: &TaskKey) -> Result<bool> {
        let Some(record) = self.find(key)? else { return Ok(false) };
        self.remove(record.n)?;
        self.tell(key, record.holder, false)?;
        Ok(true)
    }

    /// Removes at most `n` expired tasks; tells how many.
    pub(super) fn sweep(&self, n: u16, now: Millis) -> Result<u16> {
        let mut due = self
            .prepare_cached("SELECT n FROM task INDEXED BY expiring WHERE expires <= ?1 ORDER BY expires LIMIT ?2")?;
        let due: Vec<i64> = due.query_map((clamped(now.0), n), |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut removed = 0;
        for n in due {
            self.remove(n)?;
            removed += 1;
        }
        Ok(removed)
    }

    /// Removes a task and everything about it; the bytes it took.
    pub(super) fn remove(&self, n: i64) -> Result<i64> {
        let Size { owner, bytes, .. } = self.size(n)?;
        let (scope, idempotency, open): (Option<i64>, Option<Vec<u8>>, bool) = self
            .prepare_cached("DELETE FROM task WHERE n = ?1 RETURNING scope, idempotency, open")?
            .query_row([n], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let (live, sealed) = if open { (-bytes, 0) } else { (0, -bytes) };
        self.take(owner, live, sealed)?;
        for parts in [
            "DELETE FROM body WHERE task = ?1",
            "DELETE FROM variable WHERE task = ?1",
            "DELETE FROM merged WHERE task = ?1",
            "DELETE FROM step WHERE task = ?1",
        ] {
            self.prepare_cached(parts)?.execute([n])?;
        }
        if let Some(key) = idempotency {
            // Once it had expired, another task may have got the key.
            self.prepare_cached("DELETE FROM idempotency WHERE owner = ?1 AND key = ?2 AND task = ?3")?
                .execute((owner, key, n))?;
        }
        self.forget_if_empty(owner)?;
        match scope {
            Some(scope) if scope != owner => self.forget_if_empty(scope)?,
            _ => {}
        }
        Ok(bytes)
    }

    /// Forgets an owner or scope of which nothing is stored.
    fn forget_if_empty(&self, owner: i64) -> Result<()> {
        self.prepare_cached(
            "DELETE FROM owner WHERE n = ?1 AND NOT EXISTS (SELECT 1 FROM task WHERE owner = ?1) \
             AND NOT EXISTS (SELECT 1 FROM task WHERE scope = ?1)",
        )?
        .execute([owner])?;
        Ok(())
    }
}
