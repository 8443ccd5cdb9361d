//! Workers: their counters, burials, what becomes of their tasks.
//!
//! The living and the unsettled are in one bucket, which decides between a beat and a burial. A create, a claim or a `Take` is
//! decided in another bucket, in one script: so each has a mark of every buried worker. `bury` first takes the worker from
//! the living, which is final, then marks all buckets, and answers last. A create in a bucket comes before its mark, and
//! then whoever claims after the answer finds it, or after it, and is refused. Should `bury` fail between, the worker is
//! among the unsettled: whoever buries it again marks the rest, and so does `settle`, which in each bucket marks and looks
//! whether anything is left in the same script, and settles only when nothing was in any.

use std::{sync::atomic::Ordering, time::Duration};

use futures_util::future::try_join_all;
use redis::Value;

use super::{
    Store,
    error::{Failure, Result},
    names::{ORIGIN, common, holder_bytes, key, worker_of},
    reply::{self, Items},
    script,
};
use crate::{
    store::backend::{Beat, Claim, Claimed, Field, Holder, Worker, WorkerId},
    time::{Millis, millis},
};

/// Time a burial is remembered after it was settled, in milliseconds: 30 days. No worker is that late: one that has not
/// renewed its lease for a period stops by itself.
const REMEMBERED: u64 = 30 * 24 * 60 * 60 * 1000;

impl Store {
    pub(super) async fn claim(&self, from: Holder, to: WorkerId, n: u16, now: Millis) -> Result<Claim> {
        let (holder, me) = (holder_bytes(from), to.0.to_be_bytes());
        let buckets = self.names.buckets();
        let looks = buckets.iter().map(|bucket| {
            let look = script::PEEK.on(bucket).arg(&holder).arg(&me[..]);
            self.link.call(look.arg(now.0))
        });
        let id = self.claim_id();
        let mut counts = Vec::with_capacity(buckets.len());
        for count in try_join_all(looks).await? {
            if count == Value::Nil {
                return Ok(Claim::Buried);
            }
            counts.push(reply::number(&count)?);
        }
        let mut claimed = Vec::new();
        // Another bucket is the first each time, so that none has to wait for the others to be empty.
        let first = self.turn(buckets.len());
        for n_of in (first..buckets.len()).chain(0..first) {
            let wanted = usize::from(n) - claimed.len();
            if wanted == 0 {
                break;
            }
            if counts[n_of] == 0 {
                continue;
            }
            let call = script::CLAIM.on(&buckets[n_of]).arg(&holder).arg(&me[..]).arg(wanted).arg(now.0).arg(&id[..]);
            let answer = match self.link.call(call).await {
                Ok(answer) => answer,
                Err(failure) if claimed.is_empty() => return Err(failure),
                // What was taken before is told, so that it runs.
                Err(failure) => {
                    crate::heard::error!(%failure, "a claim broke off");
                    break;
                }
            };
            if answer == Value::Nil {
                return Ok(Claim::Buried);
            }
            let mut answer = Items::of(answer)?;
            let damaged = answer.number()?;
            if damaged > 0 {
                crate::heard::error!(damaged, "corrupt tasks were not claimed");
            }
            for row in Items::of(answer.value()?)? {
                match taken(row) {
                    Ok(row) => claimed.push(row),
                    Err(failure) => crate::heard::error!(%failure, "a corrupt task was claimed, and nobody runs it"),
                }
            }
        }
        Ok(Claim::Taken(claimed))
    }

    pub(super) async fn beat(&self, worker: WorkerId, period: Duration, now: Millis) -> Result<Beat> {
        let call = script::BEAT.on(&self.common()).arg(&worker.0.to_be_bytes()[..]).arg(millis(period)).arg(now.0);
        match reply::number(&self.link.call(call).await?)? {
            0 => Ok(Beat::Buried),
            counter => Ok(Beat::Alive(counter)),
        }
    }

    pub(super) async fn workers(&self) -> Result<Vec<Worker>> {
        let mut read = redis::cmd("HGETALL");
        read.arg(self.common() + "w");
        let mut items = Items::of(self.link.query(&read).await?)?;
        let mut workers = Vec::new();
        while let Some(id) = items.next() {
            let id = worker_of(&reply::bytes(id)?)?;
            let beaten = reply::text(items.value()?)?;
            let numbers: Option<Vec<u64>> = beaten.split(' ').map(|number| number.parse().ok()).collect();
            let Some(&[counter, period, clock]) = numbers.as_deref() else {
                return Err(Failure::Corrupt("the beat of a worker"));
            };
            workers.push(Worker { id, counter, period: Duration::from_millis(period), clock: Millis(clock) });
        }
        Ok(workers)
    }

    pub(super) async fn bury(&self, worker: WorkerId, seen: u64) -> Result<bool> {
        let id = worker.0.to_be_bytes();
        let call = script::BURY.on(&self.common()).arg(&id[..]).arg(seen);
        if reply::number(&self.link.call(call).await?)? == 0 {
            return Ok(false);
        }
        let marks = self.names.buckets().iter().map(|bucket| script::MARK.on(bucket).arg(&id[..]).arg(REMEMBERED));
        try_join_all(marks.map(|mark| self.link.call(mark))).await?;
        Ok(true)
    }

    pub(super) async fn buried(&self) -> Result<Vec<WorkerId>> {
        let mut read = redis::cmd("SMEMBERS");
        read.arg(self.common() + "u");
        let workers = Items::of(self.link.query(&read).await?)?;
        workers.map(|worker| worker_of(&reply::bytes(worker)?)).collect()
    }

    pub(super) async fn settle(&self, worker: WorkerId) -> Result<()> {
        let id = worker.0.to_be_bytes();
        let mut read = redis::cmd("SISMEMBER");
        read.arg(self.common() + "u").arg(&id[..]);
        if reply::number(&self.link.query(&read).await?)? == 0 {
            return Ok(());
        }
        let calls = self.names.buckets().iter().map(|bucket| script::EMPTIED.on(bucket).arg(&id[..]).arg(REMEMBERED));
        for is_empty in try_join_all(calls.map(|call| self.link.call(call))).await? {
            if reply::number(&is_empty)? == 0 {
                return Ok(());
            }
        }
        let call = script::SETTLE.on(&self.common()).arg(&id[..]).arg(REMEMBERED);
        self.link.call(call).await.map(drop)
    }

    /// Takes what the server has removed out of the queue of one bucket, another one each time.
    pub(super) async fn sweep(&self, n: u16, now: Millis) -> Result<u16> {
        if n == 0 {
            return Ok(0);
        }
        let buckets = self.names.buckets();
        let call = script::SWEEP.on(&buckets[self.turn(buckets.len())]).arg(n).arg(now.0);
        let removed = reply::number(&self.link.call(call).await?)?;
        Ok(u16::try_from(removed).unwrap_or(n).min(n))
    }

    /// A claim's id, by which one that is sent twice is known.
    fn claim_id(&self) -> [u8; 2 * ORIGIN] {
        let mut id = [0; 2 * ORIGIN];
        id[..ORIGIN].copy_from_slice(&self.origin);
        id[ORIGIN..].copy_from_slice(&self.claims.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        id
    }

    fn common(&self) -> String {
        common(self.names.prefix())
    }
}

/// A task that was claimed, as the script tells it.
fn taken(row: Value) -> Result<Claimed> {
    let mut row = Items::of(row)?;
    let key = key(&row.bytes()?)?;
    let mut fields = Items::of(row.value()?)?;
    let mut task = fields.task()?.ok_or(Failure::Corrupt("a task"))?;
    task.body = Some(fields.bytes()?);
    task.variables = Some(reply::cells(row.value()?, Field::from)?);
    task.steps = Some(reply::cells(row.value()?, |name| name)?);
    Ok(Claimed { key, task })
}
