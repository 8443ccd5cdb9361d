//! Removing a task and everything about it.

use super::{
    Store,
    error::Result,
    expression::Expression,
    head::Head,
    key::{HEAD, VARIABLES, entry},
    ledger,
    table::{Tries, Write},
};
use crate::store::backend::{Position, TaskKey};

impl Store {
    pub(super) async fn delete(&self, key: &TaskKey) -> Result<bool> {
        let _turn = self.turn(key.owner).await;
        self.delete_in_turn(key).await
    }

    /// The same for whoever has the turn to write the owner's ledger.
    pub(super) async fn delete_in_turn(&self, key: &TaskKey) -> Result<bool> {
        let mut tries = Tries::new();
        let mut is_counted = true;
        loop {
            let Some(head) = self.head(key).await? else { return Ok(false) };
            let mut writes = vec![Write::Delete(self.keys.part(key, HEAD), as_read(&head))];
            if head.has_variables {
                writes.push(Write::Delete(self.keys.part(key, VARIABLES), Expression::new()));
            }
            if let Some(holder) = head.holder {
                writes.push(Write::Delete(self.keys.held_entry(holder, key), Expression::new()));
            }
            if let Some((sealed, _)) = head.sealed {
                writes.push(Write::Delete(self.keys.sealed_entry(key, sealed), Expression::new()));
            }
            let counted = writes.len();
            if is_counted {
                writes.push(Write::Update(self.keys.ledger(key.owner), discounted(key, &head)));
            }
            match self.table.transact(writes).await? {
                Ok(()) => {
                    let position = Position { stamp: head.stamp, id: key.id };
                    let listed = head.scope.map(|scope| (scope, position));
                    self.clear_one(key.clone(), listed, head.idempotency, head.steps > 0).await?;
                    return Ok(true);
                }
                // It is counted no more: it had expired, by somebody's clock.
                Err(refused) if refused.at(counted) => is_counted = false,
                Err(_) => tries.pause().await?,
            }
        }
    }
}

fn as_read(head: &Head) -> Expression {
    let expression = Expression::new().when("#ver = :ver").when("#rsv = :rsv").when("#steps = :steps");
    let expression = expression.number(":ver", head.version).number(":rsv", head.reserved).number(":steps", head.steps);
    expression.when(if head.has_variables { "attribute_exists(#vars)" } else { "attribute_not_exists(#vars)" })
}

/// The ledger without the task.
fn discounted(key: &TaskKey, head: &Head) -> Expression {
    let expression = Expression::new().add("#rev :one").number(":one", 1);
    match head.sealed {
        None => expression
            .when("attribute_exists(#entry)")
            .add("#n :less")
            .add("#bytes :freed")
            .remove("#entry")
            .name("#entry", entry(key.id))
            .number(":less", -1)
            .number(":freed", -i128::from(head.reserved)),
        Some((_, bytes)) => expression
            // By another clock its hour may have gone and begun anew.
            .when("#sum >= :took")
            .add("#bytes :freed")
            .add("#sum :freed")
            .name("#sum", ledger::sum(head.expires))
            .number(":took", bytes)
            .number(":freed", -i128::from(bytes)),
    }
}
