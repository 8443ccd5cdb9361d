//! Goods of orders whose task is over are put back.
//!
//! Two stores know of an order, and no transaction spans both. The task decides: one that was cancelled, has failed or expired sends nothing
//! any more, whichever process ran it and whoever ended it.

use std::time::Duration;

use pmcp_tasks::TaskStore;

use crate::stock::Stock;

/// Time between two looks at all that is put aside.
const PAUSE: Duration = Duration::from_secs(5);

/// Puts back what is over, now and then.
pub(crate) async fn keep_tidy(stock: Stock, store: TaskStore) {
    loop {
        if let Err(error) = tidy(&stock, &store).await {
            tracing::warn!(error = &*error as &dyn std::error::Error, "goods of orders that are over stay aside");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn tidy(stock: &Stock, store: &TaskStore) -> crate::Outcome<()> {
    for order in stock.reserved().await? {
        let look = store.task(&order.owner, order.id).look().await?;
        if look.is_none_or(|look| look.status.is_terminal()) {
            stock.release(order.id).await?;
        }
    }
    Ok(())
}
