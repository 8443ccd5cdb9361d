//! Routes for operators, whom the application lets in: MCP has no part in it.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::{StatusCode, header::WWW_AUTHENTICATE},
    middleware::{Next, from_fn},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use pmcp_server::{Authenticator as _, BearerTokens};
use pmcp_tasks::operate::{Cancellation, TaskHandle};
use serde_json::json;

use crate::{
    serve::{App, Failed},
    stock::StockError,
};

/// The routes, for whoever has one of these tokens.
pub(crate) fn routes(tokens: BearerTokens) -> Router<App> {
    let tokens = Arc::new(tokens);
    let guard = from_fn(move |request: Request, next: Next| {
        let tokens = tokens.clone();
        async move {
            let (parts, body) = request.into_parts();
            match tokens.authenticate(&parts).await {
                Ok(_) => next.run(Request::from_parts(parts, body)).await,
                Err(_) => (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")]).into_response(),
            }
        }
    });
    Router::new()
        .route("/orders/{id}", get(look))
        .route("/orders/{id}/cancel", post(cancel))
        .route("/workers", get(workers))
        .route_layer(guard)
}

/// The task of an order; `None` if there is no such order.
async fn task(app: &App, id: &str) -> Result<Option<TaskHandle>, StockError> {
    let Ok(id) = id.parse() else { return Ok(None) };
    Ok(app.stock.order(id).await?.map(|order| app.store.task(&order.owner, id)))
}

/// All there is of an order's task: arguments, steps, what it waits for.
async fn look(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Failed> {
    let Some(task) = task(&app, &id).await? else { return Ok(StatusCode::NOT_FOUND.into_response()) };
    let look = task.look().await?;
    Ok(look.map_or_else(|| StatusCode::GONE.into_response(), |look| Json(look).into_response()))
}

/// Cancels an order, and puts its goods back at once.
async fn cancel(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Failed> {
    let Some(task) = task(&app, &id).await? else { return Ok(StatusCode::NOT_FOUND.into_response()) };
    match task.cancel().await? {
        Cancellation::Cancelled => {
            app.stock.release(task.id()).await?;
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
