//! Taking tasks over.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use bytes::Bytes;
use tokio_postgres::Row;

use super::{
    Inner,
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

impl Inner {
    pub(super) async fn claim(&self, from: Holder, to: WorkerId, n: u16, now: Millis) -> Result<Claim> {
        let n = usize::from(n);
        let mut rows = Vec::new();
        for look in 0..LOOKS {
            // From a dead worker it waits for what is under way, as the last look at the queue does.
            let waits = from != Holder::Queue || look + 1 == LOOKS;
            let (mut taken, is_buried, more) = match self.try_claim(from, to, n - rows.len(), waits, now).await {
                Ok(looked) => looked,
                Err(failure) if rows.is_empty() => return Err(failure),
                // What was taken before is told, so that it runs.
                Err(failure) => {
                    crate::heard::error!(%failure, "a claim broke off");
                    break;
                }
            };
            rows.append(&mut taken);
            if is_buried && rows.is_empty() {
                return Ok(Claim::Buried);
            }
            // Who waited for a row that another took gets fewer than there are.
            if is_buried || !more || rows.len() == n || from == Holder::Worker(to) {
                break;
            }
            if look > 0 {
                tokio::time::sleep(PAUSE).await;
            }
        }
        match self.with_parts(&rows).await {
            Ok(claimed) => Ok(Claim::Taken(claimed)),
            // They are taken already: reading them is tried again.
            Err(_) => self.with_parts(&rows).await.map(Claim::Taken),
        }
    }

    /// The rows of the tasks that were taken, whether the worker is buried, and whether there is more to claim.
    async fn try_claim(
        &self,
        from: Holder,
        to: WorkerId,
        n: usize,
        waits: bool,
        now: Millis,
    ) -> Result<(Vec<Row>, bool, bool)> {
        let sql = &self.db.sql;
        let claim = if waits { &sql.claim } else { &sql.claim_free };
        let (lock, from, id) = (worker_lock(&self.schema, to), holder_id(from), worker_id(to));
        let (n, now) = (i64::try_from(n).unwrap_or(i64::MAX), clamped(now.0));
        let (rows, after) = self
            .db
            .long_flight(
                sql.lock_shared.with(&[&lock]),
                claim.with(&[&from, &id, &n, &now]),
                sql.after_claim.with(&[&from, &id, &now]),
            )
            .await?;
        let after = after.first().ok_or_else(|| Failure::corrupt("a claim has no answer"))?;
        Ok((rows, after.try_get(0)?, after.try_get(1)?))
    }

    /// The tasks that were taken, with their parts: by a snapshot from after the fences rose, so that it has all that was written
    /// under the old ones.
    async fn with_parts(&self, rows: &[Row]) -> Result<Vec<Claimed>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let numbers: Vec<i64> = rows.iter().map(|row| Ok(row.try_get(COLUMNS + 2)?)).collect::<Result<_>>()?;
        let mut parts: HashMap<i64, Vec<Row>> = HashMap::new();
        for row in self.db.rows(self.db.sql.parts.with(&[&numbers])).await? {
            parts.entry(row.try_get(1)?).or_default().push(row);
        }
        let mut claimed = Vec::with_capacity(rows.len());
        for (row, number) in rows.iter().zip(numbers) {
            match whole(row, parts.get(&number).map_or(&[], Vec::as_slice)) {
                Ok(task) => claimed.push(task),
                Err(failure) => crate::heard::error!(%failure, "a corrupt task was claimed"),
            }
        }
        Ok(claimed)
    }
}

fn whole(row: &Row, parts: &[Row]) -> Result<Claimed> {
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
