//! What listens between a client and a server, where a test has no hand in their messages.

use std::{
    collections::HashMap,
    fmt,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{
        HeaderMap, Uri,
        header::{CONTENT_TYPE, HOST},
    },
    response::Response,
};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader, DuplexStream, duplex, split},
    net::TcpListener,
};

use crate::watch::Watch;

/// Who sent a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// Hears every message that passes it.
#[derive(Clone)]
pub struct Tap {
    channels: Arc<AtomicUsize>,
    hear: Arc<dyn Fn(usize, Sender, Value) + Send + Sync>,
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap").finish_non_exhaustive()
    }
}

impl Tap {
    /// One that tells each message, with its channel: a pair of streams, or one HTTP exchange.
    pub fn new(hear: impl Fn(usize, Sender, Value) + Send + Sync + 'static) -> Self {
        Self { channels: Arc::default(), hear: Arc::new(hear) }
    }

    /// One that holds each message against the schemas. A connection ends over a message that does not fit, so that a test
    /// fails for want of an answer.
    #[must_use]
    pub fn watching() -> Self {
        let watches = Mutex::new(HashMap::<usize, Watch>::new());
        Self::new(move |channel, sender, message| {
            let mut watches = watches.lock().unwrap_or_else(PoisonError::into_inner);
            let watch = watches.entry(channel).or_default();
            match sender {
                Sender::Client => watch.client(&message),
                Sender::Server => watch.server(&message),
            }
        })
    }

    fn channel(&self) -> usize {
        self.channels.fetch_add(1, Ordering::Relaxed)
    }

    fn hear(&self, channel: usize, sender: Sender, message: Value) {
        (self.hear)(channel, sender, message);
    }

    /// The client's end of a pair of streams whose messages pass the tap.
    #[must_use]
    pub fn lines(&self, server: impl AsyncRead + AsyncWrite + Send + 'static) -> DuplexStream {
        let (ours, theirs) = duplex(64 << 10);
        let (from_client, to_client) = split(theirs);
        let (from_server, to_server) = split(server);
        let channel = self.channel();
        tokio::spawn(pass(from_client, to_server, self.clone(), channel, Sender::Client));
        tokio::spawn(pass(from_server, to_client, self.clone(), channel, Sender::Server));
        ours
    }

    /// An address whose messages pass the tap on their way to this one.
    ///
    /// # Panics
    /// Nothing can be listened on.
    pub async fn http(&self, upstream: SocketAddr) -> SocketAddr {
        let http = Client::builder(TokioExecutor::new()).build_http();
        let watcher = Watcher { http, upstream, tap: self.clone() };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("its own address");
        let router = Router::new().fallback(forward).with_state(watcher);
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }
}

async fn pass(
    reader: impl AsyncRead + Unpin,
    mut writer: impl AsyncWrite + Unpin,
    tap: Tap,
    channel: usize,
    sender: Sender,
) {
    let mut lines = BufReader::new(reader).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match serde_json::from_str(&line) {
            Ok(message) => tap.hear(channel, sender, message),
            // Clients in these tests send what is no JSON on purpose.
            Err(_) if sender == Sender::Client => {}
            Err(error) => tap.hear(channel, sender, Value::from(format!("{error}: {line}"))),
        }
        if writer.write_all(format!("{line}\n").as_bytes()).await.is_err() {
            return;
        }
    }
    // Its end is passed on, too.
    let _ = writer.shutdown().await;
}

#[derive(Clone)]
struct Watcher {
    http: Client<HttpConnector, Full<Bytes>>,
    upstream: SocketAddr,
    tap: Tap,
}

async fn forward(State(watcher): State<Watcher>, request: Request) -> Response {
    let Watcher { http, upstream, tap } = watcher;
    let (mut head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    let channel = tap.channel();
    if let Ok(message) = serde_json::from_slice(&body) {
        tap.hear(channel, Sender::Client, message);
    }
    let path = head.uri.path_and_query().expect("a path").as_str();
    head.uri = Uri::try_from(format!("http://{upstream}{path}")).expect("an address and a path");
    head.headers.remove(HOST);
    let response = http.request(Request::from_parts(head, Full::new(body))).await.expect("a response");
    let (head, body) = response.into_parts();
    let mut seen = Seen { kind: Kind::of(&head.headers), text: String::new(), tap, channel };
    Response::from_parts(
        head,
        Body::new(body.map_frame(move |frame| {
            if let Some(data) = frame.data_ref() {
                seen.read(data);
            }
            frame
        })),
    )
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Events,
    Other,
}

impl Kind {
    fn of(headers: &HeaderMap) -> Self {
        match headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()) {
            Some("application/json") => Self::Json,
            Some("text/event-stream") => Self::Events,
            _ => Self::Other,
        }
    }
}

/// What was seen of a response.
struct Seen {
    kind: Kind,
    text: String,
    tap: Tap,
    channel: usize,
}

impl Seen {
    fn read(&mut self, data: &[u8]) {
        self.text += std::str::from_utf8(data).expect("text");
        match self.kind {
            Kind::Json => {
                if let Ok(message) = serde_json::from_str(&self.text) {
                    self.tap.hear(self.channel, Sender::Server, message);
                    self.text.clear();
                }
            }
            Kind::Events => {
                while let Some((event, rest)) = self.text.split_once("\n\n") {
                    let data: Vec<_> = event.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
                    let data = data.join("\n");
                    // An event may be there for its id alone.
                    if !data.is_empty() {
                        let message = serde_json::from_str(&data).expect("JSON");
                        self.tap.hear(self.channel, Sender::Server, message);
                    }
                    self.text = rest.to_owned();
                }
            }
            Kind::Other => {}
        }
    }
}
