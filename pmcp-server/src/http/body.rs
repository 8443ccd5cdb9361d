//! Reading headers and writing bodies.

use std::{convert::Infallible, future::poll_fn, pin::Pin, sync::Arc, task::Poll, time::Duration};

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{ACCEPT, CONTENT_TYPE},
    },
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use parking_lot::Mutex;
use pmcp_protocol::{
    RpcError, code,
    message::{self, Malformed, Message, RequestId},
};
use pmcp_tasks::{apart::apart, time::Clock};
use serde_json::Value;
use tokio::{sync::mpsc, task::yield_now};

use super::refusal::{Refusal, later};
use crate::{
    outbox::{Budget, Kind, Marked, Outgoing},
    service::ServeLimits,
    session::NotBegun,
    shares::Share,
};

/// The time a response may take before it becomes a stream, which shows the client and proxies that it lives.
const PATIENCE: Duration = Duration::from_secs(2);
/// The time after which a quiet stream says that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The kinds of body the client can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accepts {
    pub(super) json: bool,
    pub(super) stream: bool,
}

/// Reads `Accept`; without one everything is accepted.
pub(super) fn accepts(headers: &HeaderMap) -> Accepts {
    let values: Vec<_> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    if values.is_empty() {
        return Accepts { json: true, stream: true };
    }
    let has = |wanted: &[&str]| {
        let kinds = values.iter().flat_map(|value| value.split(','));
        kinds
            .map(|kind| kind.split(';').next().unwrap_or_default().trim())
            .any(|kind| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(kind)))
    };
    Accepts {
        json: has(&["application/json", "application/*", "*/*"]),
        stream: has(&["text/event-stream", "text/*", "*/*"]),
    }
}

/// Refuses a body that does not say it is JSON.
pub(super) fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body is not `application/json`"))
    }
}

/// The copies of a message there may be while it is worked on: as it was read, as what a retry is compared with, and as the
/// arguments of the tool.
const COPIES: usize = 3;

/// The size of what is not counted, in bytes: most requests are as small, and their places are counted.
const SMALL: usize = 32 << 10;

/// The size of a part of a body from which others get their turn before the next one is read, in bytes.
const LARGE_FRAME: usize = 32 << 10;

/// The answer to a request there is no room for.
const NO_ROOM: Refusal = Refusal(StatusCode::SERVICE_UNAVAILABLE, "too much is being worked on; try again later");

/// The reason why a body is not worked on.
pub(super) enum Unread {
    NoRoom(Refusal),
    Malformed(Malformed),
}

impl IntoResponse for Unread {
    fn into_response(self) -> Response {
        match self {
            Self::NoRoom(refusal) => refusal.into_response(),
            Self::Malformed(Malformed { id, error: told }) => error(StatusCode::BAD_REQUEST, id.as_ref(), told),
        }
    }
}

/// A body that has come, with what it takes of the budget.
#[derive(Debug)]
pub(super) struct Whole {
    bytes: Vec<u8>,
    share: Option<Share>,
    budget: Budget,
}

impl Whole {
    /// Reads a body, for as long as it may take. What has come is counted while the rest is waited for.
    pub(super) async fn read(
        mut body: Body,
        limits: &ServeLimits,
        clock: &Arc<dyn Clock>,
        budget: Budget,
    ) -> Result<Self, Refusal> {
        let mut whole = Self { bytes: Vec::new(), share: None, budget };
        // Begun when something is waited for: most bodies come with the head, and need no timer.
        let mut late = None;
        loop {
            let frame = poll_fn(|cx| {
                if let Poll::Ready(frame) = Pin::new(&mut body).poll_frame(cx) {
                    let broken = Refusal(StatusCode::BAD_REQUEST, "the body is broken");
                    return Poll::Ready(frame.transpose().map_err(|_| broken));
                }
                let late = late.get_or_insert_with(|| clock.sleep(limits.body_timeout));
                let too_late = Refusal(StatusCode::REQUEST_TIMEOUT, "the body did not come in time");
                late.as_mut().poll(cx).map(|()| Err(too_late))
            });
            let Some(frame) = frame.await? else { break };
            // Trailers mean nothing here.
            let Ok(data) = frame.into_data() else { continue };
            let length = whole.bytes.len() + data.len();
            if length > limits.message {
                return Err(Refusal(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"));
            }
            let room = whole.bytes.capacity();
            if length > room {
                // Counted with what is in reserve, which is half of what came before at most.
                let room = length.max((room + room / 2).min(limits.message));
                whole.takes(room)?;
                whole.bytes.reserve_exact(room - whole.bytes.len());
            }
            whole.bytes.extend_from_slice(&data);
            if data.len() > LARGE_FRAME {
                // As long as more is there already, others would wait for all of it.
                yield_now().await;
            }
        }
        Ok(whole)
    }

    /// Reads the message, or the batch, with what it takes until it has been worked on.
    pub(super) async fn message(mut self, max_values: usize) -> Result<(Value, Option<Share>), Unread> {
        apart(self.bytes.len(), move || {
            // As it is worked on it takes more than its bytes.
            self.takes(message::weight(&self.bytes, max_values) * COPIES).map_err(Unread::NoRoom)?;
            let value = message::read(&self.bytes, max_values).map_err(Unread::Malformed)?;
            Ok((value, self.share))
        })
        .await
    }

    /// Takes so much for it, altogether.
    fn takes(&mut self, bytes: usize) -> Result<(), Refusal> {
        let Budget { bytes: all, sharer } = &self.budget;
        let fits = match &mut self.share {
            Some(share) => share.grow_to(bytes),
            None if bytes <= SMALL => true,
            None => {
                self.share = all.take(*sharer, bytes);
                self.share.is_some()
            }
        };
        if fits { Ok(()) } else { Err(NO_ROOM) }
    }
}

/// A header that may come once.
pub(super) fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match (value.to_str(), values.next()) {
        (Ok(value), None) => Ok(Some(value.trim())),
        _ => Err(Refusal(StatusCode::BAD_REQUEST, "a header is repeated or not text")),
    }
}

/// Bytes that go out, with what they take of the budget.
struct Counted<T> {
    bytes: T,
    _share: Share,
}

impl<T: AsRef<[u8]>> AsRef<[u8]> for Counted<T> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

/// Bytes that are counted until they have been written, or will not be. A body is gone once its last frame waits to be
/// written; whoever writes keeps the bytes.
fn counted<T>(bytes: T, share: Option<Share>) -> Bytes
where
    T: AsRef<[u8]> + Into<Bytes> + Send + 'static,
{
    match share {
        Some(share) => Bytes::from_owner(Counted { bytes, _share: share }),
        None => bytes.into(),
    }
}

/// A JSON-RPC message as the whole body.
fn json(status: StatusCode, text: impl Into<Body>) -> Response {
    (status, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], text.into()).into_response()
}

/// A JSON-RPC error as the whole body.
pub(super) fn error(status: StatusCode, id: Option<&RequestId>, error: RpcError) -> Response {
    json(status, message::text(&message::response(id, Err(error))))
}

/// Refuses a message that could be read: under its id, if it is a request.
pub(super) fn refused(status: StatusCode, message: Value, told: RpcError) -> Response {
    let id = match Message::parse(message) {
        Ok(Message::Request(request)) => Some(request.id),
        Ok(_) => None,
        Err(malformed) => malformed.id,
    };
    error(status, id.as_ref(), told)
}

/// The error of a request whose client reads nothing that could be its answer.
pub(super) fn not_acceptable() -> RpcError {
    RpcError::new(code::INVALID_REQUEST, "accept `application/json` and `text/event-stream`")
}

/// The answer to a request for which there is no place.
pub(super) fn busy(id: Option<&RequestId>) -> Response {
    later(error(StatusCode::SERVICE_UNAVAILABLE, id, NotBegun::Busy.into()))
}

/// Messages as server-sent events, one a `data:` line. Some clients skip events that do not name their type, though the
/// standard has a default. One without a message has none: some would look for a message in it.
pub(super) fn events(messages: impl Stream<Item = Marked> + Send + 'static) -> Response {
    let share = Arc::new(Mutex::new(None));
    let taken = share.clone();
    let events = messages.map(move |Marked { outgoing, id, retry }| {
        *share.lock() = outgoing.share;
        let event = if outgoing.text.is_empty() { Event::default() } else { Event::default().event("message") };
        let event = id.into_iter().fold(event, Event::id);
        Ok::<_, Infallible>(retry.into_iter().fold(event, Event::retry).data(outgoing.text))
    });
    let stream = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    // Proxies must not hold events back.
    let headers = [(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"))];
    (headers, stream).into_response().map(|body| {
        // A message becomes a frame as soon as it is taken.
        Body::new(body.map_frame(move |frame| frame.map_data(|bytes| counted(primed(bytes), taken.lock().take()))))
    })
}

/// An event, which has a data field even if that is empty: one that begins with its id, as it has no type. Readers pass over an event
/// without that field, and the id with it (transports, "Sending Messages to the Server").
fn primed(event: Bytes) -> Bytes {
    match event.strip_suffix(b"\n") {
        Some(fields) if event.starts_with(b"id: ") => [fields, b"data: \n\n"].concat().into(),
        _ => event,
    }
}

/// The answer to a request whose messages arrive here: a JSON body if the response is the first and comes soon, else a
/// stream that ends with it.
pub(super) async fn answer(
    receiver: mpsc::Receiver<Outgoing>,
    accepts: Accepts,
    status: impl FnOnce(i64) -> StatusCode,
) -> Response {
    answer_in(receiver, accepts, status, |first, receiver| events(messages(first, receiver).map(Marked::from))).await
}

/// The same, where a stream is made of its first message and what brings the others.
pub(super) async fn answer_in(
    mut receiver: mpsc::Receiver<Outgoing>,
    accepts: Accepts,
    status: impl FnOnce(i64) -> StatusCode,
    stream: impl FnOnce(Option<Outgoing>, mpsc::Receiver<Outgoing>) -> Response,
) -> Response {
    let first = if accepts.stream {
        tokio::time::timeout(PATIENCE, receiver.recv()).await
    } else {
        Ok(response(&mut receiver).await)
    };
    let first = match first {
        Ok(Some(response)) if response.kind.ends() => {
            let status = match response.kind {
                Kind::Response { error: Some(code) } => status(code),
                Kind::Refused => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::OK,
            };
            // An error of the protocol is told by the status, which a stream does not have.
            if accepts.json || status != StatusCode::OK {
                let body = json(status, counted(response.text, response.share));
                return if status == StatusCode::SERVICE_UNAVAILABLE { later(body) } else { body };
            }
            Some(response)
        }
        // The request was cancelled and gets no response.
        Ok(None) => return StatusCode::ACCEPTED.into_response(),
        Ok(first) => first,
        Err(_) => None,
    };
    stream(first, receiver)
}

/// The messages of a stream up to the response. What was called may still hold the stream; the response ends it all the same.
pub(super) fn messages(
    first: Option<Outgoing>,
    receiver: mpsc::Receiver<Outgoing>,
) -> impl Stream<Item = Outgoing> + Send + 'static {
    let receiver = first.as_ref().is_none_or(|first| !first.kind.ends()).then_some(receiver);
    let rest = stream::unfold(receiver, |receiver| async {
        let mut receiver = receiver?;
        let message = receiver.recv().await?;
        let receiver = (!message.kind.ends()).then_some(receiver);
        Some((message, receiver))
    });
    // Where nobody can come back, nobody is let go.
    stream::iter(first).chain(rest).filter(|message| std::future::ready(message.kind != Kind::Parting))
}

/// The response, which holds something until its body has been handed out to be written, or will not be.
pub(super) fn holding(response: Response, held: impl Send + 'static) -> Response {
    response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _ = &held;
            frame
        }))
    })
}

/// A response that is ready.
pub(super) fn ready(accepts: Accepts, response: &Value) -> Response {
    let text = message::text(response);
    if accepts.json {
        return json(StatusCode::OK, text);
    }
    events(stream::iter([Outgoing { text, kind: Kind::Response { error: None }, share: None }.into()]))
}

/// The response, where nothing else can be sent.
async fn response(receiver: &mut mpsc::Receiver<Outgoing>) -> Option<Outgoing> {
    loop {
        match receiver.recv().await {
            Some(message) if !message.kind.ends() => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::shares::{Sharer, Shares};

    #[tokio::test]
    async fn a_response_is_counted_for_as_long_as_its_bytes_are_there() {
        let shares = Shares::new(1);
        let is_counted = || shares.take(Sharer::EVERYBODY, 1).is_none();
        for json in [true, false] {
            let share = shares.take(Sharer::EVERYBODY, 1);
            assert!(share.is_some());
            let (sender, receiver) = mpsc::channel(1);
            let response = Outgoing { text: "null".into(), kind: Kind::Response { error: None }, share };
            sender.send(response).await.unwrap();
            let response = answer(receiver, Accepts { json, stream: !json }, |_| StatusCode::OK).await;
            let mut body = response.into_body();
            let bytes = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert!(body.frame().await.is_none());
            drop(body);
            assert!(is_counted());
            drop(bytes);
            assert!(!is_counted());
        }
    }

    #[tokio::test]
    async fn what_a_response_holds_goes_with_its_body() {
        let held = Arc::new(());
        let respond = || holding(json(StatusCode::OK, "null"), held.clone());
        let (written, unwritten) = (respond().into_body(), respond());
        assert_eq!(Arc::strong_count(&held), 3);
        assert_eq!(written.collect().await.unwrap().to_bytes(), "null");
        assert_eq!(Arc::strong_count(&held), 2);
        drop(unwritten);
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
