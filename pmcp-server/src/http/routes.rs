//! The routes of the endpoint, and the first look at what is posted there.

use std::{collections::BTreeSet, convert::Infallible, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    middleware,
    response::{IntoResponse, Response},
    routing::post,
};
use pmcp_protocol::{RpcError, Version, code, message::Message};
use serde_json::Value;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

#[cfg(feature = "apps")]
use super::landing;
use super::{
    allowed::Allowed,
    body::{self, Whole},
    endpoint::{From, Http, PROTOCOL_VERSION, SESSION_ID, Shared},
    guard, legacy, metadata, modern,
    refusal::Refusal,
    sessions::Sessions,
};
use crate::{
    auth::{Admission, WELL_KNOWN},
    dispatch::Era,
    modern::{claimed_version, is_modern, unsupported},
    service::Service,
};
#[cfg(feature = "apps")]
use axum::routing::get;

/// The routes of the MCP endpoint at `path`, and of the page for people at `/` if `has_page` is set.
pub(crate) fn routes(
    service: Arc<Service>,
    admission: Admission,
    allowed: Allowed,
    path: &str,
    has_page: bool,
) -> Router {
    let origins: Vec<_> = allowed.origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([http::Method::GET, http::Method::POST, http::Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([http::HeaderName::from_static(SESSION_ID), http::header::WWW_AUTHENTICATE]);
    let sessions = Sessions::new(service.clone());
    let metadata = admission.resource.as_ref().map(|resource| {
        let paths = BTreeSet::from([WELL_KNOWN.to_owned(), format!("{WELL_KNOWN}{path}"), resource.path()]);
        metadata::metadata(resource, &admission.scopes, paths)
    });
    let http = Arc::new(Http { service, sessions, admission, allowed });
    let endpoint = post(take)
        .get(legacy::listen)
        .delete(legacy::end)
        .layer::<_, Infallible>(middleware::from_fn_with_state(http.clone(), guard::authenticate))
        .layer::<_, Infallible>(cors)
        .layer(middleware::from_fn(guard::keep_known_headers))
        .layer(middleware::from_fn_with_state(http.clone(), guard::check_origin_and_host));
    // Not of the router: what an application adds to it, and what it has not, is none of theirs.
    let routes = Router::new().route(path, endpoint);
    let routes = if has_page { with_page(routes, &http, path) } else { routes };
    let routes = routes.with_state(http);
    match metadata {
        Some(metadata) => routes.merge(metadata),
        None => routes,
    }
}

/// Adds the page for people, if there is something to show.
#[cfg(feature = "apps")]
fn with_page(routes: Router<Arc<Http>>, http: &Arc<Http>, path: &str) -> Router<Arc<Http>> {
    if http.service.widgets.is_empty() {
        return routes;
    }
    let path = path.to_owned();
    let page = get(async move |http: Shared, headers: HeaderMap| landing::page(&path, http, &headers));
    routes.route("/", page.layer(middleware::from_fn_with_state(http.clone(), guard::check_origin_and_host)))
}

/// There is nothing to show.
#[cfg(not(feature = "apps"))]
fn with_page(routes: Router<Arc<Http>>, _: &Arc<Http>, _: &str) -> Router<Arc<Http>> {
    routes
}

/// A POST: one message, or a batch.
async fn take(State(http): Shared, from: From, headers: HeaderMap, body: Body) -> Response {
    // Routes that an application nests may have been made before there was anything to run it.
    http.service.router.keep_house();
    let limits = &http.service.limits;
    let body = match Whole::read(body, limits, http.service.router.store().clock(), http.budget(&from)).await {
        Ok(body) => body,
        Err(refusal) => return refusal.into_response(),
    };
    if let Err(refusal) = body::check_content_type(&headers) {
        return refusal.into_response();
    }
    let (value, bytes) = match body.message(limits.values).await {
        Ok(read) => read,
        Err(unread) => return unread.into_response(),
    };
    // A client may name in headers what it had before, so the message alone tells that a session begins.
    if begins_session(&value) {
        return legacy::take(http, from, bytes, headers, value).await;
    }
    // Browsers and libraries repeat no header; of repeated ones none is to be trusted.
    let Ok(version) = body::single(&headers, PROTOCOL_VERSION) else {
        let is_modern = value.get("params").is_some_and(is_modern);
        let code = if is_modern { code::HEADER_MISMATCH } else { code::INVALID_REQUEST };
        let told = RpcError::new(code, "the header `MCP-Protocol-Version` is repeated or not text");
        return body::refused(StatusCode::BAD_REQUEST, value, told);
    };
    let params = value.get("params");
    if Era::with_header(params, version) == Era::Handshake {
        return legacy::take(http, from, bytes, headers, value).await;
    }
    // A message that claims another version than its header is refused as that.
    let claimed = params.and_then(claimed_version);
    let unknown = version
        .filter(|version| Version::parse(version).is_none() && claimed.is_none_or(|claimed| claimed == *version))
        .map(unsupported);
    match (Message::parse(value), unknown) {
        (Err(malformed), _) => body::error(StatusCode::BAD_REQUEST, malformed.id.as_ref(), malformed.error),
        (Ok(Message::Request(request)), Some(error)) => body::error(StatusCode::BAD_REQUEST, Some(&request.id), error),
        (Ok(_), Some(error)) => body::error(StatusCode::BAD_REQUEST, None, error),
        (Ok(Message::Request(request)), None) => modern::take(http, from, bytes, &headers, version, request).await,
        (Ok(Message::Notification { .. }), None) => StatusCode::ACCEPTED.into_response(),
        (Ok(Message::Response { .. }), None) => {
            Refusal(StatusCode::BAD_REQUEST, "this version has no requests to answer").into_response()
        }
    }
}

/// Tells whether it is the `initialize` of a version that has one.
fn begins_session(message: &Value) -> bool {
    message.get("method").is_some_and(|method| method == "initialize") && !message.get("params").is_some_and(is_modern)
}
