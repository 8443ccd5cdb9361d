//! Checks before a request is read: `Origin`, `Host`, authentication.

use std::{panic::AssertUnwindSafe, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN, WWW_AUTHENTICATE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt as _;
use pmcp_tasks::heard::tell;

use super::{
    endpoint::Http,
    refusal::{Refusal, later},
};
use crate::{auth::Challenge, panics::told};

/// The headers a browser may send.
pub(super) const REQUEST_HEADERS: [HeaderName; 8] = [
    ACCEPT,
    AUTHORIZATION,
    CONTENT_TYPE,
    HeaderName::from_static("last-event-id"),
    HeaderName::from_static("mcp-method"),
    HeaderName::from_static("mcp-name"),
    HeaderName::from_static("mcp-protocol-version"),
    HeaderName::from_static("mcp-session-id"),
];

/// The text of a header, empty if it is none.
fn text(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}

/// Refuses what comes from a foreign page (transports, "Security Warning").
pub(super) async fn check_origin_and_host(State(http): State<Arc<Http>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let is_served = if let Some(authority) = request.uri().authority() {
        // An absolute target says itself whom it means; `Host` is ignored then (RFC 9112, 3.2.2).
        http.allowed.host(authority.as_str())
    } else {
        let mut hosts = headers.get_all(HOST).iter().map(text);
        http.allowed.host(hosts.next().unwrap_or_default()) && hosts.all(|host| http.allowed.host(host))
    };
    if !is_served {
        return Refusal(StatusCode::FORBIDDEN, "this `Host` is not served here").into_response();
    }
    if headers.get_all(ORIGIN).iter().map(text).any(|origin| !http.allowed.origin(origin)) {
        return Refusal(StatusCode::FORBIDDEN, "this `Origin` is not allowed").into_response();
    }
    next.run(request).await
}

/// Finds the caller, where that is configured.
pub(super) async fn authenticate(State(http): State<Arc<Http>>, request: Request, next: Next) -> Response {
    let Some(authenticator) = &http.admission.authenticator else { return next.run(request).await };
    // Of two tokens a proxy may have checked the other one.
    let (mut parts, body) = request.into_parts();
    let authenticated = match parts.headers.get_all(AUTHORIZATION).iter().count() {
        0 | 1 => AssertUnwindSafe(authenticator.authenticate(&parts)).catch_unwind().await,
        _ => Ok(Err(Challenge::default())),
    };
    let authenticated = match authenticated {
        Ok(authenticated) => authenticated,
        Err(panic) => {
            told(panic, |panic| tell(|| tracing::error!(panic, "the authenticator panicked")));
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    match authenticated.and_then(|principal| http.admission.check(&principal).map(|()| principal)) {
        Ok(principal) => {
            parts.extensions.insert(principal);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(challenge) => refused(&http, &challenge),
    }
}

/// The answer to a request that is refused with this challenge.
pub(super) fn refused(http: &Http, challenge: &Challenge) -> Response {
    let mut response = challenge.status().into_response();
    if let Some(value) = http.admission.header(challenge) {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    if response.status() == StatusCode::SERVICE_UNAVAILABLE { later(response) } else { response }
}
