//! Streamable HTTP: a POST for every message, answered with JSON or a stream of events.

use std::{
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE},
};
use http_body_util::{BodyDataStream, BodyExt as _, Collected, Full, Limited, combinators::UnsyncBoxBody};
use hyper_util::{
    client::legacy::{Client as HyperClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use pmcp_protocol::{RpcError, header, message::text};
use serde_json::{Map, Value};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

use super::{
    ClientError, Reply, RequestOptions,
    builder::Settings,
    connection::{Connection, lock, outcome},
    events::Events,
};

const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long to wait for a server that does not say when its stream can be resumed.
const RETRY: Duration = Duration::from_secs(1);
/// The longest a server may make a client wait before a stream is resumed.
const MAX_RETRY: Duration = Duration::from_secs(30);
/// How many times the stream of one request is resumed without a message in between.
const RESUMES: usize = 5;
/// The longest body of a refusal that is read.
const MAX_REFUSAL: usize = 64 * 1024;

type Body = UnsyncBoxBody<Bytes, ClientError>;

/// The session of 2025-11-25 and earlier, as far as HTTP has to know.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Session {
    pub(super) id: Option<String>,
    /// What was negotiated.
    pub(super) version: Option<String>,
}

#[derive(Debug)]
struct Endpoint {
    client: HyperClient<HttpConnector, Full<Bytes>>,
    uri: Uri,
    authorization: Option<HeaderValue>,
    stateless_version: Option<String>,
    max_message: usize,
    session: Mutex<Session>,
}

/// The endpoint, and the stream of the session.
#[derive(Debug)]
pub(super) struct HttpWire {
    endpoint: Arc<Endpoint>,
    stream: Mutex<Option<AbortOnDropHandle<()>>>,
}

impl HttpWire {
    pub(super) fn new(url: &str, settings: &Settings) -> Result<Self, ClientError> {
        let uri: Uri = url.parse().map_err(|error| ClientError::Input(format!("`{url}` is not a URL: {error}")))?;
        if uri.scheme_str() != Some("http") {
            return Err(ClientError::Input(format!("`{url}` is not an http URL")));
        }
        let authorization = settings.bearer.as_ref().map(|token| secret(token)).transpose()?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT));
        let endpoint = Endpoint {
            client: HyperClient::builder(TokioExecutor::new()).build(connector),
            uri,
            authorization,
            stateless_version: settings.is_stateless().then(|| settings.revision.as_str().to_owned()),
            max_message: settings.max_message,
            session: Mutex::default(),
        };
        Ok(Self { endpoint: Arc::new(endpoint), stream: Mutex::default() })
    }

    pub(super) fn session(&self) -> Session {
        lock(&self.endpoint.session).clone()
    }

    /// Forgets the session and its stream.
    pub(super) fn forget(&self) {
        *lock(&self.stream) = None;
        *lock(&self.endpoint.session) = Session::default();
    }

    /// The version that later requests name ("Protocol Version Header").
    pub(super) fn negotiated(&self, version: &str) {
        // Earlier versions do not have the header.
        let has_header = !matches!(version, "2024-11-05" | "2025-03-26");
        lock(&self.endpoint.session).version = has_header.then(|| version.to_owned());
    }

    /// Sends a request and reads its answer.
    pub(super) async fn exchange(
        &self,
        connection: &Arc<Connection>,
        id: u64,
        method: &str,
        message: &Value,
        options: &RequestOptions,
    ) -> Result<Reply, ClientError> {
        let endpoint = &self.endpoint;
        let mut headers = endpoint.headers()?;
        if endpoint.stateless_version.is_some() {
            headers.insert(METHOD, value(method)?);
            let name = header::named_by(method).and_then(|name| message.get("params")?.get(name)?.as_str());
            if let Some(name) = name {
                headers.insert(NAME, value(&header::encode(name))?);
            }
        }
        for (name, wanted) in &options.headers {
            let name: HeaderName =
                name.parse().map_err(|error| ClientError::Input(format!("`{name}` is not a header: {error}")))?;
            match wanted {
                Some(wanted) => headers.insert(name, value(wanted)?),
                None => headers.remove(name),
            };
        }
        let response = endpoint.send(Method::POST, headers, Some(message)).await?;
        let status = response.status();
        if method == "initialize" && status.is_success() && endpoint.stateless_version.is_none() {
            let id = response.headers().get(SESSION_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
            lock(&endpoint.session).id = id;
        }
        let answer = match Kind::of(&response) {
            Kind::Events if status.is_success() => self.follow(connection, id, response.into_body()).await?,
            Kind::Json if status.is_success() => {
                let body = endpoint.collect(response.into_body()).await?;
                let message = serde_json::from_slice(&body)
                    .map_err(|error| ClientError::protocol(format!("an answer that is not JSON: {error}")))?;
                take_answer(connection, id, message)
                    .ok_or_else(|| ClientError::protocol("an answer without the response"))?
            }
            _ if status.is_success() => return Err(ClientError::protocol("an answer that is neither JSON nor events")),
            _ => {
                let refused = endpoint.refused(response).await;
                return match rpc_error(&refused) {
                    Some(error) => Ok(Reply { status: Some(status.as_u16()), result: Err(error) }),
                    None => Err(refused),
                };
            }
        };
        Ok(Reply { status: Some(status.as_u16()), result: outcome(answer)? })
    }

    /// Reads a stream up to the response, resuming it where the server lets it ("Resumability and Redelivery").
    async fn follow(
        &self,
        connection: &Arc<Connection>,
        id: u64,
        body: Body,
    ) -> Result<Map<String, Value>, ClientError> {
        let endpoint = &self.endpoint;
        let mut events = endpoint.events(body);
        let mut resumes = 0;
        loop {
            let broken = loop {
                match events.message().await {
                    Ok(Some(message)) => {
                        resumes = 0;
                        if let Some(answer) = take_answer(connection, id, message) {
                            return Ok(answer);
                        }
                    }
                    Ok(None) => break ClientError::transport("the stream ended before the answer"),
                    Err(error) => break error,
                }
            };
            let (Some(last_id), None) = (events.last_id.take(), &endpoint.stateless_version) else {
                return Err(broken);
            };
            if resumes == RESUMES {
                return Err(broken);
            }
            resumes += 1;
            tokio::time::sleep(events.retry.unwrap_or(RETRY).min(MAX_RETRY)).await;
            let response = endpoint.open(Some(&last_id)).await?;
            let retry = events.retry;
            events = endpoint.events(response.into_body());
            events.retry = retry;
            events.last_id = Some(last_id);
        }
    }

    /// Sends a message that has no answer.
    pub(super) async fn post(&self, message: &Value) -> Result<(), ClientError> {
        let mut headers = self.endpoint.headers()?;
        if let (Some(method), Some(_)) = (message["method"].as_str(), &self.endpoint.stateless_version) {
            headers.insert(METHOD, value(method)?);
        }
        let response = self.endpoint.send(Method::POST, headers, Some(message)).await?;
        if response.status().is_success() { Ok(()) } else { Err(self.endpoint.refused(response).await) }
    }

    /// Opens the stream for messages of the server, and keeps it open.
    pub(super) async fn open_stream(&self, connection: &Arc<Connection>) {
        let (opened, is_open) = oneshot::channel();
        let task = tokio::spawn(listen(Arc::clone(&self.endpoint), Arc::downgrade(connection), opened));
        *lock(&self.stream) = Some(AbortOnDropHandle::new(task));
        // What the server sends before the stream is open would be lost; a server that holds its headers back until it
        // has something to send must not hold up the client, though.
        let _ = tokio::time::timeout(Duration::from_secs(2), is_open).await;
    }

    /// Ends the session.
    pub(super) async fn close(&self) -> Result<(), ClientError> {
        *lock(&self.stream) = None;
        if lock(&self.endpoint.session).id.is_none() {
            return Ok(());
        }
        let headers = self.endpoint.headers()?;
        let response = self.endpoint.send(Method::DELETE, headers, None).await?;
        match response.status() {
            // Gone already, or the server does not let clients end sessions.
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Ok(()),
            status if status.is_success() => Ok(()),
            _ => Err(self.endpoint.refused(response).await),
        }
    }
}

impl Endpoint {
    fn headers(&self) -> Result<HeaderMap, ClientError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        headers.extend(self.authorization.clone().map(|token| (AUTHORIZATION, token)));
        let session = lock(&self.session).clone();
        if let Some(version) = self.stateless_version.as_ref().or(session.version.as_ref()) {
            headers.insert(PROTOCOL_VERSION, value(version)?);
        }
        if let Some(id) = &session.id {
            headers.insert(SESSION_ID, value(id)?);
        }
        Ok(headers)
    }

    async fn send(
        &self,
        method: Method,
        headers: HeaderMap,
        message: Option<&Value>,
    ) -> Result<Response<Body>, ClientError> {
        let body = message.map(|message| Bytes::from(text(message))).unwrap_or_default();
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = headers;
        let response = self.client.request(request).await.map_err(ClientError::transport)?;
        Ok(response.map(|body| body.map_err(ClientError::transport).boxed_unsync()))
    }

    /// Opens or resumes a stream with GET.
    async fn open(&self, last_id: Option<&str>) -> Result<Response<Body>, ClientError> {
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

    fn events(&self, body: Body) -> Events {
        Events::new(BodyDataStream::new(body), self.max_message)
    }

    async fn collect(&self, body: Body) -> Result<Bytes, ClientError> {
        Ok(Limited::new(body, self.max_message).collect().await.map_err(ClientError::transport)?.to_bytes())
    }

    /// The error a refusing answer means.
    async fn refused(&self, response: Response<Body>) -> ClientError {
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

/// Keeps the session's stream open until the session or the client ends.
async fn listen(endpoint: Arc<Endpoint>, connection: Weak<Connection>, opened: oneshot::Sender<()>) {
    let mut opened = Some(opened);
    let mut last_id: Option<String> = None;
    let mut retry = RETRY;
    loop {
        match endpoint.open(last_id.as_deref()).await {
            Ok(response) => {
                opened.take();
                let mut events = endpoint.events(response.into_body());
                loop {
                    match events.message().await {
                        Ok(Some(message)) => match connection.upgrade() {
                            Some(connection) => connection.receive(message),
                            None => return,
                        },
                        Ok(None) => break,
                        Err(error) => {
                            tracing::debug!(error = &error as &dyn std::error::Error, "the session's stream broke");
                            break;
                        }
                    }
                }
                last_id = events.last_id.or(last_id);
                retry = events.retry.unwrap_or(retry).min(MAX_RETRY);
            }
            // The server has no such stream, or the session is gone.
            Err(ClientError::Http { status: 400..=499, .. }) => return,
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "the session's stream did not open");
            }
        }
        tokio::time::sleep(retry).await;
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Json,
    Events,
    Other,
}

impl Kind {
    fn of(response: &Response<Body>) -> Self {
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

/// Gives the response with this id back, and everything else to the connection. An error may lack the id of a request
/// that could not be read.
fn take_answer(connection: &Arc<Connection>, id: u64, message: Value) -> Option<Map<String, Value>> {
    match message {
        Value::Object(message)
            if !message.contains_key("method")
                && match message.get("id") {
                    None | Some(Value::Null) => message.contains_key("error"),
                    Some(other) => other.as_u64() == Some(id),
                } =>
        {
            Some(message)
        }
        Value::Array(batch) => batch.into_iter().fold(None, |answer, message| {
            let this = take_answer(connection, id, message);
            answer.or(this)
        }),
        other => {
            connection.receive(other);
            None
        }
    }
}

/// The JSON-RPC error in the body of a refusal.
fn rpc_error(refused: &ClientError) -> Option<RpcError> {
    let ClientError::Http { body, .. } = refused else { return None };
    let message: Map<String, Value> = serde_json::from_str(body).ok()?;
    outcome(message).ok()?.err()
}

fn value(text: &str) -> Result<HeaderValue, ClientError> {
    HeaderValue::from_str(text).map_err(|_| ClientError::Input(format!("`{text}` cannot be sent in a header")))
}

fn secret(token: &str) -> Result<HeaderValue, ClientError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| ClientError::Input("the token cannot be sent in a header".into()))?;
    value.set_sensitive(true);
    Ok(value)
}
