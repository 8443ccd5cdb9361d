//! Sealing a task: outcome, quota and holder in one transaction, and room for what it has become.

use bytes::Bytes;

use super::{
    Store,
    error::Result,
    expression::Expression,
    head::{self, Head},
    item::{self, Item},
    key::{self, HEAD, OUTCOME, VARIABLES},
    ledger::{self, Ledger},
    record::Added,
    room::{Leaving, REMOVED_AT_ONCE},
    table::{Tries, Write},
    ttl,
    variables::Variables,
};
use crate::{
    store::backend::{HolderChange, Put, TaskKey, Written},
    time::Millis,
};

/// Room for a task that is sealed.
enum Room {
    /// The ledger with it, the tasks that make room, and the writes by which they go.
    Made(Box<Expression>, Vec<Leaving>, Vec<Write>),
    /// Some tasks went, and more have to.
    Removed,
    /// The ledger was written by others.
    Again,
}

impl Store {
    pub(super) async fn seal(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written> {
        let _turn = self.turn(key.owner).await;
        let mut tries = Tries::new();
        let (mut is_first, mut is_kept) = (true, false);
        loop {
            let Some((head, variables)) = self.with_variables(key, now).await? else { return Ok(Written::Missing) };
            if let Some(refused) = head.refuses(put, now) {
                return Ok(refused);
            }
            if let HolderChange::Take(worker) = put.holder
                && self.is_buried(worker).await?
            {
                return Ok(Written::Buried);
            }
            let step = put.step.as_ref().filter(|_| !is_kept);
            let bytes = taken(put, &head, variables.as_ref(), step);
            let mut writes = self.sealing(key, put, &head, variables.as_ref(), step, now);
            let place = writes.len();
            writes.extend(step.map(|(name, value)| self.keeping(key, &head, name, value, now)));
            let mut leaving = Vec::new();
            // While the ledger leaves room it need not be read.
            let quick = discounted(key, &head, bytes).filter(|_| is_first);
            is_first = false;
            if let Some(ledger) = quick {
                writes.push(Write::Update(self.keys.ledger(key.owner), ledger));
            } else {
                match self.room_for_sealed(key, &head, bytes, now).await? {
                    Room::Made(ledger, found, departing) => {
                        writes.push(Write::Update(self.keys.ledger(key.owner), *ledger));
                        writes.extend(departing);
                        leaving = found;
                    }
                    Room::Removed => continue,
                    Room::Again => {
                        tries.pause().await?;
                        continue;
                    }
                }
            }
            let turn = match put.holder {
                HolderChange::Take(worker) => {
                    let (turn, check) = self.alive(worker).await;
                    writes.push(check);
                    Some(turn)
                }
                _ => None,
            };
            let done = self.table.transact(writes).await?;
            drop(turn);
            match done {
                Ok(()) => {
                    self.clear(leaving).await;
                    return Ok(Written::Done { version: head.version + 1, fence: head.moved(put.holder).1 });
                }
                // The first value stands.
                Err(refused) if step.is_some() && refused.at(place) => is_kept = true,
                Err(_) => tries.pause().await?,
            }
        }
    }

    /// The writes of the seal beside the ledger's.
    fn sealing(
        &self,
        key: &TaskKey,
        put: &Put,
        head: &Head,
        variables: Option<&Variables>,
        step: Option<&(String, Bytes)>,
        now: Millis,
    ) -> Vec<Write> {
        let keys = &self.keys;
        let (ttl, bytes) = (ttl(head.expires, now), taken(put, head, variables, step));
        let mut update = head::written(head.unchanged(Expression::new()), put)
            .set("#sealed = :sealed")
            .set("#took = :took")
            .set("#fence = :fence")
            .remove("#holder")
            .number(":sealed", now.0)
            .number(":took", bytes)
            .number(":fence", head.moved(put.holder).1);
        update = match step {
            Some((name, value)) => Added::to(head, (name.len() + value.len()) as u64).counted(update),
            None => update.when("#steps = :steps").number(":steps", head.steps),
        };
        let mut writes = Vec::new();
        let outcome = put.outcome.clone().unwrap_or_default();
        if head::is_inline(&put.head, &outcome) {
            update = update.set("#outcome = :outcome").bytes(":outcome", &outcome);
        } else {
            update = update.set("#apart = :yes").number(":yes", 1);
            let mut apart = item::item(keys.part(key, OUTCOME), ttl);
            apart.insert("value".to_owned(), item::bytes(&outcome));
            writes.push(Write::Put(apart, Expression::new()));
        }
        writes.push(Write::Update(keys.part(key, HEAD), update));
        if let Some(variables) = variables {
            let seal = Expression::new()
                .when("#rev = :seen")
                .set("#sealed = :sealed")
                .number(":seen", variables.revision)
                .number(":sealed", now.0);
            writes.push(Write::Update(keys.part(key, VARIABLES), seal));
        }
        if let Some(holder) = head.holder {
            writes.push(Write::Delete(keys.held_entry(holder, key), Expression::new()));
        }
        writes.push(Write::Put(
            entry(keys.sealed_entry(key, now), head, head.steps + u64::from(step.is_some()), bytes, ttl),
            Expression::new(),
        ));
        writes
    }

    /// Makes room for a sealed task.
    async fn room_for_sealed(&self, key: &TaskKey, head: &Head, bytes: u64, now: Millis) -> Result<Room> {
        let owner = key.owner;
        let item = self.table.get(self.keys.ledger(owner)).await?;
        let mut ledger = Ledger::read(item.as_ref(), now)?;
        let ttl = ttl(head.expires, now) + super::create::LEDGER_KEPT;
        let (mut leaving, mut departing) = (Vec::new(), Vec::new());
        let was_live = ledger.contains(key.id);
        let others = ledger.live_bytes().saturating_sub(if was_live { head.reserved } else { 0 });
        if others.saturating_add(ledger.sealed_bytes()).saturating_add(bytes) > head.max_bytes {
            let live = self.weigh(owner, &ledger, Some(key.id)).await?;
            let rest = head.max_bytes.saturating_sub(live).saturating_sub(bytes);
            if let Some(excess) = ledger.sealed_bytes().checked_sub(rest).filter(|excess| *excess > 0) {
                let (found, suffices) = self.leaving(owner, &ledger, excess, now).await?;
                departing = self.depart(&found, &mut ledger);
                if !suffices && found.len() == REMOVED_AT_ONCE {
                    departing.push(Write::Update(self.keys.ledger(owner), ledger.write(ttl)));
                    if self.table.transact(departing).await?.is_err() {
                        return Ok(Room::Again);
                    }
                    self.clear(found).await;
                    return Ok(Room::Removed);
                }
                if !suffices {
                    ledger.forget_all();
                }
                leaving = found;
            }
        }
        ledger.remove(key.id);
        ledger.seal(head.expires, bytes);
        Ok(Room::Made(Box::new(ledger.write(ttl)), leaving, departing))
    }
}

/// Bytes a task takes once it is sealed, with a step that is recorded then.
fn taken(put: &Put, head: &Head, variables: Option<&Variables>, step: Option<&(String, Bytes)>) -> u64 {
    let step = step.map_or(0, |(name, value)| name.len() + value.len());
    let content = put.head.len() + put.outcome.as_ref().map_or(0, Bytes::len);
    head.bytes() - head.content.len() as u64 + (content + step) as u64 + variables.map_or(0, Variables::bytes)
}

/// The ledger with a task that was open and is sealed, if that leaves room for sure.
fn discounted(key: &TaskKey, head: &Head, bytes: u64) -> Option<Expression> {
    let grown = i128::from(bytes) - i128::from(head.reserved);
    let most = u128::try_from(i128::from(head.max_bytes) - grown).ok()?;
    Some(
        Expression::new()
            .when("attribute_exists(#entry)")
            .when("#bytes <= :most")
            .add("#n :less")
            .add("#bytes :grown")
            .add("#sum :took")
            .add("#rev :one")
            .remove("#entry")
            .name("#entry", key::entry(key.id))
            .name("#sum", ledger::sum(head.expires))
            .number(":most", i128::try_from(most).unwrap_or(i128::MAX))
            .number(":less", -1)
            .number(":grown", grown)
            .number(":took", bytes)
            .number(":one", 1),
    )
}

/// The entry of a sealed task, with what is needed to remove it.
fn entry(key: key::Key, head: &Head, steps: u64, bytes: u64, ttl: u64) -> Item {
    let mut entry = item::item(key, ttl);
    let numbers = [("expires", head.expires.0), ("bytes", bytes), ("steps", steps), ("stamp", head.stamp.0)];
    entry.extend(numbers.map(|(name, number)| (name.to_owned(), item::number(number))));
    if let Some(scope) = head.scope {
        entry.insert("scope".to_owned(), item::text(scope.0.to_string()));
    }
    if let Some(digest) = &head.idempotency {
        entry.insert("idem".to_owned(), item::text(key::hex(digest)));
    }
    entry
}
