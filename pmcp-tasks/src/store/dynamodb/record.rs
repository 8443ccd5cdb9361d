//! Recording steps: with the head, whose fence decides.

use super::{
    Store, absent,
    error::Result,
    head::PART_SLACK,
    item::{self, Attributes as _, Item},
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
            let taken = head.step_bytes + bytes;
            let step_grown = if taken > head.step_reserve { taken + PART_SLACK - head.step_reserve } else { 0 };
            let grown = step_grown + planned.as_ref().map_or(0, |planned| planned.grown);
            let mut writes = self.counting(key, &head, grown, is_counted);
            let counts = !writes.is_empty();
            let mut update = merge::growing(&head, grown)
                .when("#steps = :steps")
                .set("#steps = :count")
                .set("#stepb = :bytes")
                .set("#stepr = :reserve")
                .number(":steps", head.steps)
                .number(":count", head.steps + 1)
                .number(":bytes", taken)
                .number(":reserve", head.step_reserve + step_grown);
            if let Some(planned) = &planned {
                update = update.set("#vars = :yes").number(":yes", 1);
                writes.push(self.changing(key, &head, variables.as_ref(), &step.changes, planned, now));
            }
            writes.push(Write::Update(self.keys.part(key, HEAD), update));
            writes.push(Write::Put(recorded(item::item(of, ttl(head.expires, now)), step), absent()));
            let done = self.table.transact(writes).await?;
            match done {
                Ok(()) => return Ok(Recorded::Recorded),
                // It is counted no more: it had expired, by somebody's clock.
                Err(refused) if counts && refused.at(0) => is_counted = false,
                Err(_) => tries.pause().await?,
            }
        }
    }
}

fn recorded(mut item: Item, step: &Step) -> Item {
    item.insert("name".to_owned(), item::text(step.name.as_str()));
    item.insert("value".to_owned(), item::bytes(&step.value));
    item
}
