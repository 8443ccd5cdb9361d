//! Workers: their counters, what becomes of their tasks.

use std::time::Duration;

use super::{
    db::Db,
    error::Result,
    row::{Record, array, clamped, exact, holder_bytes, key, natural, select_record},
};
use crate::{
    store::backend::{Beat, Claim, Claimed, Holder, Parts, Worker, WorkerId},
    time::{Millis, millis},
};

impl Db {
    pub(super) fn claim(&self, from: Holder, to: WorkerId, n: u16, now: Millis) -> Result<Claim> {
        if self.is_buried(to)? {
            return Ok(Claim::Buried);
        }
        let mut found = Vec::new();
        let mut held = self.prepare_cached(select_record!(
            ", owner.key, task.id FROM task INDEXED BY held JOIN owner ON owner.n = task.owner \
             WHERE task.holder = ?1 AND task.open = 1 AND task.expires > ?2 ORDER BY task.n"
        ))?;
        let mut rows = held.query((holder_bytes(from), clamped(now.0)))?;
        while found.len() < usize::from(n) {
            let Some(row) = rows.next()? else { break };
            let claimed = key(row, 9, 10).and_then(|key| {
                let record = Record::read(row)?;
                let n = record.n;
                let task = self.with_parts(record, Parts::BODY | Parts::VARIABLES | Parts::STEPS)?;
                Ok((n, Claimed { key, task }))
            });
            match claimed {
                Ok(claimed) => found.push(claimed),
                Err(failure) => crate::heard::error!(%failure, "a corrupt task was not claimed"),
            }
        }
        drop(rows);
        drop(held);
        let holder = Holder::Worker(to);
        let mut take = self.prepare_cached("UPDATE task SET version = ?2, fence = ?3, holder = ?4 WHERE n = ?1")?;
        let taken = found.into_iter().map(|(n, mut claimed)| {
            let task = &mut claimed.task;
            (task.version, task.fence, task.holder) = (task.version + 1, task.fence + 1, Some(holder));
            take.execute((n, exact(task.version)?, exact(task.fence)?, holder_bytes(holder)))?;
            Ok(claimed)
        });
        Ok(Claim::Taken(taken.collect::<Result<_>>()?))
    }

    pub(super) fn beat(&self, worker: WorkerId, period: Duration, now: Millis) -> Result<Beat> {
        let mut beat = self.prepare_cached(
            "INSERT INTO worker (id, counter, period, clock) \
             SELECT ?1, 1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM buried WHERE id = ?1) \
             ON CONFLICT (id) DO UPDATE SET counter = counter + 1, period = ?2, clock = ?3 RETURNING counter",
        )?;
        let mut rows = beat.query((id(worker), clamped(millis(period)), clamped(now.0)))?;
        rows.next()?.map_or(Ok(Beat::Buried), |row| natural(row, 0).map(Beat::Alive))
    }

    pub(super) fn workers(&self) -> Result<Vec<Worker>> {
        let mut workers = self.prepare_cached("SELECT id, counter, period, clock FROM worker")?;
        let mut rows = workers.query([])?;
        let mut alive = Vec::new();
        while let Some(row) = rows.next()? {
            alive.push(Worker {
                id: WorkerId(u128::from_be_bytes(array(row, 0)?)),
                counter: natural(row, 1)?,
                period: Duration::from_millis(natural(row, 2)?),
                clock: Millis(natural(row, 3)?),
            });
        }
        Ok(alive)
    }

    pub(super) fn bury(&self, worker: WorkerId, seen: u64) -> Result<bool> {
        if self.is_buried(worker)? {
            return Ok(true);
        }
        let Ok(seen) = exact(seen) else { return Ok(false) };
        let dies =
            self.prepare_cached("DELETE FROM worker WHERE id = ?1 AND counter = ?2")?.execute((id(worker), seen))?;
        if dies == 0 {
            return Ok(false);
        }
        self.prepare_cached("INSERT INTO buried (id, settled) VALUES (?1, 0)")?.execute([id(worker)])?;
        Ok(true)
    }

    /// Tells whether others declared a worker dead.
    pub(super) fn is_buried(&self, worker: WorkerId) -> Result<bool> {
        Ok(self.prepare_cached("SELECT 1 FROM buried WHERE id = ?1")?.exists([id(worker)])?)
    }

    pub(super) fn buried(&self) -> Result<Vec<WorkerId>> {
        let mut unsettled = self.prepare_cached("SELECT id FROM buried WHERE settled = 0")?;
        let mut rows = unsettled.query([])?;
        let mut workers = Vec::new();
        while let Some(row) = rows.next()? {
            workers.push(WorkerId(u128::from_be_bytes(array(row, 0)?)));
        }
        Ok(workers)
    }

    pub(super) fn settle(&self, worker: WorkerId) -> Result<()> {
        // Expired or not: by the clock of another worker it may not have.
        let mut settle = self.prepare_cached(
            "UPDATE buried SET settled = 1 WHERE id = ?1 \
             AND NOT EXISTS (SELECT 1 FROM task INDEXED BY held WHERE holder = ?2 AND open = 1)",
        )?;
        settle.execute((id(worker), holder_bytes(Holder::Worker(worker))))?;
        Ok(())
    }
}

fn id(worker: WorkerId) -> [u8; 16] {
    worker.0.to_be_bytes()
}
