//! A client that sends each HTTP request over a connection of its own, exactly as a test says.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, StatusCode,
    body::{Bytes, Incoming},
    header::{HeaderMap, HeaderName, HeaderValue},
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use spec_check::Watch;
use tokio::{net::TcpStream, task::JoinHandle};

use super::{modern, request, within};

/// Where a server is.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    pub(crate) address: SocketAddr,
    pub(crate) path: &'static str,
    /// Sent with every request.
    pub(crate) always: Vec<(String, String)>,
    /// All that was sent: its answer may come on the stream of another request.
    pub(crate) said: Arc<Mutex<Vec<Value>>>,
}

/// Headers to send, in order, repeated or not.
type Headers = Vec<(String, Vec<u8>)>;

impl Http {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, path: "/mcp", always: Vec::new(), said: Arc::default() }
    }

    /// A client that sends this token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { always: vec![("authorization".into(), format!("Bearer {token}"))], ..self.clone() }
    }

    /// Sends a request; `Host` is right unless given.
    pub(crate) async fn send(&self, method: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        self.send_all(method, headers, body.into()).await
    }

    async fn send_all(&self, method: &str, mut headers: Headers, body: Bytes) -> Reply {
        headers.extend(self.always.iter().map(|(name, value)| (name.clone(), value.clone().into())));
        if !headers.iter().any(|(name, _)| name == "host") {
            headers.push(("host".into(), self.address.to_string().into()));
        }
        let mut watch = Watch::new();
        if headers.iter().any(|(name, _)| name == "last-event-id") {
            self.said.lock().unwrap().iter().for_each(|message| watch.client_sloppily(message));
        }
        if let Ok(message) = serde_json::from_slice(&body) {
            watch.client(&message);
            self.said.lock().unwrap().push(message);
        }
        let stream = within(TcpStream::connect(self.address)).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = Connection(tokio::spawn(async move {
            let _ = connection.await;
        }));
        let mut request = Request::builder().method(method).uri(self.path);
        for (name, value) in headers {
            request = request.header(HeaderName::try_from(name).unwrap(), HeaderValue::from_bytes(&value).unwrap());
        }
        let response = within(sender.send_request(request.body(Full::new(body)).unwrap())).await.unwrap();
        let (head, body) = response.into_parts();
        let (status, headers, buffer) = (head.status, head.headers, String::new());
        Reply { status, headers, body, buffer, watch, last_id: String::new(), _connection: connection }
    }

    /// What is at this path, beside the endpoint.
    pub(crate) async fn get(&self, path: &'static str) -> Reply {
        Self { path, ..self.clone() }.send("GET", &[], "").await
    }

    /// POSTs JSON as a client of 2025-11-25 and before.
    pub(crate) async fn post(&self, headers: &[(&str, &str)], message: &Value) -> Reply {
        let mut all = vec![("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
        all.extend_from_slice(headers);
        self.send("POST", &all, message.to_string()).await
    }

    /// A 2026-07-28 request of a client without capabilities; its result.
    pub(crate) async fn modern(&self, method: &str, params: Value) -> Reply {
        Modern::new(method, params).send(self).await
    }
}

/// A connection that ends when it is dropped.
#[derive(Debug)]
struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A response whose body is still to be read. Dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Incoming,
    buffer: String,
    watch: Watch,
    /// The id of the last event, to come back with.
    pub(crate) last_id: String,
    _connection: Connection,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn is_stream(&self) -> bool {
        self.header("content-type") == "text/event-stream"
    }

    /// The whole body.
    pub(crate) async fn text(self) -> String {
        let body = within(self.body.collect()).await.unwrap().to_bytes();
        String::from_utf8(body.into()).unwrap()
    }

    /// The one message of the body.
    pub(crate) async fn json(mut self) -> Value {
        assert_eq!(self.header("content-type"), "application/json", "{}", self.status);
        let mut watch = std::mem::take(&mut self.watch);
        let message = serde_json::from_str(&self.text().await).unwrap();
        watch.server(&message);
        message
    }

    /// The next bytes of the body; `None` at its end.
    pub(crate) async fn bytes(&mut self) -> Option<Bytes> {
        Some(within(self.body.frame()).await?.unwrap().into_data().unwrap())
    }

    /// The next message of the stream; `None` at its end.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        assert!(self.is_stream(), "{} {:?}", self.status, self.headers);
        loop {
            while let Some(end) = self.buffer.find("\n\n") {
                let event: String = self.buffer.drain(..end + 2).collect();
                if let Some(id) = event.lines().find_map(|line| line.strip_prefix("id: ")) {
                    id.clone_into(&mut self.last_id);
                }
                let data: Vec<_> = event.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
                if data.iter().any(|line| !line.is_empty()) {
                    // Some clients skip what does not name its type.
                    assert!(event.lines().any(|line| line == "event: message"), "{event}");
                    let message = serde_json::from_str(&data.join("\n")).unwrap();
                    self.watch.server(&message);
                    return Some(message);
                }
            }
            let frame = within(self.body.frame()).await?.unwrap();
            self.buffer += std::str::from_utf8(frame.data_ref().unwrap()).unwrap();
        }
    }

    pub(crate) async fn receive(&mut self) -> Value {
        self.next().await.expect("an event")
    }

    /// The response, whether it comes as JSON or at the end of a stream.
    pub(crate) async fn response(mut self) -> Value {
        if !self.is_stream() {
            return self.json().await;
        }
        let mut last = self.receive().await;
        while let Some(next) = self.next().await {
            last = next;
        }
        last
    }

    /// Fails unless the answer is an error with this status and code.
    pub(crate) async fn expect_error(self, status: u16, code: i64) -> Value {
        let found = self.status;
        let message = self.json().await;
        assert_eq!((found.as_u16(), super::code(&message)), (status, code), "{message}");
        message
    }
}

/// A 2026-07-28 POST that a test may spoil.
#[derive(Clone, Debug)]
pub(crate) struct Modern {
    headers: Headers,
    pub(crate) body: Value,
}

impl Modern {
    /// A correct request of a client without capabilities.
    pub(crate) fn new(method: &str, params: Value) -> Self {
        Self::of(method, params, json!({}))
    }

    /// A correct request of a client with these capabilities.
    pub(crate) fn of(method: &str, params: Value, capabilities: Value) -> Self {
        let mut headers = vec![
            ("content-type", "application/json".to_owned()),
            ("accept", "application/json, text/event-stream".to_owned()),
            ("mcp-protocol-version", "2026-07-28".to_owned()),
            ("mcp-method", method.to_owned()),
        ];
        let name = match method {
            "tools/call" | "prompts/get" => &params["name"],
            "resources/read" => &params["uri"],
            "tasks/get" | "tasks/update" | "tasks/cancel" => &params["taskId"],
            _ => &Value::Null,
        };
        if let Some(name) = name.as_str() {
            headers.push(("mcp-name", pmcp_protocol::header::encode(name)));
        }
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect();
        Self { headers, body: request(1, method, modern(params, capabilities)) }
    }

    /// Without this header.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self
    }

    /// With this header beside those of its name.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// With this header in place of those of its name.
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    /// With this in `_meta`, or nothing.
    pub(crate) fn meta(mut self, key: &str, value: impl Into<Option<Value>>) -> Self {
        let meta = self.body["params"]["_meta"].as_object_mut().unwrap();
        match value.into() {
            Some(value) => meta.insert(key.into(), value),
            None => meta.remove(key),
        };
        self
    }

    /// The request itself, for routes that nobody listens for.
    pub(crate) fn request(self) -> axum::http::Request<axum::body::Body> {
        let mut request = axum::http::Request::post("/mcp");
        for (name, value) in &self.headers {
            request = request.header(name, value.as_slice());
        }
        request.body(self.body.to_string().into()).unwrap()
    }

    pub(crate) async fn send(self, http: &Http) -> Reply {
        http.send_all("POST", self.headers, self.body.to_string().into()).await
    }
}

/// The `initialize` of a client with these capabilities.
pub(crate) fn initialize(version: &str, capabilities: Value) -> Value {
    let params = json!({
        "protocolVersion": version,
        "capabilities": capabilities,
        "clientInfo": { "name": "test", "version": "1" },
    });
    request(0, "initialize", params)
}

/// A client of 2025-11-25 or before, in a session.
#[derive(Clone, Debug)]
pub(crate) struct Legacy {
    pub(crate) http: Http,
    pub(crate) id: String,
    pub(crate) version: &'static str,
    pub(crate) welcome: Value,
}

impl Legacy {
    /// Begins a session in which the user can be asked.
    pub(crate) async fn begin(http: &Http) -> Self {
        Self::begin_in(http, "2025-11-25", json!({ "elicitation": {} })).await
    }

    pub(crate) async fn begin_in(http: &Http, version: &'static str, capabilities: Value) -> Self {
        let reply = http.post(&[], &initialize(version, capabilities)).await;
        assert_eq!(reply.status, 200);
        let id = reply.header("mcp-session-id").to_owned();
        let welcome = reply.json().await;
        assert_eq!(welcome["result"]["protocolVersion"], version, "{welcome}");
        Self { http: http.clone(), id, version, welcome }
    }

    pub(crate) fn headers(&self) -> [(&str, &str); 2] {
        [("mcp-session-id", &self.id), ("mcp-protocol-version", self.version)]
    }

    /// POSTs a message.
    pub(crate) async fn post(&self, message: &Value) -> Reply {
        self.http.post(&self.headers(), message).await
    }

    /// A request; its response is to be read.
    pub(crate) async fn send(&self, id: impl Into<Value>, method: &str, params: impl Into<Option<Value>>) -> Reply {
        self.post(&request(id, method, params)).await
    }

    /// A request; its response.
    pub(crate) async fn ask(&self, id: impl Into<Value>, method: &str, params: impl Into<Option<Value>>) -> Value {
        self.send(id, method, params).await.response().await
    }

    /// Answers a request of the server.
    pub(crate) async fn answer(&self, question: &Value, result: Value) {
        let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": result });
        assert_eq!(self.post(&answer).await.status, 202);
    }

    /// Opens the session's own stream.
    pub(crate) async fn listen(&self) -> Reply {
        let reply = self.come_back(None).await;
        assert_eq!(reply.status, 200);
        assert!(reply.is_stream());
        reply
    }

    /// Comes back to a stream with the id of the last event that was seen; its answer, whatever it is.
    pub(crate) async fn come_back(&self, last_id: impl Into<Option<&str>>) -> Reply {
        let last = last_id.into().map(|id| ("last-event-id", id));
        let headers = self.headers().into_iter().chain([("accept", "text/event-stream")]).chain(last);
        self.http.send("GET", &headers.collect::<Vec<_>>(), "").await
    }

    pub(crate) async fn end(&self) -> Reply {
        self.http.send("DELETE", &self.headers(), "").await
    }

    /// Creates a task of a tool; its id.
    pub(crate) async fn task(&self, id: impl Into<Value>, tool: &str) -> String {
        let params = json!({ "name": tool, "arguments": {}, "task": {}, "_meta": { "progressToken": "token" } });
        let created = self.ask(id, "tools/call", params).await;
        let task = &created["result"]["task"]["taskId"];
        task.as_str().unwrap_or_else(|| panic!("no task in {created}")).to_owned()
    }
}
