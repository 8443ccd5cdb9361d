//! The two doors of a server, with somebody who writes down what passes.

use std::{net::SocketAddr, time::Duration};

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
    client::legacy::{Client as HttpClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use pmcp_server::{
    Running, Server,
    client::{Client, ClientBuilder},
    testing::TestServer,
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader, DuplexStream, duplex, split},
    net::TcpListener,
};

use super::record::{Record, Sender};

/// A server behind one of its doors.
pub(crate) enum Door {
    Lines { server: TestServer, record: Record },
    Http { running: Running, watched: SocketAddr, http: HttpClient<HttpConnector, Full<Bytes>> },
}

impl Door {
    pub(crate) fn lines(server: Server, record: &Record) -> Self {
        Self::Lines { server: TestServer::start(server).unwrap(), record: record.clone() }
    }

    pub(crate) async fn http(server: Server, record: &Record) -> Self {
        let running = server.start(([127, 0, 0, 1], 0).into()).await.unwrap();
        let http = HttpClient::builder(TokioExecutor::new()).build_http();
        let watcher = Watcher { http: http.clone(), upstream: running.address(), record: record.clone() };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(forward).with_state(watcher);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self::Http { running, watched: address, http }
    }

    /// A client whose messages pass the watcher.
    pub(crate) async fn connect(&self, builder: ClientBuilder) -> Client {
        match self {
            Self::Lines { .. } => {
                let (reader, writer) = split(self.watched_lines());
                builder.connect_io(reader, writer).await.unwrap()
            }
            Self::Http { watched, .. } => builder.connect_http(&format!("http://{watched}/mcp")).await.unwrap(),
        }
    }

    /// Sends bytes that no client would, and waits for the answer.
    pub(crate) async fn send_bytes(&self, bytes: &'static [u8], headers: &[(&str, &str)]) {
        match self {
            Self::Lines { .. } => {
                let (reader, mut writer) = split(self.watched_lines());
                writer.write_all(bytes).await.unwrap();
                writer.write_all(b"\n").await.unwrap();
                BufReader::new(reader).lines().next_line().await.unwrap().expect("an answer");
            }
            Self::Http { watched, http, .. } => {
                let mut request = axum::http::Request::post(format!("http://{watched}/mcp"))
                    .header("content-type", "application/json")
                    .header("accept", "application/json, text/event-stream");
                for (name, value) in headers {
                    request = request.header(*name, *value);
                }
                let request = request.body(Full::new(Bytes::from_static(bytes))).unwrap();
                http.request(request).await.unwrap().into_body().collect().await.unwrap();
            }
        }
    }

    /// Stops the server while clients are connected.
    pub(crate) async fn shut_down(self) {
        match self {
            Self::Lines { server, .. } => {
                let stopped = server.shut_down();
                tokio::pin!(stopped);
                // What still runs has its grace on the manual clock.
                while tokio::time::timeout(Duration::from_millis(20), &mut stopped).await.is_err() {
                    server.clock().advance(Duration::from_secs(5)).await;
                }
            }
            Self::Http { running, .. } => running.shut_down().await.unwrap(),
        }
    }

    fn watched_lines(&self) -> DuplexStream {
        let Self::Lines { server, record } = self else { panic!("not this door") };
        let (ours, theirs) = duplex(64 << 10);
        let (from_client, to_client) = split(theirs);
        let (from_server, to_server) = split(server.connect());
        let channel = record.channel();
        tokio::spawn(pass(from_client, to_server, record.clone(), channel, Sender::Client));
        tokio::spawn(pass(from_server, to_client, record.clone(), channel, Sender::Server));
        ours
    }
}

async fn pass(
    reader: impl AsyncRead + Unpin,
    mut writer: impl AsyncWrite + Unpin,
    record: Record,
    channel: usize,
    sender: Sender,
) {
    let mut lines = BufReader::new(reader).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match serde_json::from_str(&line) {
            Ok(message) => record.add(channel, sender, message),
            // Clients in these tests send what is no JSON on purpose.
            Err(_) if sender == Sender::Client => {}
            Err(error) => record.add(channel, sender, Value::from(format!("{error}: {line}"))),
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
    http: HttpClient<HttpConnector, Full<Bytes>>,
    upstream: SocketAddr,
    record: Record,
}

async fn forward(State(watcher): State<Watcher>, request: Request) -> Response {
    let Watcher { http, upstream, record } = watcher;
    let (mut head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let channel = record.channel();
    if let Ok(message) = serde_json::from_slice(&body) {
        record.add(channel, Sender::Client, message);
    }
    let path = head.uri.path_and_query().unwrap().as_str();
    head.uri = Uri::try_from(format!("http://{upstream}{path}")).unwrap();
    head.headers.remove(HOST);
    let response = http.request(Request::from_parts(head, Full::new(body))).await.unwrap();
    let (head, body) = response.into_parts();
    let mut seen = Seen { kind: Kind::of(&head.headers), text: String::new(), record, channel };
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
    record: Record,
    channel: usize,
}

impl Seen {
    fn read(&mut self, data: &[u8]) {
        self.text += std::str::from_utf8(data).unwrap();
        match self.kind {
            Kind::Json => {
                if let Ok(message) = serde_json::from_str(&self.text) {
                    self.record.add(self.channel, Sender::Server, message);
                    self.text.clear();
                }
            }
            Kind::Events => {
                while let Some((event, rest)) = self.text.split_once("\n\n") {
                    let data: Vec<_> = event.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
                    if !data.is_empty() {
                        let message = serde_json::from_str(&data.join("\n")).unwrap();
                        self.record.add(self.channel, Sender::Server, message);
                    }
                    self.text = rest.to_owned();
                }
            }
            Kind::Other => {}
        }
    }
}
