//! Orders whose task is over are settled: their goods are put back, unless they are paid.
//!
//! Two stores know of an order, and no transaction spans both. The task decides: one that was cancelled, has failed or expired sends nothing
//! any more, whichever process ran it and whoever ended it. So nothing else puts goods back: a payment may have come just before the end,
//! and only a task that has ended takes none any more.

use std::time::Duration;

use pmcp_tasks::{TaskStore, operate::Look};

use crate::{
    order::PAID,
    stock::{Order, Stock, StockError},
};

/// Time between two looks at all that is put aside.
const PAUSE: Duration = Duration::from_secs(5);

/// Settles what is over, now and then.
pub(crate) async fn keep_tidy(stock: Stock, store: TaskStore) {
    loop {
        match stock.reserved().await {
            Ok(orders) => {
                for order in orders {
                    // One that cannot be settled keeps no other one aside.
                    if let Err(error) = tidy(&stock, &store, &order).await {
                        let error = &*error as &dyn std::error::Error;
                        tracing::warn!(error, order = %order.id, "goods of an order that may be over stay aside");
                    }
                }
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "goods of orders that are over stay aside");
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn tidy(stock: &Stock, store: &TaskStore, order: &Order) -> crate::Outcome<()> {
    let look = store.task(&order.owner, order.id).look().await?;
    Ok(settle(stock, order, look.as_ref()).await?)
}

/// Settles an order by its task, if that is over; `None` is one that has expired.
pub(crate) async fn settle(stock: &Stock, order: &Order, look: Option<&Look>) -> Result<(), StockError> {
    let is_paid = match look {
        Some(look) if !look.status.is_terminal() => return Ok(()),
        Some(look) => look.signals.contains_key(PAID),
        None => order.payment.is_some(),
    };
    if !is_paid {
        return stock.release(order.id).await;
    }
    // One that was sent meanwhile is left as it is.
    if stock.owe(order.id).await? {
        tracing::error!(order = %order.id, "an order is paid, and its task ended without sending it: somebody has to see to it");
    }
    Ok(())
}
