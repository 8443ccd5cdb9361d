//! Questions of a task and their answers through `tasks/update`.

use pmcp_tasks::{Limits, ToolResult, context::AskError};
use serde_json::{Value, json};

use crate::support::*;

#[derive(pmcp_tasks::Form)]
struct Name {
    name: String,
}

/// Asks two questions at once, then a third.
fn asks(server: &Server) {
    server.world.on("optional", |_, cx| async move {
        let cx = cx.tool();
        let (one, two) = tokio::join!(cx.elicit::<Name>("one"), cx.elicit::<Name>("two"));
        let names = [one?.name, two?.name, cx.elicit::<Name>("three").await?.name];
        Ok(ToolResult::text(names.join(" ")))
    });
}

fn named(name: &str) -> Value {
    accept(json!({ "name": name }))
}

fn open(task: &Value) -> Vec<&str> {
    let Some(requests) = task["inputRequests"].as_object() else { return Vec::new() };
    requests.keys().map(String::as_str).collect()
}

#[tokio::test]
async fn questions_asked_together_are_shown_together_until_they_are_answered() {
    let server = Server::new();
    asks(&server);
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    let task = client.until(&id, "input_required").await;
    assert_eq!(task["resultType"], "complete");
    assert_eq!(open(&task), ["input-1", "input-2"]);
    let question = &task["inputRequests"]["input-1"];
    assert_eq!(question["method"], "elicitation/create");
    assert_eq!((&question["params"]["mode"], &question["params"]["message"]), (&json!("form"), &json!("one")));
    // Nothing of the earlier revision in it.
    assert!(question["params"].get("_meta").is_none());

    assert_eq!(
        client.update(&id, json!({ "input-2": named("B") })).await.unwrap(),
        json!({ "resultType": "complete" })
    );
    let task = client.get(&id).await;
    assert_eq!((&task["status"], open(&task)), (&json!("input_required"), vec!["input-1"]));
    client.update(&id, json!({ "input-1": named("A") })).await.unwrap();
    settle().await;
    // A key is never used again.
    let task = client.until(&id, "input_required").await;
    assert_eq!(open(&task), ["input-3"]);
    client.update(&id, json!({ "input-3": named("C") })).await.unwrap();
    let task = client.until(&id, "completed").await;
    assert_eq!((text_of(&task["result"]), open(&task).len()), ("A B C", 0));
}

#[tokio::test]
async fn answers_to_questions_that_are_not_open_are_ignored() {
    let server = Server::new();
    asks(&server);
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    let before = client.until(&id, "input_required").await;
    for ignored in [
        json!({}),
        json!({ "input-9": named("X") }),
        // Malformed, and to nothing that was asked.
        json!({ "input-9": 7, "": null }),
    ] {
        client.update(&id, ignored).await.unwrap();
        assert_eq!(client.get(&id).await, before);
    }
    client.update(&id, json!({ "input-1": named("first"), "input-9": named("X") })).await.unwrap();
    client.update(&id, json!({ "input-1": named("second") })).await.unwrap();
    client.update(&id, json!({ "input-1": 7, "input-2": named("B") })).await.unwrap();
    settle().await;
    client.update(&id, json!({ "input-3": named("C"), "input-2": named("X") })).await.unwrap();
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), "first B C");
    // What has ended has no questions, and knows the task.
    assert_eq!(
        client.update(&id, json!({ "input-3": named("D") })).await.unwrap(),
        json!({ "resultType": "complete" })
    );
    assert_eq!(text_of(&client.get(&id).await["result"]), "first B C");
}

#[tokio::test]
async fn an_answer_that_does_not_fit_its_form_leaves_the_question_open() {
    let server = Server::new();
    asks(&server);
    for client in [server.v2026("ann"), server.v2025("ann")] {
        let id = client.start("optional").await;
        let before = client.until(&id, "input_required").await;
        for wrong in [
            json!({}),
            json!({ "action": "maybe" }),
            json!({ "action": "accept" }),
            accept(json!(["A"])),
            accept(Value::Null),
            accept(json!({})),
            accept(json!({ "name": 7 })),
            accept(json!({ "name": ["A"] })),
        ] {
            let error = client.update(&id, json!({ "input-1": wrong, "input-2": named("B") })).await.unwrap_err();
            assert_eq!(error.code, -32602, "{wrong}");
            assert!(error.message.starts_with("the answer to `input-1` does not fit"), "{error}");
            assert_eq!(client.get(&id).await, before, "{wrong}");
        }
        client.update(&id, json!({ "input-1": named("A"), "input-2": named("B") })).await.unwrap();
        settle().await;
        client.update(&id, json!({ "input-3": named("C") })).await.unwrap();
        assert_eq!(text_of(&server.v2025("ann").result(&id).await.unwrap()), "A B C");
    }
}

#[tokio::test]
async fn a_malformed_answer_is_refused_and_nothing_changes() {
    let server = Server::with(Limits { max_answer: 100, ..Limits::default() });
    asks(&server);
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    let before = client.until(&id, "input_required").await;
    for responses in [
        json!({ "input-1": 7 }),
        json!({ "input-1": "accept" }),
        json!({ "input-1": null }),
        json!({ "input-1": [] }),
        json!({ "input-1": named(&"x".repeat(100)) }),
        // One of two: neither is taken.
        json!({ "input-1": named("A"), "input-2": 7 }),
        json!([named("A")]),
        json!("input-1"),
    ] {
        assert_eq!(client.update(&id, responses.clone()).await.unwrap_err().code, -32602, "{responses}");
        assert_eq!(client.get(&id).await, before, "{responses}");
    }
    // The field is required here.
    assert_eq!(client.err("tasks/update", json!({ "taskId": id })).await.code, -32602);
    assert_eq!(client.err("tasks/update", json!({ "taskId": id, "inputResponses": null })).await.code, -32602);
}

#[tokio::test]
async fn no_more_questions_are_open_than_allowed() {
    let server = Server::with(Limits { open_questions: 2, ..Limits::default() });
    server.world.on("optional", |_, cx| async move {
        let cx = cx.tool();
        let (one, two, three) = tokio::join!(cx.elicit::<Name>("1"), cx.elicit::<Name>("2"), cx.elicit::<Name>("3"));
        assert!(matches!(three, Err(AskError::Invalid { .. })));
        Ok(ToolResult::text(format!("{}{}", one?.name, two?.name)))
    });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    assert_eq!(open(&client.until(&id, "input_required").await).len(), 2);
    client.update(&id, json!({ "input-1": named("A"), "input-2": named("B") })).await.unwrap();
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), "AB");
}

#[tokio::test]
async fn a_client_that_cannot_be_asked_is_not() {
    let server = Server::new();
    asks(&server);
    let client = server.v2026("ann").without_elicitation();
    let id = client.start("optional").await;
    let task = client.until(&id, "failed").await;
    let missing = json!({ "requiredCapabilities": { "elicitation": {} } });
    assert_eq!((&task["error"]["code"], &task["error"]["data"]), (&json!(-32021), &missing));
    // The function may ask what it can ask for, or go on without.
    server.world.on("optional", |_, cx| async move {
        assert!(!cx.tool().client().elicitation && cx.tool().client().sampling);
        let refused = cx.tool().elicit::<Name>("?").await.map(drop);
        assert!(matches!(refused, Err(AskError::Unsupported { what: "elicitation" })));
        Ok(ToolResult::text("without"))
    });
    let id = client.start("optional").await;
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), "without");
}

#[tokio::test]
async fn a_question_that_the_function_gave_up_does_not_block_the_next_one() {
    let server = Server::with(Limits { open_questions: 1, ..Limits::default() });
    server.world.on("optional", |_, cx| async move {
        let cx = cx.tool();
        tokio::select! {
            _ = cx.elicit::<Name>("in time?") => {}
            _ = cx.sleep(seconds(30)) => {}
        }
        Ok(ToolResult::text(cx.elicit::<Name>("and now?").await?.name))
    });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    client.until(&id, "input_required").await;
    server.advance(seconds(30)).await;
    client.update(&id, json!({ "input-1": named("late"), "input-2": named("A") })).await.unwrap();
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), "A");
}

#[tokio::test]
async fn a_question_that_is_given_up_while_it_is_written_takes_no_other_with_it() {
    let backend = FaultyBackend::new();
    let server = Server::on(backend.clone(), Limits::default());
    server.world.on("optional", |_, cx| async move {
        let cx = cx.tool();
        let impatient = async {
            tokio::select! {
                _ = cx.elicit::<Name>("impatient") => {}
                _ = cx.sleep(seconds(1)) => {}
            }
        };
        let ((), patient) = tokio::join!(impatient, cx.elicit::<Name>("patient"));
        Ok(ToolResult::text(patient?.name))
    });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    let gate = backend.hold_replies();
    settle().await;
    server.advance(seconds(1)).await;
    gate.add_permits(1000);
    client.until(&id, "input_required").await;
    client.update(&id, json!({ "input-2": named("A") })).await.unwrap();
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), "A");
}

#[tokio::test]
async fn the_earlier_revision_answers_in_the_same_way() {
    let server = Server::new();
    asks(&server);
    let client = server.v2025("ann");
    let id = client.start("optional").await;
    client.until(&id, "input_required").await;
    eventually("the questions", || client.session.requests().len() == 2).await;
    assert_eq!(client.ok("tasks/update", json!({ "taskId": id })).await, json!({}));
    client.update(&id, json!({ "input-1": named("A"), "input-2": named("B") })).await.unwrap();
    eventually("the next question", || client.session.requests().len() == 3).await;
    client.update(&id, json!({ "input-3": named("C") })).await.unwrap();
    assert_eq!(text_of(&client.result(&id).await.unwrap()), "A B C");
}

#[tokio::test]
async fn a_form_by_hand_is_held_to_what_forms_can_show_and_its_answer_to_it() {
    let server = Server::new();
    server.world.on("optional", |_, cx| async move {
        let names = json!({ "type": "array", "items": { "type": "string" } });
        let nested = json!({ "type": "object", "properties": { "names": names } });
        let refused = cx.tool().elicit_schema("?", nested).await.unwrap_err();
        let file = json!({ "type": "string", "enum": ["a", "b"] });
        let form = json!({ "type": "object", "properties": { "file": file }, "required": ["file"] });
        let answer = cx.tool().elicit_schema("Which?", form).await?;
        Ok(ToolResult::text(format!("{refused}; {}", json!(answer))))
    });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    let task = client.until(&id, "input_required").await;
    let (key, question) = task["inputRequests"].as_object().unwrap().iter().next().unwrap();
    assert_eq!(question["params"]["requestedSchema"]["properties"]["file"]["enum"], json!(["a", "b"]));
    for file in [json!("c"), json!("b")] {
        client.update(&id, json!({ key: { "action": "accept", "content": { "file": file } } })).await.ok();
    }
    let text = "the form cannot be asked for: `names` is not a list of choices; {\"file\":\"b\"}";
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), text);
}
