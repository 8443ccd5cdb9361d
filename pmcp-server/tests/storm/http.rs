//! Storms over HTTP: headers and bodies.

use std::{net::SocketAddr, time::Duration};

use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, StatusCode,
    body::Bytes,
    header::{HeaderName, HeaderValue},
};
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::{net::TcpStream, runtime::Handle};

use crate::{
    fixture::{self, assert_left, block_on},
    messages::{Era, Met, Sent, sent},
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
struct Gust {
    method: &'static str,
    sent: Sent,
    changes: Vec<Change>,
}

fn gust() -> impl Strategy<Value = Gust> {
    let methods = prop_oneof![
        12 => Just("POST"),
        1 => Just("GET"),
        1 => prop::sample::select(vec!["DELETE", "PUT", "OPTIONS", "HEAD", "PATCH"]),
    ];
    let changes = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(change(), 1..3)];
    (methods, sent(), changes).prop_map(|(method, sent, changes)| Gust { method, sent, changes })
}

struct Storm {
    address: SocketAddr,
    session: String,
    met: Met,
}

impl Storm {
    /// The headers that fit a message.
    fn headers(&self, era: Era, message: &Value) -> Vec<(&'static str, Vec<u8>)> {
        let mut headers: Vec<(_, Vec<u8>)> = vec![
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

    /// Sends a request on a connection of its own; its status, and what came within a moment if it may take longer.
    async fn send(
        &mut self,
        method: &str,
        headers: Vec<(&'static str, Vec<u8>)>,
        body: Vec<u8>,
        may_wait: bool,
    ) -> Option<(StatusCode, Vec<Value>)> {
        let mut request = Request::builder().method(method).uri("/mcp");
        for (name, value) in headers {
            // What no client could send.
            let Ok(value) = HeaderValue::from_bytes(&value) else { continue };
            request = request.header(HeaderName::from_static(name), value);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        let exchange = async {
            let response = sender.send_request(request).await.expect("an answer");
            let status = response.status();
            let mut body = response.into_body();
            let mut text = Vec::new();
            let reading = async {
                while let Some(Ok(frame)) = body.frame().await {
                    text.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
                }
            };
            // Streams may stay open.
            let _ = tokio::time::timeout(Duration::from_millis(10), reading).await;
            let text = String::from_utf8(text).unwrap();
            let lines = text.lines().map(|line| line.strip_prefix("data: ").unwrap_or(line));
            (status, lines.filter_map(|line| serde_json::from_str(line).ok()).collect::<Vec<Value>>())
        };
        let patience = if may_wait { Duration::from_millis(20) } else { Duration::from_secs(10) };
        let reply = tokio::time::timeout(patience, exchange).await.ok();
        connection.abort();
        let messages = reply.as_ref().map_or(&[][..], |(_, messages)| messages);
        for message in messages {
            self.met.learn(message);
        }
        reply
    }

    async fn gust(&mut self, gust: Gust) {
        let Gust { method, sent, changes } = gust;
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
        let text = String::from_utf8_lossy(&bytes).into_owned();
        // Calls that ask, and what waits for them, are answered when somebody answers.
        let may_wait = method == "GET" || ["ask", "result", "listen", "work"].iter().any(|word| text.contains(word));
        let what = format!("{method} {headers:?} {text:.200}");
        let Some((status, messages)) = self.send(method, headers, bytes, may_wait).await else {
            assert!(may_wait, "no answer to {what}");
            return;
        };
        assert!(status != StatusCode::INTERNAL_SERVER_ERROR, "{what}");
        for message in messages {
            assert_eq!(message["jsonrpc"], "2.0", "{what}: {message}");
        }
    }

    /// Begins a session, or fails: the server answers.
    async fn begin(&mut self) {
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": { "elicitation": {} } });
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
        let mut headers = self.headers(Era::Legacy, &message);
        headers.retain(|(name, _)| !name.starts_with("mcp-"));
        headers.push(("connection", "close".into()));
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        let mut request = Request::post("/mcp");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let response =
            sender.send_request(request.body(Full::<Bytes>::from(message.to_string())).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.headers()["mcp-session-id"].to_str().unwrap().clone_into(&mut self.session);
        drop(response);
        // The server closes it, so that its side has ended, too.
        let _ = connection.await.unwrap();
    }
}

async fn storm(gusts: Vec<Gust>) {
    let (server, clock) = fixture::server();
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
    let (status, messages) = storm.send("POST", headers, list.to_string().into(), false).await.expect("an answer");
    assert_eq!((status, messages.len()), (StatusCode::OK, 1));
    assert_left(&clock, before).await;
    let stopped = running.shut_down();
    tokio::pin!(stopped);
    while tokio::time::timeout(Duration::from_millis(2), &mut stopped).await.is_err() {
        clock.advance(Duration::from_secs(5)).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_request_in_a_storm_over_http_is_answered(gusts in prop::collection::vec(gust(), 1..80)) {
        block_on(storm(gusts));
    }
}
