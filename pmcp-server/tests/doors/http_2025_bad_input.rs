//! What is wrong with a POST or GET of 2025-11-25 and before, and how it is answered.

use pmcp_server::ServeLimits;
use serde_json::{Value, json};

use crate::support::{Legacy, bad_input_on_purpose, call, listening, notification, request, server, usual};

#[tokio::test]
async fn errors_of_requests_come_as_messages() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    for (method, params, code) in [
        ("no/such", json!({}), -32601),
        ("server/discover", json!({}), -32601),
        ("subscriptions/listen", json!({ "notifications": {} }), -32601),
        ("tools/call", json!({}), -32602),
        ("tools/call", call("no-such", json!({})), -32602),
        ("tools/call", call("must_be_task", json!({})), -32601),
        ("tools/call", json!({ "name": "echo", "task": {} }), -32601),
        ("tools/call", json!({ "name": "work", "task": 5 }), -32602),
        ("tasks/get", json!({ "taskId": "x" }), -32602),
        ("tasks/result", json!({ "taskId": "x" }), -32602),
        ("tasks/result", json!({}), -32602),
        ("tasks/cancel", json!({ "taskId": "00000000-0000-4000-8000-000000000000" }), -32602),
        ("tasks/list", json!({ "cursor": "x" }), -32602),
        ("prompts/get", json!({ "name": "no-such" }), -32602),
        ("resources/read", json!({ "uri": "no-such" }), -32002),
    ] {
        let message = legacy.send("id", method, params).await.expect_error(200, code).await;
        assert_eq!(message["id"], "id", "{method}");
    }
    assert_eq!(legacy.ask(1, "tasks/list", None).await["result"]["tasks"], json!([]));
}

#[tokio::test]
async fn what_is_no_message_is_refused() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let headers: Vec<_> = legacy.headers().into_iter().chain([("content-type", "application/json")]).collect();
    for body in [&b""[..], b"{", b"\xff", b"{}x"] {
        let message = http.send("POST", &headers, body.to_vec()).await.expect_error(400, -32700).await;
        assert_eq!(message.get("id"), None);
    }
    for (bad, code) in [
        (json!(1), -32600),
        (json!({}), -32600),
        (json!({ "jsonrpc": "1.0", "id": 1, "method": "ping" }), -32600),
        (json!({ "jsonrpc": "2.0", "id": null, "method": "ping" }), -32600),
        (json!({ "jsonrpc": "2.0", "id": 1, "method": 5 }), -32600),
        (json!({ "jsonrpc": "2.0", "id": 1, "method": "ping", "params": [] }), -32602),
    ] {
        legacy.post(&bad).await.expect_error(400, code).await;
    }
    let kind = [headers[0], headers[1], ("content-type", "text/plain")];
    assert_eq!(http.send("POST", &kind, request(1, "ping", None).to_string()).await.status, 415);
    assert_eq!(legacy.ask(1, "ping", None).await["result"], json!({}));
}

#[tokio::test]
async fn notifications_and_answers_are_accepted_without_a_body() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    for message in [
        notification("notifications/initialized", Value::Null),
        notification("notifications/roots/list_changed", json!({})),
        notification("notifications/unknown", json!({})),
        notification("notifications/cancelled", json!({ "requestId": 99 })),
        notification("notifications/cancelled", json!([])),
        json!({ "jsonrpc": "2.0", "id": 99, "result": {} }),
        json!({ "jsonrpc": "2.0", "id": 99, "error": { "code": 1, "message": "x" } }),
        json!({ "jsonrpc": "2.0", "id": null, "error": { "code": 1, "message": "x" } }),
    ] {
        let reply = legacy.post(&message).await;
        assert_eq!(reply.status, 202, "{message}");
        assert_eq!(reply.text().await, "");
    }
}

#[tokio::test]
async fn a_stream_is_opened_only_for_who_reads_streams() {
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let [session, version] = legacy.headers();
    for accept in ["application/json", "text/html", ""] {
        let reply = http.send("GET", &[session, version, ("accept", accept)], "").await;
        assert_eq!(reply.status, 406, "{accept}");
        if accept != "application/json" {
            let headers = [session, version, ("accept", accept), ("content-type", "application/json")];
            let reply = http.send("POST", &headers, request(1, "ping", None).to_string()).await;
            assert_eq!(reply.expect_error(406, -32600).await["id"], 1);
        }
    }
    legacy.listen().await;
}

#[tokio::test]
async fn batches_are_of_one_version_and_bounded() {
    let _spoilt = bad_input_on_purpose();
    let limits = ServeLimits { batch: 3, ..ServeLimits::default() };
    let (_running, http) = listening(server().0.serve_limits(limits)).await;
    let old = Legacy::begin_in(&http, "2025-03-26", json!({})).await;
    let ping = request(1, "ping", None);
    let batch = json!([ping, request(2, "no/such", None), notification("notifications/initialized", json!({}))]);
    let responses = old.post(&batch).await.json().await;
    assert_eq!(responses[0], json!({ "jsonrpc": "2.0", "id": 1, "result": {} }));
    assert_eq!((&responses[1]["error"]["code"], responses.as_array().unwrap().len()), (&json!(-32601), 2));
    assert_eq!(old.post(&json!([notification("notifications/initialized", json!({}))])).await.status, 202);
    for bad in [json!([]), json!([ping, ping, ping, ping])] {
        old.post(&bad).await.expect_error(400, -32600).await;
    }
    for version in ["2025-11-25", "2025-06-18"] {
        let new = Legacy::begin_in(&http, version, json!({})).await;
        new.post(&json!([ping])).await.expect_error(400, -32600).await;
    }
}

#[tokio::test]
async fn an_id_in_use_is_refused_and_free_again_after_the_response() {
    let (_running, http, probe) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let blocked = tokio::spawn({
        let legacy = legacy.clone();
        async move { legacy.ask(1, "tools/call", call("block", json!({}))).await }
    });
    probe.noted("block started", 1).await;
    legacy.send(1, "ping", None).await.expect_error(200, -32600).await;
    // Ids are those of a session.
    assert_eq!(Legacy::begin(&http).await.ask(1, "ping", None).await["result"], json!({}));
    probe.open(1);
    blocked.await.unwrap();
    for _ in 0..50 {
        assert_eq!(legacy.ask(1, "ping", None).await["result"], json!({}));
    }
}
