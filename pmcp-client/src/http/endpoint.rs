//! The server's endpoint: requests with the headers each needs, and what their responses are.

use std::sync::Arc;

use bytes::Bytes;
use fluent_uri::UriRef;
use futures_util::StreamExt as _;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE},
};
use http_body_util::{BodyDataStream, BodyExt as _, Collected, Limited, StreamBody};
use parking_lot::Mutex;
use pmcp_protocol::{
    Version,
    message::{text, without_mark},
};
use serde_json::Value;

use super::{
    events::Events,
    transport::{HttpBody, HttpTransport},
};
use crate::{error::ClientError, secret::Secret};

const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
pub(super) const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The number of redirections that one request follows.
const REDIRECTIONS: usize = 5;
/// The longest body of a refusal that is read.
const MAX_REFUSAL: usize = 64 * 1024;

/// Everything an HTTP wire was built with.
#[derive(Clone, Debug)]
pub(crate) struct HttpSettings {
    /// Headers of every request beside the wire's own.
    pub(crate) headers: HeaderMap,
    pub(crate) bearer: Option<Secret>,
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
    /// Headers of every request: what the server asks of its callers.
    always: HeaderMap,
    /// The version of every request, where there is no handshake.
    stateless: Mutex<Option<Version>>,
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
        let mut always = settings.headers.clone();
        if let Some(Secret(token)) = &settings.bearer {
            let unfit = || ClientError::Input("the token cannot be sent in a header".into());
            always.insert(AUTHORIZATION, secret(&format!("Bearer {token}")).ok_or_else(unfit)?);
        }
        Ok(Self {
            transport,
            uri,
            always,
            stateless: Mutex::default(),
            max_message: settings.max_message,
            session: Mutex::default(),
        })
    }

    /// The version of every request, where there is no handshake.
    pub(super) fn stateless(&self) -> Option<Version> {
        *self.stateless.lock()
    }

    /// Has every request be of this version from now on, or begin with a handshake.
    pub(super) fn speak(&self, version: Option<Version>) {
        *self.stateless.lock() = version;
    }

    /// The headers of every message.
    pub(super) fn headers(&self) -> Result<HeaderMap, ClientError> {
        let mut headers = self.always.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        let session = self.session.lock().clone();
        if let Some(version) = self.stateless().map(Version::as_str).or(session.version.as_deref()) {
            headers.insert(PROTOCOL_VERSION, value(version)?);
        }
        if let Some(id) = &session.id {
            headers.insert(SESSION_ID, value(id)?);
        }
        Ok(headers)
    }

    /// Sends a request, and sends it again where the server says that it is elsewhere on its own origin (RFC 9110, 15.4.8 and
    /// 15.4.9). Elsewhere than there nobody may see its token and content.
    pub(super) async fn send(
        &self,
        method: Method,
        headers: HeaderMap,
        message: Option<&Value>,
    ) -> Result<Response<HttpBody>, ClientError> {
        let body = message.map(|message| Bytes::from(text(message))).unwrap_or_default();
        let mut uri = self.uri.clone();
        for _ in 0..=REDIRECTIONS {
            let mut request = Request::new(body.clone());
            *request.method_mut() = method.clone();
            *request.uri_mut() = uri.clone();
            *request.headers_mut() = headers.clone();
            let response = self.transport.send(request).await?;
            if !matches!(response.status(), StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT) {
                return Ok(response);
            }
            let Some(location) = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()) else {
                return Ok(response);
            };
            let bad = || ClientError::protocol(format!("it redirects to `{location}`, which is no URL"));
            let here = fluent_uri::Uri::parse(uri.to_string()).map_err(|_| bad())?;
            let next = UriRef::parse(location).map_err(|_| bad())?.resolve_against(&here).map_err(|_| bad())?;
            uri = next.as_str().parse().map_err(|_| bad())?;
            if origin(&uri) != origin(&self.uri) {
                return Err(ClientError::transport(format!(
                    "the server redirects to another origin, which is not followed; connect to `{next}` if you mean it"
                )));
            }
        }
        Err(ClientError::transport(format!("the server redirects more than {REDIRECTIONS} times")))
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
            // Nothing else was asked for.
            Some(Kind::Events) | None if response.status().is_success() => Ok(response),
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
    /// The kind that the response tells, if it tells one.
    fn of(response: &Response<HttpBody>) -> Option<Self> {
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if essence.is_empty() {
            None
        } else if essence.eq_ignore_ascii_case("application/json") {
            Some(Self::Json)
        } else if essence.eq_ignore_ascii_case("text/event-stream") {
            Some(Self::Events)
        } else {
            Some(Self::Other)
        }
    }

    /// The kind of the response's body: the one it tells, or else what its beginning looks like.
    ///
    /// White space before that beginning is passed, but no more of it than a refusal may have.
    pub(super) async fn find(response: Response<HttpBody>) -> Result<(Self, Response<HttpBody>), ClientError> {
        if let Some(kind) = Self::of(&response) {
            return Ok((kind, response));
        }
        let (head, mut body) = response.into_parts();
        let mut read = Vec::new();
        let mut kind = Self::Other;
        let mut blank = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame?;
            let first = frame.data_ref().and_then(|data| without_mark(data).trim_ascii_start().first().copied());
            // What is empty counts, too: there may be any number of it.
            blank += 1 + frame.data_ref().map_or(0, Bytes::len);
            read.push(Ok(frame));
            if first.is_none() && blank > MAX_REFUSAL {
                break;
            }
            if let Some(first) = first {
                // Events begin with a field's name or a colon.
                kind = match first {
                    b'{' | b'[' => Self::Json,
                    b'a'..=b'z' | b':' => Self::Events,
                    _ => Self::Other,
                };
                break;
            }
        }
        let rest = futures_util::stream::unfold(body, |mut body| async { Some((body.frame().await?, body)) });
        let body = StreamBody::new(futures_util::stream::iter(read).chain(rest)).boxed_unsync();
        Ok((kind, Response::from_parts(head, body)))
    }
}

/// The origin of a URL (RFC 6454): scheme, host and port.
fn origin(uri: &Uri) -> Option<(&str, String, Option<u16>)> {
    let scheme = uri.scheme_str()?;
    let standard = if scheme == "https" { 443 } else { 80 };
    Some((scheme, uri.host()?.to_ascii_lowercase(), uri.port_u16().or(Some(standard))))
}

/// The text as a header's value.
pub(super) fn value(text: &str) -> Result<HeaderValue, ClientError> {
    HeaderValue::from_str(text).map_err(|_| ClientError::Input(format!("`{text}` cannot be sent in a header")))
}

/// The text as a header's value that is not shown.
fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
