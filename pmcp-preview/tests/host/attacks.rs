//! Whoever is not the page, and servers that mean no good: each of them gets nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, response::IntoResponse as _, routing::post};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use pmcp_preview::{Endpoint, Host, Protocol, StdioCommand};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::stage::{JSON, Stage, send};

/// Every route that wants the key.
const ROUTES: [(&str, &str); 16] = [
    ("GET", "/api/host"),
    ("GET", "/api/events"),
    ("POST", "/api/rpc"),
    ("POST", "/api/answer"),
    ("POST", "/api/connection"),
    ("POST", "/api/restart"),
    ("POST", "/api/views"),
    ("DELETE", "/api/views/0"),
    ("GET", "/api/traces"),
    ("GET", "/api/traces/a"),
    ("PUT", "/api/traces/a"),
    ("DELETE", "/api/traces/a"),
    ("POST", "/api/upstream"),
    ("GET", "/api/upstream"),
    ("DELETE", "/api/upstream"),
    ("POST", "/api/shot"),
];

async fn nowhere() -> Stage {
    Stage::of(Endpoint::http("http://127.0.0.1:1/mcp")).await
}

/// Serves on a free port of loopback.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test]
async fn another_name_or_origin_is_refused_with_the_right_key_too() {
    let stage = nowhere().await;
    let port = stage.name.rsplit_once(':').unwrap().1;
    let (rebound, local, right) = (format!("evil.example:{port}"), format!("localhost:{port}"), stage.right());
    let local_origin = format!("http://{local}");
    for (method, path) in ROUTES.into_iter().chain([("GET", "/"), ("GET", "/assets/page.js")]) {
        for wrong in [
            ("host", "evil.example"),
            ("host", &*rebound),
            ("host", &*local),
            ("origin", "http://evil.example"),
            ("origin", "http://127.0.0.1:1"),
            ("origin", &*local_origin),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let answer = send(&stage.name, method, path, &[JSON, ("authorization", &right), wrong], "{}").await;
            assert_eq!(answer.status, 403, "{method} {path} with {wrong:?}");
            assert_eq!(answer.body, "");
        }
    }
}

#[tokio::test]
async fn no_wrong_stale_or_misplaced_key_opens_anything() {
    let (stage, other) = (nowhere().await, nowhere().await);
    let (key, of_another) = (&stage.key, other.right());
    let cookie = format!("key={key}; Authorization=Bearer {key}");
    let (bare, basic) = (key.clone(), format!("Basic {key}"));
    for (method, path) in ROUTES {
        for given in [
            ("x-key", &**key),
            ("authorization", ""),
            ("authorization", "Bearer "),
            ("authorization", "Bearer 0"),
            ("authorization", &*of_another),
            ("authorization", &*bare),
            ("authorization", &*basic),
            ("cookie", &*cookie),
        ] {
            let path = format!("{path}?key={key}&access_token={key}");
            let answer = send(&stage.name, method, &path, &[JSON, given], "{}").await;
            assert_eq!(answer.status, 401, "{method} {path} with {}", given.0);
        }
    }
}

#[tokio::test]
async fn nothing_is_answered_to_a_form_or_a_preflight() {
    let stage = nowhere().await;
    let right = stage.right();
    for path in ["/api/rpc", "/api/answer", "/api/connection", "/api/views"] {
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
            let headers = [("content-type", kind), ("authorization", &*right)];
            assert_eq!(send(&stage.name, "POST", path, &headers, "{}").await.status, 415, "{path} as {kind}");
        }
    }
    for (_, path) in ROUTES {
        for origin in ["http://evil.example", "http://127.0.0.1:1"] {
            let preflight = [("origin", origin), ("access-control-request-method", "POST")];
            let answer = send(&stage.name, "OPTIONS", path, &preflight, "").await;
            assert_eq!(answer.status, 403, "{path}");
            assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")), "{path}");
        }
    }
}

#[tokio::test]
async fn a_name_of_a_trace_is_no_path() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("secret.jsonl"), "secret").unwrap();
    let traces = directory.path().join("traces");
    let stage = Stage::start(Host::builder(Endpoint::http("http://127.0.0.1:1/mcp")).traces(&traces)).await;
    for name in ["..%2fsecret", "%2e%2e%2fsecret", "a%2fb", "a%00b", "%2fetc%2fpasswd", "..", "a%5cb", "A", "a.b"] {
        for method in ["GET", "PUT", "DELETE"] {
            let answer = stage.ask(method, &format!("/api/traces/{name}"), &json!({})).await;
            assert!([400, 404].contains(&answer.status), "{method} {name}: {}", answer.status);
        }
    }
    assert!(!traces.exists());
    assert_eq!(std::fs::read_to_string(directory.path().join("secret.jsonl")).unwrap(), "secret");

    assert_eq!(stage.ask("PUT", "/api/traces/opening", &json!({ "format": 1 })).await.status, 204);
    assert_eq!(stage.ask("GET", "/api/traces", &Value::Null).await.json()[0]["name"], "opening");
    assert_eq!(stage.ask("GET", "/api/traces/opening", &Value::Null).await.json()["format"], 1);
    assert_eq!(stage.ask("DELETE", "/api/traces/opening", &Value::Null).await.status, 204);
    assert_eq!(stage.ask("GET", "/api/traces/opening", &Value::Null).await.status, 404);
}

const SECRET: &str = "s3cret-0123456789";

/// A server that lets in whoever knows the secret, and says it again where it can.
async fn indiscreet(headers: HeaderMap, Json(request): Json<Value>) -> axum::response::Response {
    let given = headers.get("x-api-key").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    if given != SECRET {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let result = match request["method"].as_str() {
        Some("server/discover") => {
            json!({ "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {} })
        }
        Some("tools/list") => json!({ "resultType": "complete", "tools": [] }),
        _ => return (StatusCode::INTERNAL_SERVER_ERROR, format!("no entry for {given}")).into_response(),
    };
    Json(json!({ "jsonrpc": "2.0", "id": request["id"], "result": result })).into_response()
}

fn with_secret(url: String) -> Endpoint {
    let mut value = HeaderValue::from_static(SECRET);
    value.set_sensitive(true);
    Endpoint::Http { url, headers: vec![(HeaderName::from_static("x-api-key"), value)] }
}

#[tokio::test]
async fn what_the_server_is_told_in_secret_is_shown_nowhere() {
    let url = serve(Router::new().route("/mcp", post(indiscreet))).await;
    let address = url.replace("http://", &format!("http://user:{SECRET}@")) + &format!("?key={SECRET}");
    let stage = Stage::of(with_secret(address)).await;
    let mut events = stage.events().await;
    let mut seen = events.state("ready").await.to_string();
    for method in ["tools/list", "tools/call", "resources/read"] {
        seen += &stage.call(method, json!({ "name": "x", "uri": "ui://x" })).await.to_string();
    }
    seen += &events.find(|line| line["message"]["method"] == "resources/read").await.to_string();
    for path in ["/", "/api/host", "/api/traces"] {
        seen += &stage.ask("GET", path, &Value::Null).await.body;
    }
    seen.extend([format!("{:?}", stage.host)]);
    assert!(seen.contains("tools/list") || seen.contains("\"tools\""));
    assert!(!seen.contains(SECRET), "{seen}");
    assert!(!format!("{:?}", stage.host).contains(&stage.key));
}

#[tokio::test]
async fn the_relay_leads_to_the_one_server_with_its_secrets_and_nowhere_else() {
    let reached = Arc::new(AtomicU32::new(0));
    let counted = reached.clone();
    let elsewhere = serve(Router::new().fallback(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        async { "elsewhere" }
    }))
    .await;
    let leave = elsewhere.clone();
    let router = Router::new()
        .route("/mcp", post(indiscreet).get(async move || (StatusCode::TEMPORARY_REDIRECT, [("location", leave)])));
    let stage = Stage::of(with_secret(serve(router).await)).await;
    stage.events().await.state("ready").await;

    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let answer = stage.ask("POST", "/api/upstream", &list).await;
    assert_eq!((answer.status, &answer.json()["result"]["tools"]), (200, &json!([])));
    for path in [
        format!("/api/upstream?url={elsewhere}"),
        format!("/api/upstream/{elsewhere}"),
        format!("/api/upstream/..%2f..%2f{elsewhere}"),
    ] {
        let status = stage.ask("POST", &path, &list).await.status;
        assert!([200, 404].contains(&status), "{path}: {status}");
    }
    let redirected = stage.ask("GET", "/api/upstream", &Value::Null).await;
    assert_eq!((redirected.status, redirected.header("location")), (502, ""));
    // What the page says in headers of its own does not pass.
    let right = stage.right();
    let forged = [JSON, ("authorization", &*right), ("x-api-key", "other"), ("x-forwarded-host", &*elsewhere)];
    assert_eq!(send(&stage.name, "POST", "/api/upstream", &forged, &list.to_string()).await.status, 200);
    assert_eq!(reached.load(Ordering::SeqCst), 0);
    assert_eq!(stage.ask("POST", "/api/shot", &Value::Null).await.status, 501);
}

#[tokio::test]
async fn an_answer_that_is_far_too_large_is_an_error_and_the_page_goes_on() {
    async fn flood(Json(request): Json<Value>) -> Json<Value> {
        let result = match request["method"].as_str() {
            Some("server/discover") => json!({ "supportedVersions": ["2026-07-28"], "capabilities": {} }),
            Some("tools/list") => json!({ "tools": [] }),
            _ => json!({ "content": [{ "type": "text", "text": "x".repeat(64 << 20) }] }),
        };
        Json(json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }))
    }
    let stage = Stage::of(Endpoint::http(serve(Router::new().route("/mcp", post(flood))).await)).await;
    let mut events = stage.events().await;
    events.state("ready").await;
    let answer = stage.call("tools/call", json!({ "name": "x" })).await;
    assert_eq!(answer["error"]["code"], -32000);
    assert_eq!(stage.call("tools/list", json!({})).await["result"]["tools"], json!([]));
}

#[tokio::test]
async fn an_endless_log_holds_nobody_up() {
    let command = StdioCommand::new("/bin/sh").argument("-c").argument("yes 'it is not well' >&2");
    let stage = Stage::of(Endpoint::Stdio(command)).await;
    // Somebody who does not read.
    let _events = stage.events().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    for _ in 0..10 {
        let asked = stage.ask("GET", "/api/host", &Value::Null);
        let host = tokio::time::timeout(Duration::from_secs(5), asked).await.unwrap();
        assert_eq!(host.json()["connection"]["state"], "starting");
    }
    let mut reader = stage.events().await;
    assert!(reader.event("stderr").await["line"].as_str().unwrap().ends_with("lines are left out"));
    assert_eq!(reader.event("stderr").await["line"], "it is not well");
}

#[tokio::test]
async fn an_origin_ends_neither_a_source_nor_a_header() {
    let stage = nowhere().await;
    for origin in
        ["https://a.example; script-src *", "https://a.example\r\nset-cookie: a=b", "https://a.example\n", "*"]
    {
        let csp = json!({ "connectDomains": [origin], "resourceDomains": [origin], "frameDomains": [origin] });
        let body = json!({ "html": "", "meta": { "ui": { "csp": csp } }, "extra": { "connect": [origin] } });
        let mounted = stage.ask("POST", "/api/views", &body).await.json();
        assert_eq!(mounted["policy"]["connect-src"], json!(["'none'"]), "{origin}");
        let at = mounted["url"].as_str().unwrap().trim_start_matches("http://").trim_end_matches('/').to_owned();
        let view =
            send(&format!("127.0.0.1:{}", at.rsplit_once(':').unwrap().1), "GET", "/", &[("host", &at)], "").await;
        assert_eq!((view.status, view.header("set-cookie")), (200, ""));
        assert!(!view.header("content-security-policy").contains("a.example"), "{origin}");
    }
}

#[tokio::test]
async fn a_command_is_read_by_no_shell() {
    let directory = tempfile::tempdir().unwrap();
    let marker = directory.path().join("marker");
    let arguments = [format!("; touch {0}", marker.display()), format!("$(touch {})", marker.display())];
    for program in ["/bin/echo".to_owned(), format!("/bin/echo; touch {}", marker.display())] {
        let command = arguments.iter().fold(StdioCommand::new(program), StdioCommand::argument);
        let stage = Stage::of(Endpoint::Stdio(command)).await;
        // Between them may be what passes between host and server.
        let is_over = |line: &Value| line["state"].as_str().is_some_and(|state| ["failed", "lost"].contains(&state));
        let connection = stage.events().await.find(is_over).await;
        assert!(connection["message"].is_string());
    }
    assert!(!marker.exists());
}

#[tokio::test]
async fn nobody_but_this_machine_is_listened_to() {
    let (stage, _server) = Stage::ready(Protocol::Auto).await;
    let port = stage.name.strip_prefix("127.0.0.1:").unwrap();
    assert!(tokio::net::TcpStream::connect(format!("127.0.0.2:{port}")).await.is_err());
    assert!(tokio::net::TcpStream::connect(format!("[::1]:{port}")).await.is_err());
}
