//! Storms over HTTP: headers and bodies.

use std::{net::SocketAddr, time::Duration};

use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{HeaderName, HeaderValue},
};
use hyper_util::rt::TokioIo;
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};
use spec_check::Watch;
use tokio::{net::TcpStream, runtime::Handle, task::JoinHandle};

use crate::{
    fixture::{self, assert_left, block_on},
    messages::{Answers, Era, Met, Reaction, Sent, answer, sent},
};

/// A change to the headers.
#[derive(Clone, Debug)]
enum Change {
    Remove(usize),
    Replace(usize, Vec<u8>),
    Add(&'static str, Vec<u8>),
}

const NAMES: [&str; 11] = [
    "accept",
    "content-type",
    "host",
    "last-event-id",
    "mcp-method",
    "mcp-name",
    "mcp-protocol-version",
    "mcp-session-id",
    "origin",
    "content-encoding",
    "x-forwarded-host",
];

fn change() -> impl Strategy<Value = Change> {
    let known = [
        "*/*",
        "text/event-stream",
        "application/json",
        "2026-07-28",
        "2025-11-25",
        "2025-03-26",
        "1999-01-01",
        "=?base64?",
        "=?base64??=",
        "=?base64?/w==?=",
        "localhost",
        "http://localhost",
        "http://evil",
        "[::1",
        "",
        "null",
    ];
    let value = prop_oneof![
        prop::sample::select(known.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(prop_oneof![0x20_u8..0x7f, 0x80_u8..=0xff], 0..40),
    ];
    prop_oneof![
        (0_usize..8).prop_map(Change::Remove),
        (0_usize..8, value.clone()).prop_map(|(at, value)| Change::Replace(at, value)),
        (prop::sample::select(NAMES.to_vec()), value).prop_map(|(name, value)| Change::Add(name, value)),
    ]
}

#[derive(Clone, Debug)]
pub(crate) struct Gust {
    method: &'static str,
    sent: Sent,
    changes: Vec<Change>,
    answers: Answers,
}

fn gust() -> impl Strategy<Value = Gust> {
    let methods = prop_oneof![
        12 => Just("POST"),
        1 => Just("GET"),
        1 => prop::sample::select(vec!["DELETE", "PUT", "OPTIONS", "HEAD", "PATCH"]),
    ];
    let changes = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(change(), 1..3)];
    let answers = prop::collection::vec(answer(), 0..4);
    (methods, sent(), changes, answers).prop_map(|(method, sent, changes, answers)| Gust {
        method,
        sent,
        changes,
        answers,
    })
}

/// What is answered without anybody's help is answered by then.
const SOON: Duration = Duration::from_secs(10);
/// What waits for somebody is not waited for.
const MOMENT: Duration = Duration::from_millis(20);

type Headers = Vec<(&'static str, Vec<u8>)>;

/// A connection for one request.
struct Exchange {
    response: Response<Incoming>,
    connection: JoinHandle<hyper::Result<()>>,
}

impl Exchange {
    /// Sends the request; `None` if no response begins in time.
    async fn begin(
        address: SocketAddr,
        method: &str,
        headers: Headers,
        body: Vec<u8>,
        patience: Duration,
    ) -> Option<Self> {
        let mut request = Request::builder().method(method).uri("/mcp");
        for (name, value) in headers {
            // What no client could send.
            let Ok(value) = HeaderValue::from_bytes(&value) else { continue };
            request = request.header(HeaderName::from_static(name), value);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        if let Ok(response) = tokio::time::timeout(patience, sender.send_request(request)).await {
            return Some(Self { response: response.expect("an answer"), connection });
        }
        connection.abort();
        None
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// Whether a request may take until somebody answers a question, or something happens.
fn may_wait(method: &str, message: &Value) -> bool {
    let params = &message["params"];
    // In 2026-07-28 a question is an answer.
    let asks = params["_meta"]["io.modelcontextprotocol/protocolVersion"].is_null();
    match message["method"].as_str() {
        _ if method == "GET" => true,
        Some("tools/call") => asks && (params["name"] == "ask" || params["name"] == "asked"),
        Some("resources/read") => asks && params["uri"] == "test://asks",
        Some("tasks/result" | "subscriptions/listen") => true,
        _ => false,
    }
}

struct Storm {
    address: SocketAddr,
    session: String,
    met: Met,
}

impl Storm {
    /// The headers that fit a message.
    fn headers(&self, era: Era, message: &Value) -> Headers {
        let mut headers: Headers = vec![
            ("host", self.address.to_string().into()),
            ("content-type", "application/json".into()),
            ("accept", "application/json, text/event-stream".into()),
        ];
        if era == Era::Legacy {
            headers.push(("mcp-session-id", self.session.clone().into()));
            headers.push(("mcp-protocol-version", "2025-11-25".into()));
            return headers;
        }
        headers.push(("mcp-protocol-version", "2026-07-28".into()));
        headers.push(("mcp-method", message["method"].as_str().unwrap_or_default().into()));
        let params = &message["params"];
        let names = ["taskId", "uri", "name"].iter().find_map(|name| params[*name].as_str());
        headers.extend(names.map(|name| ("mcp-name", name.into())));
        headers
    }

    /// Sends a request on a connection of its own, and answers what it is asked on the way. Its status, what came, and what
    /// that calls for; `None` if it may wait, and nothing came within a moment.
    async fn send(
        &mut self,
        method: &str,
        headers: Headers,
        body: Vec<u8>,
        answers: &mut Answers,
    ) -> Option<(StatusCode, Vec<Value>, Vec<Reaction>)> {
        let request: Value = serde_json::from_slice(&body).unwrap_or_default();
        let mut watch = Watch::new();
        watch.client_sloppily(&request);
        let mut may_wait = may_wait(method, &request);
        let mut patience = if may_wait { MOMENT } else { SOON };
        let what = format!("{method} {headers:?} {:.200}", String::from_utf8_lossy(&body));
        let exchange = Exchange::begin(self.address, method, headers, body, patience).await;
        assert!(exchange.is_some() || may_wait, "no answer to {what}");
        let mut exchange = exchange?;
        let status = exchange.response.status();
        assert!(status != StatusCode::INTERNAL_SERVER_ERROR, "{what}");
        let (mut text, mut messages, mut reactions) = (Vec::new(), Vec::new(), Vec::new());
        'reading: loop {
            let frame = tokio::time::timeout(patience, exchange.response.body_mut().frame()).await;
            assert!(frame.is_ok() || may_wait, "no end of the answer to {what}");
            let Ok(Some(Ok(frame))) = frame else { break };
            text.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
            // JSON that is no stream has no line of its own.
            while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = text.drain(..=end).collect();
                let Some(message) = read(&line) else { continue };
                watch.server(&message);
                match self.met.learn(Some(&request), &message) {
                    Some(Reaction::Answer { id }) => match self.met.react(Reaction::Answer { id }, answers) {
                        Some(answer) => {
                            let taken = self.answer(&answer).await == StatusCode::ACCEPTED;
                            // A call has got what it waited for; the session's own stream has no end.
                            if taken && method == "POST" {
                                (patience, may_wait) = (SOON, false);
                            }
                        }
                        // Whoever is asked goes away.
                        None => break 'reading,
                    },
                    reaction => reactions.extend(reaction),
                }
                messages.push(message);
            }
        }
        if let Some(message) = read(&text) {
            watch.server(&message);
            reactions.extend(self.met.learn(Some(&request), &message));
            messages.push(message);
        }
        Some((status, messages, reactions))
    }

    /// Answers a question of the server in its session.
    async fn answer(&self, answer: &Value) -> StatusCode {
        let headers = self.headers(Era::Legacy, answer);
        let exchange = Exchange::begin(self.address, "POST", headers, answer.to_string().into(), SOON).await;
        exchange.expect("an answer").response.status()
    }

    async fn gust(&mut self, gust: Gust) {
        let Gust { method, sent, changes, mut answers } = gust;
        let (era, bytes) = match sent {
            Sent::Message(era, message) => (era, self.met.filled_in(&message.to_string()).into_bytes()),
            Sent::Bytes(bytes) => (Era::Legacy, bytes),
        };
        let message: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let mut headers = self.headers(era, &message);
        for change in changes {
            match change {
                Change::Remove(at) if at < headers.len() => drop(headers.remove(at)),
                Change::Replace(at, value) if at < headers.len() => headers[at].1 = value,
                Change::Add(name, value) => headers.push((name, value)),
                _ => {}
            }
        }
        let mut reactions = self.send(method, headers, bytes, &mut answers).await.map_or(Vec::new(), |came| came.2);
        while let Some(reaction) = reactions.pop() {
            let Some(message) = self.met.react(reaction, &mut answers) else { continue };
            let headers = self.headers(Era::Modern, &message);
            let came = self.send("POST", headers, message.to_string().into(), &mut answers).await;
            reactions.extend(came.expect("an answer").2);
        }
    }

    /// Begins a session, or fails: the server answers.
    async fn begin(&mut self) {
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": { "elicitation": {} } });
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
        let mut headers = self.headers(Era::Legacy, &message);
        headers.retain(|(name, _)| !name.starts_with("mcp-"));
        headers.push(("connection", "close".into()));
        let exchange = Exchange::begin(self.address, "POST", headers, message.to_string().into(), SOON).await;
        let mut exchange = exchange.expect("an answer");
        assert_eq!(exchange.response.status(), StatusCode::OK);
        exchange.response.headers()["mcp-session-id"].to_str().unwrap().clone_into(&mut self.session);
        // The server closes it, so that its side has ended, too.
        exchange.response.body_mut().collect().await.unwrap();
        let _ = (&mut exchange.connection).await.unwrap();
    }
}

fn read(line: &[u8]) -> Option<Value> {
    serde_json::from_slice(line.strip_prefix(b"data: ").unwrap_or(line)).ok()
}

pub(crate) async fn storm(gusts: Vec<Gust>, received: &fixture::Answers) {
    let (server, clock) = fixture::server(received);
    let running = server.start(([127, 0, 0, 1], 0).into()).await.unwrap();
    let mut storm = Storm { address: running.address(), session: String::new(), met: Met::default() };
    storm.begin().await;
    let before = Handle::current().metrics().num_alive_tasks();
    for gust in gusts {
        storm.gust(gust).await;
    }
    // Whatever sessions the storm has begun or ended, there is room for one more.
    storm.begin().await;
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let headers = storm.headers(Era::Legacy, &list);
    let came = storm.send("POST", headers, list.to_string().into(), &mut Vec::new()).await;
    let (status, messages, _) = came.expect("an answer");
    assert_eq!((status, messages.len()), (StatusCode::OK, 1));
    assert_left(&clock, before).await;
    let stopped = running.shut_down();
    tokio::pin!(stopped);
    while tokio::time::timeout(Duration::from_millis(2), &mut stopped).await.is_err() {
        clock.advance(Duration::from_secs(5)).await;
    }
}

#[test]
fn every_request_in_a_storm_over_http_is_answered() {
    let received = fixture::Answers::default();
    let config =
        ProptestConfig { cases: 48, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&prop::collection::vec(gust(), 1..80), |gusts| {
        block_on(storm(gusts, &received));
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    received.assert_enough();
}
