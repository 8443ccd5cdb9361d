//! Writing variables: one write of one item where nothing has to be known before.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};

use super::{
    Store, absent,
    error::Result,
    expression::Expression,
    head::{Head, PART_SLACK},
    item,
    key::{HEAD, Key, VARIABLES},
    ledger::{self, Entry},
    table::{Tries, Write},
    ttl,
    variables::{self, MAX_BYTES, MOST_REMEMBERED, NotChanged, Variables},
};
use crate::{
    store::backend::{Field, FieldOp, Guard, Merge, Merged, TaskKey, WriteId},
    time::Millis,
};

/// Number of changes that one expression holds. More are written as the whole map.
const CHANGES: usize = 60;

/// Variables after changes, and bytes that have to be counted for them.
pub(super) struct Planned {
    /// Variables as they will be.
    pub(super) variables: Variables,
    /// Bytes the owner's ledger has to count in addition.
    pub(super) grown: u64,
}

/// Answer to changes that cannot be made.
pub(super) enum Refusal {
    Changed(Field),
    TooLarge,
}

impl Store {
    pub(super) async fn merge(&self, key: &TaskKey, merge: &Merge, now: Millis) -> Result<Merged> {
        if self.merge_quickly(key, merge, now).await? {
            return Ok(Merged::Done);
        }
        // Those who have to look first take turns. Whoever waited for that may find nothing in the way any more.
        let mut turn = self.turn_now(key.owner);
        if turn.is_none() {
            turn = Some(self.turn(key.owner).await);
            if self.merge_quickly(key, merge, now).await? {
                return Ok(Merged::Done);
            }
        }
        let mut tries = Tries::new();
        let mut is_counted = true;
        loop {
            let Some((head, variables)) = self.with_variables(key, now).await? else { return Ok(Merged::Missing) };
            if !head.exists(now) {
                return Ok(Merged::Missing);
            }
            if variables.as_ref().is_some_and(|variables| variables.remembers(merge.write)) {
                return Ok(Merged::Replayed);
            }
            if !head.open || !variables::holds(merge.guard, head.fence) {
                return Ok(Merged::Lost);
            }
            let planned = match planned(variables.as_ref(), &merge.ops, merge.max_bytes, Some(merge.write))? {
                Ok(planned) => planned,
                Err(Refusal::Changed(field)) => return Ok(Merged::Changed(field)),
                Err(Refusal::TooLarge) => return Ok(Merged::TooLarge),
            };
            let change = self.changing(key, &head, variables.as_ref(), &merge.ops, &planned, now);
            let done = if variables.is_some() && planned.grown == 0 {
                let Write::Update(of, update) = change else { return Ok(Merged::Missing) };
                self.table.update(of, update, ReturnValue::None).await?.is_ok()
            } else {
                let mut writes = self.counting(key, &head, planned.grown, is_counted);
                let update = growing(&head, planned.grown).set("#vars = :yes").number(":yes", 1);
                writes.push(Write::Update(self.keys.part(key, HEAD), update));
                writes.push(change);
                let counts = planned.grown > 0 && is_counted;
                match self.table.transact(writes).await? {
                    Ok(()) => true,
                    Err(refused) => {
                        is_counted &= !(counts && refused.at(0));
                        false
                    }
                }
            };
            if done {
                drop(turn);
                return Ok(Merged::Done);
            }
            tries.pause().await?;
        }
    }

    /// Merges by one write, if nothing has to be known before; tells whether it did.
    async fn merge_quickly(&self, key: &TaskKey, merge: &Merge, now: Millis) -> Result<bool> {
        let Some(update) = quick(merge, now) else { return Ok(false) };
        Ok(self.table.update(self.keys.part(key, VARIABLES), update, ReturnValue::None).await?.is_ok())
    }

    /// Tells the owner's ledger that the task takes more, if it does; the first of a transaction's writes.
    pub(super) fn counting(&self, key: &TaskKey, head: &Head, grown: u64, is_counted: bool) -> Vec<Write> {
        if grown == 0 || !is_counted {
            return Vec::new();
        }
        let entry = Entry { expires: head.expires, bytes: head.reserved + grown };
        vec![Write::Update(self.keys.ledger(key.owner), ledger::grown(key.id, entry, grown))]
    }

    /// Writes the variables that were planned, if they are still those that were read.
    pub(super) fn changing(
        &self,
        key: &TaskKey,
        head: &Head,
        before: Option<&Variables>,
        ops: &[(Field, FieldOp)],
        planned: &Planned,
        now: Millis,
    ) -> Write {
        let of: Key = self.keys.part(key, VARIABLES);
        let after = &planned.variables;
        let Some(before) = before else {
            return Write::Put(after.create(of, head.fence, head.expires, ttl(head.expires, now)), absent());
        };
        let update = Expression::new()
            .when("#rev = :seen")
            .when("#fence = :fence")
            .when("attribute_not_exists(#sealed)")
            .set("#rev = :rev")
            .set("#rsv = :reserve")
            .set("#bound = :bound")
            .set("#free = :free")
            .set("#m = :m")
            .number(":seen", before.revision)
            .number(":fence", head.fence)
            .number(":rev", after.revision)
            .number(":reserve", after.reserve)
            .number(":bound", after.bytes())
            .number(":free", after.free())
            .value(":m", AttributeValue::L(after.writes.clone()));
        let update = if ops.len() > CHANGES {
            update.set("#v = :v").value(":v", after.map())
        } else {
            with_changes(update, ops)
        };
        Write::Update(of, update)
    }
}

/// The variables after changes, or why they cannot be made.
pub(super) fn planned(
    before: Option<&Variables>,
    ops: &[(Field, FieldOp)],
    max_bytes: u32,
    write: Option<WriteId>,
) -> Result<Result<Planned, Refusal>> {
    let none = Variables { reserve: PART_SLACK, ..Variables::default() };
    let before = before.unwrap_or(&none);
    let mut after = match before.changed(ops, max_bytes)? {
        Ok(after) => after,
        Err(NotChanged::Field(field)) => return Ok(Err(Refusal::Changed(field))),
        Err(NotChanged::TooLarge) => return Ok(Err(Refusal::TooLarge)),
    };
    if let Some(write) = write {
        after.remember(write);
    }
    let stored = after.stored_bytes();
    let grown = if stored > before.reserve { stored + PART_SLACK - before.reserve } else { 0 };
    after.reserve += grown;
    Ok(Ok(Planned { variables: after, grown }))
}

/// A write of an open task that takes more.
pub(super) fn growing(head: &Head, grown: u64) -> Expression {
    let expression = Expression::new()
        .when("attribute_not_exists(#sealed)")
        .when("#fence = :fence")
        .when("#rsv = :rsv")
        .set("#rsv = :reserved")
        .number(":fence", head.fence)
        .number(":rsv", head.reserved)
        .number(":reserved", head.reserved + grown);
    expression.when(if head.has_variables { "attribute_exists(#vars)" } else { "attribute_not_exists(#vars)" })
}

/// The write of a merge that needs to know nothing, if its changes are few.
fn quick(merge: &Merge, now: Millis) -> Option<Expression> {
    if merge.ops.len() > CHANGES {
        return None;
    }
    let (bytes, stored) = variables::growth(&merge.ops);
    let room = i128::from(merge.max_bytes.min(MAX_BYTES)) - bytes;
    let mut update = Expression::new()
        .when("#expires > :now")
        .when("attribute_not_exists(#sealed)")
        .when("NOT contains(#m, :write)")
        .when("size(#m) < :most")
        .when("#bound <= :room")
        .when("#free >= :grown")
        .set("#m = list_append(#m, :writes)")
        .set("#bound = #bound + :bytes")
        .set("#free = #free - :grown")
        .add("#rev :one")
        .number(":now", now.0)
        .value(":write", variables::short(merge.write))
        .value(":writes", AttributeValue::L(vec![variables::short(merge.write)]))
        .number(":most", MOST_REMEMBERED as u64)
        .number(":room", room)
        .number(":grown", stored)
        .number(":bytes", bytes)
        .number(":one", 1);
    if let Guard::Fence(fence) = merge.guard {
        update = update.when("#fence = :fence").number(":fence", fence);
    }
    for (n, (_, op)) in merge.ops.iter().enumerate() {
        if let FieldOp::SetIf { was, .. } = op {
            update = match was {
                Some(was) => update.when(format!("#v.#f{n} = :was{n}")).bytes(format!(":was{n}"), was),
                None => update.when(format!("attribute_not_exists(#v.#f{n})")),
            };
        }
    }
    Some(with_changes(update, &merge.ops))
}

fn with_changes(mut update: Expression, ops: &[(Field, FieldOp)]) -> Expression {
    for (n, (field, op)) in ops.iter().enumerate() {
        update = match op {
            FieldOp::Set(value) | FieldOp::SetIf { value, .. } => {
                update.set(format!("#v.#f{n} = :f{n}")).value(format!(":f{n}"), item::bytes(value))
            }
            FieldOp::Remove => update.remove(format!("#v.#f{n}")),
        };
        update = update.name(format!("#f{n}"), &**field);
    }
    update
}
