//! Streamable HTTP, against an application that answers as a test says.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri},
};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use spec_check::Watch;
use tokio::net::TcpListener;

use pmcp_client::{ClientError, RequestOptions};

use super::{builder, form, greeting, luca};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) verb: Method,
    pub(super) uri: Uri,
    headers: HeaderMap,
    pub(super) body: Value,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    fn method(&self) -> &str {
        self.body["method"].as_str().unwrap_or_default()
    }

    /// The response with this result.
    pub(super) fn result(&self, result: &Value) -> Value {
        json!({ "jsonrpc": "2.0", "id": self.body["id"], "result": result })
    }
}

pub(super) type Requests = Arc<Mutex<Vec<Seen>>>;

pub(super) async fn serve(handler: impl Fn(&Seen) -> Response<Body> + Send + Sync + 'static) -> (String, Requests) {
    let requests = Requests::default();
    let (seen, handler) = (Arc::clone(&requests), Arc::new(handler));
    let app = Router::new().fallback(move |verb: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
        let (seen, handler) = (Arc::clone(&seen), Arc::clone(&handler));
        async move {
            let request = Seen { verb, uri, headers, body: serde_json::from_slice(&body).unwrap_or_default() };
            if !request.body.is_null() {
                Watch::new().client(&request.body);
            }
            let response = handler(&request);
            seen.lock().unwrap().push(request);
            response
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, requests)
}

fn status(code: u16) -> Response<Body> {
    Response::builder().status(code).body(Body::empty()).unwrap()
}

fn typed(kind: &str, body: impl Into<Body>) -> Response<Body> {
    Response::builder().header("content-type", kind).body(body.into()).unwrap()
}

pub(super) fn answer(message: &Value) -> Response<Body> {
    typed("application/json; charset=utf-8", message.to_string())
}

fn events(text: impl Into<Body>) -> Response<Body> {
    typed("text/event-stream", text)
}

/// A stream that stays open after these messages.
fn open(messages: &[Value]) -> Response<Body> {
    let chunks: Vec<_> =
        messages.iter().map(|message| Ok::<_, std::convert::Infallible>(format!("data: {message}\n\n"))).collect();
    let chunks = stream::iter(chunks).chain(stream::pending());
    events(Body::from_stream(chunks))
}

fn initialized(request: &Seen, session: &str) -> Response<Body> {
    let result = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": { "name": "s" } });
    let mut response = answer(&request.result(&result));
    response.headers_mut().insert("mcp-session-id", session.parse().unwrap());
    response
}

#[tokio::test]
async fn requests_are_mirrored_in_headers() {
    let (url, requests) = serve(|request| answer(&request.result(&greeting()))).await;
    let client = builder("2026-07-28").bearer("secret").connect_http(&url).await.unwrap();
    client.call_tool("grüße", json!({})).await.unwrap();
    let options = RequestOptions::new().header("Mcp-Name", "other").without_header("mcp-method").header("x-extra", "1");
    client.request_with("tasks/get", json!({ "taskId": "t" }), options).await.unwrap();
    client.discover().await.unwrap();
    let requests = requests.lock().unwrap();
    let [call, odd, discover] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!(call.header("accept"), Some("application/json, text/event-stream"));
    assert_eq!(call.header("content-type"), Some("application/json"));
    assert_eq!(call.header("authorization"), Some("Bearer secret"));
    assert_eq!(call.header("mcp-protocol-version"), Some("2026-07-28"));
    assert_eq!(call.header("mcp-method"), Some("tools/call"));
    assert_eq!(call.header("mcp-name"), Some("=?base64?Z3LDvMOfZQ==?="));
    assert_eq!((odd.header("mcp-name"), odd.header("mcp-method")), (Some("other"), None));
    assert_eq!(odd.header("x-extra"), Some("1"));
    assert_eq!((discover.header("mcp-name"), discover.header("mcp-session-id")), (None, None));
}

#[tokio::test]
async fn an_answer_may_come_at_the_end_of_a_stream() {
    let (url, _) = serve(|request| {
        let progress = json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": { "progress": 1 } });
        events(format!(
            ": keep-alive\n\nid: 1\ndata:\n\nevent: message\ndata: {progress}\n\ndata: {}\n\n",
            request.result(&greeting())
        ))
    })
    .await;
    let client = builder("2026-07-28").connect_http(&url).await.unwrap();
    let mut notifications = client.notifications();
    let result = client.call_and_wait("hello", json!({})).await.unwrap();
    assert_eq!(result.first_text(), Some("Hello, Luca!"));
    assert_eq!(notifications.next().await.unwrap().params, json!({ "progress": 1 }));
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let _spoilt = spec_check::bad_input_on_purpose();
    let (url, _) = serve(|request| {
        let error = |code: i64| json!({ "jsonrpc": "2.0", "id": null, "error": { "code": code, "message": "no" } });
        let refuse = |status: u16, body: Value| {
            let mut response = answer(&body);
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response
        };
        match request.method() {
            "tools/list" => refuse(400, error(-32020)),
            "ping" => refuse(200, error(-32601)),
            "prompts/list" => {
                let mut response = refuse(401, json!({ "error": "invalid_token" }));
                response.headers_mut().insert("www-authenticate", "Bearer scope=\"x\"".parse().unwrap());
                response
            }
            "resources/list" => status(503),
            "tasks/list" => typed("text/html", "<p>"),
            "tasks/get" => typed("application/json", "{"),
            _ => events("data: {\n\n"),
        }
    })
    .await;
    let client = builder("2026-07-28").connect_http(&url).await.unwrap();
    assert_eq!(client.list_tools().await.unwrap_err().code(), Some(-32020));
    let reply = client.request_with("tools/list", json!({}), RequestOptions::new()).await.unwrap();
    assert_eq!((reply.status, reply.result.unwrap_err().code), (Some(400), -32020));
    assert_eq!(client.ping().await.unwrap_err().code(), Some(-32601));
    let error = client.list_prompts().await.unwrap_err();
    let ClientError::Http { status: 401, authenticate: Some(authenticate), body } = error else { panic!("{error}") };
    assert_eq!((authenticate.as_str(), body.as_str()), ("Bearer scope=\"x\"", r#"{"error":"invalid_token"}"#));
    assert!(matches!(client.list_resources().await, Err(ClientError::Http { status: 503, .. })));
    assert!(matches!(client.list_tasks().await, Err(ClientError::Protocol(_))));
    assert!(matches!(client.task("t").get().await, Err(ClientError::Protocol(_))));
    assert!(matches!(client.read_resource("x:y").await, Err(ClientError::Protocol(_))));

    let (url, _) = serve(|_| events("data: 1234567890\n\n")).await;
    let client = builder("2026-07-28").max_message(8).connect_http(&url).await.unwrap();
    assert!(matches!(client.list_tools().await, Err(ClientError::Transport(_))));
    let (url, _) = serve(|request| answer(&request.result(&json!({ "text": "x".repeat(100) })))).await;
    let client = builder("2026-07-28").max_message(100).connect_http(&url).await.unwrap();
    assert!(matches!(client.list_tools().await, Err(ClientError::Transport(_))));
}

#[tokio::test]
async fn a_url_that_cannot_work_is_refused_at_once() {
    let without_tls = (!cfg!(feature = "tls")).then_some("https://example.com/mcp");
    for url in ["ftp://example.com/mcp", "/mcp", "http://"].into_iter().chain(without_tls) {
        let error = builder("2026-07-28").connect_http(url).await.unwrap_err();
        assert!(matches!(error, ClientError::Input(_)), "{url}: {error}");
    }
    let unreachable = builder("2025-11-25").connect_http("http://127.0.0.1:1/mcp").await;
    assert!(matches!(unreachable, Err(ClientError::Transport(_))));
}

#[tokio::test]
async fn a_session_is_kept_listened_to_and_deleted() {
    let (url, requests) = serve(|request| match (&request.verb, request.method()) {
        (&Method::GET, _) => {
            let mut question = form();
            question["jsonrpc"] = "2.0".into();
            question["id"] = "q".into();
            open(&[question])
        }
        (&Method::DELETE, _) => status(204),
        (_, "initialize") => initialized(request, "session-1"),
        (_, "tools/call") => answer(&request.result(&greeting())),
        _ => status(202),
    })
    .await;
    let client = builder("2025-11-25").on_elicit(luca).connect_http(&url).await.unwrap();
    assert_eq!(client.session_id().as_deref(), Some("session-1"));
    client.call_and_wait("hello", json!({})).await.unwrap();
    let is_answered = || requests.lock().unwrap().iter().any(|request| request.body["id"] == "q");
    while !is_answered() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    client.close().await.unwrap();
    let requests = requests.lock().unwrap();
    let initialize = &requests[0];
    assert_eq!((initialize.header("mcp-session-id"), initialize.header("mcp-protocol-version")), (None, None));
    assert_eq!(requests[1].method(), "notifications/initialized");
    for later in &requests[1..] {
        assert_eq!(later.header("mcp-session-id"), Some("session-1"));
        assert_eq!(later.header("mcp-protocol-version"), Some("2025-11-25"));
        assert_eq!(later.header("mcp-method"), None);
    }
    let question = requests.iter().find(|request| request.body["id"] == "q").unwrap();
    assert_eq!(question.body["result"]["content"], json!({ "name": "Luca" }));
    assert_eq!(requests.last().unwrap().verb, Method::DELETE);
}

#[tokio::test]
async fn a_session_that_ended_is_replaced() {
    let sessions = Mutex::new(0);
    let (url, requests) = serve(move |request| {
        let mut sessions = sessions.lock().unwrap();
        match (&request.verb, request.method()) {
            (&Method::GET, _) => status(405),
            (_, "initialize") => {
                *sessions += 1;
                initialized(request, &format!("session-{sessions}"))
            }
            (_, "tools/list") if request.header("mcp-session-id") == Some("session-1") => status(404),
            (_, "tools/list") => answer(&request.result(&json!({ "tools": [] }))),
            _ => status(202),
        }
    })
    .await;
    let client = builder("2025-11-25").connect_http(&url).await.unwrap();
    let (first, second) = tokio::join!(client.list_tools(), client.list_tools());
    assert_eq!((first.unwrap(), second.unwrap()), (vec![], vec![]));
    assert_eq!(client.session_id().as_deref(), Some("session-2"));
    let handshakes = requests.lock().unwrap().iter().filter(|request| request.method() == "initialize").count();
    assert_eq!(handshakes, 2);

    // A test that names a session itself wants to see what comes of it.
    let options = RequestOptions::new().header("mcp-session-id", "session-1");
    let error = client.request_with("tools/list", json!({}), options).await.unwrap_err();
    assert!(matches!(error, ClientError::Http { status: 404, .. }));
}

#[tokio::test]
async fn an_answer_that_did_not_arrive_is_sent_again() {
    let _spoilt = spec_check::bad_input_on_purpose();
    let refusals = Mutex::new(vec![503, 421]);
    let (url, requests) = serve(move |request| match (&request.verb, request.method()) {
        (&Method::GET, _) => {
            let mut question = form();
            question["jsonrpc"] = "2.0".into();
            question["id"] = "q".into();
            open(&[question])
        }
        (_, "initialize") => initialized(request, "session"),
        (_, "") => status(refusals.lock().unwrap().pop().unwrap_or(202)),
        _ => status(202),
    })
    .await;
    let _client = builder("2025-11-25").on_elicit(luca).connect_http(&url).await.unwrap();
    let answers = || -> Vec<_> {
        let requests = requests.lock().unwrap();
        requests.iter().filter(|request| request.body["id"] == "q").map(|request| request.body.clone()).collect()
    };
    while answers().len() < 3 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The third arrived: that was enough.
    tokio::time::sleep(Duration::from_millis(600)).await;
    let answers = answers();
    assert_eq!(answers, [answers[0].clone(), answers[0].clone(), answers[0].clone()]);
    assert_eq!(answers[0]["result"]["action"], "accept");
}

#[tokio::test]
async fn a_stream_that_broke_is_resumed() {
    let (url, requests) = serve(|request| match (&request.verb, request.method()) {
        (&Method::GET, _) => match request.header("last-event-id") {
            // Of a process that died.
            Some("gone") => status(400),
            // The id of the request that broke.
            Some(id) => {
                let id: u64 = id.parse().unwrap();
                let response = json!({ "jsonrpc": "2.0", "id": id, "result": greeting() });
                events(format!("data: {response}\n\n"))
            }
            None => status(405),
        },
        (_, "initialize") => initialized(request, "session"),
        (_, "tools/call") => events(format!("id: {}\nretry: 10\ndata:\n\n", request.body["id"])),
        (_, "tools/list") => events(": no id to resume from\n\n"),
        (_, "prompts/list") => events("id: gone\nretry: 10\ndata:\n\n"),
        _ => status(202),
    })
    .await;
    let client = builder("2025-11-25").connect_http(&url).await.unwrap();
    assert_eq!(client.call_and_wait("hello", json!({})).await.unwrap().first_text(), Some("Hello, Luca!"));
    assert!(matches!(client.list_tools().await, Err(ClientError::Transport(_))));
    assert!(matches!(client.list_prompts().await, Err(ClientError::Transport(_))));
    assert!(requests.lock().unwrap().iter().any(|request| request.header("last-event-id").is_some()));

    // 2026-07-28 has no resumption.
    let client = builder("2026-07-28").connect_http(&url).await.unwrap();
    let error = client.call_tool("hello", json!({})).await.unwrap_err();
    assert!(matches!(error, ClientError::Transport(_)));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_waited_for_behind_it() {
    let (url, requests) = serve(|request| match (&request.verb, request.method()) {
        (&Method::GET, _) => status(405),
        (_, "initialize") => initialized(request, "session"),
        (_, "tools/call") => events(format!(
            "id: 1\nretry: 10\ndata: {{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{{\"x\":\"\\ud83d\"}}}}\n\n",
            request.body["id"]
        )),
        _ => status(202),
    })
    .await;
    let client = builder("2025-11-25").connect_http(&url).await.unwrap();
    let error = client.call_tool("hello", json!({})).await.unwrap_err();
    assert!(matches!(error, ClientError::Protocol(_)), "{error}");
    assert!(requests.lock().unwrap().iter().all(|request| request.header("last-event-id").is_none()));
}

#[tokio::test]
async fn earlier_versions_have_no_version_header() {
    let (url, requests) = serve(|request| match request.method() {
        "initialize" => answer(&request.result(&json!({ "protocolVersion": "2025-03-26", "capabilities": {} }))),
        "tools/call" => answer(&json!([request.result(&greeting())])),
        _ => status(202),
    })
    .await;
    let client = builder("2025-03-26").session_stream(false).connect_http(&url).await.unwrap();
    client.call_and_wait("hello", json!({})).await.unwrap();
    client.close().await.unwrap();
    let requests = requests.lock().unwrap();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.header("mcp-protocol-version").is_none()));
}

#[tokio::test]
async fn only_a_session_that_ended_is_forgotten() {
    let (url, requests) = serve(|request| match request.method() {
        "initialize" => initialized(request, "session"),
        _ => status(202),
    })
    .await;
    let client = builder("2025-11-25").session_stream(false).connect_http(&url).await.unwrap();
    // It is the server's to refuse.
    let again =
        json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    client.request_with("initialize", again, RequestOptions::new()).await.unwrap();
    let requests = requests.lock().unwrap();
    let sessions: Vec<_> = requests
        .iter()
        .filter(|request| request.method() == "initialize")
        .map(|request| request.header("mcp-session-id"))
        .collect();
    assert_eq!(sessions, [None, Some("session")]);
}

#[tokio::test]
async fn an_answer_is_matched_however_its_id_is_written() {
    let (url, _) = serve(|request| {
        let mut response = request.result(&json!({ "tools": [] }));
        response["id"] = response["id"].to_string().into();
        response["error"] = Value::Null;
        answer(&response)
    })
    .await;
    let client = builder("2026-07-28").connect_http(&url).await.unwrap();
    assert_eq!(client.list_tools().await.unwrap(), []);
}

#[tokio::test]
async fn a_server_of_either_era_is_found() {
    let (url, requests) = serve(|request| match request.method() {
        "server/discover" => status(400),
        "initialize" => initialized(request, "s"),
        "notifications/initialized" => status(202),
        _ => answer(&request.result(&json!({ "tools": [] }))),
    })
    .await;
    let legacy = builder("auto").session_stream(false).connect_http(&url).await.unwrap();
    legacy.list_tools().await.unwrap();
    assert_eq!(legacy.protocol_version(), "2025-11-25");
    let version = |request: &Seen| request.header("mcp-protocol-version").map(str::to_owned);
    let versions: Vec<_> = requests.lock().unwrap().iter().map(version).collect();
    let told = Some("2025-11-25".to_owned());
    assert_eq!(versions, [Some("2026-07-28".to_owned()), None, told.clone(), told]);

    let (url, requests) = serve(|request| {
        let discovered = json!({ "supportedVersions": ["2026-07-28"], "capabilities": {}, "tools": [] });
        answer(&request.result(&discovered))
    })
    .await;
    let modern = builder("auto").connect_http(&url).await.unwrap();
    modern.list_tools().await.unwrap();
    let method = |request: &Seen| request.header("mcp-method").unwrap().to_owned();
    let methods: Vec<_> = requests.lock().unwrap().iter().map(method).collect();
    assert_eq!(methods, ["server/discover", "tools/list"]);

    let (url, _) = serve(|_| status(401)).await;
    let refused = builder("auto").connect_http(&url).await;
    assert!(matches!(refused, Err(ClientError::Http { status: 401, .. })), "{refused:?}");
}

#[tokio::test]
async fn headers_of_a_gateway_are_sent_and_not_shown() {
    let (url, requests) = serve(|request| answer(&request.result(&json!({ "tools": [] })))).await;
    let mut key = HeaderValue::from_static("k3y");
    key.set_sensitive(true);
    let builder = builder("2026-07-28").bearer("t0ken").header(HeaderName::from_static("x-gateway"), key);
    let shown = format!("{builder:?}");
    let client = builder.connect_http(&url).await.unwrap();
    client.list_tools().await.unwrap();
    assert_eq!(requests.lock().unwrap()[0].header("x-gateway"), Some("k3y"));
    for shown in [shown, format!("{client:?}")] {
        assert!(!shown.contains("k3y") && !shown.contains("t0ken"), "{shown}");
    }
}
