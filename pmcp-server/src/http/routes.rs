//! The routes of the endpoint, and the first look at what is posted there.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode},
    middleware,
    response::{IntoResponse, Response},
    routing::post,
};
use pmcp_protocol::{
    header::ARGUMENT_PREFIX,
    message::{self, Message},
};
use pmcp_tasks::{security::Principal, tool::ToolDefinition};
use tower_http::{
    cors::{AllowHeaders, AllowOrigin, CorsLayer},
    map_request_body::MapRequestBodyLayer,
};

use super::{
    allowed::Allowed,
    body,
    endpoint::{Http, PROTOCOL_VERSION, SESSION_ID, Shared},
    guard,
    late::InTime,
    legacy, modern,
    refusal::Refusal,
    sessions::Sessions,
};
use crate::{auth::Authenticator, dispatch::Era, service::Service};

/// The routes of the MCP endpoint at `path`.
pub(crate) fn routes(
    service: Arc<Service>,
    authenticator: Option<Arc<dyn Authenticator>>,
    allowed: Allowed,
    path: &str,
) -> Router {
    let limit = DefaultBodyLimit::max(service.limits.message);
    let (clock, body_timeout) = (service.router.store().clock().clone(), service.limits.body_timeout);
    let in_time = MapRequestBodyLayer::new(move |body: Body| InTime::new(body, clock.clone(), body_timeout));
    let origins: Vec<_> = allowed.origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    let arguments = service.router.definitions().flat_map(ToolDefinition::header_parameters);
    let arguments = arguments.filter_map(|argument| format!("{ARGUMENT_PREFIX}{}", argument.name).parse().ok());
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([http::Method::GET, http::Method::POST, http::Method::DELETE])
        .allow_headers(AllowHeaders::list(guard::REQUEST_HEADERS.into_iter().chain(arguments)))
        .expose_headers([http::HeaderName::from_static(SESSION_ID), http::header::WWW_AUTHENTICATE]);
    let sessions = Sessions::new(service.clone());
    let http = Arc::new(Http { service, sessions, authenticator, allowed });
    Router::new()
        .route(path, post(take).get(legacy::listen).delete(legacy::end))
        .layer(in_time)
        .layer(limit)
        .layer(middleware::from_fn_with_state(http.clone(), guard::authenticate))
        .layer(cors)
        .layer(middleware::from_fn_with_state(http.clone(), guard::check_origin_and_host))
        .with_state(http)
}

/// A POST: one message, or a batch.
async fn take(
    State(http): Shared,
    principal: Option<axum::Extension<Principal>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    // Routes that an application nests may have been made before there was anything to run it.
    http.service.router.keep_house();
    let body = match body::whole(body) {
        Ok(body) => body,
        Err(refusal) => return refusal.into_response(),
    };
    let principal = principal.map(|axum::Extension(principal)| principal);
    if let Err(refusal) = body::check_content_type(&headers) {
        return refusal.into_response();
    }
    let value = match message::read(&body, http.service.limits.values) {
        Ok(value) => value,
        Err(refused) => return body::error(StatusCode::BAD_REQUEST, refused.id.as_ref(), refused.error),
    };
    // Browsers and libraries repeat no header; of repeated ones none is to be trusted.
    let version = match body::single(&headers, PROTOCOL_VERSION) {
        Ok(version) => version,
        Err(refusal) => return refusal.into_response(),
    };
    if Era::with_header(value.get("params"), version) == Era::Handshake {
        return legacy::take(http, principal, headers, value).await;
    }
    match Message::parse(value) {
        Ok(Message::Request(request)) => modern::take(http, principal, &headers, version, request).await,
        Ok(Message::Notification { .. }) => StatusCode::ACCEPTED.into_response(),
        Ok(Message::Response { .. }) => {
            Refusal(StatusCode::BAD_REQUEST, "this version has no requests to answer").into_response()
        }
        Err(malformed) => body::error(StatusCode::BAD_REQUEST, malformed.id.as_ref(), malformed.error),
    }
}
