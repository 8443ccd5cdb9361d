//! The metadata of the endpoint as a protected resource: for anybody, as nobody has a token before.

use axum::{
    Router,
    http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE},
    routing::get,
};

use crate::auth::ProtectedResource;

/// The routes at these paths, for a resource whose requests all need these scopes.
pub(crate) fn metadata(
    resource: &ProtectedResource,
    scopes: &[String],
    paths: impl IntoIterator<Item = String>,
) -> Router {
    let document = resource.document(scopes).to_string();
    // It says nothing of anybody, so any page may read it: one that looks for a way in has no other.
    let headers = [(CONTENT_TYPE, "application/json"), (ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    paths.into_iter().fold(Router::new(), |routes, path| {
        let (headers, document) = (headers.clone(), document.clone());
        routes.route(&path, get(async move || (headers, document)))
    })
}
