//! The endpoint as 2025-11-25 and before use it: POST, GET stream and DELETE of a session.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, future::join_all};
use pmcp_tasks::{RpcError, protocol::code, security::Principal};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{
    Http, PROTOCOL_VERSION, Refusal, SESSION_ID, Shared,
    body::{self, Accepts},
    respond,
};
use crate::{
    legacy::{Agreement, LegacySession, VERSIONS},
    message::{self, Message, Request},
    session::{InFlight, NotBegun, Outbox, Outgoing, STREAM_BUFFER},
};

/// A POST of these versions.
pub(super) async fn take(http: Arc<Http>, principal: Option<Principal>, headers: HeaderMap, value: Value) -> Response {
    let accepts = body::accepts(&headers);
    if !accepts.json && !accepts.stream {
        return Refusal(StatusCode::NOT_ACCEPTABLE, "accept `application/json` and `text/event-stream`")
            .into_response();
    }
    let message = match value {
        Value::Array(batch) => return take_batch(&http, principal.as_ref(), &headers, batch).await,
        value => match Message::parse(value) {
            Ok(message) => message,
            Err(malformed) => return body::error(StatusCode::BAD_REQUEST, malformed.id.as_ref(), malformed.error),
        },
    };
    match message {
        Message::Request(request) if request.method == "initialize" => initialize(&http, principal, &headers, &request),
        Message::Request(request) => match find(&http, principal.as_ref(), &headers) {
            Ok((session, agreement)) => request_of(http, session, &agreement, request, accepts).await,
            Err(refusal) => refusal.into_response(),
        },
        other => match find(&http, principal.as_ref(), &headers) {
            Ok((session, _)) => {
                session.take(other);
                StatusCode::ACCEPTED.into_response()
            }
            Err(refusal) => refusal.into_response(),
        },
    }
}

fn initialize(http: &Http, principal: Option<Principal>, headers: &HeaderMap, request: &Request) -> Response {
    if headers.contains_key(SESSION_ID) {
        let error = RpcError::new(code::INVALID_REQUEST, "`initialize` begins a session and cannot be part of one");
        return body::error(StatusCode::BAD_REQUEST, Some(&request.id), error);
    }
    let session = match http.sessions.begin(principal) {
        Ok(session) => session,
        Err(error) => return body::error(StatusCode::SERVICE_UNAVAILABLE, Some(&request.id), error),
    };
    let result = session.initialize(&http.service, &request.params);
    let id = session.session.id.clone();
    if result.is_err() {
        http.sessions.end(&id);
        return body::json(StatusCode::OK, &respond(request, result));
    }
    let mut response = body::json(StatusCode::OK, &respond(request, result));
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HeaderName::from_static(SESSION_ID), id);
    }
    response
}

/// The session a request belongs to, with what was agreed on in it.
fn find(
    http: &Http,
    principal: Option<&Principal>,
    headers: &HeaderMap,
) -> Result<(Arc<LegacySession>, Agreement), Refusal> {
    let id = body::single(headers, SESSION_ID)?
        .ok_or(Refusal(StatusCode::BAD_REQUEST, "there is no `Mcp-Session-Id`; send `initialize` first"))?;
    if body::single(headers, PROTOCOL_VERSION)?.is_some_and(|version| !VERSIONS.contains(&version)) {
        return Err(Refusal(StatusCode::BAD_REQUEST, "this protocol version has no sessions"));
    }
    let session = http.sessions.find(id, principal);
    let session = session.ok_or(Refusal(StatusCode::NOT_FOUND, "there is no such session"))?;
    match session.agreement().cloned() {
        Some(agreement) => Ok((session, agreement)),
        None => Err(Refusal(StatusCode::NOT_FOUND, "there is no such session")),
    }
}

async fn request_of(
    http: Arc<Http>,
    session: Arc<LegacySession>,
    agreement: &Agreement,
    request: Request,
    accepts: Accepts,
) -> Response {
    let in_flight = match session.session.begin(&request.id) {
        Ok(in_flight) => in_flight,
        Err(refused) => return body::json(StatusCode::OK, &respond(&request, Err(not_begun(refused)))),
    };
    let (sender, receiver) = mpsc::channel(STREAM_BUFFER);
    // What a task asks while the client waits for its result comes on this stream.
    let task = (request.method == "tasks/result").then(|| request.params.get("taskId")?.as_str().map(str::to_owned));
    let waits_for = task.flatten();
    let stream = Outbox::new(sender, waits_for.clone());
    let open = (accepts.stream && waits_for.is_some()).then(|| session.session.open(stream.clone()));
    let cx = session.context(&http.service, agreement, stream.clone(), in_flight.cancellation.clone());
    // Of its own: in these versions a client that disconnects has not cancelled.
    tokio::spawn(async move {
        let result = session.handle(&http.service, &request, &cx).await;
        finish(&stream, &request, &in_flight, result).await;
        drop(open);
    });
    body::answer(receiver, accepts, |_| StatusCode::OK).await
}

/// Sends the response, unless the client cancelled the request.
async fn finish(stream: &Outbox, request: &Request, in_flight: &InFlight, result: Result<Value, RpcError>) {
    if !in_flight.cancellation.is_cancelled() {
        stream.send(Outgoing::Response(respond(request, result))).await;
    }
}

fn not_begun(refused: NotBegun) -> RpcError {
    match refused {
        NotBegun::Duplicate => RpcError::new(code::INVALID_REQUEST, "a request with this id is being worked on"),
        NotBegun::Busy => RpcError::internal("too many requests are being worked on"),
    }
}

/// Batches exist in 2025-03-26 alone; their responses come together.
async fn take_batch(http: &Http, principal: Option<&Principal>, headers: &HeaderMap, batch: Vec<Value>) -> Response {
    let (session, agreement) = match find(http, principal, headers) {
        Ok(found) => found,
        Err(refusal) => return refusal.into_response(),
    };
    if agreement.version != "2025-03-26" || batch.is_empty() || batch.len() > http.service.limits.batch {
        let error = RpcError::new(code::INVALID_REQUEST, "this is not a batch this version allows");
        return body::error(StatusCode::BAD_REQUEST, None, error);
    }
    let responses = join_all(batch.into_iter().map(|value| async {
        let request = match Message::parse(value) {
            Ok(Message::Request(request)) => request,
            Ok(other) => {
                session.take(other);
                return None;
            }
            Err(malformed) => return Some(message::response(malformed.id.as_ref(), Err(malformed.error))),
        };
        let in_flight = match session.session.begin(&request.id) {
            Ok(in_flight) => in_flight,
            Err(refused) => return Some(respond(&request, Err(not_begun(refused)))),
        };
        // Nothing but responses goes out with a batch.
        let (sender, _) = mpsc::channel(1);
        let stream = Outbox::new(sender, None);
        let cx = session.context(&http.service, &agreement, stream, in_flight.cancellation.clone());
        Some(respond(&request, session.handle(&http.service, &request, &cx).await))
    }));
    let responses: Vec<Value> = responses.await.into_iter().flatten().collect();
    if responses.is_empty() {
        StatusCode::ACCEPTED.into_response()
    } else {
        body::json(StatusCode::OK, &responses.into())
    }
}

/// GET: the session's own stream.
pub(super) async fn listen(
    State(http): Shared,
    principal: Option<axum::Extension<Principal>>,
    headers: HeaderMap,
) -> Response {
    if let Some(refusal) = not_of_this_era(&headers) {
        return refusal.into_response();
    }
    if !body::accepts(&headers).stream {
        return Refusal(StatusCode::NOT_ACCEPTABLE, "accept `text/event-stream`").into_response();
    }
    let principal = principal.map(|axum::Extension(principal)| principal);
    let (session, _) = match find(&http, principal.as_ref(), &headers) {
        Ok(found) => found,
        Err(refusal) => return refusal.into_response(),
    };
    let (sender, receiver) = mpsc::channel(STREAM_BUFFER);
    let open = session.session.open(Outbox::new(sender, None));
    let ended = session.session.ended.clone().cancelled_owned();
    let messages = ReceiverStream::new(receiver).take_until(ended).map(move |outgoing| {
        // The stream is the session's for as long as somebody reads it.
        let _ = &open;
        outgoing.into_message()
    });
    body::events(messages)
}

/// DELETE: the client is done with its session.
pub(super) async fn end(
    State(http): Shared,
    principal: Option<axum::Extension<Principal>>,
    headers: HeaderMap,
) -> Response {
    if let Some(refusal) = not_of_this_era(&headers) {
        return refusal.into_response();
    }
    let principal = principal.map(|axum::Extension(principal)| principal);
    match find(&http, principal.as_ref(), &headers) {
        Ok((session, _)) => {
            http.sessions.end(&session.session.id);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// 2026-07-28 has neither GET nor DELETE (streamable HTTP, "Earlier Streamable HTTP Revisions").
fn not_of_this_era(headers: &HeaderMap) -> Option<Refusal> {
    match body::single(headers, PROTOCOL_VERSION) {
        Ok(Some(version)) if !VERSIONS.contains(&version) => {
            Some(Refusal(StatusCode::METHOD_NOT_ALLOWED, "this protocol version uses POST alone"))
        }
        Ok(_) => None,
        Err(refusal) => Some(refusal),
    }
}
