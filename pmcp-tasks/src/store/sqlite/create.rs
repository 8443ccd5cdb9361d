//! Creating a task.

use rusqlite::OptionalExtension as _;

use super::{
    db::Db,
    error::Result,
    row::{Recent, array, clamped, exact, holder_bytes},
};
use crate::{
    id::TaskId,
    owner::OwnerKey,
    store::backend::{Create, Holder, NewTask},
    time::Millis,
};

/// Largest body, in bytes, to lie beside its head, where every write of the head copies it.
const INLINE_BODY: usize = 2048;

impl Db {
    pub(super) fn create(&self, new: &NewTask, now: Millis) -> Result<Create> {
        let owner = self.owner(new.key.owner)?;
        if let Some(owner) = owner {
            if let Some(record) = self.find(&new.key)? {
                if record.exists(now) {
                    return Ok(Create::Replayed);
                }
                self.remove(record.n)?;
            }
            if let Some(answer) = self.idempotent(owner, new, now)? {
                return Ok(answer);
            }
        }
        if let Holder::Worker(worker) = new.holder
            && self.is_buried(worker)?
        {
            return Ok(Create::Buried);
        }
        if self.is_full(owner, new.quota, now)? {
            return Ok(Create::Full);
        }
        if !self.make_room_for(owner, new, now)? {
            return Ok(Create::NoRoom);
        }
        // The owner may have gone with the last task that was removed.
        let owner = self.make_owner(new.key.owner)?;
        let scope = match new.scope {
            Some(scope) if scope.0 == new.key.owner => Some(owner),
            Some(scope) => Some(self.make_owner(scope.0)?),
            None => None,
        };
        self.insert(owner, scope, new)?;
        self.take(owner, clamped(new.bytes()), 0)?;
        if new.holder == Holder::Queue {
            self.tell(&new.key, None, true)?;
        }
        Ok(Create::Created)
    }

    fn insert(&self, owner: i64, scope: Option<i64>, new: &NewTask) -> Result<()> {
        let mut writes = Recent::<8>::default();
        writes.add(new.write);
        let key = new.idempotency.as_ref().map(|(key, _)| key);
        let body = (new.body.len() <= INLINE_BODY).then_some(&new.body[..]);
        self.prepare_cached(
            "INSERT INTO task (owner, id, scope, stamp, expires, version, fence, holder, open, idempotency, writes, head, \
             body, max_bytes) VALUES (?1, ?2, ?3, ?4, ?5, 1, 1, ?6, 1, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute((
            owner,
            new.key.id.as_bytes(),
            scope,
            exact(new.stamp.0)?,
            clamped(new.expires.0),
            holder_bytes(new.holder),
            key,
            writes.0,
            &new.head[..],
            body,
            clamped(new.max_bytes),
        ))?;
        let n = self.last_insert_rowid();
        if body.is_none() {
            self.prepare_cached("INSERT INTO body (task, value) VALUES (?1, ?2)")?.execute((n, &new.body[..]))?;
        }
        if let Some((key, payload)) = &new.idempotency {
            self.prepare_cached(
                "INSERT OR REPLACE INTO idempotency (owner, key, payload, task) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((owner, key, payload, n))?;
        }
        Ok(())
    }

    /// The number of an owner or scope.
    fn owner(&self, key: OwnerKey) -> Result<Option<i64>> {
        let mut owner = self.prepare_cached("SELECT n FROM owner WHERE key = ?1")?;
        Ok(owner.query_row([key.0], |row| row.get(0)).optional()?)
    }

    fn make_owner(&self, key: OwnerKey) -> Result<i64> {
        if let Some(n) = self.owner(key)? {
            return Ok(n);
        }
        self.prepare_cached("INSERT INTO owner (key) VALUES (?1)")?.execute([key.0])?;
        Ok(self.last_insert_rowid())
    }

    /// Answers a create with a known idempotency key.
    fn idempotent(&self, owner: i64, new: &NewTask, now: Millis) -> Result<Option<Create>> {
        let Some((key, payload)) = &new.idempotency else { return Ok(None) };
        let mut known = self.prepare_cached(
            "SELECT task.id, idempotency.payload FROM idempotency JOIN task ON task.n = idempotency.task \
             WHERE idempotency.owner = ?1 AND idempotency.key = ?2 AND task.expires > ?3",
        )?;
        let mut rows = known.query((owner, key, clamped(now.0)))?;
        let Some(row) = rows.next()? else { return Ok(None) };
        if array(row, 1)? == *payload {
            Ok(Some(Create::Same(TaskId::from_bytes(array(row, 0)?))))
        } else {
            Ok(Some(Create::Differs))
        }
    }

    /// Removes finished tasks of the owner until the new one fits; whether it does. If not, none is removed.
    fn make_room_for(&self, owner: Option<i64>, new: &NewTask, now: Millis) -> Result<bool> {
        // Bytes that other tasks may take.
        let Some(rest) = new.max_bytes.checked_sub(new.bytes()).map(clamped) else { return Ok(false) };
        let Some(owner) = owner else { return Ok(true) };
        let mut taken = self.taken(owner)?;
        if taken.live + taken.sealed > rest {
            // They stay: by the clocks of others they may be alive.
            for n in self.expired(owner, now)? {
                taken.live -= self.size(n)?.bytes;
            }
        }
        if taken.live > rest {
            return Ok(false);
        }
        self.make_room(owner, taken, rest, None)?;
        Ok(true)
    }

    /// The open tasks of an owner that have expired.
    fn expired(&self, owner: i64, now: Millis) -> Result<Vec<i64>> {
        let mut expired =
            self.prepare_cached("SELECT n FROM task INDEXED BY live WHERE owner = ?1 AND open = 1 AND expires <= ?2")?;
        let expired = expired.query_map((owner, clamped(now.0)), |row| row.get(0))?;
        Ok(expired.collect::<Result<_, _>>()?)
    }

    /// Tells whether the quota leaves no place for another task.
    fn is_full(&self, owner: Option<i64>, quota: u32, now: Millis) -> Result<bool> {
        let (Some(owner), Some(last)) = (owner, quota.checked_sub(1)) else { return Ok(quota == 0) };
        // The task that takes the last place, if there is one.
        let mut full = self.prepare_cached(
            "SELECT 1 FROM task INDEXED BY live WHERE owner = ?1 AND open = 1 AND expires > ?2 LIMIT 1 OFFSET ?3",
        )?;
        Ok(full.exists((owner, clamped(now.0), last))?)
    }
}
