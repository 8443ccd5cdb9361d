//! Taking tasks over.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;
use tokio_postgres::Row;

use super::{
    Inner,
    db::{CALL, Locks, Parameter},
    error::{Failure, Result},
    keys::{holder_id, worker_id, worker_lock},
    row::{COLUMNS, bytes, clamped, key, record, text},
};
use crate::{
    store::backend::{Claim, Claimed, Field, Holder, WorkerId},
    time::Millis,
};

/// Number of looks at tasks that others were about to claim or to write.
const LOOKS: usize = 4;

/// Pause before it looks again.
const PAUSE: Duration = Duration::from_millis(2);

/// A look at what a holder has.
struct Look {
    taken: Vec<Claimed>,
    is_buried: bool,
    /// Set if there is more to claim.
    more: bool,
}

impl Inner {
    pub(super) async fn claim(&self, from: Holder, to: WorkerId, n: u16, now: Millis) -> Result<Claim> {
        let until = Instant::now() + CALL;
        let n = usize::from(n);
        let mut claimed = Vec::new();
        for look in 0..LOOKS {
            // From a dead worker it waits for what is under way, as the last look at the queue does.
            let waits = from != Holder::Queue || look + 1 == LOOKS;
            let looked = self.db.until(until, self.try_claim(from, to, n - claimed.len(), waits, now)).await;
            let Look { taken, is_buried, more } = match looked {
                Ok(look) => look,
                Err(failure) if claimed.is_empty() => return Err(failure),
                // What was taken before is told, so that it runs.
                Err(failure) => {
                    crate::heard::error!(%failure, "a claim broke off");
                    break;
                }
            };
            claimed.extend(taken);
            if is_buried && claimed.is_empty() {
                return Ok(Claim::Buried);
            }
            // Who waited for a row that another took gets fewer than there are.
            if is_buried || !more || claimed.len() >= n || from == Holder::Worker(to) {
                break;
            }
            if look > 0 {
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(Claim::Taken(claimed))
    }

    /// Takes what it finds, and reads it in the same transaction by a snapshot from after the fences rose: it has all that was
    /// written under the old ones.
    async fn try_claim(&self, from: Holder, to: WorkerId, n: usize, waits: bool, now: Millis) -> Result<Look> {
        let sql = &self.db.sql;
        let query = if waits { &sql.claim } else { &sql.claim_free };
        let (lock, from, id) = (worker_lock(&self.schema, to), holder_id(from), worker_id(to));
        let (n, now) = (i64::try_from(n).unwrap_or(i64::MAX), clamped(now.0));
        let locks = Locks { shared: Some(lock), ..Locks::default() };
        let (claim, after): ([Parameter<'_>; 4], [Parameter<'_>; 3]) = ([&from, &id, &n, &now], [&from, &id, &now]);
        let calls = [query.with(&claim), sql.claimed.with(&[]), sql.after_claim.with(&after)];
        let [rows, parts, after] = self.db.flight(locks, calls).await?;
        let after = after.first().ok_or_else(|| Failure::corrupt("a claim has no answer"))?;
        Ok(Look { taken: whole(&rows, parts)?, is_buried: after.try_get(0)?, more: after.try_get(1)? })
    }
}

/// The tasks that were taken, with their parts. A damaged one keeps nobody from the others.
fn whole(rows: &[Row], parts: Vec<Row>) -> Result<Vec<Claimed>> {
    let mut of_task: HashMap<i64, Vec<Row>> = HashMap::new();
    for part in parts {
        of_task.entry(part.try_get(1)?).or_default().push(part);
    }
    let mut claimed = Vec::with_capacity(rows.len());
    for row in rows {
        let parts = of_task.remove(&row.try_get(COLUMNS + 2)?).unwrap_or_default();
        match task(row, &parts) {
            Ok(task) => claimed.push(task),
            Err(failure) => crate::heard::error!(%failure, "a corrupt task was claimed"),
        }
    }
    Ok(claimed)
}

fn task(row: &Row, parts: &[Row]) -> Result<Claimed> {
    let mut task = record(row)?;
    let (variables, steps) = (task.variables.insert(BTreeMap::new()), task.steps.insert(BTreeMap::new()));
    for part in parts {
        let (name, value): (&str, Bytes) = (text(part.try_get(2)?)?, bytes(part, 3)?);
        if part.try_get(0)? {
            variables.insert(Field::from(name), value);
        } else {
            steps.insert(name.to_owned(), value);
        }
    }
    task.body = Some(bytes(row, COLUMNS + 3)?);
    Ok(Claimed { key: key(row, COLUMNS, COLUMNS + 1)?, task })
}
