//! Texts that outlive the message they come in are short: ids, tokens, names, URIs, cursors.

use pmcp_server::ResourceUpdates;
use serde_json::{Value, json};

use crate::support::{
    Legacy, LineClient, Modern, bad_input_on_purpose, call, code, listening, notification, request, server, text,
    usual, with_tasks,
};

const LONGEST_URI: usize = 8192;

/// A URI of this length that a template of the server fits.
fn item(length: usize) -> String {
    format!("test://item/{}/data", "x".repeat(length - "test://item//data".len()))
}

fn assert_brief(message: &Value) {
    assert!(message.to_string().len() < 1000, "{} bytes", message.to_string().len());
}

#[tokio::test]
async fn an_id_that_is_too_long_is_refused_and_not_repeated() {
    let _spoilt = bad_input_on_purpose();
    let longest = "x".repeat(256);
    let mut lines = LineClient::begun(server().0, "2025-11-25", json!({})).await;
    assert_eq!(lines.ask(longest.as_str(), "ping", None).await["result"], json!({}));
    let too_long = format!("{longest}x");
    lines.send(&request(too_long.as_str(), "ping", None)).await;
    let refused = lines.receive().await;
    assert_eq!((code(&refused), refused.get("id")), (-32600, None));
    assert_brief(&refused);
    lines.assert_silent().await;

    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    assert_eq!(legacy.ask(longest.as_str(), "ping", None).await["result"], json!({}));
    let refused = legacy.send(too_long.as_str(), "ping", None).await.expect_error(400, -32600).await;
    assert_eq!(refused.get("id"), None);
    let mut list = Modern::new("tools/list", json!({}));
    list.body["id"] = too_long.into();
    assert_eq!(list.send(&http).await.expect_error(400, -32600).await.get("id"), None);
}

#[tokio::test]
async fn names_uris_and_cursors_that_are_too_long_are_refused_and_not_repeated() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http) = listening(server().0.resource_updates(&ResourceUpdates::new())).await;
    let legacy = Legacy::begin(&http).await;
    let name = "x".repeat(257);
    let uri = item(LONGEST_URI + 1);
    for (method, params) in [
        ("tools/call", call(&name, json!({}))),
        ("prompts/get", json!({ "name": name })),
        ("resources/read", json!({ "uri": uri })),
        ("resources/subscribe", json!({ "uri": uri })),
        ("resources/unsubscribe", json!({ "uri": uri })),
        ("tasks/list", json!({ "cursor": "x".repeat(1025) })),
        ("tools/list", json!({ "cursor": "x".repeat(1025) })),
        ("tasks/get", json!({ "taskId": "x".repeat(100_000) })),
        ("tasks/result", json!({ "taskId": "x".repeat(100_000) })),
        ("logging/setLevel", json!({ "level": "x".repeat(100_000) })),
    ] {
        let refused = legacy.ask(1, method, params).await;
        assert_eq!(code(&refused), -32602, "{method}");
        assert_brief(&refused);
    }
    let read = legacy.ask(1, "resources/read", json!({ "uri": item(LONGEST_URI) })).await;
    assert!(read["result"]["contents"][0]["text"].as_str().unwrap().starts_with("item x"));
    assert_eq!(legacy.ask(1, "resources/subscribe", json!({ "uri": item(LONGEST_URI) })).await["result"], json!({}));

    let listen =
        |uri: &str| Modern::new("subscriptions/listen", json!({ "notifications": { "resourceSubscriptions": [uri] } }));
    let refused = listen(&uri).send(&http).await.json().await;
    assert_eq!(code(&refused), -32602);
    assert_brief(&refused);
    let accepted = listen(&item(LONGEST_URI)).send(&http).await.receive().await;
    assert_eq!(accepted["params"]["notifications"]["resourceSubscriptions"], json!([item(LONGEST_URI)]));
}

#[tokio::test]
async fn names_and_uris_of_completions_that_are_too_long_are_refused_and_not_repeated() {
    let (_running, http) = listening(server().0.complete(|_, _| async { Ok(vec!["Ann"]) })).await;
    let legacy = Legacy::begin(&http).await;
    let complete = async |of: Value, argument: &str| {
        let argument = json!({ "name": argument, "value": "A" });
        legacy.ask(1, "completion/complete", json!({ "ref": of, "argument": argument })).await
    };
    let greet = |name: &str| json!({ "type": "ref/prompt", "name": name });
    let note = |uri: &str| json!({ "type": "ref/resource", "uri": uri });
    let name = "x".repeat(257);
    for (of, argument) in [(greet(&name), "name"), (note(&item(LONGEST_URI + 1)), "id"), (greet("greet"), &name)] {
        let refused = complete(of, argument).await;
        assert_eq!(code(&refused), -32602);
        assert!(refused["error"]["message"].as_str().unwrap().contains("is longer than"), "{refused}");
        assert_brief(&refused);
    }
    // Of the longest ones it is told that they are unknown.
    for (of, argument) in [(greet(&name[1..]), "name"), (note(&item(LONGEST_URI)), "id"), (greet("greet"), &name[1..])]
    {
        let refused = complete(of, argument).await;
        assert_eq!(code(&refused), -32602);
        assert!(!refused["error"]["message"].as_str().unwrap().contains("is longer than"), "{refused}");
    }
    let completed = complete(greet("greet"), "name").await;
    assert_eq!(completed["result"]["completion"]["values"], json!(["Ann"]));
}

#[tokio::test]
async fn a_cancellation_of_an_id_that_is_too_long_is_ignored() {
    let _spoilt = bad_input_on_purpose();
    let cancelled = |id: &str| notification("notifications/cancelled", json!({ "requestId": id }));
    let (longest, too_long) = ("x".repeat(256), "x".repeat(257));
    let (server, probe) = server();
    let mut lines = LineClient::begun(server, "2025-11-25", json!({})).await;
    lines.send(&request(longest.as_str(), "tools/call", call("block", json!({})))).await;
    probe.noted("block started", 1).await;
    lines.send(&cancelled(&too_long)).await;
    lines.assert_silent().await;
    assert_eq!(probe.count("block cancelled"), 0);
    lines.send(&cancelled(&longest)).await;
    probe.noted("block cancelled", 1).await;
    lines.assert_silent().await;

    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    assert_eq!(legacy.post(&cancelled(&too_long)).await.status, 202);
}

#[tokio::test]
async fn a_version_that_is_too_long_is_not_repeated() {
    let mut client = LineClient::new(server().0);
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "9".repeat(100_000),
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let refused = client.ask(1, "tools/list", json!({ "_meta": meta })).await;
    assert_eq!(code(&refused), -32602);
    assert_brief(&refused);
}

#[tokio::test]
async fn what_does_not_fit_its_type_is_repeated_in_part() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let long = "x".repeat(100_000);
    for params in [
        json!({ "name": "echo", "arguments": long }),
        call("count", json!({ "to": long })),
        call("echo", json!({ "text": "", (long.clone()): 1 })),
        call("echo", json!({ "text": { long: 1 } })),
    ] {
        assert_brief(&legacy.ask(1, "tools/call", params).await);
    }
}

#[tokio::test]
async fn a_progress_token_that_is_too_long_is_none() {
    let (_running, http, probe) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let counting =
        |token: Value| json!({ "name": "count", "arguments": { "to": 1 }, "_meta": { "progressToken": token } });
    for (token, told) in [
        (json!("x".repeat(256)), Some(json!("x".repeat(256)))),
        (json!("x".repeat(257)), None),
        // Equal to an integer, so it is one.
        (json!(5.0), Some(json!(5))),
    ] {
        let mut reply = legacy.send(1, "tools/call", counting(token)).await;
        if let Some(told) = told {
            assert_eq!(reply.receive().await["params"]["progressToken"], told);
        }
        assert_eq!(text(&reply.response().await), "counted to 1");
    }
    // A task keeps its token for its life.
    let mut stream = legacy.listen().await;
    for (token, tokens) in [("x".repeat(257), 0), ("x".repeat(256), 2)] {
        let params = json!({ "name": "work", "task": {}, "_meta": { "progressToken": token } });
        let created = legacy.ask(1, "tools/call", params).await;
        let id = created["result"]["task"]["taskId"].as_str().unwrap();
        probe.open(1);
        let mut told = 0;
        loop {
            let message = stream.receive().await;
            told += usize::from(message["method"] == "notifications/progress");
            if message["params"]["status"] == "completed" {
                break;
            }
        }
        assert_eq!(told, tokens);
        let got = Modern::of("tasks/get", json!({ "taskId": id }), with_tasks()).send(&http).await.json().await;
        assert_eq!(got["result"]["status"], "completed");
    }
}
