//! Writing variables and steps.

use std::borrow::Cow;

use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    Inner,
    db::{Locks, Parameter},
    error::{Failure, Result},
    keys::{cell_name, holder, task_id},
    row::{clamped, part, text},
    sql::Query,
};
use crate::{
    store::backend::{Field, FieldOp, Guard, Merge, Merged, Recorded, Step, TaskKey},
    time::Millis,
};

/// Changes of variables, as arrays.
struct Changes<'a> {
    names: Vec<Cow<'a, [u8]>>,
    labels: Vec<Option<&'a [u8]>>,
    kinds: Vec<i16>,
    values: Vec<&'a [u8]>,
    expected: Vec<Option<&'a [u8]>>,
}

impl<'a> Changes<'a> {
    fn of(ops: &'a [(Field, FieldOp)]) -> Self {
        let mut changes =
            Self { names: Vec::new(), labels: Vec::new(), kinds: Vec::new(), values: Vec::new(), expected: Vec::new() };
        for (field, op) in ops {
            let (kind, value, expected): (_, &[u8], _) = match op {
                FieldOp::Set(value) => (0, value, None),
                FieldOp::Remove => (1, &[], None),
                FieldOp::SetIf { was, value } => (2, value, was.as_deref()),
            };
            let (name, label) = cell_name(field);
            changes.names.push(name);
            changes.labels.push(label);
            changes.kinds.push(kind);
            changes.values.push(value);
            changes.expected.push(expected);
        }
        changes
    }
}

impl Inner {
    pub(super) async fn merge(&self, key: &TaskKey, merge: &Merge, now: Millis) -> Result<Merged> {
        let changes = Changes::of(&merge.ops);
        let fence = match merge.guard {
            Guard::Fence(fence) => Some(clamped(fence)),
            Guard::Open => None,
        };
        let row = self
            .write_cells(
                key,
                &self.db.sql.merge,
                &[
                    &fence,
                    &changes.names,
                    &changes.kinds,
                    &changes.values,
                    &changes.expected,
                    &i64::from(merge.max_bytes),
                    &Uuid::from_u128(merge.write.0),
                    &clamped(now.0),
                    &changes.labels,
                ],
            )
            .await?;
        Ok(match row.try_get::<_, i16>(0)? {
            0 => {
                if merge.guard == Guard::Open {
                    self.tell(key, row.try_get::<_, Option<Uuid>>(2)?.map(holder), false);
                }
                Merged::Done
            }
            1 => Merged::Replayed,
            2 => Merged::Changed(changed(&row)?),
            3 => Merged::Lost,
            4 => Merged::TooLarge,
            5 => Merged::Missing,
            _ => return Err(Failure::corrupt("a merge has an unknown answer")),
        })
    }

    pub(super) async fn record(&self, key: &TaskKey, step: &Step, now: Millis) -> Result<Recorded> {
        let changes = Changes::of(&step.changes);
        let (name, label) = cell_name(&step.name);
        let row = self
            .write_cells(
                key,
                &self.db.sql.record,
                &[
                    &clamped(step.fence),
                    &changes.names,
                    &changes.kinds,
                    &changes.values,
                    &changes.expected,
                    &i64::from(step.max_bytes),
                    &Uuid::from_u128(step.write.0),
                    &clamped(now.0),
                    &changes.labels,
                    &name,
                    &label,
                    &&step.value[..],
                ],
            )
            .await?;
        Ok(match row.try_get::<_, i16>(0)? {
            0 => Recorded::Recorded,
            2 => Recorded::Changed(changed(&row)?),
            3 => Recorded::Lost,
            4 => Recorded::TooLarge,
            5 => Recorded::Missing,
            6 => Recorded::Exists(part(&row, 2)?.ok_or_else(|| Failure::corrupt("a step has no value"))?),
            _ => return Err(Failure::corrupt("a record has an unknown answer")),
        })
    }

    /// Locks the task and runs a statement on it, which has the task's key before these parameters.
    async fn write_cells(&self, key: &TaskKey, query: &Query, rest: &[Parameter<'_>]) -> Result<Row> {
        let (owner, id) = (&key.owner.0[..], task_id(key));
        let address: [Parameter<'_>; 2] = [&owner, &id];
        let mut parameters = address.to_vec();
        parameters.extend(rest);
        let calls = [self.db.sql.lock_task.with(&address), query.with(&parameters)];
        let [_, rows] = self.db.flight(Locks::default(), calls).await?;
        rows.into_iter().next().ok_or_else(|| Failure::corrupt("a write has no answer"))
    }
}

fn changed(row: &Row) -> Result<Field> {
    Ok(Field::from(text(row.try_get(1)?)?))
}
