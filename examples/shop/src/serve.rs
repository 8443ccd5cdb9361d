//! The application: its routes, with MCP nested in them, and how it ends.

use std::{io::Write as _, path::Path, sync::Arc};

use axum::{
    Json, Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use pmcp_server::{Embedded, JwtAuthenticator, Server, log, terminated};
use pmcp_tasks::{TaskStore, prelude::*};
use tokio::net::TcpListener;

use crate::{
    Outcome,
    arguments::Serving,
    customers, health,
    issuer::{Issuer, KEYS},
    offers::{catalogue, choose_present, list_orders},
    operators,
    order::{Terms, place_order},
    pages, payments,
    secrets::Secrets,
    stock::Stock,
    tidy::keep_tidy,
};

/// The parts that functions of MCP take as `State<T>`.
#[derive(Clone, FromRef)]
struct Shop {
    stock: Stock,
    terms: Terms,
}

/// The parts that handlers of the application take.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) stock: Stock,
    pub(crate) store: TaskStore,
    pub(crate) mcp: Arc<Embedded>,
}

/// The scope that customers need for whatever they do.
pub(crate) const READ: &str = "orders:read";

/// The URL of the MCP endpoint, for which tokens are.
pub(crate) fn resource(url: &str) -> String {
    format!("{url}/shop/mcp")
}

/// Serves the shop until Ctrl-C or SIGTERM. Orders that are open then go on in the next process.
pub(crate) async fn serve(serving: Serving) -> Outcome<()> {
    let secrets = Secrets::of_environment()?;
    let listener = TcpListener::bind(serving.address).await?;
    let address = listener.local_addr()?;
    let url = serving.url.clone().unwrap_or_else(|| format!("http://{address}"));
    let stock = Stock::open(serving.directory.join("shop.db")).await?;
    let store = match &serving.store {
        Some(store) => TaskStore::connect(store).await?,
        None => TaskStore::connect(&format!("sqlite:{}", serving.directory.join("tasks.db").display())).await?,
    };
    let (customers, issuer) = authenticator(&serving, &url)?;
    let terms = Terms { page: format!("{url}/shop/orders"), remind: serving.remind, patience: serving.patience };
    let (mcp, embedded) = server(Shop { stock: stock.clone(), terms })
        .authenticator(customers.clone())
        .session_keys(secrets.sessions.clone())
        .store(store.clone())
        .shutdown_grace(serving.grace)
        .into_router()?;
    let app = App { stock: stock.clone(), store: store.clone(), mcp: Arc::new(embedded) };
    let routes = routes(&app, mcp, secrets, customers, issuer.as_ref());

    let tidying = tokio::spawn(keep_tidy(stock, store));
    // Before anybody is told where to send requests, or a signal.
    let terminated = terminated();
    writeln!(log::stderr(), "listening on http://{address}")?;
    let ending = async {
        terminated.await;
        tracing::info!("ending: open orders are left to the next process");
    };
    // In the bounds that MCP alone would have: whoever opens connections and says nothing keeps nobody out. Until all work has ended requests
    // are answered, and `/healthz` says 503.
    app.mcp.serve(listener, routes, ending).await;
    tidying.abort();
    tokio::task::spawn_blocking(log::flush).await?;
    Ok(())
}

/// What the shop offers over MCP, and to whom.
fn server(shop: Shop) -> Server<Shop> {
    Server::new("shop", env!("CARGO_PKG_VERSION"))
        .title("Shop")
        .instructions("Read shop://catalogue before you order. Show the user the page at which an order is paid.")
        .state(shop)
        .tool::<place_order>()
        .tool::<list_orders>()
        .resource::<catalogue>()
        .prompt::<choose_present>()
        .required_scopes([READ])
        .step_up(true)
}

/// All routes: MCP is at `/shop/mcp`, and what clients without a token look for at the root.
fn routes(
    app: &App,
    mcp: Router,
    secrets: Secrets,
    customers: Arc<JwtAuthenticator>,
    issuer: Option<&Issuer>,
) -> Router {
    let mut shop = Router::new().route("/", get(pages::catalogue)).route("/orders/{id}", get(pages::order));
    shop = shop.merge(customers::routes(customers));
    if let Some(key) = secrets.payments {
        shop = shop.merge(payments::routes(key));
    }
    // MCP has its own state already.
    shop = shop.merge(mcp.with_state(()));
    let mut routes = Router::new().nest("/shop", shop).route("/healthz", get(health::health));
    if let Some(tokens) = secrets.operators {
        routes = routes.nest("/operator", operators::routes(tokens));
    }
    if let Some(issuer) = issuer {
        let keys = issuer.keys();
        routes = routes.route(KEYS, get(async move || Json(keys)));
    }
    routes.with_state(app.clone()).merge(app.mcp.well_known())
}

/// The authenticator of customers: it takes tokens of an authorization server, else of the issuer in the shop's directory, which is returned then.
/// The endpoint and the shop's own routes share it.
fn authenticator(serving: &Serving, url: &str) -> Outcome<(Arc<JwtAuthenticator>, Option<Issuer>)> {
    if let Some(issuer) = &serving.issuer {
        return Ok((JwtAuthenticator::new(issuer, resource(url)).into(), None));
    }
    let issuer = Issuer::open(Path::new(&serving.directory), url)?;
    // Not fetched from here: whatever else answers at this address has no say in them.
    Ok((JwtAuthenticator::new(issuer.name(), resource(url)).jwks(&issuer.keys()).into(), Some(issuer)))
}

/// The answer to a request for which a store failed: the reason is in the log.
pub(crate) struct Failed(Box<dyn std::error::Error + Send + Sync>);

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        tracing::error!(error = &*self.0 as &dyn std::error::Error, "a request failed");
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    }
}
