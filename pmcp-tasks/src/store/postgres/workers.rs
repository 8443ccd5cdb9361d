//! Workers: their beats, their burials.

use std::time::Duration;

use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    Inner,
    db::Locks,
    error::Result,
    keys::{worker_id, worker_lock},
    row::{clamped, natural},
};
use crate::{
    store::backend::{Beat, Worker, WorkerId},
    time::{Millis, millis},
};

impl Inner {
    pub(super) async fn beat(&self, worker: WorkerId, period: Duration, now: Millis) -> Result<Beat> {
        let beat = &self.db.sql.beat;
        let (id, period, now) = (worker_id(worker), clamped(millis(period)), clamped(now.0));
        let row = self.db.row(beat.with(&[&id, &period, &now])).await?;
        row.map_or(Ok(Beat::Buried), |row| natural(&row, 0).map(Beat::Alive))
    }

    pub(super) async fn workers(&self) -> Result<Vec<Worker>> {
        let read = |row: &Row| {
            Ok(Worker {
                id: id(row)?,
                counter: natural(row, 1)?,
                period: Duration::from_millis(natural(row, 2)?),
                clock: Millis(natural(row, 3)?),
            })
        };
        self.db.rows(self.db.sql.workers.with(&[])).await?.iter().map(read).collect()
    }

    pub(super) async fn bury(&self, worker: WorkerId, seen: u64) -> Result<bool> {
        let sql = &self.db.sql;
        let (id, seen) = (worker_id(worker), clamped(seen));
        // Whatever the worker is to hold holds this lock, too: it is there before the burial or refused after it.
        let locks = Locks { alone: Some(worker_lock(&self.schema, worker)), ..Locks::default() };
        let [rows] = self.db.flight(locks, [sql.bury.with(&[&id, &seen])]).await?;
        Ok(!rows.is_empty())
    }

    pub(super) async fn buried(&self) -> Result<Vec<WorkerId>> {
        self.db.rows(self.db.sql.buried.with(&[])).await?.iter().map(id).collect()
    }

    /// Tells whether others declared a worker dead.
    pub(super) async fn is_buried(&self, worker: WorkerId) -> Result<bool> {
        let row = self.db.row(self.db.sql.is_buried.with(&[&worker_id(worker)])).await?;
        Ok(row.is_some())
    }

    pub(super) async fn settle(&self, worker: WorkerId) -> Result<()> {
        self.db.rows(self.db.sql.settle.with(&[&worker_id(worker)])).await?;
        Ok(())
    }
}

fn id(row: &Row) -> Result<WorkerId> {
    Ok(WorkerId(row.try_get::<_, Uuid>(0)?.as_u128()))
}
