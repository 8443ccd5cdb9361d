//! Streamable HTTP: a POST for every message, answered with JSON or a stream of events.

mod endpoint;
mod events;
#[cfg(feature = "http")]
mod hyper;
mod stream;
mod transport;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, Method, StatusCode};
use parking_lot::Mutex;
use pmcp_protocol::{RpcError, Version, header, message::without_mark};
use serde_json::{Map, Value};
use tokio::sync::oneshot;

pub(crate) use endpoint::HttpSettings;
#[cfg(feature = "http")]
pub use hyper::transport_for;
pub use transport::{HttpBody, HttpTransport};

use crate::{
    error::ClientError,
    inbox::{Inbox, ours},
    request::{Reply, outcome},
    revision::ClientRevision,
    runtime::{Runtime, Task, spawn, within},
    wire::{Exchange, Wire},
};
use endpoint::{Endpoint, Kind, SESSION_ID, Session, value};
use stream::{MAX_RETRY, RETRY};

const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");

/// The time a client waits for the session's stream to open.
const OPEN: Duration = Duration::from_secs(2);
/// The time telling the server that a request was given up may take.
const CANCEL: Duration = Duration::from_secs(60);
/// The number of times the stream of one request is resumed without a message in between.
const RESUMES: usize = 5;

/// The endpoint, and the stream of the session.
#[derive(Debug)]
pub(crate) struct HttpWire {
    runtime: Arc<dyn Runtime>,
    inbox: Arc<Inbox>,
    endpoint: Arc<Endpoint>,
    has_stream: bool,
    stream: Mutex<Option<Task<()>>>,
}

impl HttpWire {
    pub(crate) fn new(
        runtime: Arc<dyn Runtime>,
        inbox: Arc<Inbox>,
        transport: Arc<dyn HttpTransport>,
        url: &str,
        settings: &HttpSettings,
    ) -> Result<Self, ClientError> {
        let endpoint = Arc::new(Endpoint::new(transport, url, settings)?);
        Ok(Self { runtime, inbox, endpoint, has_stream: settings.session_stream, stream: Mutex::default() })
    }

    /// The headers of a request, with what this one replaces.
    fn headers(&self, request: Exchange<'_>) -> Result<HeaderMap, ClientError> {
        let mut headers = self.endpoint.headers()?;
        if self.endpoint.stateless().is_some() {
            headers.insert(METHOD, value(request.method)?);
            let name =
                header::named_by(request.method).and_then(|name| request.message.get("params")?.get(name)?.as_str());
            if let Some(name) = name {
                headers.insert(NAME, value(&header::encode(name))?);
            }
        }
        for (name, wanted) in request.headers {
            let name: HeaderName =
                name.parse().map_err(|error| ClientError::Input(format!("`{name}` is not a header: {error}")))?;
            match wanted {
                Some(wanted) => headers.insert(name, value(wanted)?),
                None => headers.remove(name),
            };
        }
        Ok(headers)
    }

    /// Reads a stream up to the response, resuming it where the server lets it ("Resumability and Redelivery").
    async fn follow(&self, id: u64, body: HttpBody) -> Result<Map<String, Value>, ClientError> {
        let endpoint = &self.endpoint;
        let mut events = endpoint.events(body);
        let mut resumes = 0;
        loop {
            let broken = loop {
                match events.message().await {
                    Ok(Some(message)) => {
                        resumes = 0;
                        if let Some(answer) = take_answer(&self.inbox, id, message) {
                            return Ok(answer);
                        }
                    }
                    Ok(None) => break ClientError::transport("the stream ended before the answer"),
                    // The stream is whole: resumed behind this event it would not bring it once more.
                    Err(error @ ClientError::Protocol(_)) => return Err(error),
                    Err(error) => break error,
                }
            };
            let (Some(last_id), None) = (events.last_id.take(), endpoint.stateless()) else { return Err(broken) };
            if resumes == RESUMES {
                return Err(broken);
            }
            resumes += 1;
            self.runtime.sleep(events.retry.unwrap_or(RETRY).min(MAX_RETRY)).await;
            let response = match endpoint.open(Some(&last_id)).await {
                Ok(response) => response,
                // The stream is gone, as with the process that had it: the call is lost like its connection.
                Err(ClientError::Http { status: 400, .. }) => return Err(broken),
                Err(error) => return Err(error),
            };
            let retry = events.retry;
            events = endpoint.events(response.into_body());
            events.retry = retry;
            events.last_id = Some(last_id);
        }
    }
}

/// Sends a message that has no answer.
async fn post(endpoint: &Endpoint, message: &Value) -> Result<(), ClientError> {
    let mut headers = endpoint.headers()?;
    if let (Some(method), Some(_)) = (message["method"].as_str(), endpoint.stateless()) {
        headers.insert(METHOD, value(method)?);
    }
    let response = endpoint.send(Method::POST, headers, Some(message)).await?;
    if response.status().is_success() { Ok(()) } else { Err(endpoint.refused(response).await) }
}

#[async_trait]
impl Wire for HttpWire {
    async fn exchange(&self, request: Exchange<'_>) -> Result<Reply, ClientError> {
        let endpoint = &self.endpoint;
        let begins = request.method == "initialize" && endpoint.stateless().is_none();
        let response = endpoint.send(Method::POST, self.headers(request)?, Some(request.message)).await?;
        let status = response.status();
        if begins && status.is_success() {
            let id = response.headers().get(SESSION_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
            endpoint.session.lock().id = id;
        }
        if !status.is_success() {
            let refused = endpoint.refused(response).await;
            return match rpc_error(&refused) {
                // A challenge says more than the error beside it.
                _ if is_challenge(&refused) => Err(refused),
                Some(error) => Ok(Reply { status: Some(status.as_u16()), result: Err(error) }),
                None => Err(refused),
            };
        }
        let (kind, response) = Kind::find(response).await?;
        let answer = match kind {
            Kind::Events => self.follow(request.id, response.into_body()).await?,
            Kind::Json => {
                let body = endpoint.collect(response.into_body()).await?;
                let message = serde_json::from_slice(without_mark(&body))
                    .map_err(|error| ClientError::protocol(format!("an answer that is not JSON: {error}")))?;
                take_answer(&self.inbox, request.id, message)
                    .ok_or_else(|| ClientError::protocol("an answer without the response"))?
            }
            Kind::Other => return Err(ClientError::protocol("an answer that is neither JSON nor events")),
        };
        let result = outcome(answer)?;
        if let (true, Ok(result)) = (begins, &result) {
            endpoint.session.lock().version = version_header(result);
        }
        Ok(Reply { status: Some(status.as_u16()), result })
    }

    async fn post(&self, message: &Value) -> Result<(), ClientError> {
        post(&self.endpoint, message).await
    }

    fn cancel(&self, notification: Value) {
        // Without a session the end of the response stream says it.
        if self.endpoint.stateless().is_none() {
            let (endpoint, runtime) = (self.endpoint.clone(), self.runtime.clone());
            self.runtime.spawn(Box::pin(async move {
                // It may be lost.
                let _ = within(&runtime, CANCEL, post(&endpoint, &notification)).await;
            }));
        }
    }

    fn speak(&self, version: &ClientRevision) {
        self.endpoint.speak(version.version().filter(|version| !version.has_handshake()));
    }

    async fn established(&self) {
        if !self.has_stream {
            return;
        }
        let (opened, is_open) = oneshot::channel();
        let listening = stream::listen(self.endpoint.clone(), self.runtime.clone(), self.inbox.clone(), opened);
        *self.stream.lock() = Some(spawn(&self.runtime, listening));
        // What the server sends before the stream is open would be lost; a server that holds its headers back until it
        // has something to send must not hold up the client, though.
        let _ = within(&self.runtime, OPEN, is_open).await;
    }

    fn forget_session(&self) {
        *self.stream.lock() = None;
        *self.endpoint.session.lock() = Session::default();
    }

    fn session_id(&self) -> Option<String> {
        self.endpoint.session.lock().id.clone()
    }

    async fn close(&self) -> Result<(), ClientError> {
        *self.stream.lock() = None;
        if self.session_id().is_none() {
            return Ok(());
        }
        let response = self.endpoint.send(Method::DELETE, self.endpoint.headers()?, None).await?;
        match response.status() {
            // Gone already, or the server does not let clients end sessions.
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Ok(()),
            status if status.is_success() => Ok(()),
            _ => Err(self.endpoint.refused(response).await),
        }
    }
}

/// The version that later requests of a session name ("Protocol Version Header"); earlier versions do not have the header.
fn version_header(initialized: &Value) -> Option<String> {
    let version = initialized.get("protocolVersion")?.as_str()?;
    Version::parse(version).is_none_or(Version::has_version_header).then(|| version.to_owned())
}

/// Gives the response with this id back, and everything else to the inbox. An error may lack the id of a request that could
/// not be read.
fn take_answer(inbox: &Inbox, id: u64, message: Value) -> Option<Map<String, Value>> {
    match message {
        Value::Object(message)
            if !message.contains_key("method")
                && match message.get("id") {
                    None | Some(Value::Null) => message.get("error").is_some_and(|error| !error.is_null()),
                    Some(other) => ours(other) == Some(id),
                } =>
        {
            Some(message)
        }
        Value::Array(batch) => batch.into_iter().fold(None, |answer, message| {
            let this = take_answer(inbox, id, message);
            answer.or(this)
        }),
        other => {
            inbox.receive(other);
            None
        }
    }
}

/// Tells whether a refusal says how to get in.
const fn is_challenge(refused: &ClientError) -> bool {
    matches!(refused, ClientError::Http { status: 401 | 403, authenticate: Some(_), .. })
}

/// The JSON-RPC error in the body of a refusal.
fn rpc_error(refused: &ClientError) -> Option<RpcError> {
    let ClientError::Http { body, .. } = refused else { return None };
    let message: Map<String, Value> = serde_json::from_str(body).ok()?;
    outcome(message).ok()?.err()
}
