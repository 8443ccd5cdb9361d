//! A client on one pair of streams, a JSON-RPC message a line: stdio, or anything that reads and writes like it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt as _;
use pmcp_protocol::{
    RpcError, code,
    message::{self, Message, Request},
};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufWriter},
    sync::{Semaphore, mpsc},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    answered::Answered,
    dispatch::{self, Handling, Passage},
    legacy::{Entered, LegacySession},
    lines::{Line, Lines},
    outbox::{Outbox, Outgoing, STREAM_BUFFER},
    service::Service,
    session::{InFlight, MAX_IN_FLIGHT, NotBegun, Session},
    shares::Sharer,
    spans::Came,
};

/// The time a client may take to read what it was answered last, after the grace too.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Serves a client until its input ends; then what it asked for is finished and answered, for at most the grace. `ended` tells
/// of that end where it can be seen before it is read: a client that does not read is not read from. The time when it ended,
/// on the monotonic clock.
pub(crate) async fn serve(
    service: Arc<Service>,
    reader: impl AsyncRead + Unpin + Send,
    writer: impl AsyncWrite + Unpin + Send + 'static,
    ended: CancellationToken,
) -> Duration {
    let (sender, receiver) = mpsc::channel(STREAM_BUFFER);
    let mut writing = tokio::spawn(write(receiver, writer));
    let connection =
        Arc::new(Connection::new(service.clone(), Outbox::new(sender, None, service.budget(Sharer::EVERYBODY))));
    // The one stream reaches the session whatever it is about.
    let open = connection.legacy.session.open(connection.stream.clone());
    let ended = connection.read(reader, &ended).await;
    connection.drain(ended).await;
    drop(open);
    connection.legacy.session.end();
    drop(connection);
    // Ends when the last sender is gone; a client that does not read is not waited for.
    if tokio::time::timeout(LAST_WORDS, &mut writing).await.is_err() {
        writing.abort();
    }
    ended
}

struct Connection {
    service: Arc<Service>,
    legacy: Arc<LegacySession>,
    stream: Outbox,
    requests: TaskTracker,
    /// A place for each request or batch until its response is sent, so that a client that does not read is not read from.
    places: Arc<Semaphore>,
    /// Fires when nothing comes any more, from the client or to the server.
    closing: CancellationToken,
}

/// Writes messages, a line each, until the last sender is gone or the client is.
async fn write(mut receiver: mpsc::Receiver<Outgoing>, writer: impl AsyncWrite + Unpin + Send) {
    let mut writer = BufWriter::new(writer);
    while let Some(mut message) = receiver.recv().await {
        let mut line = std::mem::take(&mut message.text);
        line.push('\n');
        let mut written = writer.write_all(line.as_bytes()).await;
        if written.is_ok() && receiver.is_empty() {
            written = writer.flush().await;
        }
        if let Err(error) = written {
            // As clients do that end without a word.
            return tracing::debug!(error = &error as &dyn std::error::Error, "the client does not read any more");
        }
    }
}

impl Connection {
    fn new(service: Arc<Service>, stream: Outbox) -> Self {
        // Connections of one server are told apart by what their sessions are called.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let clock = service.router.store().clock().clone();
        let id = format!("lines-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let legacy = Arc::new(LegacySession::of_connection(Session::new(id, clock), service.caller.clone()));
        let closing = service.stopped.child_token();
        let places = Arc::new(Semaphore::new(MAX_IN_FLIGHT));
        Self { service, legacy, stream, requests: TaskTracker::new(), places, closing }
    }

    /// Reads until the input or the server ends; when that was.
    async fn read(self: &Arc<Self>, reader: impl AsyncRead + Unpin + Send, ended: &CancellationToken) -> Duration {
        let clock = self.service.router.store().clock();
        let mut lines = Lines::new(reader, self.service.limits.message);
        let reading = async {
            while let Some(line) = lines.next().await {
                match line {
                    Line::Whole(line) if line.trim_ascii().is_empty() => {}
                    Line::Whole(line) => self.take_line(&line).await,
                    Line::TooLong => {
                        let max = self.service.limits.message;
                        let error = RpcError::new(code::INVALID_REQUEST, format!("a message has at most {max} bytes"));
                        self.respond(message::response(None, Err(error))).await;
                    }
                }
            }
        };
        let ended = async {
            ended.cancelled().await;
            let ended = clock.monotonic();
            clock.sleep(self.service.shutdown_grace).await;
            ended
        };
        tokio::select! {
            () = reading => clock.monotonic(),
            () = self.service.stopped.cancelled() => clock.monotonic(),
            // What is left unread is behind answers that the client does not read.
            ended = ended => ended,
        }
    }

    async fn take_line(self: &Arc<Self>, line: &[u8]) {
        let entered = match message::read(line, self.service.limits.values) {
            Ok(Value::Array(batch)) => return self.take_batch(batch).await,
            Ok(value) => self.legacy.enter(Message::parse(value)),
            Err(refused) => self.legacy.enter(Err(refused)),
        };
        // Begun in line: what follows may cancel it, or rely on `initialize`.
        match entered {
            Some(Entered::Request(request, in_flight)) => self.take_request(request, in_flight).await,
            Some(Entered::Refused(response)) => self.respond(response).await,
            // On a connection nobody else asks.
            Some(Entered::Passing(_)) | None => {}
        }
    }

    async fn take_request(self: &Arc<Self>, request: Request, in_flight: InFlight) {
        let connection = self.clone();
        if request.method == "initialize" {
            return connection.answer(&request, in_flight).await;
        }
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            return self.respond(message::response(Some(&request.id), Err(NotBegun::Busy.into()))).await;
        };
        // Boxed, since it is large and spawning moves it several times.
        let mut answering = Box::pin(async move {
            connection.answer(&request, in_flight).await;
            drop(place);
        });
        // Tools run in tasks of their own, so most requests are answered at once; only what has to wait needs one, too.
        if (&mut answering).now_or_never().is_none() {
            self.requests.spawn(answering);
        }
    }

    /// Batches exist in 2025-03-26 alone; their responses come together.
    async fn take_batch(self: &Arc<Self>, batch: Vec<Value>) {
        if let Err(error) = dispatch::check_batch(&self.service, self.legacy.agreement(), batch.len()) {
            return self.respond(message::response(None, Err(error))).await;
        }
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            return self.respond(message::response(None, Err(NotBegun::Busy.into()))).await;
        };
        let entered: Vec<_> = batch.into_iter().filter_map(|value| self.legacy.enter(Message::parse(value))).collect();
        let connection = self.clone();
        self.requests.spawn(async move {
            let (service, session) = (&connection.service, &connection.legacy);
            let handling = |request: &Request| Handling::beside(session, request);
            let passage = connection.passage(None);
            if let Some(responses) = dispatch::answer_batch(service, entered, handling, passage).await {
                connection.respond(responses).await;
            }
            drop(place);
        });
    }

    async fn answer(&self, request: &Request, in_flight: InFlight) {
        let (answering, answered) = Answered::when(self.service.router.store().clock());
        let handling = Handling::beside(&self.legacy, request);
        let passage = self.passage(Some(answered));
        if let Some(response) = dispatch::answer(&self.service, request, Some(in_flight), handling, passage).await {
            self.respond(response).await;
        }
        drop(answering);
    }

    /// The one stream, which everything takes.
    fn passage(&self, answered: Option<Answered>) -> Passage {
        Passage {
            principal: self.service.caller.clone(),
            stream: self.stream.clone(),
            carries_messages: true,
            is_own: false,
            answered,
            closing: self.closing.clone(),
            came: Came::OnLines,
            parts: None,
        }
    }

    async fn respond(&self, response: Value) {
        self.stream.respond(response).await;
    }

    /// Waits until what was asked for is answered; work that takes longer than the grace is cancelled. Questions and
    /// subscriptions are not waited for: nobody can answer or cancel them any more.
    async fn drain(&self, ended: Duration) {
        self.closing.cancel();
        self.legacy.session.hang_up();
        self.requests.close();
        let service = &self.service;
        let grace = service.grace_since(ended);
        // Where the server has stopped, work has ended and had its grace: the answers are on their way, or nobody reads them.
        let grace = if service.stopped.is_cancelled() { grace.min(LAST_WORDS) } else { grace };
        tokio::select! {
            biased;
            () = self.requests.wait() => {}
            () = service.router.store().clock().sleep(grace) => {}
        }
    }
}
