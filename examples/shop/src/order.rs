//! An order: a task that puts goods aside, asks whether they are wanted, waits for the payment, and sends them.

use std::time::Duration;

use pmcp_tasks::{ResultExt as _, prelude::*, task::TaskId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stock::{Reservation, Stock, StockError, euros};

/// The signal that an order is paid.
pub(crate) const PAID: &str = "paid";

/// Time until what failed is tried again.
const BETWEEN_TRIES: Duration = Duration::from_secs(2);

/// How orders go, by the command line.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// The URL of the page of an order, without its id.
    pub(crate) page: String,
    /// Time until whoever ordered is reminded of the payment.
    pub(crate) remind: Duration,
    /// Time until an order that is not paid is given up.
    pub(crate) patience: Duration,
}

/// The goods that are wanted.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Wanted {
    /// Their name, as the catalogue has it.
    #[schemars(length(max = 40))]
    goods: String,
    /// How many.
    #[schemars(range(min = 1, max = 10))]
    quantity: u32,
}

/// The state of an order as its customer sees it.
#[derive(TaskVariables, Default)]
pub(crate) struct Progress {
    /// The page to send whoever pays to.
    page: String,
    /// Set once they were reminded of the payment.
    reminded: bool,
}

/// The word of the customer.
#[derive(Form)]
struct Consent {
    /// Order, with the duty to pay.
    order: bool,
    /// A line for the card that goes with it.
    #[form(length = ..=80)]
    card: Option<String>,
}

/// A payment, as the provider tells of it.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Payment {
    /// The provider's id of it.
    #[serde(rename = "payment")]
    pub(crate) id: String,
    pub(crate) cents: u32,
    pub(crate) by: String,
}

/// An order that is on its way.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Receipt {
    goods: String,
    quantity: u32,
    cents: u32,
    paid_by: String,
    card: Option<String>,
}

/// Order goods. They are put aside, and sent once they are paid at the page that the task shows.
#[task_tool(support = "required", fallback = "handle", ttl = "24h", on_crash = "restart", scopes = ["orders:write"])]
pub(crate) async fn place_order(
    #[args] wanted: Wanted,
    task: TaskContext<Progress>,
    State(stock): State<Stock>,
    State(terms): State<Terms>,
) -> Result<Receipt, ToolError> {
    let (Some(id), Some(owner)) = (task.id(), task.owner().cloned()) else {
        return Err(ToolError::new("an order is a task, and this call cannot become one"));
    };
    let Wanted { goods, quantity } = wanted;
    let cents = match task.step("reserve", || stock.reserve(id, owner, goods.clone(), quantity)).await? {
        Reservation::Made { cents } => cents,
        Reservation::TooFew { left } => return Err(ToolError::new(format!("{left} {goods} are left"))),
        Reservation::Unknown => return Err(ToolError::new(format!("no `{goods}` are sold: see shop://catalogue"))),
    };
    let question = format!("{quantity} {goods} for {}: order them?", euros(cents));
    let card = match task.elicit(question).await {
        Ok(Consent { order: true, card }) => card,
        // What was put aside is put back once the task has ended, unless it was paid meanwhile: see `tidy`.
        Ok(_) | Err(AskError::Declined | AskError::Cancelled) => return Err(ToolError::new("nothing was ordered")),
        Err(error) => return Err(error).context("an order takes the customer's consent"),
    };
    let Some(payment) = payment(&task, id, cents, &terms).await? else {
        task.status_message("nobody paid in time").await?;
        return Err(ToolError::new("nobody paid in time: nothing is sent"));
    };
    task.step("send", || sent(&task, &stock, id)).await?;
    task.status_message("paid, and on its way").await?;
    Ok(Receipt { goods, quantity, cents, paid_by: payment.by, card })
}

/// Sends what is paid, once the shop's database takes it: money was taken for it, so that an error of a moment is no reason to end.
async fn sent(task: &TaskContext<Progress>, stock: &Stock, id: TaskId) -> Result<(), ToolError> {
    loop {
        match stock.send(id).await {
            Ok(()) => return Ok(()),
            Err(error @ StockError::NotReserved) => return Err(error.into()),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, order = %id, "an order that is paid waits for the shop's database");
            }
        }
        task.sleep(BETWEEN_TRIES).await?;
    }
}

/// Waits for the payment, however often the process is started anew meanwhile; `None` if it does not come in time.
async fn payment(
    task: &TaskContext<Progress>,
    id: TaskId,
    cents: u32,
    terms: &Terms,
) -> Result<Option<Payment>, ToolError> {
    let page = format!("{}/{id}", terms.page);
    task.variables().page.set(page.clone()).await?;
    task.status_message(format!("{} are to be paid at {page}", euros(cents))).await?;
    let reminder = async {
        task.timer("reminder", terms.remind).await?;
        task.variables().reminded.set(true).await?;
        task.status_message(format!("{} are still to be paid at {page}", euros(cents))).await?;
        std::future::pending().await
    };
    tokio::select! {
        // A payment that came while no process ran counts, though the time is over since.
        biased;
        paid = task.signal(PAID) => paid.map(Some),
        over = task.timer("patience", terms.patience) => over.map(|()| None),
        failed = reminder => failed,
    }
}
