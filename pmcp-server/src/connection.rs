//! A client on one pair of streams, a JSON-RPC message a line: stdio, or anything that reads and writes like it.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, future::join_all};
use pmcp_tasks::{RpcError, protocol::code, time::Clock};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufWriter},
    sync::mpsc,
};
use tokio_util::{
    codec::{FramedRead, LinesCodec, LinesCodecError},
    task::TaskTracker,
};

use crate::{
    legacy::LegacySession,
    message::{self, Message, Request, parse_error},
    modern,
    service::Service,
    session::{NotBegun, Outbox, Outgoing, STREAM_BUFFER, Session},
};

/// Serves a client until its input ends; then what it asked for is finished and answered, for at most the grace.
pub(crate) async fn serve(
    service: Arc<Service>,
    reader: impl AsyncRead + Unpin + Send,
    writer: impl AsyncWrite + Unpin + Send + 'static,
) {
    let (sender, receiver) = mpsc::channel(STREAM_BUFFER);
    let writing = tokio::spawn(write(receiver, writer));
    let clock = service.router.store().clock().clone();
    let connection = Arc::new(Connection::new(service, Outbox::new(sender, None)));
    // The one stream reaches the session whatever it is about.
    let open = connection.legacy.session.open(connection.stream.clone());
    connection.read(reader).await;
    connection.drain(&clock).await;
    drop(open);
    connection.legacy.session.end();
    drop(connection);
    // Ends when the last sender is gone; a client that does not read is not waited for.
    let _ = tokio::time::timeout(Duration::from_secs(5), writing).await;
}

struct Connection {
    service: Arc<Service>,
    legacy: LegacySession,
    stream: Outbox,
    requests: TaskTracker,
}

/// Writes messages, a line each, until the last sender is gone or the client is.
async fn write(mut receiver: mpsc::Receiver<Outgoing>, writer: impl AsyncWrite + Unpin + Send) {
    let mut writer = BufWriter::new(writer);
    while let Some(Outgoing::Message(message) | Outgoing::Response(message)) = receiver.recv().await {
        let mut line = message.to_string();
        line.push('\n');
        if writer.write_all(line.as_bytes()).await.is_err() {
            return;
        }
        if receiver.is_empty() && writer.flush().await.is_err() {
            return;
        }
    }
}

impl Connection {
    fn new(service: Arc<Service>, stream: Outbox) -> Self {
        let clock = service.router.store().clock().clone();
        let legacy = LegacySession::new(Session::new("stdio".into(), clock), None);
        Self { service, legacy, stream, requests: TaskTracker::new() }
    }

    async fn read(self: &Arc<Self>, reader: impl AsyncRead + Unpin + Send) {
        let mut lines = FramedRead::new(reader, LinesCodec::new_with_max_length(self.service.limits.message));
        loop {
            let line = tokio::select! {
                line = lines.next() => line,
                () = self.service.stopped.cancelled() => return,
            };
            match line {
                Some(Ok(line)) if line.trim().is_empty() => {}
                Some(Ok(line)) => self.take_line(&line).await,
                Some(Err(LinesCodecError::MaxLineLengthExceeded)) => {
                    let max = self.service.limits.message;
                    let error = RpcError::new(code::INVALID_REQUEST, format!("a message has at most {max} bytes"));
                    self.respond(message::response(None, Err(error))).await;
                }
                // Not UTF-8: the decoder has consumed the line, the next one may be good.
                Some(Err(LinesCodecError::Io(error))) if error.kind() == std::io::ErrorKind::InvalidData => {
                    self.respond(message::response(None, Err(parse_error()))).await;
                }
                Some(Err(LinesCodecError::Io(_))) | None => return,
            }
        }
    }

    async fn take_line(self: &Arc<Self>, line: &str) {
        match serde_json::from_str(line) {
            Ok(Value::Array(batch)) => self.take_batch(batch).await,
            Ok(value) => match Message::parse(value) {
                Ok(Message::Request(request)) => {
                    let connection = self.clone();
                    if request.method == "initialize" {
                        // In line: what follows may rely on it.
                        connection.answer(request).await;
                    } else {
                        self.requests.spawn(async move { connection.answer(request).await });
                    }
                }
                Ok(other) => self.legacy.take(other),
                Err(malformed) => {
                    self.respond(message::response(malformed.id.as_ref(), Err(malformed.error))).await;
                }
            },
            Err(_) => self.respond(message::response(None, Err(parse_error()))).await,
        }
    }

    /// Batches exist in 2025-03-26 alone; their responses come together.
    async fn take_batch(self: &Arc<Self>, batch: Vec<Value>) {
        let allowed = self.legacy.agreement().is_some_and(|agreement| agreement.version == "2025-03-26");
        if !allowed || batch.is_empty() || batch.len() > self.service.limits.batch {
            let error = RpcError::new(code::INVALID_REQUEST, "this is not a batch this version allows");
            return self.respond(message::response(None, Err(error))).await;
        }
        let connection = self.clone();
        self.requests.spawn(async move {
            let responses: Vec<Value> = join_all(batch.into_iter().map(|value| async {
                match Message::parse(value) {
                    Ok(Message::Request(request)) => connection.result(&request).await,
                    Ok(other) => {
                        connection.legacy.take(other);
                        None
                    }
                    Err(malformed) => Some(message::response(malformed.id.as_ref(), Err(malformed.error))),
                }
            }))
            .await
            .into_iter()
            .flatten()
            .collect();
            if !responses.is_empty() {
                connection.respond(responses.into()).await;
            }
        });
    }

    async fn answer(&self, request: Request) {
        if let Some(response) = self.result(&request).await {
            self.respond(response).await;
        }
    }

    /// The response; `None` to a request that was cancelled, which gets none.
    async fn result(&self, request: &Request) -> Option<Value> {
        let in_flight = match self.legacy.session.begin(&request.id) {
            Ok(in_flight) => in_flight,
            Err(NotBegun::Duplicate) => {
                let error = RpcError::new(code::INVALID_REQUEST, "a request with this id is being worked on");
                return Some(message::response(Some(&request.id), Err(error)));
            }
            Err(NotBegun::Busy) => {
                let error = RpcError::internal("too many requests are being worked on");
                return Some(message::response(Some(&request.id), Err(error)));
            }
        };
        let result = self.dispatch(request, in_flight.cancellation.clone()).await;
        // Only `initialize` cannot be cancelled; it is done before anything else is read.
        let cancelled = in_flight.cancellation.is_cancelled();
        (!cancelled).then(|| message::response(Some(&request.id), result))
    }

    async fn dispatch(
        &self,
        request: &Request,
        cancellation: tokio_util::sync::CancellationToken,
    ) -> Result<Value, RpcError> {
        let service = &self.service;
        if request.method == "server/discover" || modern::claimed_version(&request.params).is_some() {
            let meta = modern::request_meta(&request.params)?;
            if meta.version != modern::VERSION {
                return Err(modern::unsupported(&meta.version));
            }
            let cx = modern::context(service, &meta, None, self.stream.clone(), cancellation);
            return modern::handle(service, request, &cx, &self.stream).await;
        }
        if request.method == "initialize" {
            return self.legacy.initialize(service, &request.params);
        }
        let Some(agreement) = self.legacy.agreement() else {
            if request.method == "ping" {
                return Ok(serde_json::json!({}));
            }
            return Err(RpcError::new(
                code::INVALID_REQUEST,
                "send `initialize` first, or `_meta` with a protocol version",
            ));
        };
        let cx = self.legacy.context(service, agreement, self.stream.clone(), cancellation);
        self.legacy.handle(service, request, &cx).await
    }

    async fn respond(&self, response: Value) {
        self.stream.send(Outgoing::Response(response)).await;
    }

    /// Waits until what was asked for is answered; work that takes longer than the grace is cancelled.
    async fn drain(&self, clock: &Arc<dyn Clock>) {
        self.requests.close();
        tokio::select! {
            () = self.requests.wait() => {}
            () = clock.sleep(self.service.shutdown_grace) => {
                self.legacy.session.end();
                let _ = tokio::time::timeout(Duration::from_secs(1), self.requests.wait()).await;
            }
        }
    }
}
