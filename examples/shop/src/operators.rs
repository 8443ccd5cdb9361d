//! Routes for operators, whom the application lets in: MCP has no part in it.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use pmcp_server::BearerTokens;
use pmcp_tasks::operate::{Cancellation, TaskHandle};
use serde_json::json;

use crate::{
    guard::guarded,
    serve::{App, Failed},
    stock::{Order, StockError},
    tidy::settle,
};

/// The scope of operators. No token for MCP has it: theirs are known to the shop alone.
pub(crate) const OPERATE: &str = "shop:operate";

/// The routes, for whoever has one of these tokens.
pub(crate) fn routes(tokens: BearerTokens) -> Router<App> {
    let routes = Router::new()
        .route("/orders/{id}", get(look))
        .route("/orders/{id}/cancel", post(cancel))
        .route("/workers", get(workers));
    guarded(routes, Arc::new(tokens), OPERATE)
}

/// An order and its task; `None` if there is no such order.
async fn task(app: &App, id: &str) -> Result<Option<(Order, TaskHandle)>, StockError> {
    let Ok(id) = id.parse() else { return Ok(None) };
    let order = app.stock.order(id).await?;
    Ok(order.map(|order| {
        let task = app.store.task(&order.owner, id);
        (order, task)
    }))
}

/// All there is of an order's task: arguments, steps, what it waits for.
async fn look(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Failed> {
    let Some((_, task)) = task(&app, &id).await? else { return Ok(StatusCode::NOT_FOUND.into_response()) };
    let look = task.look().await?;
    Ok(look.map_or_else(|| StatusCode::GONE.into_response(), |look| Json(look).into_response()))
}

/// Cancels an order, and puts its goods back at once unless they are paid.
async fn cancel(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Failed> {
    let Some((order, task)) = task(&app, &id).await? else { return Ok(StatusCode::NOT_FOUND.into_response()) };
    match task.cancel().await? {
        Cancellation::Cancelled => {
            settle(&app.stock, &order, task.look().await?.as_ref()).await?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        Cancellation::Ended(status) => Ok((StatusCode::CONFLICT, Json(json!({ "status": status }))).into_response()),
        _ => Ok(StatusCode::GONE.into_response()),
    }
}

/// The processes that share the store.
async fn workers(State(app): State<App>) -> Result<Response, Failed> {
    Ok(Json(app.store.list_workers().await?).into_response())
}
