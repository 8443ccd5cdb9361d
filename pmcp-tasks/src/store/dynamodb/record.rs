//! Recording steps: with the head, whose fence decides.

use bytes::Bytes;

use super::{
    Store, absent,
    error::Result,
    expression::Expression,
    head::{Head, PART_SLACK},
    item::{self, Attributes as _},
    key::HEAD,
    merge::{self, Refusal},
    table::{Tries, Write},
    ttl,
};
use crate::{
    store::backend::{Recorded, Step, TaskKey},
    time::Millis,
};

impl Store {
    pub(super) async fn record(&self, key: &TaskKey, step: &Step, now: Millis) -> Result<Recorded> {
        let mut tries = Tries::new();
        let mut is_counted = true;
        let bytes = (step.name.len() + step.value.len()) as u64;
        let mut turn = None;
        loop {
            if tries.count() > 0 && turn.is_none() {
                turn = Some(self.turn(key.owner).await);
            }
            // The variables are read only where they change.
            let read = if step.changes.is_empty() {
                self.head(key).await?.map(|head| (head, None))
            } else {
                self.with_variables(key, now).await?
            };
            let Some((head, variables)) = read else { return Ok(Recorded::Missing) };
            if !head.exists(now) {
                return Ok(Recorded::Missing);
            }
            if !head.open || head.fence != step.fence {
                return Ok(Recorded::Lost);
            }
            let of = self.keys.step(key, &step.name);
            // At the first try the write finds out.
            if tries.count() > 0
                && let Some(recorded) = self.table.get(of.clone()).await?
            {
                return Ok(Recorded::Exists(recorded.blob("value")?));
            }
            let planned = if step.changes.is_empty() {
                None
            } else {
                match merge::planned(variables.as_ref(), &step.changes, step.max_bytes, None)? {
                    Ok(planned) => Some(planned),
                    // If the step was not recorded before, at the next try.
                    Err(_) if tries.count() == 0 => {
                        tries.pause().await?;
                        continue;
                    }
                    Err(Refusal::Changed(field)) => return Ok(Recorded::Changed(field)),
                    Err(Refusal::TooLarge) => return Ok(Recorded::TooLarge),
                }
            };
            let added = Added::to(&head, bytes);
            let grown = added.grown + planned.as_ref().map_or(0, |planned| planned.grown);
            let mut writes = self.counting(key, &head, grown, is_counted);
            let counts = !writes.is_empty();
            let mut update = added.counted(merge::growing(&head, grown));
            if let Some(planned) = &planned {
                update = update.set("#vars = :yes").number(":yes", 1);
                writes.push(self.changing(key, &head, variables.as_ref(), &step.changes, planned, now));
            }
            writes.push(Write::Update(self.keys.part(key, HEAD), update));
            writes.push(self.keeping(key, &head, &step.name, &step.value, now));
            let done = self.table.transact(writes).await?;
            match done {
                Ok(()) => return Ok(Recorded::Recorded),
                // It is counted no more: it had expired, by somebody's clock.
                Err(refused) if counts && refused.at(0) => is_counted = false,
                Err(_) => tries.pause().await?,
            }
        }
    }

    /// Keeps the result of a step that has none.
    pub(super) fn keeping(&self, key: &TaskKey, head: &Head, name: &str, value: &Bytes, now: Millis) -> Write {
        let mut item = item::item(self.keys.step(key, name), ttl(head.expires, now));
        item.insert("name".to_owned(), item::text(name));
        item.insert("value".to_owned(), item::bytes(value));
        Write::Put(item, absent())
    }
}

/// One step more than a task has.
pub(super) struct Added {
    before: u64,
    bytes: u64,
    reserve: u64,
    /// Bytes the owner's ledger has to count for it.
    pub(super) grown: u64,
}

impl Added {
    /// A step of so many bytes.
    pub(super) fn to(head: &Head, bytes: u64) -> Self {
        let bytes = head.step_bytes + bytes;
        let grown = if bytes > head.step_reserve { bytes + PART_SLACK - head.step_reserve } else { 0 };
        Self { before: head.steps, bytes, reserve: head.step_reserve + grown, grown }
    }

    /// Counts it in the write of the head that it was made from.
    pub(super) fn counted(&self, update: Expression) -> Expression {
        update
            .when("#steps = :steps")
            .set("#steps = :count")
            .set("#stepb = :stepb")
            .set("#stepr = :stepr")
            .number(":steps", self.before)
            .number(":count", self.before + 1)
            .number(":stepb", self.bytes)
            .number(":stepr", self.reserve)
    }
}
