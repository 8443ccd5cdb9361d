//! The states of the connection, and what changes them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use pmcp_preview::{Build, Changed, Endpoint, Events, Host, Protocol, StartError, StdioCommand, Upstream};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{server, stage::Stage};

#[tokio::test]
async fn the_newest_version_is_spoken_and_shown_with_what_the_server_is() {
    let (stage, server) = Stage::ready(Protocol::Auto).await;
    let host = stage.ask("GET", "/api/host", &Value::Null).await.json();
    let connection = &host["connection"];
    assert_eq!((&connection["state"], &connection["protocol"]), (&json!("ready"), &json!("2026-07-28")));
    assert_eq!((&connection["server"]["name"], &connection["address"]), (&json!("stage"), &json!(server.url())));
    assert_eq!((&host["profile"], &host["profiles"][0]["id"]), (&json!("specification"), &json!("specification")));
    assert!(host["proxy"].as_str().unwrap().starts_with("http://localhost:"));
}

#[tokio::test]
async fn another_version_and_profile_is_another_connection() {
    let (stage, _server) = Stage::ready(Protocol::Auto).await;
    let mut events = stage.events().await;
    assert_eq!(stage.ask("POST", "/api/connection", &json!({ "protocol": "2025-11-25" })).await.status, 202);
    events.state("starting").await;
    assert_eq!(events.state("ready").await["protocol"], "2025-11-25");
    // Both layers of the log have it.
    let called = stage.call("tools/call", json!({ "name": "count", "arguments": { "to": 1 } })).await;
    assert_eq!(called["result"]["content"][0]["text"], "counted to 1");
    let sent = events.find(|line| line["kind"] == "wire" && line["message"]["method"] == "tools/call").await;
    assert_eq!(sent["from"], "host");
    let answer = events.find(|line| line["kind"] == "wire" && line["message"]["id"] == sent["message"]["id"]).await;
    assert_eq!(answer["from"], "server");
    assert!(answer["ms"].is_u64());
    assert_eq!(stage.ask("POST", "/api/connection", &json!({ "profile": "nobody" })).await.status, 404);
    assert_eq!(stage.ask("POST", "/api/connection", &json!({ "protocol": "1999" })).await.status, 422);
}

#[tokio::test]
async fn a_server_that_is_gone_is_tried_again_until_it_is_back() {
    let (stage, server) = Stage::ready(Protocol::Auto).await;
    let address = server.address();
    let mut events = stage.events().await;
    server.shut_down().await.unwrap();
    let lost = events.state("lost").await;
    assert_eq!(lost["retryMs"], 250);
    assert_eq!(events.state("lost").await["retryMs"], 500);
    let refused = stage.call("tools/list", json!({})).await;
    assert_eq!(refused["error"]["code"], -32000);
    let _server = server::start_on(TcpListener::bind(address).await.unwrap());
    // At once on a click.
    assert_eq!(stage.ask("POST", "/api/connection", &json!({})).await.status, 202);
    events.state("ready").await;
}

#[tokio::test]
async fn a_server_that_wants_a_token_is_not_asked_again() {
    // With an error of JSON-RPC in its body, too.
    for body in ["", r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"who are you?"}}"#] {
        for challenge in [Some("Bearer realm=\"x\""), None] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}/mcp", listener.local_addr().unwrap());
            let refuse = axum::Router::new().fallback(async move || {
                let headers = challenge.map(|challenge| [("www-authenticate", challenge)]);
                (http::StatusCode::UNAUTHORIZED, headers.map(http_headers).unwrap_or_default(), body)
            });
            tokio::spawn(async move { axum::serve(listener, refuse).await });
            for protocol in [Protocol::Auto, Protocol::V2025, Protocol::V2026] {
                let stage = Stage::start(Host::builder(Endpoint::http(&url)).protocol(protocol)).await;
                let refused = stage.events().await.find(is_at_an_end).await;
                assert_eq!(refused["state"], "refused", "{protocol:?} {challenge:?} {body}: {refused}");
                let message = refused["message"].as_str().unwrap();
                assert_eq!(message.contains("`Bearer realm=\"x\"`"), challenge.is_some(), "{message}");
                assert!(message.ends_with("start the preview with a token"), "{message}");
            }
        }
    }
}

fn http_headers<const COUNT: usize>(headers: [(&'static str, &'static str); COUNT]) -> http::HeaderMap {
    headers.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

/// Tells whether nothing happens any more until somebody asks for it.
fn is_at_an_end(line: &Value) -> bool {
    line["kind"] == "connection" && (line["state"] == "refused" || line["state"] == "failed")
}

/// A server on standard streams that ends at anything but a greeting, and writes down each start.
#[cfg(unix)]
#[tokio::test]
async fn a_process_that_ends_at_the_first_question_is_greeted_instead() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"
        echo >> "$0"
        read -r line
        case $line in *'"initialize"'*) ;; *) echo "expected a greeting" >&2; exit 1;; esac
        echo '{"jsonrpc":"2.0","id":'$(expr "$line" : '.*"id":\([0-9]*\)')',"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"old","version":"1"}}}'
        cat > /dev/null
    "#;
    let starts = folder.path().join("starts");
    let command = StdioCommand::new("/bin/sh").argument("-c").argument(script).argument(starts.to_str().unwrap());
    let stage = Stage::of(Endpoint::Stdio(command)).await;
    let ready = stage.events().await.state("ready").await;
    assert_eq!((&ready["protocol"], &ready["server"]["name"]), (&json!("2025-06-18"), &json!("old")));
    assert_eq!(std::fs::read_to_string(starts).unwrap().lines().count(), 2);
    stage.host.stop().await;
}

#[tokio::test]
async fn a_process_that_ends_tells_its_code_and_its_last_words() {
    let command = StdioCommand::new("/bin/sh").argument("-c").argument("echo one >&2; echo \"it broke\" >&2; exit 3");
    let stage = Stage::of(Endpoint::Stdio(command)).await;
    let failed = stage.events().await.state("failed").await;
    assert!(failed["message"].as_str().unwrap().contains("exit code 3"), "{failed}");
    assert_eq!(failed["lines"], json!(["one", "it broke"]));
    assert_eq!(failed["transport"], "stdio");
}

/// A server whose build fails the second time.
struct Package {
    url: String,
    starts: Arc<AtomicU32>,
    stops: Arc<AtomicU32>,
}

#[async_trait]
impl Upstream for Package {
    async fn start(&self, events: &Events) -> Result<Endpoint, StartError> {
        events.build(Build::Started);
        let took = Duration::from_millis(7);
        if self.starts.fetch_add(1, Ordering::SeqCst) == 1 {
            events.build(Build::Failed { took, text: "error[E0308]: mismatched types".to_owned() });
            return Err(StartError::Build("the package does not build".to_owned()));
        }
        events.build(Build::Finished { took });
        events.stderr("listening");
        Ok(Endpoint::http(&*self.url))
    }

    async fn stop(&self) {
        self.stops.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_build_that_fails_leaves_the_server_that_runs() {
    let server = server::start().await;
    let (starts, stops) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let stage = Stage::of(Package { url: server.url(), starts: starts.clone(), stops: stops.clone() }).await;
    let mut events = stage.events().await;
    events.state("ready").await;

    stage.host.reload(Changed::Files(vec!["widgets/board/app.js".into()]));
    assert_eq!(events.event("files").await["paths"], json!(["widgets/board/app.js"]));

    stage.host.reload(Changed::Rust);
    let failed = events.find(|line| line["kind"] == "build" && line["state"] == "failed").await;
    assert_eq!((&failed["text"], &failed["ms"]), (&json!("error[E0308]: mismatched types"), &json!(7)));
    assert!(stage.call("tools/list", json!({})).await.get("result").is_some());
    let connection = stage.ask("GET", "/api/host", &Value::Null).await.json()["connection"].clone();
    assert_eq!(connection["state"], "ready");

    assert_eq!(stage.ask("POST", "/api/restart", &Value::Null).await.status, 202);
    events.state("starting").await;
    events.state("building").await;
    events.state("ready").await;
    assert_eq!((starts.load(Ordering::SeqCst), stops.load(Ordering::SeqCst)), (3, 1));
    stage.host.stop().await;
    assert_eq!(stops.load(Ordering::SeqCst), 2, "what was started is stopped with the host");
}

#[tokio::test]
async fn a_profile_that_is_not_there_is_refused() {
    let refused = Host::builder(Endpoint::http("http://127.0.0.1:1/mcp")).profile("nobody").start().await;
    assert_eq!(refused.unwrap_err().to_string(), "there is no host profile `nobody`");
}
