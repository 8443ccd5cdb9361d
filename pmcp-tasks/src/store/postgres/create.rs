//! Creating a task.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    Inner,
    db::{CALL, Locks, Parameter},
    error::{Failure, Result},
    keys::{holder_id, owner_lock, task_id, worker_lock},
    row::{clamped, exact, task},
};
use crate::{
    store::backend::{Create, Holder, NewTask},
    time::Millis,
};

/// Number of summands of the bytes an owner's sealed tasks take before they are put together.
const SUMMANDS: i64 = 64;

/// The time a create has at least once its turn has come.
const LEFT: Duration = Duration::from_secs(2);

/// Number of tries while something is in the way that a try removes.
const TRIES: usize = 8;

impl Inner {
    pub(super) async fn create(&self, new: &NewTask, now: Millis) -> Result<Create> {
        if new.scope.is_some_and(|scope| scope.0 != new.key.owner) {
            return Err(Failure::refused("a task is listed with its owner"));
        }
        let until = Instant::now() + CALL;
        // What is begun without time to end is given up though it may be done, and asked for again.
        let turn = timeout_at(until - LEFT, self.turns.of(new.key.owner)).await;
        let _turn = turn.map_err(|_| Failure::unavailable("other creates of the owner were not answered in time"))?;
        self.db.until(until, self.create_in_turn(new, now)).await
    }

    async fn create_in_turn(&self, new: &NewTask, now: Millis) -> Result<Create> {
        let mut evicts = false;
        for _ in 0..TRIES {
            let row = self.try_create(new, evicts, now).await?;
            let summands: i64 = row.try_get(2)?;
            if summands > SUMMANDS {
                self.fold(&[&new.key.owner.0[..]]).await;
            }
            return Ok(match row.try_get::<_, i16>(0)? {
                0 => {
                    if new.holder == Holder::Queue {
                        self.tell(&new.key, None, true);
                    }
                    Create::Created
                }
                1 => Create::Replayed,
                2 => Create::Same(task(row.try_get::<_, Uuid>(1)?)),
                3 => Create::Differs,
                4 => Create::Full,
                5 => {
                    self.delete_if(&new.key, Some(now)).await?;
                    continue;
                }
                6 => Create::Buried,
                7 => Create::NoRoom,
                8 => {
                    evicts = true;
                    continue;
                }
                _ => return Err(Failure::corrupt("a create has an unknown answer")),
            });
        }
        Err(Failure::unavailable("an expired task lay under the key again and again"))
    }

    async fn try_create(&self, new: &NewTask, evicts: bool, now: Millis) -> Result<Row> {
        let sql = &self.db.sql;
        let locks = Locks {
            alone: Some(owner_lock(&self.schema, new.key.owner)),
            shared: if let Holder::Worker(worker) = new.holder {
                Some(worker_lock(&self.schema, worker))
            } else {
                None
            },
        };
        let create = if evicts { &sql.create_evicting } else { &sql.create };
        let (key, payload) = new.idempotency.as_ref().map(|(key, payload)| (&key[..], &payload[..])).unzip();
        let parameters: [Parameter<'_>; 15] = [
            &&new.key.owner.0[..],
            &task_id(&new.key),
            &exact("a stamp", new.stamp.0)?,
            &clamped(new.expires.0),
            &i64::from(new.quota),
            &holder_id(new.holder),
            &new.scope.is_some(),
            &&new.head[..],
            &&new.body[..],
            &key,
            &payload,
            &clamped(now.0),
            &clamped(new.max_bytes),
            &clamped(new.bytes()),
            &Uuid::from_u128(new.write.0),
        ];
        let [rows] = self.db.flight(locks, [create.with(&parameters)]).await?;
        rows.into_iter().next().ok_or_else(|| Failure::corrupt("a create has no answer"))
    }

    /// Puts together what owners' sealed tasks take. That it fails does no harm: the next one does it.
    pub(super) async fn fold(&self, owners: &[&[u8]]) {
        if let Err(failure) = self.db.rows(self.db.sql.fold.with(&[&owners])).await {
            tracing::debug!(%failure, "sums of bytes were not put together");
        }
    }
}
