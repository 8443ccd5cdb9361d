//! Reading headers and writing bodies.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::rejection::BytesRejection,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{ACCEPT, CONTENT_TYPE},
    },
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, StreamExt, stream};
use http_body_util::BodyExt as _;
use pmcp_protocol::{
    RpcError,
    message::{self, RequestId},
};
use serde_json::Value;
use tokio::sync::mpsc;

use super::{late::is_too_late, refusal::Refusal};
use crate::{outbox::Outgoing, session::NotBegun};

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

/// The body, if all of it came.
pub(super) fn whole(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Refusal> {
    body.map_err(|rejection| {
        if is_too_late(&rejection) {
            return Refusal(StatusCode::REQUEST_TIMEOUT, "the body did not come in time");
        }
        Refusal(rejection.status(), "the body is too large or broken")
    })
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

/// A JSON-RPC message as the whole body.
pub(super) fn json(status: StatusCode, message: &Value) -> Response {
    (status, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], Body::from(message::text(message)))
        .into_response()
}

/// A JSON-RPC error as the whole body.
pub(super) fn error(status: StatusCode, id: Option<&RequestId>, error: RpcError) -> Response {
    json(status, &message::response(id, Err(error)))
}

/// The answer to a request for which there is no place.
pub(super) fn busy(id: Option<&RequestId>) -> Response {
    error(StatusCode::SERVICE_UNAVAILABLE, id, NotBegun::Busy.into())
}

/// Messages as server-sent events, one a `data:` line.
pub(super) fn events(messages: impl Stream<Item = Value> + Send + 'static) -> Response {
    let events = messages.map(|message| Ok::<_, Infallible>(Event::default().data(message::text(&message))));
    let stream = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    // Proxies must not hold events back.
    ([(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"))], stream).into_response()
}

/// The answer to a request whose messages arrive here: a JSON body if the response is the first and comes soon, else a
/// stream that ends with it.
pub(super) async fn answer(
    mut receiver: mpsc::Receiver<Outgoing>,
    accepts: Accepts,
    status: impl FnOnce(&Value) -> StatusCode,
) -> Response {
    let first = if accepts.stream {
        tokio::time::timeout(PATIENCE, receiver.recv()).await
    } else {
        Ok(response(&mut receiver).await)
    };
    let first = match first {
        Ok(Some(Outgoing::Response(response))) => {
            let status = status(&response);
            // An error of the protocol is told by the status, which a stream does not have.
            if accepts.json || status != StatusCode::OK {
                return json(status, &response);
            }
            Some(Outgoing::Response(response))
        }
        // The request was cancelled and gets no response.
        Ok(None) => return StatusCode::ACCEPTED.into_response(),
        Ok(first) => first,
        Err(_) => None,
    };
    // What was called may still hold the stream; the response ends it all the same.
    let receiver = (!matches!(first, Some(Outgoing::Response(_)))).then_some(receiver);
    let rest = stream::unfold(receiver, |receiver| async {
        let mut receiver = receiver?;
        let message = receiver.recv().await?;
        let receiver = matches!(message, Outgoing::Message(_)).then_some(receiver);
        Some((message, receiver))
    });
    events(stream::iter(first).chain(rest).map(Outgoing::into_message))
}

/// The response, which holds something until its body has been written, or will not be.
pub(super) fn holding(response: Response, held: impl Send + 'static) -> Response {
    response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _ = &held;
            frame
        }))
    })
}

/// A response that is ready.
pub(super) fn ready(accepts: Accepts, response: Value) -> Response {
    if accepts.json { json(StatusCode::OK, &response) } else { events(stream::iter([response])) }
}

/// The response, where nothing else can be sent.
async fn response(receiver: &mut mpsc::Receiver<Outgoing>) -> Option<Outgoing> {
    loop {
        match receiver.recv().await {
            Some(Outgoing::Message(_)) => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn what_a_response_holds_goes_with_its_body() {
        let held = Arc::new(());
        let respond = || holding(json(StatusCode::OK, &Value::Null), held.clone());
        let (written, unwritten) = (respond().into_body(), respond());
        assert_eq!(Arc::strong_count(&held), 3);
        assert_eq!(written.collect().await.unwrap().to_bytes(), "null");
        assert_eq!(Arc::strong_count(&held), 2);
        drop(unwritten);
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
