//! Questions the function no longer waits for.

use pmcp_tasks::{Limits, ToolResult};
use serde_json::{Value, json};

use crate::support::*;

#[derive(pmcp_tasks::Form)]
struct Name {
    name: String,
}

/// Asks, gives the question up after a minute, and asks another after one more.
fn asks_twice(server: &Server, tool: &'static str) {
    server.world.on(tool, |_, cx| async move {
        let cx = cx.tool();
        tokio::select! {
            answer = cx.elicit::<Name>("First?") => return Ok(ToolResult::text(answer?.name)),
            slept = cx.sleep(minutes(1)) => slept?,
        }
        cx.sleep(minutes(1)).await?;
        Ok(ToolResult::text(cx.elicit::<Name>("Second?").await?.name))
    });
}

fn named(key: &str) -> Value {
    json!({ key: accept(json!({ "name": "Ann" })) })
}

#[tokio::test]
async fn a_question_that_is_given_up_is_taken_back() {
    let server = Server::new();
    asks_twice(&server, "optional");
    let client = server.v2025("ann");
    let id = client.start("optional").await;
    client.until(&id, "input_required").await;
    eventually("the question", || client.session.requests().len() == 1).await;
    server.advance(minutes(1)).await;
    client.until(&id, "working").await;
    eventually("the end of the question", || client.session.abandoned() == 1).await;
    // Nobody asked any more.
    client.update(&id, named("input-1")).await.unwrap();
    assert_eq!(client.status(&id).await, "working");
    server.advance(minutes(1)).await;
    client.until(&id, "input_required").await;
    client.update(&id, named("input-2")).await.unwrap();
    assert_eq!(text_of(&client.result(&id).await.unwrap()), "Ann");
}

#[tokio::test]
async fn other_questions_stay_open() {
    let server = Server::new();
    server.world.on("optional", |_, cx| async move {
        let cx = cx.tool();
        let impatient = async {
            tokio::select! {
                answer = cx.elicit::<Name>("Soon?") => answer.map(drop),
                _ = cx.sleep(minutes(1)) => Ok(()),
            }
        };
        let (_, patient) = tokio::join!(impatient, cx.elicit::<Name>("Ever?"));
        Ok(ToolResult::text(patient?.name))
    });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    let open = client.until(&id, "input_required").await["inputRequests"].clone();
    assert_eq!(open.as_object().unwrap().len(), 2);
    server.advance(minutes(1)).await;
    let left = client.get(&id).await;
    assert_eq!(
        (left["status"].as_str().unwrap(), left["inputRequests"].as_object().unwrap().len()),
        ("input_required", 1)
    );
    assert_eq!(left["inputRequests"]["input-2"], open["input-2"]);
    client.update(&id, named("input-2")).await.unwrap();
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), "Ann");
}

#[tokio::test]
async fn a_call_comes_back_to_the_next_question() {
    let server = Server::new();
    asks_twice(&server, "plain");
    let client = server.v2026("ann");
    let asked = client.call("plain", json!({})).await.unwrap();
    assert_eq!(asked["inputRequests"]["input-1"]["params"]["message"], "First?");
    server.advance(minutes(2)).await;
    let again = |asked: &Value, answers: Value| json!({ "name": "plain", "arguments": {}, "requestState": asked["requestState"], "inputResponses": answers });
    let asked = client.ok("tools/call", again(&asked, json!({}))).await;
    assert_eq!(asked["inputRequests"].as_object().unwrap().keys().collect::<Vec<_>>(), ["input-2"]);
    assert_eq!(text_of(&client.ok("tools/call", again(&asked, named("input-2"))).await), "Ann");
}

#[tokio::test]
async fn a_store_that_is_away_is_told_with_the_next_write() {
    let backend = FaultyBackend::new();
    let server = Server::on(backend.clone(), Limits::default());
    asks_twice(&server, "optional");
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    client.until(&id, "input_required").await;
    server.advance(seconds(59)).await;
    backend.fail(Fault::Down, usize::MAX);
    server.advance(seconds(30)).await;
    backend.recover();
    assert_eq!(client.status(&id).await, "input_required");
    server.advance(seconds(31)).await;
    let task = client.until(&id, "input_required").await;
    assert_eq!(task["inputRequests"].as_object().unwrap().keys().collect::<Vec<_>>(), ["input-2"]);
}
