//! What fails or panics inside is told without its inside, and the server lives.

use serde_json::{Value, json};

use crate::support::{Legacy, LineClient, Modern, bad_input_on_purpose, call, server, usual};

/// Every way to fail, with the code of its JSON-RPC error; none for a result that says so.
fn failures() -> Vec<(&'static str, Value, Option<i64>)> {
    vec![
        ("tools/call", call("fail", json!({})), None),
        ("tools/call", call("panics", json!({})), Some(-32603)),
        ("tools/call", call("panics_early", json!({ "it": true })), Some(-32603)),
        ("prompts/get", json!({ "name": "fails" }), Some(-32603)),
        ("prompts/get", json!({ "name": "panics" }), Some(-32603)),
        ("prompts/get", json!({ "name": "panics_early" }), Some(-32603)),
        ("resources/read", json!({ "uri": "test://fails" }), Some(-32603)),
        ("resources/read", json!({ "uri": "test://panics" }), Some(-32603)),
    ]
}

fn check(method: &str, params: &Value, code: Option<i64>, message: &Value) {
    assert_eq!(message["error"]["code"].as_i64(), code, "{method} {params} {message}");
    if code.is_none() {
        assert_eq!(message["result"]["isError"], true);
    }
    let text = message.to_string();
    for inner in ["secret", "hunter2", "panicked", ".rs"] {
        assert!(!text.contains(inner), "{text}");
    }
}

#[tokio::test]
async fn on_lines() {
    let mut client = LineClient::begun(server().0, "2025-11-25", json!({})).await;
    for (method, params, code) in failures() {
        check(method, &params, code, &client.ask(1, method, params.clone()).await);
        let modern = crate::support::modern(params.clone(), json!({}));
        check(method, &params, code, &client.ask(1, method, modern).await);
    }
    client.assert_silent().await;
}

#[tokio::test]
async fn over_http() {
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    for (method, params, code) in failures() {
        check(method, &params, code, &legacy.ask(1, method, params.clone()).await);
        let reply = Modern::new(method, params.clone()).send(&http).await;
        assert_eq!(reply.status, 200);
        check(method, &params, code, &reply.json().await);
    }
    assert_eq!(legacy.ask(1, "ping", None).await["result"], json!({}));
}

#[tokio::test]
async fn texts_of_the_client_come_back_shortened() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let long = "x".repeat(100_000);
    for message in [
        legacy.ask(1, &long, None).await,
        legacy.ask(1, "tools/call", call(&long, json!({}))).await,
        legacy.ask(1, "tools/list", json!({ "cursor": long })).await,
        legacy.ask(1, "prompts/get", json!({ "name": long })).await,
    ] {
        assert!(message.to_string().len() < 1000, "{message}");
    }
}
