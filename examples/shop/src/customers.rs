//! A route for customers beside MCP, as a page or an app of the shop's own has: it takes the same tokens, and the same owner has the orders.

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    extract::State,
    response::{IntoResponse as _, Response},
    routing::get,
};
use pmcp_server::{Authenticator, Challenge};
use pmcp_tasks::security::Principal;

use crate::{
    guard::guarded,
    offers::Listed,
    serve::{App, Failed, READ},
};

/// The route, for whomever this authenticator knows.
pub(crate) fn routes(customers: Arc<impl Authenticator>) -> Router<App> {
    guarded(Router::new().route("/orders", get(orders)), customers, READ)
}

/// The caller's orders, the newest first.
async fn orders(State(app): State<App>, Extension(caller): Extension<Principal>) -> Result<Response, Failed> {
    let Some(owner) = caller.owner() else { return Ok(Challenge::invalid_token().into_response()) };
    let orders = app.stock.orders_of(&owner).await?;
    Ok(Json(orders.into_iter().map(Listed::from).collect::<Vec<_>>()).into_response())
}
