//! Sessions of 2025-11-25 and before: how they begin, whose they are, how they end.

use std::collections::HashSet;

use pmcp_server::BearerTokens;
use serde_json::{Value, json};

use crate::support::{
    Http, Legacy, bad_input_on_purpose, call, initialize, listening, notification, request, server, text, usual,
};

#[tokio::test]
async fn each_initialize_begins_a_session_under_a_random_visible_id() {
    let (_running, http, _) = usual().await;
    let mut ids = HashSet::new();
    for version in ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] {
        let legacy = Legacy::begin_in(&http, version, json!({})).await;
        assert!(legacy.id.len() >= 22 && legacy.id.bytes().all(|byte| (0x21..=0x7e).contains(&byte)), "{}", legacy.id);
        assert_eq!(text(&legacy.ask(1, "tools/call", call("echo", json!({ "text": "hi" }))).await), "hi");
        assert_eq!(legacy.ask(2, "ping", json!({})).await["result"], json!({}));
        ids.insert(legacy.id);
    }
    assert_eq!(ids.len(), 4);
    let reply = http.post(&[], &initialize("1999-01-01", json!({}))).await;
    assert_eq!(reply.json().await["result"]["protocolVersion"], "2025-11-25");
}

#[tokio::test]
async fn initialize_may_name_its_version_in_a_header_and_be_read_as_a_stream() {
    let (_running, http, _) = usual().await;
    let headers = [("mcp-protocol-version", "2025-11-25"), ("mcp-method", "initialize")];
    assert_eq!(http.post(&headers, &initialize("2025-11-25", json!({}))).await.status, 200);
    let headers = [("content-type", "application/json"), ("accept", "text/event-stream")];
    let mut reply = http.send("POST", &headers, initialize("2025-11-25", json!({})).to_string()).await;
    assert!(!reply.header("mcp-session-id").is_empty());
    assert_eq!(reply.receive().await["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(reply.next().await, None);
}

#[tokio::test]
async fn initialize_that_is_wrong_begins_nothing() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, _) = usual().await;
    for params in [json!({}), json!({ "protocolVersion": 5 }), Value::Null] {
        let reply = http.post(&[], &request(1, "initialize", params)).await;
        assert_eq!(reply.header("mcp-session-id"), "");
        reply.expect_error(200, -32602).await;
    }
}

#[tokio::test]
async fn initialize_is_judged_by_nothing_in_its_headers() {
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let ended = Legacy::begin(&http).await;
    ended.end().await;
    for headers in [
        &legacy.headers()[..],
        &ended.headers(),
        &[("mcp-session-id", "x"), ("mcp-session-id", "y")],
        &[("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call")],
        &[("mcp-protocol-version", "v999")],
        &[("mcp-protocol-version", "")],
        &[("mcp-protocol-version", "2025-11-25"), ("mcp-protocol-version", "2025-06-18")],
    ] {
        let reply = http.post(headers, &initialize("2025-06-18", json!({}))).await;
        let session = reply.header("mcp-session-id");
        assert!(!session.is_empty() && session != legacy.id && session != ended.id, "{headers:?}");
        assert_eq!(reply.json().await["result"]["protocolVersion"], "2025-06-18", "{headers:?}");
    }
    // The session is what it was.
    assert!(legacy.ask(1, "tasks/list", None).await["result"]["tasks"].is_array());
}

#[tokio::test]
async fn a_gone_session_is_told_so_that_a_client_begins_another() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, _) = usual().await;
    let ended = Legacy::begin(&http).await;
    ended.end().await;
    for headers in [ended.headers(), [("mcp-session-id", "x"), ("mcp-protocol-version", "2025-06-18")]] {
        let refused = http.post(&headers, &request("a", "tools/list", None)).await.expect_error(404, -32001).await;
        assert_eq!(refused["id"], "a");
        for message in [notification("notifications/initialized", json!({})), json!([request(1, "ping", None)])] {
            let refused = http.post(&headers, &message).await.expect_error(404, -32001).await;
            assert_eq!(refused.get("id"), None);
        }
        for method in ["GET", "DELETE"] {
            let headers = [headers[0], headers[1], ("accept", "application/json, text/event-stream")];
            http.send(method, &headers, "").await.expect_error(404, -32001).await;
        }
    }
    let missing = http.post(&[], &request("b", "tools/list", None)).await.expect_error(400, -32600).await;
    assert_eq!(missing["id"], "b");
}

/// The statuses of every kind of message with these headers.
async fn statuses(http: &Http, headers: &[(&str, &str)]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for message in [
        request(1, "tools/list", None),
        request(1, "no/such", None),
        notification("notifications/initialized", json!({})),
        json!({ "jsonrpc": "2.0", "id": 1, "result": {} }),
        json!([request(1, "ping", None)]),
    ] {
        statuses.push(http.post(headers, &message).await.status.as_u16());
    }
    let get: Vec<_> = headers.iter().copied().chain([("accept", "text/event-stream")]).collect();
    statuses.push(http.send("GET", &get, "").await.status.as_u16());
    statuses.push(http.send("DELETE", headers, "").await.status.as_u16());
    statuses
}

#[tokio::test]
async fn without_a_session_nothing_is_done() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, _) = usual().await;
    assert_eq!(statuses(&http, &[]).await, [400; 7]);
    assert_eq!(statuses(&http, &[("mcp-protocol-version", "2025-11-25")]).await, [400; 7]);
    for unknown in ["x", "", "AAAAAAAAAAAAAAAAAAAAAA", "../..", "x y"] {
        assert_eq!(statuses(&http, &[("mcp-session-id", unknown)]).await, [404; 7], "{unknown}");
    }
    let legacy = Legacy::begin(&http).await;
    let twice = [("mcp-session-id", legacy.id.as_str()), ("mcp-session-id", legacy.id.as_str())];
    assert_eq!(statuses(&http, &twice).await, [400; 7]);
    assert_eq!(legacy.ask(1, "ping", None).await["result"], json!({}));
}

#[tokio::test]
async fn an_ended_session_is_gone() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, _) = usual().await;
    let (legacy, other) = (Legacy::begin(&http).await, Legacy::begin(&http).await);
    let mut stream = legacy.listen().await;
    assert_eq!(legacy.end().await.status, 204);
    assert_eq!(stream.next().await, None);
    assert_eq!(statuses(&http, &legacy.headers()).await, [404; 7]);
    assert_eq!(other.ask(1, "ping", None).await["result"], json!({}));
}

#[tokio::test]
async fn ending_a_session_cancels_its_calls_and_not_its_tasks() {
    let (_running, http, probe) = usual().await;
    let (legacy, other) = (Legacy::begin(&http).await, Legacy::begin(&http).await);
    let id = legacy.task(1, "work").await;
    probe.noted("work started", 1).await;
    let call = tokio::spawn({
        let legacy = legacy.clone();
        async move { legacy.send(2, "tools/call", call("block", json!({}))).await.status }
    });
    probe.noted("block started", 1).await;
    legacy.end().await;
    probe.noted("block cancelled", 1).await;
    call.await.unwrap();
    probe.open(1);
    assert_eq!(text(&other.ask(1, "tasks/result", json!({ "taskId": id })).await), "worked");
}

#[tokio::test]
async fn a_version_that_has_no_sessions_or_is_unknown_is_refused() {
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let supported = json!(["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]);
    let long = "v".repeat(1000);
    for version in ["2024-01-01", "1", "", "2025-11-25x", &long] {
        let headers = [("mcp-session-id", legacy.id.as_str()), ("mcp-protocol-version", version)];
        let reply = http.post(&headers, &request(1, "tools/list", None)).await;
        let message = reply.expect_error(400, -32022).await;
        let data = &message["error"]["data"];
        assert_eq!((&message["id"], &data["supported"]), (&json!(1), &supported), "{version}");
        let requested = data["requested"].as_str().unwrap();
        assert!(requested == version || requested.len() <= 64, "{requested}");
        let told = http.post(&headers, &notification("notifications/initialized", json!({}))).await;
        told.expect_error(400, -32022).await;
        let get = [headers[0], headers[1], ("accept", "text/event-stream")];
        http.send("GET", &get, "").await.expect_error(400, -32022).await;
        http.send("DELETE", &headers, "").await.expect_error(400, -32022).await;
    }
    let headers = [("mcp-session-id", legacy.id.as_str()), ("mcp-protocol-version", "2026-07-28")];
    http.post(&headers, &request(1, "tools/list", None)).await.expect_error(400, -32602).await;
    assert_eq!(http.send("GET", &headers, "").await.status, 405);
    // A client of 2025-03-26 sends none.
    let headers = [("mcp-session-id", legacy.id.as_str())];
    assert_eq!(http.post(&headers, &request(1, "tools/list", None)).await.status, 200);
}

#[tokio::test]
async fn a_session_is_its_principals_alone() {
    let _spoilt = bad_input_on_purpose();
    let tokens = BearerTokens::new().with("ann", "a").with("ann", "a2").with("bob", "b");
    let (_running, http) = listening(server().0.authenticator(tokens)).await;
    let legacy = Legacy::begin(&http.with_token("a")).await;
    let bob = http.with_token("b");
    assert_eq!(statuses(&bob, &legacy.headers()).await, [404; 7]);
    assert_eq!(statuses(&http, &legacy.headers()).await, [401; 7]);
    // It lives on, for its user with whatever token.
    assert_eq!(legacy.ask(1, "ping", None).await["result"], json!({}));
    let renewed = Legacy { http: http.with_token("a2"), ..legacy.clone() };
    assert_eq!(renewed.ask(1, "ping", None).await["result"], json!({}));
}
