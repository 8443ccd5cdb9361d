//! Writing the head of a task, and ending it.

use bytes::Bytes;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    Inner,
    db::{Locks, Parameter},
    error::{Failure, Result},
    keys::{QUEUE, cell_name, holder, owner_lock, task_id, worker_id, worker_lock},
    row::{COLUMNS, clamped, natural, record},
};
use crate::{
    store::backend::{Holder, HolderChange, Put, StoredTask, TaskKey, Written},
    time::Millis,
};

/// Number of tries of a write that was refused though nothing is in its way any more.
const TRIES: usize = 8;

impl Inner {
    pub(super) async fn put(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written> {
        let mut evicts = false;
        for _ in 0..TRIES {
            let row = if put.open {
                self.try_put(key, put, now).await?
            } else {
                self.try_seal(key, put, evicts, now).await?
            };
            if let Some(row) = row {
                let (version, fence) = (natural(&row, 0)?, natural(&row, 1)?);
                let unaware = row.try_get::<_, Option<Uuid>>(2)?.map(holder);
                self.tell(key, unaware, put.open && put.holder == HolderChange::Queue);
                return Ok(Written::Done { version, fence });
            }
            // What a refused statement did not read it cannot tell.
            let Some((task, known)) = self.refused(key, put, now).await? else { return Ok(Written::Missing) };
            if known {
                return Ok(Written::Replayed(task));
            }
            if !task.open || task.version != put.version || put.fence.is_some_and(|fence| fence != task.fence) {
                return Ok(Written::Conflict(task));
            }
            if let HolderChange::Take(worker) = put.holder
                && self.is_buried(worker).await?
            {
                return Ok(Written::Buried);
            }
            // Nothing else is in the way of a sealing write but that others may have to make room.
            evicts = !put.open;
        }
        Err(Failure::unavailable("a task was made anew again and again"))
    }

    async fn try_put(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Option<Row>> {
        let (change, to): (i16, _) = match put.holder {
            HolderChange::Keep => (0, None),
            HolderChange::Take(worker) => (1, Some(worker_id(worker))),
            HolderChange::Queue => (1, Some(QUEUE)),
            HolderChange::Release => (2, None),
        };
        let (owner, id, version) = (&key.owner.0[..], task_id(key), clamped(put.version));
        let (fence, head, write) = (put.fence.map(clamped), &put.head[..], Uuid::from_u128(put.write.0));
        let now = clamped(now.0);
        let mut parameters: Vec<Parameter<'_>> = vec![&owner, &id, &version, &fence, &head, &change, &to, &write, &now];
        let step = put.step.as_ref().map(|(name, value)| (cell_name(name), &value[..]));
        let query = if let Some(((name, label), value)) = &step {
            parameters.extend([name as Parameter<'_>, label, value]);
            &self.db.sql.put_step
        } else {
            &self.db.sql.put
        };
        let write = query.with(&parameters);
        if let HolderChange::Take(worker) = put.holder {
            let locks = Locks { shared: Some(worker_lock(&self.schema, worker)), ..Locks::default() };
            let [mut rows] = self.db.flight(locks, [write]).await?;
            return Ok(rows.pop());
        }
        self.db.row(write).await
    }

    async fn refused(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Option<(StoredTask, bool)>> {
        let write = Uuid::from_u128(put.write.0);
        let (owner, id, now) = (&key.owner.0[..], task_id(key), clamped(now.0));
        let refused = self.db.row(self.db.sql.put_refused.with(&[&owner, &id, &write, &now])).await?;
        let Some(row) = refused else { return Ok(None) };
        Ok(Some((record(&row)?, row.try_get(COLUMNS)?)))
    }

    async fn try_seal(&self, key: &TaskKey, put: &Put, evicts: bool, now: Millis) -> Result<Option<Row>> {
        let sql = &self.db.sql;
        let (raised, taker): (i64, _) = match put.holder {
            HolderChange::Take(worker) => (1, Some(worker_id(worker))),
            HolderChange::Queue => (1, None),
            HolderChange::Keep | HolderChange::Release => (0, None),
        };
        let (owner, id, version) = (&key.owner.0[..], task_id(key), clamped(put.version));
        let (fence, head, write) = (put.fence.map(clamped), &put.head[..], Uuid::from_u128(put.write.0));
        let (outcome, now) = (put.outcome.as_ref().map(Bytes::as_ref), clamped(now.0));
        let mut parameters: Vec<Parameter<'_>> =
            vec![&owner, &id, &version, &fence, &head, &outcome, &write, &now, &raised, &taker];
        let step = put.step.as_ref().map(|(name, value)| (cell_name(name), &value[..]));
        let (seal, seal_evicting) = if let Some(((name, label), value)) = &step {
            parameters.extend([name as Parameter<'_>, label, value]);
            (&sql.seal_step, &sql.seal_step_evicting)
        } else {
            (&sql.seal, &sql.seal_evicting)
        };
        if !evicts {
            return self.db.row(seal.with(&parameters)).await;
        }
        // The owner's lock comes first, as whoever creates takes it before any task's.
        let address: [Parameter<'_>; 2] = [&owner, &id];
        let locks = Locks { alone: Some(owner_lock(&self.schema, key.owner)), ..Locks::default() };
        let calls = [sql.lock_task.with(&address), seal_evicting.with(&parameters)];
        let [_, mut rows] = self.db.flight(locks, calls).await?;
        Ok(rows.pop())
    }

    /// Notes a change for other processes. `unaware` runs the task and did not make the change.
    pub(super) fn tell(&self, key: &TaskKey, unaware: Option<Holder>, queued: bool) {
        let holder = match unaware {
            Some(Holder::Worker(worker)) => Some(worker),
            Some(Holder::Queue) | None => None,
        };
        self.hub.tell(super::hints::Change { key: key.clone(), holder, queued });
    }
}
