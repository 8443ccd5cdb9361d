//! A way for the page to the endpoint of the server, and to nothing else: for a client in the page that the server does not let in.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::BodyDataStream;
use parking_lot::Mutex;
use pmcp_client::{HttpTransport, transport_for};

use crate::upstream::Endpoint;

/// Headers of the page that the server sees.
const ASKED: [HeaderName; 7] = [
    header::ACCEPT,
    header::CONTENT_TYPE,
    HeaderName::from_static("mcp-protocol-version"),
    HeaderName::from_static("mcp-session-id"),
    HeaderName::from_static("mcp-method"),
    HeaderName::from_static("mcp-name"),
    HeaderName::from_static("last-event-id"),
];

/// Headers of the server that the page sees.
const ANSWERED: [HeaderName; 5] = [
    header::CONTENT_TYPE,
    header::WWW_AUTHENTICATE,
    HeaderName::from_static("mcp-protocol-version"),
    HeaderName::from_static("mcp-session-id"),
    HeaderName::from_static("retry-after"),
];

/// The connections of a relay to one server.
#[derive(Debug, Default)]
pub(crate) struct Relay(Mutex<Option<Arc<dyn HttpTransport>>>);

impl Relay {
    /// Passes a request on to the endpoint, with its secrets, and the answer back, without a redirection.
    pub(crate) async fn pass(&self, endpoint: &Endpoint, method: Method, headers: &HeaderMap, body: Bytes) -> Response {
        let Endpoint::Http { url, headers: secrets } = endpoint else {
            return (StatusCode::NOT_FOUND, "the server speaks on standard streams").into_response();
        };
        let (Some(transport), Ok(uri)) = (self.transport(url), url.parse::<Uri>()) else {
            return (StatusCode::BAD_GATEWAY, "the server cannot be reached").into_response();
        };
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        copy(headers, request.headers_mut(), &ASKED);
        for (name, value) in secrets {
            request.headers_mut().insert(name, value.clone());
        }
        // What is wrong in detail may name what it was sent with.
        let Ok(answer) = transport.send(request).await else {
            return (StatusCode::BAD_GATEWAY, "the server cannot be reached").into_response();
        };
        let (head, body) = answer.into_parts();
        if head.status.is_redirection() {
            return (StatusCode::BAD_GATEWAY, "the server redirects, which is not followed").into_response();
        }
        let mut response = Response::new(Body::from_stream(BodyDataStream::new(body)));
        *response.status_mut() = head.status;
        copy(&head.headers, response.headers_mut(), &ANSWERED);
        // Nothing of a server is a page of ours.
        if !is_shown_as_text(response.headers().get(header::CONTENT_TYPE)) {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        }
        response
    }

    fn transport(&self, url: &str) -> Option<Arc<dyn HttpTransport>> {
        let mut transport = self.0.lock();
        if transport.is_none() {
            *transport = transport_for(url).ok();
        }
        transport.clone()
    }
}

fn copy(from: &HeaderMap, to: &mut HeaderMap, names: &[HeaderName]) {
    for name in names {
        for value in from.get_all(name) {
            to.append(name, value.clone());
        }
    }
}

fn is_shown_as_text(kind: Option<&HeaderValue>) -> bool {
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(&*essence, "application/json" | "text/event-stream" | "text/plain")
}
