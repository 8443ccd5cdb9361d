//! What the two listeners answer, to whom, and under which headers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy, rt::TokioExecutor};
use pmcp_client::Client;
use pmcp_preview::Host;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream};

/// A server of one line a request: it answers with what it was asked.
async fn echo(stream: DuplexStream) {
    let (read, mut write) = tokio::io::split(stream);
    let mut lines = BufReader::new(read).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let request: Value = serde_json::from_str(&line).unwrap();
        let Some(id) = request.get("id") else { continue };
        let token = &request["params"]["_meta"]["progressToken"];
        let progress = json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": { "progressToken": token, "progress": 1 } });
        let result = json!({ "method": request["method"], "resultType": "complete" });
        let answer = json!({ "jsonrpc": "2.0", "id": id, "result": result });
        write.write_all(format!("{progress}\n{answer}\n").as_bytes()).await.unwrap();
    }
}

/// A host, its name and the key.
async fn host() -> (Host, String, String) {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    tokio::spawn(echo(theirs));
    let (read, write) = tokio::io::split(ours);
    let client = Client::builder("test", "1").connect_io(read, write).await.unwrap();
    let host = Host::start(client).await.unwrap();
    let (page, key) = host.url().split_once("/#key=").unwrap();
    let (name, key) = (page.strip_prefix("http://").unwrap().to_owned(), key.to_owned());
    (host, name, key)
}

struct Answer {
    status: u16,
    headers: http::HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Sends to an address of loopback under any name.
async fn send(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let client = legacy::Client::builder(TokioExecutor::new()).build_http::<Full<bytes::Bytes>>();
    let mut request = http::Request::builder().method(method).uri(format!("http://{address}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = client.request(request.body(Full::from(body.to_owned())).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().into()).unwrap();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn the_page_is_served_without_the_key_and_holds_no_data() {
    let (_host, name, key) = host().await;
    let page = send(&name, "GET", "/", &[], "").await;
    assert_eq!(page.status, 200);
    assert!(!page.body.contains(&key));
    assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert!(!page.header("content-security-policy").contains("unsafe"));
    assert_eq!((page.header("referrer-policy"), page.header("set-cookie")), ("no-referrer", ""));
    assert_eq!(page.header("access-control-allow-origin"), "");
    assert_eq!(send(&name, "GET", "/assets/host.js", &[], "").await.header("x-content-type-options"), "nosniff");
    assert_eq!(send(&name, "GET", "/assets/..%2fhost.js", &[], "").await.status, 404);
}

#[tokio::test]
async fn nobody_calls_without_the_key_or_from_another_page() {
    let (_host, name, key) = host().await;
    let (right, body) = (format!("Bearer {key}"), r#"{"method":"tools/list"}"#);
    let with = async |headers: &[(&str, &str)]| {
        send(&name, "POST", "/api/rpc", &[&[JSON], headers].concat(), body).await.status
    };
    assert_eq!(with(&[("authorization", &right)]).await, 200);
    assert_eq!(with(&[]).await, 401);
    assert_eq!(with(&[("authorization", "Bearer 0")]).await, 401);
    assert_eq!(with(&[("cookie", &format!("key={key}"))]).await, 401);
    assert_eq!(with(&[("authorization", &right), ("host", "evil.example")]).await, 403);
    assert_eq!(with(&[("authorization", &right), ("origin", "http://127.0.0.1:1")]).await, 403);
    assert_eq!(with(&[("authorization", &right), ("sec-fetch-site", "cross-site")]).await, 403);
    let key_in_query = send(&name, "POST", &format!("/api/rpc?key={key}"), &[JSON], body).await;
    assert_eq!(key_in_query.status, 401);
    let simple = [("authorization", right.as_str()), ("content-type", "text/plain")];
    assert_eq!(send(&name, "POST", "/api/rpc", &simple, body).await.status, 415);
}

#[tokio::test]
async fn requests_reach_the_server_and_its_progress_comes_first() {
    let (_host, name, key) = host().await;
    let right = format!("Bearer {key}");
    let ask = async |method: &str| {
        let body = json!({ "method": method, "params": { "name": "x" } }).to_string();
        let answer = send(&name, "POST", "/api/rpc", &[JSON, ("authorization", &right)], &body).await;
        answer.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    let lines = ask("tools/call").await;
    assert_eq!(lines[0]["progress"]["progress"], 1);
    assert_eq!(lines[1]["result"]["method"], "tools/call");
    assert_eq!(ask("server/discover").await[0]["error"]["code"], -32601, "a view could learn what is not its own");
}

#[tokio::test]
async fn a_view_is_on_an_origin_of_its_own_under_the_policy_it_declares() {
    let (_host, name, key) = host().await;
    let right = format!("Bearer {key}");
    let headers = [JSON, ("authorization", right.as_str())];
    let ui = json!({ "csp": { "connectDomains": ["https://a.example", "https://b.example; script-src *"] } });
    let mount = json!({ "html": "<!doctype html><p>view", "ui": ui }).to_string();
    let mounted = send(&name, "POST", "/api/views", &headers, &mount).await;
    let mounted: Value = serde_json::from_str(&mounted.body).unwrap();
    let (id, url) = (mounted["id"].as_str().unwrap(), mounted["url"].as_str().unwrap());
    let at = url.strip_prefix("http://").unwrap().trim_end_matches('/');
    let port = at.rsplit_once(':').unwrap().1;
    let (sandbox, proxy) = (format!("127.0.0.1:{port}"), format!("localhost:{port}"));

    let view = send(&sandbox, "GET", "/", &[("host", at)], "").await;
    assert_eq!(view.body, "<!doctype html><p>view");
    let policy = view.header("content-security-policy");
    assert!(policy.contains("connect-src https://a.example;"), "{policy}");
    assert!(policy.ends_with(&format!("frame-ancestors http://{proxy} http://{name}")), "{policy}");
    assert!(view.header("permissions-policy").contains("camera=()"));

    // Neither under another name, nor with what the page has.
    assert_eq!(send(&sandbox, "GET", "/", &[("host", &proxy)], "").await.status, 404);
    assert_eq!(send(&sandbox, "GET", "/", &[("host", &format!("0.localhost:{port}"))], "").await.status, 404);
    for path in ["/api/rpc", "/api/host", "/assets/host.js", "/proxy"] {
        assert_eq!(
            send(&sandbox, "GET", path, &[("host", at), ("authorization", &right)], "").await.status,
            404,
            "{path}"
        );
    }
    assert_eq!(send(&sandbox, "GET", "/proxy", &[("host", &proxy)], "").await.status, 200);

    assert_eq!(send(&name, "DELETE", &format!("/api/views/{id}"), &headers, "").await.status, 204);
    assert_eq!(send(&sandbox, "GET", "/", &[("host", at)], "").await.status, 404, "its origin ends with it");
    assert_eq!(send(&name, "DELETE", &format!("/api/views/{id}"), &headers, "").await.status, 404);
}

#[tokio::test]
async fn views_are_bounded_and_the_host_ends_with_its_owner() {
    let (host, name, key) = host().await;
    let right = format!("Bearer {key}");
    let headers = [JSON, ("authorization", right.as_str())];
    for _ in 0..64 {
        assert_eq!(send(&name, "POST", "/api/views", &headers, r#"{"html":""}"#).await.status, 200);
    }
    assert_eq!(send(&name, "POST", "/api/views", &headers, r#"{"html":""}"#).await.status, 503);
    drop(host);
    // The listener is closed as soon as its task has run.
    while tokio::net::TcpStream::connect(&name).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
