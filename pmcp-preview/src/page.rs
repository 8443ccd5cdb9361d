//! The first listener: the page, and who may ask it for anything.

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{Method, StatusCode, header};

use crate::{api, assets, guard, state::Page};

/// The way in from elsewhere.
pub(crate) const OPEN: &str = "/open";

/// Bytes of a request: a document is the largest.
const LARGEST: usize = 32 << 20;

impl Page {
    /// The address, with the key of this launch.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/#key={}", self.host, self.key.text())
    }

    pub(crate) fn router(self) -> Router {
        let api = api::routes().route_layer(middleware::from_fn_with_state(self.clone(), authorize));
        Router::new()
            .route("/", get(assets::index))
            .route(OPEN, get(assets::open))
            .route("/assets/{name}", get(assets::file))
            .merge(api)
            .layer(DefaultBodyLimit::max(LARGEST))
            .layer(middleware::from_fn_with_state(self.clone(), protect))
            .with_state(self)
    }

    /// The policy of the page: its own scripts, the server that its client may ask, and the sandbox in frames.
    fn policy(&self) -> String {
        let server = self.link.events().connection().origin().unwrap_or_default();
        format!(
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
             connect-src 'self' {server}; frame-src {}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; \
             require-trusted-types-for 'script'",
            self.sandbox.origin()
        )
    }
}

/// Answers our own page only, under headers that keep it to itself.
async fn protect(State(page): State<Page>, request: Request, next: Next) -> Response {
    let is_open = request.method() == Method::GET && request.uri().path() == OPEN;
    if let Err(status) = guard::check(request.headers(), &page.host, is_open) {
        return status.into_response();
    }
    let mut response = next.run(request).await;
    let headers = [
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_SECURITY_POLICY, page.policy()),
    ];
    for (name, value) in headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Asks for the key of this launch.
async fn authorize(State(page): State<Page>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match given.and_then(|value| value.strip_prefix("Bearer ")) {
        Some(given) if page.key.is(given) => next.run(request).await,
        _ => StatusCode::UNAUTHORIZED.into_response(),
    }
}
