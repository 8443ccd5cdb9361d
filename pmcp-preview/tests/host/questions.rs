//! What a server asks, and who answers.

use pmcp_preview::Protocol;
use serde_json::{Value, json};

use crate::stage::Stage;

async fn a_form_is_filled_in(protocol: Protocol) {
    let (stage, _server) = Stage::ready(protocol).await;
    let mut events = stage.events().await;
    let mut call = stage.rpc("tools/call", json!({ "name": "greet" })).await;
    let question = events.event("question").await;
    assert_eq!(question["method"], "elicitation/create");
    assert_eq!(question["params"]["message"], "What is your name?");
    // Whoever comes later is told, too.
    assert_eq!(stage.events().await.event("question").await["id"], question["id"]);

    let answer = json!({ "question": question["id"], "action": "accept", "content": { "name": "Ada" } });
    assert_eq!(stage.ask("POST", "/api/answer", &answer).await.status, 204);
    assert_eq!(events.event("answered").await["id"], question["id"]);
    let result = call.find(|line| line.get("progress").is_none()).await;
    assert_eq!(result["result"]["content"][0]["text"], "Hello, Ada!");
    assert_eq!(stage.ask("POST", "/api/answer", &answer).await.status, 404, "it is gone");
}

#[tokio::test]
async fn a_form_is_filled_in_2026() {
    a_form_is_filled_in(Protocol::V2026).await;
}

#[tokio::test]
async fn a_form_is_filled_in_2025() {
    a_form_is_filled_in(Protocol::V2025).await;
}

#[tokio::test]
async fn a_sample_is_typed_by_hand() {
    for protocol in [Protocol::V2026, Protocol::V2025] {
        let (stage, _server) = Stage::ready(protocol).await;
        let mut events = stage.events().await;
        let mut call = stage.rpc("tools/call", json!({ "name": "model" })).await;
        let question = events.event("question").await;
        assert_eq!(question["method"], "sampling/createMessage");
        let answer = json!({ "question": question["id"], "action": "accept", "content": "a text" });
        assert_eq!(stage.ask("POST", "/api/answer", &answer).await.status, 204);
        let result = call.find(|line| line.get("progress").is_none()).await;
        assert_eq!(result["result"]["content"][0]["text"], "a text");
    }
}

#[tokio::test]
async fn a_question_is_gone_with_its_request() {
    for protocol in [Protocol::V2026, Protocol::V2025] {
        let (stage, _server) = Stage::ready(protocol).await;
        let mut events = stage.events().await;
        let call = stage.rpc("tools/call", json!({ "name": "greet" })).await;
        let question = events.event("question").await;
        // The page does not wait any more.
        drop(call);
        assert_eq!(events.event("answered").await["id"], question["id"]);
        let answer = json!({ "question": question["id"], "action": "decline" });
        assert_eq!(stage.ask("POST", "/api/answer", &answer).await.status, 404);
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_refused() {
    let (stage, _server) = Stage::ready(Protocol::Auto).await;
    for answer in [json!({ "question": 1 }), json!({ "question": 1, "action": "maybe" }), Value::from(1)] {
        assert_eq!(stage.ask("POST", "/api/answer", &answer).await.status, 422);
    }
}
