//! Writing the head of a task that stays open.

use aws_sdk_dynamodb::types::ReturnValue;

use super::{
    Store,
    error::Result,
    expression::Expression,
    head::{self, HEAD_SLACK, Head},
    item::Attributes as _,
    key::{self, HEAD, VARIABLES},
    ledger::{self, Entry},
    record::Added,
    table::{Tries, Write},
};
use crate::{
    store::backend::{HolderChange, Put, TaskKey, Written},
    time::Millis,
};

impl Store {
    pub(super) async fn write(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written> {
        if put.holder == HolderChange::Keep && put.step.is_none() {
            let mut update = head::written(Expression::new(), put)
                .when("#ver = :ver")
                .when("attribute_not_exists(#sealed)")
                .when("#expires > :now")
                .when("#headr >= :length")
                .number(":ver", put.version)
                .number(":now", now.0)
                .number(":length", put.head.len() as u64);
            let wanted = if let Some(fence) = put.fence {
                update = update.when("#fence = :fence").number(":fence", fence);
                ReturnValue::None
            } else {
                // It tells the fence.
                ReturnValue::AllNew
            };
            match self.table.update(self.keys.part(key, HEAD), update, wanted).await? {
                Ok(written) => {
                    let fence = put.fence.map_or_else(|| written.natural("fence"), Ok)?;
                    return Ok(Written::Done { version: put.version + 1, fence });
                }
                Err(None) => return Ok(Written::Missing),
                Err(Some(actual)) => {
                    if let Some(refused) = Head::read(&actual)?.refuses(put, now) {
                        return Ok(refused);
                    }
                }
            }
        }
        self.rewrite_head(key, put, now).await
    }

    /// Writes the head with what has to be written beside it.
    async fn rewrite_head(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written> {
        let _turn = self.turn(key.owner).await;
        let mut tries = Tries::new();
        let mut is_counted = true;
        let mut is_kept = false;
        loop {
            let Some(head) = self.head(key).await? else { return Ok(Written::Missing) };
            if let Some(refused) = head.refuses(put, now) {
                return Ok(refused);
            }
            let taking = if let HolderChange::Take(worker) = put.holder { Some(worker) } else { None };
            if let Some(worker) = taking
                && tries.count() > 0
                && self.is_buried(worker).await?
            {
                return Ok(Written::Buried);
            }
            let (holder, fence) = head.moved(put.holder);
            let length = put.head.len() as u64;
            let grown_head = if length > head.content_reserve { length + HEAD_SLACK - head.content_reserve } else { 0 };
            let step = put.step.as_ref().filter(|_| !is_kept);
            let added = step.map(|(name, value)| Added::to(&head, (name.len() + value.len()) as u64));
            let grown = grown_head + added.as_ref().map_or(0, |added| added.grown);
            let mut update = head::written(head.unchanged(Expression::new()), put)
                .set("#fence = :fence")
                .set("#headr = :headr")
                .set("#rsv = :reserved")
                .number(":fence", fence)
                .number(":headr", head.content_reserve + grown_head)
                .number(":reserved", head.reserved + grown);
            if let Some(added) = &added {
                update = added.counted(update);
            }
            update = match holder {
                Some(holder) => update.set("#holder = :holder").text(":holder", key::holder_text(holder)),
                None => update.remove("#holder"),
            };
            let mut writes = Vec::new();
            if grown > 0 && is_counted {
                let entry = Entry { expires: head.expires, bytes: head.reserved + grown };
                writes.push(Write::Update(self.keys.ledger(key.owner), ledger::grown(key.id, entry, grown)));
            }
            let counted = writes.len();
            writes.push(Write::Update(self.keys.part(key, HEAD), update));
            if head.has_variables && fence != head.fence {
                writes.push(Write::Update(self.keys.part(key, VARIABLES), fenced(fence)));
            }
            if holder != head.holder {
                if let Some(holder) = head.holder {
                    writes.push(Write::Delete(self.keys.held_entry(holder, key), Expression::new()));
                }
                writes.extend(holder.map(|holder| self.entry_of(holder, key, head.expires, now)));
            }
            let place = writes.len();
            writes.extend(step.map(|(name, value)| self.keeping(key, &head, name, value, now)));
            let turn = match taking {
                Some(worker) => {
                    let (turn, check) = self.alive(worker).await;
                    writes.push(check);
                    Some(turn)
                }
                None => None,
            };
            let written = self.table.transact(writes).await?;
            drop(turn);
            match written {
                Ok(()) => return Ok(Written::Done { version: head.version + 1, fence }),
                // It is counted no more: it had expired, by somebody's clock.
                Err(refused) if counted > 0 && refused.at(0) => is_counted = false,
                // The first value stands.
                Err(refused) if step.is_some() && refused.at(place) => is_kept = true,
                Err(_) => tries.pause().await?,
            }
        }
    }
}

/// Writes the copy of the fence that lies with the variables.
pub(super) fn fenced(fence: u64) -> Expression {
    Expression::new().when("attribute_exists(#pk)").set("#fence = :fence").number(":fence", fence)
}
