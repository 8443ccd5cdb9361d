//! The endpoint as 2025-11-25 and before use it: POST, GET stream and DELETE of a session.

use std::{borrow::Cow, sync::Arc};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::ALLOW},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt as _, future::join_all, stream::BoxStream};
use pmcp_protocol::{
    RpcError, Version, code,
    message::{self, Message, Request, RequestId},
};
use pmcp_tasks::measure::server::Stream;
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use super::{
    body::{self, Accepts, Whole},
    elsewhere::follow,
    endpoint::{From, Http, LAST_EVENT_ID, PROTOCOL_VERSION, SESSION_ID, Shared},
    guard,
    refusal::{Refusal, later},
    sessions::Missing,
};
use crate::{
    agreement::Agreement,
    answered::Answered,
    dispatch::{self, Handling, Passage},
    legacy::{Entered, LegacySession},
    modern::unsupported,
    outbox::{Budget, Marked, Outbox, Outgoing, STREAM_BUFFER},
    passing::{NotPassed, note},
    resumable::{Begun, Resumed, Scopes},
    session::InFlight,
    shares::Share,
    spans::{self, Came, Spoken},
};

/// A POST of these versions. `bytes` is what it takes of the budget.
pub(super) async fn take(
    http: Arc<Http>,
    from: From,
    bytes: Option<Share>,
    headers: HeaderMap,
    value: Value,
) -> Response {
    let accepts = body::accepts(&headers);
    if !accepts.json && !accepts.stream {
        return body::refused(StatusCode::NOT_ACCEPTABLE, value, body::not_acceptable());
    }
    let message = match value {
        Value::Array(batch) => return take_batch(http, from, bytes, &headers, batch, accepts).await,
        value => match Message::parse(value) {
            Ok(message) => message,
            Err(malformed) => return body::error(StatusCode::BAD_REQUEST, malformed.id.as_ref(), malformed.error),
        },
    };
    let message = match message {
        Message::Request(request) if request.method == "initialize" => {
            return initialize(&http, from, &request, accepts);
        }
        message => message,
    };
    let session = match find(&http, &from, &headers) {
        Ok(session) => session,
        Err(none) => {
            let id = if let Message::Request(request) = &message { Some(&request.id) } else { None };
            return none.response(id);
        }
    };
    match session.enter(Ok(message)) {
        Some(Entered::Request(request, in_flight)) => {
            let held = (bytes, in_flight);
            request_of(http, session, from, request, held, accepts).await
        }
        Some(Entered::Refused(response)) => body::ready(accepts, &response),
        Some(Entered::Passing(answer)) => match answer.pass_on().await {
            Ok(()) => StatusCode::ACCEPTED.into_response(),
            Err(failed) => not_passed(&failed),
        },
        None => StatusCode::ACCEPTED.into_response(),
    }
}

/// The response to an answer that does not reach the instance which asked. It goes on waiting there.
fn not_passed(failed: &NotPassed) -> Response {
    match failed {
        NotPassed::Alone => {
            let told = "this answers a question of another instance, with which this one shares no store; \
                        the call that asked waits there";
            body::error(StatusCode::MISDIRECTED_REQUEST, None, RpcError::new(code::INVALID_REQUEST, told))
        }
        NotPassed::Store(error) => {
            tracing::warn!(error = error as &dyn std::error::Error, "an answer did not reach the instance that asked");
            let told = RpcError::internal("the answer could not be passed on to the instance that asked");
            later(body::error(StatusCode::SERVICE_UNAVAILABLE, None, told))
        }
    }
}

fn initialize(http: &Http, from: From, request: &Request, accepts: Accepts) -> Response {
    // Before there is a session: another may have to make room for it.
    let agreement = match Agreement::parse(&request.params) {
        Ok(agreement) => agreement,
        Err(error) => return body::ready(accepts, &message::response(Some(&request.id), Err(error))),
    };
    let session = match http.sessions.begin((from.principal.as_ref(), from.sharer), agreement) {
        Ok(session) => session,
        Err(error) => return NoSession(StatusCode::SERVICE_UNAVAILABLE, error).response(Some(&request.id)),
    };
    let spoken = Spoken { version: Some(agreement.version), session: Some(&session.id) };
    let span = spans::request(&http.service, request, spoken, &Came::OverHttp(from.trace));
    let since = spans::stopwatch();
    let result = Ok(span.in_scope(|| session.welcome(&http.service, agreement)));
    spans::answered(&span, Some(&result));
    spans::count(&http.service, request, since, Some(&result));
    let mut response = body::ready(accepts, &message::response(Some(&request.id), result));
    if let Ok(id) = HeaderValue::from_str(&session.id) {
        response.headers_mut().insert(HeaderName::from_static(SESSION_ID), id);
    }
    response
}

/// The answer where there is no session: its status and its error.
struct NoSession(StatusCode, RpcError);

impl NoSession {
    fn response(self, id: Option<&RequestId>) -> Response {
        let Self(status, error) = self;
        let response = body::error(status, id, error);
        if status == StatusCode::SERVICE_UNAVAILABLE { later(response) } else { response }
    }
}

/// The session a request belongs to. Clients begin another session where one has gone, and some look for the code.
fn find(http: &Http, from: &From, headers: &HeaderMap) -> Result<Arc<LegacySession>, NoSession> {
    let bad = |text: &str| NoSession(StatusCode::BAD_REQUEST, RpcError::new(code::INVALID_REQUEST, text));
    let id = body::single(headers, SESSION_ID).map_err(|Refusal(_, text)| bad(text))?;
    let id = id.ok_or_else(|| bad("there is no `Mcp-Session-Id`; send `initialize` first"))?;
    let gone = "there is no such session; send `initialize` to begin one";
    http.sessions.find(id, (from.principal.as_ref(), from.sharer)).map_err(|missing| match missing {
        Missing::Gone => NoSession(StatusCode::NOT_FOUND, RpcError::new(code::SESSION_NOT_FOUND, gone)),
        Missing::NoRoom(error) => NoSession(StatusCode::SERVICE_UNAVAILABLE, error),
    })
}

/// Everything that HTTP knows about any request of a session.
fn passage(http: &Http, from: From, stream: Outbox) -> Passage {
    Passage {
        principal: from.principal,
        stream,
        carries_messages: false,
        is_own: false,
        answered: None,
        closing: http.service.stopped.clone(),
        came: Came::OverHttp(from.trace),
        parts: Some(from.parts),
    }
}

async fn request_of(
    http: Arc<Http>,
    session: Arc<LegacySession>,
    from: From,
    request: Request,
    (bytes, in_flight): (Option<Share>, InFlight),
    accepts: Accepts,
) -> Response {
    // First: a source of tools that is asked for scopes may take its time.
    let Some(place) = http.place(&from) else { return body::busy(Some(&request.id)) };
    let caller = http.service.access.caller(from.principal.clone(), Some(&session.session.id));
    if let Some(scopes) = http.service.lacking_scopes(&request, &caller).await {
        return guard::refused(&http, &http.admission.lacking(&scopes, from.principal.as_ref(), true));
    }
    let (sender, receiver) = mpsc::channel(STREAM_BUFFER);
    let (presence, present) = watch::channel(true);
    let (answering, answered) = Answered::when(http.service.router.store().clock());
    let streams = Streams { session: session.clone(), presence, scopes: scopes(&from) };
    // Of its own: in these versions a client that disconnects has not cancelled.
    tokio::spawn(async move {
        let stream = Outbox::new(sender, None, http.budget(&from)).with_presence(present);
        let passage = Passage {
            carries_messages: accepts.stream,
            is_own: true,
            answered: Some(answered),
            ..passage(&http, from, stream.clone())
        };
        let handling = Ok(Handling::Session(session));
        let response = dispatch::answer(&http.service, &request, Some(in_flight), handling, passage).await;
        drop((request, bytes));
        if let Some(response) = response {
            stream.respond(response).await;
        }
        drop(place);
    });
    let begin = |first, receiver| streams.begin(first, receiver);
    let response = body::answer_in(receiver, accepts, |_| StatusCode::OK, begin).await;
    body::holding(response, answering)
}

/// The beginning of a call's stream, to which its client may come back.
struct Streams {
    session: Arc<LegacySession>,
    presence: watch::Sender<bool>,
    scopes: Scopes,
}

/// The scopes of a sender.
fn scopes(from: &From) -> Scopes {
    from.principal.as_ref().map(|principal| principal.scopes.clone()).unwrap_or_default()
}

impl Streams {
    fn begin(self, first: Option<Outgoing>, receiver: mpsc::Receiver<Outgoing>) -> Response {
        let Self { session, presence, scopes } = self;
        let is_primed = session.agreement().is_some_and(|agreement| agreement.version.has_priming_events());
        let begun = Begun { presence, first, receiver, listening: None, is_primed, scopes };
        match session.begin_stream(begun) {
            Ok(reader) => body::events(reader),
            Err(begun) => body::events(body::messages(begun.first, begun.receiver).map(Marked::from)),
        }
    }
}

/// Batches exist in 2025-03-26 alone; their responses come together. One status is that of all: where some request only lacks scopes,
/// nothing of the batch is done, and the client is told of all that it needs, to send the same again.
async fn take_batch(
    http: Arc<Http>,
    from: From,
    bytes: Option<Share>,
    headers: &HeaderMap,
    batch: Vec<Value>,
    accepts: Accepts,
) -> Response {
    let session = match find(&http, &from, headers) {
        Ok(session) => session,
        Err(none) => return none.response(None),
    };
    if let Err(error) = dispatch::check_batch(&http.service, session.agreement(), batch.len()) {
        return body::error(StatusCode::BAD_REQUEST, None, error);
    }
    let messages: Vec<_> = batch.into_iter().map(Message::parse).collect();
    let caller = http.service.access.caller(from.principal.clone(), Some(&session.session.id));
    let Some(place) = http.place(&from) else { return body::busy(None) };
    let asked = messages.iter().filter_map(|message| match message {
        Ok(Message::Request(request)) => Some(http.service.lacking_scopes(request, &caller)),
        _ => None,
    });
    let lacking: Vec<String> = join_all(asked).await.into_iter().flatten().flat_map(Cow::into_owned).collect();
    if !lacking.is_empty() {
        return guard::refused(&http, &http.admission.lacking(&lacking, from.principal.as_ref(), true));
    }
    let entered: Vec<_> = messages.into_iter().filter_map(|message| session.enter(message)).collect();
    // Of its own, as a single request is.
    let (sender, receiver) = mpsc::channel(STREAM_BUFFER);
    let (presence, present) = watch::channel(true);
    let streams = Streams { session: session.clone(), presence, scopes: scopes(&from) };
    tokio::spawn(async move {
        // What any of them asks or tells goes out before the responses.
        let stream = Outbox::new(sender, None, http.budget(&from)).with_presence(present);
        let passage =
            Passage { carries_messages: accepts.stream, is_own: true, ..passage(&http, from, stream.clone()) };
        let handling = |_: &Request| Ok(Handling::Session(session.clone()));
        let responses = dispatch::answer_batch(&http.service, entered, handling, passage).await;
        drop(bytes);
        if let Some(responses) = responses {
            stream.respond(responses).await;
        }
        drop(place);
    });
    body::answer_in(receiver, accepts, |_| StatusCode::OK, |first, receiver| streams.begin(first, receiver)).await
}

/// GET: the session's own stream, or one that goes on after the event that the client names.
pub(super) async fn listen(
    State(http): Shared,
    from: From,
    headers: HeaderMap,
    // It means nothing, but has to be read: behind the rest of a body nobody sees that the client has gone, and the stream
    // would stay open until a write fails.
    body: Body,
) -> Response {
    let service = &http.service;
    if let Err(refusal) = Whole::read(body, &service.limits, service.router.store().clock(), http.budget(&from)).await {
        return refusal.into_response();
    }
    if let Some(refusal) = not_of_this_era(&headers) {
        return refusal;
    }
    if !body::accepts(&headers).stream {
        return Refusal(StatusCode::NOT_ACCEPTABLE, "accept `text/event-stream`").into_response();
    }
    let session = match find(&http, &from, &headers) {
        Ok(session) => session,
        Err(none) => return none.response(None),
    };
    // As long as it is open: else the streams of one caller could be all the connections there may be.
    let Some(place) = http.place(&from) else { return body::busy(None) };
    let counted = Stream::open();
    // What is repeated or no text is the id of nothing; an empty one stands for none.
    let last = body::single(&headers, LAST_EVENT_ID).unwrap_or(Some("?")).filter(|last| !last.is_empty());
    let (messages, outbox) = match last.map(|last| resume(&session, last, &scopes(&from))) {
        Some(Resumed::Call(reader)) => {
            session.session.came_back();
            return body::events(reader.map(move |message| {
                let _ = (&place, &counted);
                message
            }));
        }
        Some(Resumed::Listening(reader, outbox)) => (reader.boxed(), outbox),
        Some(Resumed::Gone) => {
            let told = "there is no stream to go on with after this `Last-Event-ID`: it is too long ago, has ended, or is \
                        another process's; the call it belongs to has to be made again";
            return body::error(StatusCode::BAD_REQUEST, None, RpcError::new(code::INVALID_REQUEST, told));
        }
        Some(Resumed::Anew) | None => begin_listening(&session, http.budget(&from), scopes(&from)),
    };
    let open = session.session.open(outbox.clone());
    // It may have begun elsewhere.
    session.follow_lists(service);
    if let (Some(board), Some(agreement)) = (session.session.board.clone(), session.agreement()) {
        let (principal, cancellation) = (from.principal, http.service.stopped.clone());
        let cx = session.context(service, agreement, principal, outbox.clone(), cancellation, None);
        if cx.revision.has_tasks() && service.router.has_tasks() && cx.caller.owner().is_some() {
            tokio::spawn(follow(http.clone(), session.clone(), board, cx, outbox));
        }
    }
    let ended = session.session.ended.clone().cancelled_owned();
    let messages = messages.take_until(ended).map(move |message| {
        // The stream is the session's for as long as somebody reads it.
        let _ = (&open, &place, &counted);
        message
    });
    body::events(messages)
}

/// The stream after this event.
fn resume(session: &LegacySession, last: &str, scopes: &Scopes) -> Resumed {
    session.resumables.as_ref().map_or(Resumed::Anew, |resumables| resumables.resume(last, scopes))
}

/// A stream of the session's own.
fn begin_listening(session: &LegacySession, budget: Budget, scopes: Scopes) -> (BoxStream<'static, Marked>, Outbox) {
    let (sender, receiver) = mpsc::channel(STREAM_BUFFER);
    let (presence, present) = watch::channel(true);
    let outbox = Outbox::new(sender, None, budget).with_presence(present);
    let is_primed = session.agreement().is_some_and(|agreement| agreement.version.has_priming_events());
    let begun = Begun { presence, first: None, receiver, listening: Some(outbox.clone()), is_primed, scopes };
    match session.begin_stream(begun) {
        Ok(reader) => (reader.boxed(), outbox),
        Err(begun) => (body::messages(None, begun.receiver).map(Marked::from).boxed(), outbox),
    }
}

/// DELETE: the client is done with its session.
pub(super) async fn end(State(http): Shared, from: From, headers: HeaderMap) -> Response {
    if let Some(refusal) = not_of_this_era(&headers) {
        return refusal;
    }
    match find(&http, &from, &headers) {
        Ok(session) => {
            http.sessions.end(&session);
            let told = async {
                if let Some(board) = &session.session.board {
                    // At once where the client has a stream.
                    board.add(note::ENDED, &Value::Null).await?;
                }
                http.sessions.tell_of_end(&session, from.sharer).await
            };
            if let Err(error) = told.await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "other instances do not learn that a session has ended");
            }
            StatusCode::NO_CONTENT.into_response()
        }
        Err(none) => none.response(None),
    }
}

/// 2026-07-28 has neither GET nor DELETE (streamable HTTP, "Earlier Streamable HTTP Revisions").
fn not_of_this_era(headers: &HeaderMap) -> Option<Response> {
    let version = match body::single(headers, PROTOCOL_VERSION) {
        Ok(version) => version?,
        Err(refusal) => return Some(refusal.into_response()),
    };
    match Version::parse(version) {
        None => Some(body::error(StatusCode::BAD_REQUEST, None, unsupported(version))),
        Some(version) if !version.has_handshake() => {
            let refusal = Refusal(StatusCode::METHOD_NOT_ALLOWED, "this protocol version uses POST alone");
            Some(([(ALLOW, "POST")], refusal).into_response())
        }
        Some(_) => None,
    }
}
