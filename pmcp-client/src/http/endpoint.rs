//! The server's endpoint: requests with the headers each needs, and what their responses are.

use std::sync::Arc;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE},
};
use http_body_util::{BodyDataStream, BodyExt as _, Collected, Limited};
use parking_lot::Mutex;
use pmcp_protocol::{Version, message::text};
use serde_json::Value;

use super::{
    events::Events,
    transport::{HttpBody, HttpTransport},
};
use crate::error::ClientError;

const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
pub(super) const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The longest body of a refusal that is read.
const MAX_REFUSAL: usize = 64 * 1024;

/// Everything an HTTP wire was built with.
#[derive(Clone, Debug)]
pub(crate) struct HttpSettings {
    /// The version of every request, where there is no handshake.
    pub(crate) stateless: Option<Version>,
    pub(crate) bearer: Option<String>,
    pub(crate) max_message: usize,
    /// Set if a session opens the stream for messages of the server.
    pub(crate) session_stream: bool,
}

/// The session of 2025-11-25 and earlier, as far as HTTP has to know.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Session {
    pub(super) id: Option<String>,
    /// The negotiated version, if its requests name it.
    pub(super) version: Option<String>,
}

/// The server's endpoint, and the session there.
#[derive(Debug)]
pub(super) struct Endpoint {
    transport: Arc<dyn HttpTransport>,
    uri: Uri,
    authorization: Option<HeaderValue>,
    pub(super) stateless: Option<Version>,
    max_message: usize,
    pub(super) session: Mutex<Session>,
}

impl Endpoint {
    pub(super) fn new(
        transport: Arc<dyn HttpTransport>,
        url: &str,
        settings: &HttpSettings,
    ) -> Result<Self, ClientError> {
        let uri: Uri = url.parse().map_err(|error| ClientError::Input(format!("`{url}` is not a URL: {error}")))?;
        Ok(Self {
            transport,
            uri,
            authorization: settings.bearer.as_deref().map(secret).transpose()?,
            stateless: settings.stateless,
            max_message: settings.max_message,
            session: Mutex::default(),
        })
    }

    /// The headers of every message.
    pub(super) fn headers(&self) -> Result<HeaderMap, ClientError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        headers.extend(self.authorization.clone().map(|token| (AUTHORIZATION, token)));
        let session = self.session.lock().clone();
        if let Some(version) = self.stateless.map(Version::as_str).or(session.version.as_deref()) {
            headers.insert(PROTOCOL_VERSION, value(version)?);
        }
        if let Some(id) = &session.id {
            headers.insert(SESSION_ID, value(id)?);
        }
        Ok(headers)
    }

    pub(super) async fn send(
        &self,
        method: Method,
        headers: HeaderMap,
        message: Option<&Value>,
    ) -> Result<Response<HttpBody>, ClientError> {
        let body = message.map(|message| Bytes::from(text(message))).unwrap_or_default();
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = headers;
        self.transport.send(request).await
    }

    /// Opens or resumes a stream with GET.
    pub(super) async fn open(&self, last_id: Option<&str>) -> Result<Response<HttpBody>, ClientError> {
        let mut headers = self.headers()?;
        headers.remove(CONTENT_TYPE);
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        if let Some(id) = last_id {
            headers.insert(LAST_EVENT_ID, value(id)?);
        }
        let response = self.send(Method::GET, headers, None).await?;
        match Kind::of(&response) {
            Kind::Events if response.status().is_success() => Ok(response),
            _ => Err(self.refused(response).await),
        }
    }

    pub(super) fn events(&self, body: HttpBody) -> Events {
        Events::new(BodyDataStream::new(body), self.max_message)
    }

    pub(super) async fn collect(&self, body: HttpBody) -> Result<Bytes, ClientError> {
        Ok(Limited::new(body, self.max_message).collect().await.map_err(ClientError::transport)?.to_bytes())
    }

    /// The error a refusing answer means.
    pub(super) async fn refused(&self, response: Response<HttpBody>) -> ClientError {
        let (head, body) = response.into_parts();
        let authenticate = head.headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = Limited::new(body, MAX_REFUSAL).collect().await.map(Collected::to_bytes).unwrap_or_default();
        ClientError::Http {
            status: head.status.as_u16(),
            authenticate,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }
}

/// The kind of a response's body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Json,
    Events,
    Other,
}

impl Kind {
    pub(super) fn of(response: &Response<HttpBody>) -> Self {
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/json") {
            Self::Json
        } else if essence.eq_ignore_ascii_case("text/event-stream") {
            Self::Events
        } else {
            Self::Other
        }
    }
}

/// The text as a header's value.
pub(super) fn value(text: &str) -> Result<HeaderValue, ClientError> {
    HeaderValue::from_str(text).map_err(|_| ClientError::Input(format!("`{text}` cannot be sent in a header")))
}

fn secret(token: &str) -> Result<HeaderValue, ClientError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| ClientError::Input("the token cannot be sent in a header".into()))?;
    value.set_sensitive(true);
    Ok(value)
}
