//! The endpoint as 2025-11-25 and before use it: POST, GET stream and DELETE of a session.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::ALLOW},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, future::join_all, stream};
use pmcp_protocol::{
    RpcError, code,
    message::{Message, Request},
};
use pmcp_tasks::security::Principal;
use serde_json::Value;
use tokio::sync::mpsc;

use super::{
    Http, PROTOCOL_VERSION, Refusal, SESSION_ID, Shared,
    body::{self, Accepts},
    busy, respond,
};
use crate::{
    answered::Answered,
    legacy::{Agreement, Entered, LegacySession, VERSIONS},
    session::{InFlight, Outbox, Outgoing, STREAM_BUFFER},
};

/// A POST of these versions.
pub(super) async fn take(http: Arc<Http>, principal: Option<Principal>, headers: HeaderMap, value: Value) -> Response {
    let accepts = body::accepts(&headers);
    if !accepts.json && !accepts.stream {
        return Refusal(StatusCode::NOT_ACCEPTABLE, "accept `application/json` and `text/event-stream`")
            .into_response();
    }
    let message = match value {
        Value::Array(batch) => return take_batch(http, principal, &headers, batch, accepts).await,
        value => match Message::parse(value) {
            Ok(message) => message,
            Err(malformed) => return body::error(StatusCode::BAD_REQUEST, malformed.id.as_ref(), malformed.error),
        },
    };
    let message = match message {
        Message::Request(request) if request.method == "initialize" => {
            return initialize(&http, principal, &headers, &request, accepts);
        }
        message => message,
    };
    let (session, agreement) = match find(&http, principal.as_ref(), &headers) {
        Ok(found) => found,
        Err(refusal) => return refusal.into_response(),
    };
    match session.enter(Ok(message)) {
        Some(Entered::Request(request, in_flight)) => {
            request_of(http, session, &agreement, principal, request, in_flight, accepts).await
        }
        Some(Entered::Refused(response)) => body::ready(accepts, response),
        None => StatusCode::ACCEPTED.into_response(),
    }
}

fn initialize(
    http: &Http,
    principal: Option<Principal>,
    headers: &HeaderMap,
    request: &Request,
    accepts: Accepts,
) -> Response {
    if headers.contains_key(SESSION_ID) {
        let error = RpcError::new(code::INVALID_REQUEST, "`initialize` begins a session and cannot be part of one");
        return body::error(StatusCode::BAD_REQUEST, Some(&request.id), error);
    }
    // Before there is a session: another may have to make room for it.
    let agreement = match Agreement::parse(&request.params) {
        Ok(agreement) => agreement,
        Err(error) => return body::ready(accepts, respond(request, Err(error))),
    };
    let session = match http.sessions.begin(principal) {
        Ok(session) => session,
        Err(error) => return body::error(StatusCode::SERVICE_UNAVAILABLE, Some(&request.id), error),
    };
    let result = session.initialize(&http.service, agreement);
    let mut response = body::ready(accepts, respond(request, result));
    if let Ok(id) = HeaderValue::from_str(&session.session.id) {
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
    principal: Option<Principal>,
    request: Request,
    in_flight: InFlight,
    accepts: Accepts,
) -> Response {
    let Some(place) = http.place() else { return busy(Some(&request.id)) };
    let (sender, receiver) = mpsc::channel(STREAM_BUFFER);
    // What a task asks while the client waits for its end comes on this stream.
    let waits_for = http.service.router.awaited_task(&request.method, &request.params).map(str::to_owned);
    let is_wait = waits_for.is_some();
    let stream = Outbox::new(sender, waits_for);
    let open = (accepts.stream && is_wait).then(|| session.session.open(stream.clone()));
    let beside = if accepts.stream { stream.clone() } else { Outbox::closed_one() };
    let (answering, answered) = Answered::when(http.service.router.store().clock());
    let answered = (!is_wait).then_some(answered);
    let cx = session.context(&http.service, agreement, principal, beside, in_flight.cancellation.clone(), answered);
    // Of its own: in these versions a client that disconnects has not cancelled.
    tokio::spawn(async move {
        let result = tokio::select! {
            result = session.handle(&http.service, &request, &cx) => result,
            // A result nobody can read any more is not waited for; the client asks again ("tasks/result").
            () = stream.closed(), if is_wait => return,
        };
        let cancelled = in_flight.cancellation.is_cancelled();
        // The id is free before the client knows the response.
        drop(in_flight);
        if !cancelled {
            stream.send(Outgoing::Response(respond(&request, result))).await;
        }
        drop((open, place));
    });
    let response = body::answer(receiver, accepts, |_| StatusCode::OK).await;
    body::holding(response, answering)
}

/// Batches exist in 2025-03-26 alone; their responses come together.
async fn take_batch(
    http: Arc<Http>,
    principal: Option<Principal>,
    headers: &HeaderMap,
    batch: Vec<Value>,
    accepts: Accepts,
) -> Response {
    let (session, agreement) = match find(&http, principal.as_ref(), headers) {
        Ok(found) => found,
        Err(refusal) => return refusal.into_response(),
    };
    if agreement.version != "2025-03-26" || batch.is_empty() || batch.len() > http.service.limits.batch {
        let error = RpcError::new(code::INVALID_REQUEST, "this is not a batch this version allows");
        return body::error(StatusCode::BAD_REQUEST, None, error);
    }
    let Some(place) = http.place() else { return busy(None) };
    let entered: Vec<_> = batch.into_iter().filter_map(|value| session.enter(Message::parse(value))).collect();
    // Of its own, as a single request is.
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let responses = join_all(entered.into_iter().map(async |entered| {
            let (request, in_flight) = match entered {
                Entered::Request(request, in_flight) => (request, in_flight),
                Entered::Refused(response) => return Some(response),
            };
            // Nothing but responses goes out with a batch.
            let cancellation = in_flight.cancellation.clone();
            let stream = Outbox::closed_one();
            let cx = session.context(&http.service, &agreement, principal.clone(), stream, cancellation.clone(), None);
            let result = session.handle(&http.service, &request, &cx).await;
            (!cancellation.is_cancelled()).then(|| respond(&request, result))
        }));
        let responses: Vec<Value> = responses.await.into_iter().flatten().collect();
        if !responses.is_empty() {
            // The client may be gone.
            let _ = sender.send(Outgoing::Response(responses.into())).await;
        }
        drop(place);
    });
    body::answer(receiver, accepts, |_| StatusCode::OK).await
}

/// GET: the session's own stream.
pub(super) async fn listen(
    State(http): Shared,
    principal: Option<axum::Extension<Principal>>,
    headers: HeaderMap,
    // It means nothing, but has to be read: behind the rest of a body nobody sees that the client has gone, and the stream
    // would stay open until a write fails.
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if let Err(refusal) = body::whole(body) {
        return refusal.into_response();
    }
    if let Some(refusal) = not_of_this_era(&headers) {
        return refusal;
    }
    if !body::accepts(&headers).stream {
        return Refusal(StatusCode::NOT_ACCEPTABLE, "accept `text/event-stream`").into_response();
    }
    let principal = principal.map(|axum::Extension(principal)| principal);
    let (session, _) = match find(&http, principal.as_ref(), &headers) {
        Ok(found) => found,
        Err(refusal) => return refusal.into_response(),
    };
    let (sender, mut receiver) = mpsc::channel(STREAM_BUFFER);
    let open = session.session.open(Outbox::new(sender, None));
    let ended = session.session.ended.clone().cancelled_owned();
    let messages = stream::poll_fn(move |cx| receiver.poll_recv(cx)).take_until(ended).map(move |outgoing| {
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
        return refusal;
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
fn not_of_this_era(headers: &HeaderMap) -> Option<Response> {
    match body::single(headers, PROTOCOL_VERSION) {
        Ok(Some(version)) if !VERSIONS.contains(&version) => {
            let refusal = Refusal(StatusCode::METHOD_NOT_ALLOWED, "this protocol version uses POST alone");
            Some(([(ALLOW, "POST")], refusal).into_response())
        }
        Ok(_) => None,
        Err(refusal) => Some(refusal.into_response()),
    }
}
