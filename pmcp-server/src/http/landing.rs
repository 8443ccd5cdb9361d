//! The page for people who open the server's address in a browser, where it has widgets to show.

use axum::{
    extract::State,
    http::{
        HeaderMap,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, X_CONTENT_TYPE_OPTIONS},
    },
    response::{IntoResponse, Response},
};
use pmcp_apps::Landing;
use serde_json::Value;

use super::endpoint::Shared;

/// The page has no script and loads nothing.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A GET of `/`. `path` is the endpoint's.
pub(super) fn page(path: &str, State(http): Shared, headers: &HeaderMap) -> Response {
    let text = |name: &str| http.service.info.get(name).and_then(Value::as_str);
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // A proxy in front says which address people see.
    let scheme = if header("x-forwarded-proto") == "https" { "https" } else { "http" };
    // It stands in commands that are copied.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-' | '[' | ']');
    let host = Some(header(HOST.as_str())).filter(|host| host.chars().all(is_plain)).unwrap_or("HOST");
    let url = format!("{scheme}://{host}{path}");
    // Whoever reads it has not said who they are.
    let is_for_all = http.admission.authenticator.is_none();
    let caller = http.service.access.caller(None, None);
    let widgets = http
        .service
        .widgets
        .all
        .iter()
        .filter(|widget| is_for_all && http.service.has_resource(&widget.uri(), &caller));
    let widgets: Vec<_> = widgets.copied().collect();
    let page = Landing {
        name: text("name").unwrap_or_default(),
        title: text("title"),
        version: text("version").unwrap_or_default(),
        url: &url,
        widgets: &widgets,
    };
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, page.render()).into_response()
}
