//! The health endpoint: whether this process is to be sent requests.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::json;

use crate::serve::App;

/// 200 if both stores answer and the process does not end; else 503. What is the matter stands in it.
pub(crate) async fn health(State(app): State<App>) -> Response {
    let (tasks, stock) = tokio::join!(app.mcp.status(), app.stock.check());
    if let Err(error) = &stock {
        tracing::warn!(error = error as &dyn std::error::Error, "the shop's database does not answer");
    }
    let status = if tasks.is_ready() && stock.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "stock": stock.is_ok(), "tasks": tasks }))).into_response()
}
