//! Checks before a request is read: `Origin`, `Host`, authentication.

use std::{panic::AssertUnwindSafe, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{ACCEPT, ACCESS_CONTROL_REQUEST_HEADERS, AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt as _;
use pmcp_protocol::{header::ARGUMENT_PREFIX, trace};
use pmcp_tasks::heard::tell;

use super::{
    endpoint::{Http, LAST_EVENT_ID},
    refusal::Refusal,
};
use crate::{
    auth::{Challenge, challenge},
    panics::told,
};

/// The headers a browser may send, beside those of arguments.
const REQUEST_HEADERS: [HeaderName; 11] = [
    ACCEPT,
    AUTHORIZATION,
    HeaderName::from_static(trace::BAGGAGE),
    CONTENT_TYPE,
    HeaderName::from_static(LAST_EVENT_ID),
    HeaderName::from_static("mcp-method"),
    HeaderName::from_static("mcp-name"),
    HeaderName::from_static("mcp-protocol-version"),
    HeaderName::from_static("mcp-session-id"),
    HeaderName::from_static(trace::TRACEPARENT),
    HeaderName::from_static(trace::TRACESTATE),
];

/// Leaves of the headers that a browser asks whether it may send (CORS, "preflight") those that it may; the answer repeats them.
/// Whoever asks that is nobody yet, so no header of a tool's argument is named to them: each that could be one may be sent.
pub(super) async fn keep_known_headers(mut request: Request, next: Next) -> Response {
    if let Some(asked) = request.headers_mut().get_mut(ACCESS_CONTROL_REQUEST_HEADERS) {
        let is_known = |name: &&str| {
            let prefix = name.get(..ARGUMENT_PREFIX.len()).unwrap_or_default();
            prefix.eq_ignore_ascii_case(ARGUMENT_PREFIX)
                || REQUEST_HEADERS.iter().any(|known| name.eq_ignore_ascii_case(known.as_str()))
        };
        let known: Vec<&str> = text(asked).split(',').map(str::trim).filter(is_known).collect();
        *asked = HeaderValue::from_str(&known.join(",")).unwrap_or(HeaderValue::from_static(""));
    }
    next.run(request).await
}

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
            // What was checked is for nobody else: functions see the rest of the request.
            parts.headers.remove(AUTHORIZATION);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(challenge) => refused(&http, &challenge),
    }
}

/// The answer to a request that is refused with this challenge.
pub(super) fn refused(http: &Http, challenge: &Challenge) -> Response {
    challenge::response(challenge.status(), http.admission.header(challenge))
}
