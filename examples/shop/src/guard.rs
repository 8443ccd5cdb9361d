//! The guard of the shop's own routes: MCP has its own.

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, header::CACHE_CONTROL},
    middleware::{Next, from_fn},
    response::{IntoResponse as _, Response},
};
use pmcp_server::{Authenticator, Challenge};

/// Lets only those in whom this authenticator knows and who have the scope. Handlers find out who it is by `Extension<Principal>`.
pub(crate) fn guarded<S: Clone + Send + Sync + 'static>(
    routes: Router<S>,
    callers: Arc<impl Authenticator>,
    scope: &'static str,
) -> Router<S> {
    routes.route_layer(from_fn(move |request: Request, next: Next| {
        let callers = callers.clone();
        async move {
            let (mut parts, body) = request.into_parts();
            match callers.authenticate(&parts).await {
                Ok(caller) if caller.has_scope(scope) => {
                    parts.extensions.insert(caller);
                    not_kept(next.run(Request::from_parts(parts, body)).await)
                }
                Ok(_) => Challenge::insufficient_scope([scope]).into_response(),
                Err(challenge) => challenge.into_response(),
            }
        }
    }))
}

/// The response as one that nobody on the way keeps: it is for this caller.
pub(crate) fn not_kept(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
