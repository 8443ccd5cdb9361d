//! Questions to the user of 2025-11-25: on which stream they go out, and which answer counts.

use serde_json::{Value, json};

use crate::support::{
    Http, Legacy, Modern, Reply, bad_input_on_purpose, call, code, request, text, usual, with_tasks, within,
};

/// The next question on a stream.
async fn question(stream: &mut Reply) -> Value {
    loop {
        let message = stream.receive().await;
        if message.get("id").is_some() {
            assert_eq!(message["method"], "elicitation/create", "{message}");
            return message;
        }
    }
}

fn named(name: &str) -> Value {
    json!({ "action": "accept", "content": { "name": name } })
}

async fn result(legacy: &Legacy, id: &str) -> Value {
    legacy.ask("result", "tasks/result", json!({ "taskId": id })).await
}

fn related(message: &Value) -> &Value {
    &message["params"]["_meta"]["io.modelcontextprotocol/related-task"]["taskId"]
}

#[tokio::test]
async fn a_call_asks_on_its_own_stream() {
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let mut elsewhere = legacy.listen().await;
    for tool in ["ask", "ask_first"] {
        let mut reply = legacy.send(1, "tools/call", call(tool, json!({}))).await;
        let asked = question(&mut reply).await;
        assert_eq!(asked["params"]["message"], "Who are you?");
        assert_eq!(asked["params"].get("_meta"), None);
        legacy.answer(&asked, named("Ann")).await;
        assert_eq!(text(&reply.receive().await), "hello Ann");
        assert_eq!(reply.next().await, None);
    }
    legacy.end().await;
    assert_eq!(elsewhere.next().await, None);
}

#[tokio::test]
async fn who_declines_or_cannot_be_asked_is_not_asked_for_ever() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    for (answer, times) in [
        (json!({ "action": "decline" }), 1),
        (json!({ "action": "cancel" }), 1),
        // These do not answer the question, so it stays open, but not for ever.
        (json!({}), 3),
        (json!(5), 3),
        (json!({ "action": "accept", "content": [true] }), 3),
        (named(""), 1),
    ] {
        let mut reply = legacy.send(1, "tools/call", call("ask", json!({}))).await;
        for _ in 0..times {
            let asked = question(&mut reply).await;
            legacy.answer(&asked, answer.clone()).await;
        }
        let response = reply.receive().await;
        assert_eq!(response["result"]["isError"], answer != named(""), "{answer} {response}");
    }
    let mut reply = legacy.send(1, "tools/call", call("ask", json!({}))).await;
    let asked = question(&mut reply).await;
    let error = json!({ "jsonrpc": "2.0", "id": asked["id"], "error": { "code": -1, "message": "/secret/of/client" } });
    assert_eq!(legacy.post(&error).await.status, 202);
    assert!(!reply.receive().await.to_string().contains("secret"));
    let deaf = Legacy::begin_in(&http, "2025-11-25", json!({})).await;
    let response = deaf.ask(1, "tools/call", call("ask", json!({}))).await;
    assert_eq!(response["result"]["isError"], true);
    assert_eq!(code(&deaf.ask(1, "tools/call", call("ask_first", json!({}))).await), -32602);
}

#[tokio::test]
async fn a_task_asks_on_the_stream_of_the_session() {
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let mut stream = legacy.listen().await;
    let id = legacy.task(1, "ask").await;
    let asked = question(&mut stream).await;
    assert_eq!(*related(&asked), id.as_str());
    let task = legacy.ask(2, "tasks/get", json!({ "taskId": id })).await;
    assert_eq!(task["result"]["status"], "input_required");
    legacy.answer(&asked, named("Ann")).await;
    assert_eq!(text(&result(&legacy, &id).await), "hello Ann");
}

#[tokio::test]
async fn a_task_asks_on_the_stream_that_waits_for_its_result() {
    let (_running, http, probe) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let id = legacy.task(1, "ask").await;
    probe.noted("ask started", 1).await;
    let mut reply = legacy.send(2, "tasks/result", json!({ "taskId": id })).await;
    let asked = question(&mut reply).await;
    assert_eq!(*related(&asked), id.as_str());
    legacy.answer(&asked, named("Ann")).await;
    let mut last = reply.receive().await;
    while last.get("id").is_none() {
        last = reply.receive().await;
    }
    assert_eq!((text(&last), &last["id"]), ("hello Ann", &json!(2)));
}

#[tokio::test]
async fn a_question_goes_to_the_stream_that_opens_later() {
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let id = legacy.task(1, "ask").await;
    loop {
        let task = legacy.ask(2, "tasks/get", json!({ "taskId": id })).await;
        if task["result"]["status"] == "input_required" {
            break;
        }
    }
    let asked = question(&mut legacy.listen().await).await;
    legacy.answer(&asked, named("Ann")).await;
    assert_eq!(text(&result(&legacy, &id).await), "hello Ann");
}

#[tokio::test]
async fn a_question_whose_stream_closes_is_sent_again_with_another_id() {
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let id = legacy.task(1, "ask").await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let mut stream = legacy.listen().await;
        let asked = question(&mut stream).await;
        assert!(!ids.contains(&asked["id"]));
        ids.push(asked["id"].clone());
    }
    let mut reply = legacy.send(2, "tasks/result", json!({ "taskId": id })).await;
    let asked = question(&mut reply).await;
    assert!(!ids.contains(&asked["id"]));
    legacy.answer(&asked, named("Ann")).await;
    assert_eq!(text(&result(&legacy, &id).await), "hello Ann");
}

#[tokio::test]
async fn a_question_that_nobody_may_read_is_asked_again_on_a_better_stream() {
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    // Nobody looks at what comes there but this test: a client that expects questions elsewhere, or whose connection broke
    // without a word.
    let mut unread = legacy.listen().await;
    let id = legacy.task(1, "ask").await;
    let first = question(&mut unread).await;
    let mut newer = legacy.listen().await;
    let second = within(question(&mut newer)).await;
    // It waits for another task, which is not asked about.
    let other = legacy.task(2, "work").await;
    let _elsewhere = legacy.send("other", "tasks/result", json!({ "taskId": other })).await;
    let mut waiting = legacy.send(3, "tasks/result", json!({ "taskId": id })).await;
    let third = within(question(&mut waiting)).await;
    assert_eq!((related(&second), related(&third)), (&json!(id), &json!(id)));
    assert!(first["id"] != second["id"] && second["id"] != third["id"]);
    legacy.answer(&third, named("Ann")).await;
    assert_eq!(text(&result(&legacy, &id).await), "hello Ann");
}

#[tokio::test]
async fn every_copy_of_a_question_can_be_answered_and_the_first_answer_counts() {
    let (_running, http, probe) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let mut stream = legacy.listen().await;
    let id = legacy.task(1, "ask").await;
    let first = question(&mut stream).await;
    let mut waiting = legacy.send(2, "tasks/result", json!({ "taskId": id })).await;
    let second = within(question(&mut waiting)).await;
    legacy.answer(&first, named("Ann")).await;
    legacy.answer(&second, named("Bob")).await;
    assert_eq!(text(&result(&legacy, &id).await), "hello Ann");
    assert_eq!(probe.count("asked Bob"), 0);
}

#[tokio::test]
async fn a_call_whose_stream_closes_asks_on_another() {
    let (_running, http, probe) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let mut reply = legacy.send(1, "tools/call", call("ask", json!({}))).await;
    let first = question(&mut reply).await;
    drop(reply);
    let second = question(&mut legacy.listen().await).await;
    assert_ne!(first["id"], second["id"]);
    legacy.answer(&second, named("Ann")).await;
    probe.noted("asked Ann", 1).await;
}

#[tokio::test]
async fn an_answer_to_the_question_as_it_was_first_sent_counts() {
    let (_running, http, probe) = usual().await;
    let legacy = Legacy::begin(&http).await;
    // The user answers while the connection is down, as happens when a proxy cuts quiet streams.
    let mut reply = legacy.send(1, "tools/call", call("ask", json!({}))).await;
    let first = question(&mut reply).await;
    drop(reply);
    let second = question(&mut legacy.listen().await).await;
    legacy.answer(&first, named("Ann")).await;
    legacy.answer(&second, named("Bob")).await;
    probe.noted("asked Ann", 1).await;
    assert_eq!(probe.count("asked Bob"), 0);
}

#[tokio::test]
async fn an_answer_counts_without_any_stream() {
    let (_running, http, probe) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let mut reply = legacy.send(1, "tools/call", call("ask", json!({}))).await;
    let asked = question(&mut reply).await;
    drop(reply);
    legacy.answer(&asked, named("Ann")).await;
    probe.noted("asked Ann", 1).await;
}

#[tokio::test]
async fn the_first_answer_counts_through_whichever_door() {
    let (_running, http, _) = usual().await;
    let (legacy, other) = (Legacy::begin(&http).await, Legacy::begin(&http).await);
    let mut stream = legacy.listen().await;
    let id = legacy.task(1, "ask").await;
    let asked = question(&mut stream).await;
    // An answer in another session answers nothing here.
    other.answer(&asked, named("Eve")).await;
    let key = open_question(&http, &id).await;
    let update = json!({ "taskId": id, "inputResponses": { key: named("Ann") } });
    Modern::of("tasks/update", update, with_tasks()).send(&http).await.json().await;
    legacy.answer(&asked, named("Bob")).await;
    assert_eq!(text(&result(&legacy, &id).await), "hello Ann");
}

async fn open_question(http: &Http, id: &str) -> String {
    let get = Modern::of("tasks/get", json!({ "taskId": id }), with_tasks()).send(http).await.json().await;
    get["result"]["inputRequests"].as_object().unwrap().keys().next().unwrap().clone()
}

#[tokio::test]
async fn a_batch_asks_on_its_own_stream() {
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin_in(&http, "2025-03-26", json!({ "elicitation": {} })).await;
    let mut count = call("count", json!({ "to": 2 }));
    count["_meta"]["progressToken"] = "token".into();
    let batch = json!([
        request("ask", "tools/call", call("ask_first", json!({}))),
        request("ping", "ping", None),
        request("count", "tools/call", count),
    ]);
    let mut reply = legacy.post(&batch).await;
    let mut progress = 0;
    let asked = loop {
        let message = reply.receive().await;
        if message["method"] == "elicitation/create" {
            break message;
        }
        assert_eq!(message["params"]["progressToken"], "token", "{message}");
        progress += 1;
    };
    legacy.answer(&asked, named("Ann")).await;
    let mut last = reply.receive().await;
    while !last.is_array() {
        assert_eq!(last["params"]["progressToken"], "token", "{last}");
        progress += 1;
        last = reply.receive().await;
    }
    let responses: Vec<_> = last.as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!((responses, progress), (vec!["ask", "ping", "count"], 2));
    assert_eq!(last[0]["result"]["content"][0]["text"], "hello Ann");
    assert_eq!(reply.next().await, None);
}

#[tokio::test]
async fn a_client_that_reads_only_json_is_asked_on_the_stream_of_the_session() {
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let mut stream = legacy.listen().await;
    let [session, version] = legacy.headers();
    let headers = [session, version, ("content-type", "application/json"), ("accept", "application/json")];
    let body = request(1, "tools/call", call("ask", json!({}))).to_string();
    let (reply, ()) = tokio::join!(http.send("POST", &headers, body), async {
        let asked = question(&mut stream).await;
        legacy.answer(&asked, named("Ann")).await;
    });
    assert_eq!(text(&reply.json().await), "hello Ann");
}
