//! A host with its server, and requests to it.

use futures_util::StreamExt as _;
use http_body_util::{BodyDataStream, BodyExt as _, Full};
use hyper_util::{client::legacy, rt::TokioExecutor};
use pmcp_preview::{Endpoint, Host, HostBuilder, Protocol, Upstream};
use pmcp_server::Running;
use serde_json::{Value, json};

use crate::server;

pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

/// An answer of HTTP.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

async fn response(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> http::Response<hyper::body::Incoming> {
    let client = legacy::Client::builder(TokioExecutor::new()).build_http::<Full<bytes::Bytes>>();
    let mut request = http::Request::builder().method(method).uri(format!("http://{address}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.request(request.body(Full::from(body.to_owned())).unwrap()).await.unwrap()
}

/// Sends to an address of loopback under any name.
pub(crate) async fn send(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let (parts, body) = response(address, method, path, headers, body).await.into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().into()).unwrap();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// Lines of a response that goes on.
pub(crate) struct Lines {
    body: BodyDataStream<hyper::body::Incoming>,
    rest: String,
}

impl Lines {
    /// The next line; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.rest.find('\n') {
                let line: String = self.rest.drain(..=end).collect();
                return Some(serde_json::from_str(&line).unwrap());
            }
            self.rest.push_str(&String::from_utf8_lossy(&self.body.next().await?.unwrap()));
        }
    }

    /// The next line of which this holds.
    pub(crate) async fn find(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.next().await.expect("the lines ended");
            if wanted(&line) {
                return line;
            }
        }
    }

    /// The next event of this kind.
    pub(crate) async fn event(&mut self, kind: &str) -> Value {
        self.find(|line| line["kind"] == kind).await
    }

    /// The next state of the connection that is this one.
    pub(crate) async fn state(&mut self, state: &str) -> Value {
        self.find(|line| line["kind"] == "connection" && line["state"] == state).await
    }
}

/// A host, its name, and the key of its page.
pub(crate) struct Stage {
    pub(crate) host: Host,
    pub(crate) name: String,
    pub(crate) key: String,
}

impl Stage {
    /// A host of the server of these tests, which is connected.
    pub(crate) async fn ready(protocol: Protocol) -> (Self, Running) {
        let server = server::start().await;
        let stage = Self::start(Host::builder(Endpoint::http(server.url())).protocol(protocol)).await;
        stage.events().await.state("ready").await;
        (stage, server)
    }

    /// A host of anything.
    pub(crate) async fn of(upstream: impl Upstream) -> Self {
        Self::start(Host::builder(upstream)).await
    }

    pub(crate) async fn start(host: HostBuilder) -> Self {
        let host = host.start().await.unwrap();
        let (page, key) = host.url().split_once("/#key=").unwrap();
        let (name, key) = (page.strip_prefix("http://").unwrap().to_owned(), key.to_owned());
        Self { host, name, key }
    }

    pub(crate) fn right(&self) -> String {
        format!("Bearer {}", self.key)
    }

    /// Asks as the page does.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let headers = [JSON, ("authorization", &*self.right())];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        send(&self.name, method, path, &headers, &body).await
    }

    /// Asks for lines.
    pub(crate) async fn lines(&self, method: &str, path: &str, body: &Value) -> Lines {
        let headers = [JSON, ("authorization", &*self.right())];
        let response = response(&self.name, method, path, &headers, &body.to_string()).await;
        assert_eq!(response.status(), 200);
        Lines { body: BodyDataStream::new(response.into_body()), rest: String::new() }
    }

    pub(crate) async fn events(&self) -> Lines {
        self.lines("GET", "/api/events", &Value::Null).await
    }

    /// A request to the server.
    pub(crate) async fn rpc(&self, method: &str, params: Value) -> Lines {
        self.lines("POST", "/api/rpc", &json!({ "method": method, "params": params })).await
    }

    /// The end of a request to the server.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Value {
        let mut lines = self.rpc(method, params).await;
        lines.find(|line| line.get("progress").is_none()).await
    }
}
