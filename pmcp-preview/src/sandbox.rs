//! The second listener: the sandbox proxy, and each view as the one document of its own host name.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, StatusCode, header};

use crate::views::Views;

const PROXY: &str = include_str!("../assets/proxy.js");

/// What the sandbox is made of.
#[derive(Clone, Debug)]
pub(crate) struct Sandbox {
    pub(crate) views: Arc<Views>,
    /// The port of this listener.
    pub(crate) port: u16,
    /// The origin of the page, which alone may frame the proxy.
    pub(crate) page: Arc<str>,
}

impl Sandbox {
    /// The origin of the proxy.
    pub(crate) fn origin(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    pub(crate) fn view(&self, id: &str) -> String {
        format!("http://{id}.localhost:{}/", self.port)
    }

    pub(crate) fn router(self) -> Router {
        Router::new().route("/", get(view)).route("/proxy", get(proxy)).with_state(self)
    }
}

/// Headers of all that is served here: nothing is kept, told on, or guessed.
const PLAIN: [(header::HeaderName, &str); 4] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
];

async fn proxy(State(sandbox): State<Sandbox>, headers: HeaderMap) -> Response {
    if !is_named(&headers, &format!("localhost:{}", sandbox.port)) {
        return StatusCode::NOT_FOUND.into_response();
    }
    // Views are on host names below its own, which no `'self'` covers.
    let policy = format!(
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; frame-src http://*.localhost:{} about: data:; \
         frame-ancestors {}; base-uri 'none'; form-action 'none'",
        sandbox.port, sandbox.page
    );
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Sandbox</title>\
         <style>html,body{{margin:0;height:100%}}</style><body><script>{PROXY}</script></body></html>"
    );
    (PLAIN, [(header::CONTENT_SECURITY_POLICY, policy)], html).into_response()
}

async fn view(State(sandbox): State<Sandbox>, headers: HeaderMap) -> Response {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let id = host.strip_suffix(&format!(".localhost:{}", sandbox.port)).unwrap_or_default();
    let Some(view) = sandbox.views.get(id) else { return StatusCode::NOT_FOUND.into_response() };
    let separator = if view.policy.is_empty() { "" } else { "; " };
    let policy = format!("{}{separator}frame-ancestors {} {}", view.policy, sandbox.origin(), sandbox.page);
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::HeaderName::from_static("permissions-policy"), view.permissions),
    ];
    (PLAIN, headers, view.html).into_response()
}

fn is_named(headers: &HeaderMap, name: &str) -> bool {
    headers.get_all(header::HOST).iter().eq([name])
}
