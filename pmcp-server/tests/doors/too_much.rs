//! Messages that are JSON and more than is read: too many values, too deep, numbers too large. At every door they are told
//! as that, under their id.

use pmcp_server::ServeLimits;
use serde_json::{Value, json};

use crate::support::{
    Http, Legacy, LineClient, Modern, bad_input_on_purpose, call, code, listening, request, server, text, usual,
};

/// A call with this in the place of its text, and what it is told.
fn spoilt(params: &Value) -> Vec<(Vec<u8>, &'static str)> {
    let body = request("spoilt", "tools/call", params.clone()).to_string();
    let with = |text: &str| body.replace("\"TEXT\"", text).into_bytes();
    let many = format!("[{}]", vec![r#"{"":0}"#; 50_000].join(","));
    vec![
        (with(&many), "the message has more than 100000 values"),
        (with(&("[".repeat(125) + &"]".repeat(125))), "the message is nested deeper than 127 levels"),
        (with("1e999"), "the message has a number larger than a double can be"),
        (
            with(r#""\ud83d""#),
            "the message has a text with half of a surrogate pair (`\\ud800` to `\\udfff`), which is no character",
        ),
    ]
}

fn assert_told(message: &Value, told: &str) {
    assert_eq!((code(message), &message["error"]["message"]), (-32600, &json!(told)));
    assert_eq!(message["id"], "spoilt");
}

#[tokio::test]
async fn on_a_line() {
    let mut client = LineClient::begun(server().0, "2025-11-25", json!({})).await;
    for (bad, told) in spoilt(&call("echo", json!({ "text": "TEXT" }))) {
        client.send_bytes(&[&bad[..], b"\n"].concat()).await;
        assert_told(&client.receive().await, told);
    }
    // What answers us, or a batch, has no id to answer under.
    let values = vec!["0"; 100_000].join(",");
    for bad in [format!(r#"{{"jsonrpc":"2.0","id":1,"result":[{values}]}}"#), format!("[{values}]")] {
        client.send_bytes(format!("{bad}\n").as_bytes()).await;
        let message = client.receive().await;
        assert_eq!((code(&message), message.get("id")), (-32600, None));
    }
    client.assert_silent().await;
}

async fn posted(http: &Http, headers: &[(&str, &str)], body: Vec<u8>) -> Value {
    let usual = [("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
    http.send("POST", &[&usual, headers].concat(), body).await.expect_error(400, -32600).await
}

#[tokio::test]
async fn over_http() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let params = call("echo", json!({ "text": "TEXT" }));
    for (bad, told) in spoilt(&params) {
        assert_told(&posted(&http, &legacy.headers(), bad).await, told);
    }
    let modern = Modern::new("tools/call", params);
    let headers = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", "echo")];
    for (bad, told) in spoilt(&modern.body["params"]) {
        assert_told(&posted(&http, &headers, bad).await, told);
    }
    assert_eq!(text(&legacy.ask(1, "tools/call", call("echo", json!({ "text": "hi" }))).await), "hi");
}

#[tokio::test]
async fn as_many_values_as_are_allowed_are_taken() {
    let limits = ServeLimits { values: 40, ..ServeLimits::default() };
    let (_running, http) = listening(server().0.serve_limits(limits)).await;
    let legacy = Legacy::begin(&http).await;
    let echo = |more: usize| {
        // The message, its version, id and method, the params and the name; the arguments and the text; the list.
        let mut params = call("echo", json!({ "text": "hi" }));
        params["more"] = vec![0; more].into();
        params
    };
    assert_eq!(text(&legacy.ask(1, "tools/call", echo(31)).await), "hi");
    legacy.send(1, "tools/call", echo(32)).await.expect_error(400, -32600).await;
}
