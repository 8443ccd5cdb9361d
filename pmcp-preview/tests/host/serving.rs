//! What the two listeners answer, to whom, and under which headers.

use pmcp_preview::{Endpoint, Protocol};
use serde_json::{Value, json};

use crate::stage::{JSON, Stage, send};

/// A host, its name and the key. Its server is nowhere.
async fn host() -> (pmcp_preview::Host, String, String) {
    let Stage { host, name, key } = Stage::of(Endpoint::http("http://127.0.0.1:1/mcp")).await;
    (host, name, key)
}

#[tokio::test]
async fn the_page_is_served_without_the_key_and_holds_no_data() {
    let (_host, name, key) = host().await;
    let page = send(&name, "GET", "/", &[], "").await;
    assert_eq!(page.status, 200);
    assert!(!page.body.contains(&key));
    assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert!(!page.header("content-security-policy").contains("'unsafe"));
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
async fn the_page_may_load_its_client_and_ask_the_one_server() {
    let (stage, server) = Stage::ready(Protocol::Auto).await;
    let client = send(&stage.name, "HEAD", "/assets/client.wasm", &[], "").await;
    assert_eq!((client.status, client.header("content-type")), (200, "application/wasm"));
    let policy = send(&stage.name, "GET", "/", &[], "").await.header("content-security-policy").to_owned();
    assert!(policy.contains("script-src 'self' 'wasm-unsafe-eval';"), "{policy}");
    let origin = server.url().strip_suffix("/mcp").unwrap().to_owned();
    assert!(policy.contains(&format!("connect-src 'self' {origin};")), "{policy}");
}

#[tokio::test]
async fn requests_reach_the_server_and_its_progress_comes_first() {
    for protocol in [Protocol::V2026, Protocol::V2025] {
        let (stage, _server) = Stage::ready(protocol).await;
        let mut lines = stage.rpc("tools/call", json!({ "name": "count", "arguments": { "to": 2 } })).await;
        assert_eq!(lines.next().await.unwrap()["progress"]["progress"], 1);
        let end = lines.find(|line| line.get("progress").is_none()).await;
        assert_eq!(end["result"]["content"][0]["text"], "counted to 2");
        assert!(lines.next().await.is_none());
        let refused = stage.call("server/discover", json!({})).await;
        assert_eq!(refused["error"]["code"], -32601, "a view could learn what is not its own");
        let other = json!({ "method": "tools/list", "protocol": "2024-11-05" });
        assert_eq!(stage.ask("POST", "/api/rpc", &other).await.json()["error"]["code"], -32000);
    }
}

#[tokio::test]
async fn a_view_is_on_an_origin_of_its_own_under_the_policy_it_declares() {
    let (_host, name, key) = host().await;
    let right = format!("Bearer {key}");
    let headers = [JSON, ("authorization", right.as_str())];
    let ui = json!({ "csp": { "connectDomains": ["https://a.example", "https://b.example; script-src *"] } });
    let mount = json!({ "html": "<!doctype html><p>view", "meta": { "ui": ui } }).to_string();
    let mounted = send(&name, "POST", "/api/views", &headers, &mount).await;
    let mounted: Value = mounted.json();
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
async fn a_document_that_was_edited_takes_the_place_of_its_view_under_the_same_policy_alone() {
    let (_host, name, key) = host().await;
    let right = format!("Bearer {key}");
    let headers = [JSON, ("authorization", right.as_str())];
    let mount = async |html: &str, origin: &str, replaces: Option<&str>| -> Value {
        let meta = json!({ "ui": { "csp": { "connectDomains": [origin] } } });
        let body = json!({ "html": html, "meta": meta, "replaces": replaces }).to_string();
        send(&name, "POST", "/api/views", &headers, &body).await.json()
    };
    let first = mount("one", "https://a.example", None).await;
    let id = first["id"].as_str().unwrap();
    let at = first["url"].as_str().unwrap().strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
    let sandbox = format!("127.0.0.1:{}", at.rsplit_once(':').unwrap().1);
    assert_eq!(mount("two", "https://a.example", Some(id)).await, first);
    let shown = || async { send(&sandbox, "GET", "/", &[("host", &at)], "").await.body };
    assert_eq!(shown().await, "two");

    // What is under another policy, or in the place of nothing, has an origin of its own.
    let other = mount("three", "https://b.example", Some(id)).await;
    assert_ne!(other["id"], first["id"]);
    assert_eq!(shown().await, "two");
    let guessed = "0".repeat(32);
    assert_ne!(mount("four", "https://a.example", Some(&guessed)).await["id"], guessed.as_str());
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
