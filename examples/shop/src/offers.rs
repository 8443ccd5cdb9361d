//! Everything that the shop offers over MCP beside orders.

use pmcp_server::PromptResult;
use pmcp_tasks::{prelude::*, tool::Content};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::stock::{Order, OrderState, Stock};

const CATALOGUE: &str = "shop://catalogue";

/// An order, as its customer sees it.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Listed {
    id: String,
    goods: String,
    quantity: u32,
    cents: u32,
    state: OrderState,
}

impl From<Order> for Listed {
    fn from(Order { id, goods, quantity, cents, state, .. }: Order) -> Self {
        Self { id: id.to_string(), goods, quantity, cents, state }
    }
}

/// List your orders, the newest first.
#[task_tool(support = "forbidden", read_only)]
pub(crate) async fn list_orders(cx: ToolContext, State(stock): State<Stock>) -> Result<Vec<Listed>, ToolError> {
    let owner = cx.owner().ok_or_else(|| ToolError::new("nobody knows whose orders to list"))?;
    Ok(stock.orders_of(owner).await?.into_iter().map(Listed::from).collect())
}

/// What is sold, what one costs, and how many are left.
#[resource(uri = "shop://catalogue", mime = "application/json")]
pub(crate) async fn catalogue(State(stock): State<Stock>) -> Result<String, ToolError> {
    Ok(json!(stock.goods().await?).to_string())
}

/// Choose a present.
#[prompt]
pub(crate) async fn choose_present(
    /// Whom it is for, and what they like.
    person: &str,
    /// What has to be among it.
    #[complete(names)]
    goods: Option<&str>,
    State(stock): State<Stock>,
) -> Result<PromptResult, ToolError> {
    let wish = goods.map(|goods| format!(" {goods} have to be among it.")).unwrap_or_default();
    let text = format!("Choose a present for {person} from this catalogue, and order it with `place_order`.{wish}");
    let catalogue = json!(stock.goods().await?).to_string();
    Ok(PromptResult::default()
        .with_user(Content::resource_text(CATALOGUE, "application/json", catalogue))
        .with_user(Content::text(text)))
}

#[complete]
async fn names(typed: &str, State(stock): State<Stock>) -> Result<Vec<String>, ToolError> {
    let names = stock.goods().await?.into_iter().map(|goods| goods.name);
    Ok(names.filter(|name| name.starts_with(typed)).collect())
}
