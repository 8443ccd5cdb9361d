//! Plain 2026-07-28 calls that ask: `input_required`, then the same call again (multi round-trip requests).

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use pmcp_tasks::{Limits, RpcError, ToolError, ToolResult, tool::Prepared};
use serde_json::{Map, Value, json};

use crate::support::*;

#[derive(pmcp_tasks::Form)]
struct Name {
    name: String,
}

fn named(name: &str) -> Value {
    accept(json!({ "name": name }))
}

/// Counts how often the function ran.
fn greets(server: &Server) -> Arc<AtomicUsize> {
    let runs = Arc::new(AtomicUsize::new(0));
    let count = runs.clone();
    server.world.on("plain", move |arguments, cx| {
        count.fetch_add(1, Ordering::SeqCst);
        async move {
            let cx = cx.tool();
            let Name { name } = cx.elicit("Who are you?").await?;
            let greeting = arguments.given.get("greeting").and_then(Value::as_str).unwrap_or("Hello").to_owned();
            Ok(ToolResult::text(format!("{greeting}, {name}!")))
        }
    });
    runs
}

fn state(reply: &Value) -> String {
    assert_eq!(reply["resultType"], "input_required", "{reply}");
    reply["requestState"].as_str().unwrap().to_owned()
}

fn again(state: &str, responses: Value) -> Value {
    json!({ "name": "plain", "arguments": {}, "requestState": state, "inputResponses": responses })
}

/// The handle is refused, as every bad one is.
fn refused(error: &RpcError) {
    assert_eq!((error.code, error.data.as_ref()), (-32602, None), "{error}");
    assert!(error.message.starts_with("`requestState` is not one this server gave"), "{error}");
}

#[tokio::test]
async fn a_call_that_asks_is_answered_with_the_question_and_the_retry_with_the_result() {
    let server = Server::new();
    let runs = greets(&server);
    let client = server.v2026("ann");
    let reply = client.call("plain", json!({})).await.unwrap();
    assert_eq!(reply.as_object().unwrap().len(), 3);
    let question = &reply["inputRequests"]["input-1"];
    assert_eq!(
        (&question["method"], &question["params"]["message"]),
        (&json!("elicitation/create"), &json!("Who are you?"))
    );
    let result = client.ok("tools/call", again(&state(&reply), json!({ "input-1": named("Ann") }))).await;
    let expected =
        json!({ "resultType": "complete", "content": [{ "type": "text", "text": "Hello, Ann!" }], "isError": false });
    assert_eq!(result, expected);
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    // Nothing is sent to a client of this revision.
    assert!(client.stream.requests().is_empty() && client.stream.notifications() == 0);
}

#[tokio::test]
async fn questions_asked_together_are_one_answer_and_missing_ones_are_asked_again() {
    let server = Server::new();
    server.world.on("plain", |_, cx| async move {
        let cx = cx.tool();
        let (one, two, three) = tokio::join!(cx.elicit::<Name>("1"), cx.elicit::<Name>("2"), cx.elicit::<Name>("3"));
        Ok(ToolResult::text([one?.name, two?.name, three?.name].concat()))
    });
    let client = server.v2026("ann");
    let first = client.call("plain", json!({})).await.unwrap();
    assert_eq!(first["inputRequests"].as_object().unwrap().len(), 3);
    let some = json!({ "input-2": named("B"), "nobody asked": 7 });
    let second = client.ok("tools/call", again(&state(&first), some)).await;
    let open: Vec<_> = second["inputRequests"].as_object().unwrap().keys().collect();
    assert_eq!(open, ["input-1", "input-3"]);
    assert_ne!(state(&first), state(&second));
    let third = client.ok("tools/call", again(&state(&second), Value::Null)).await;
    assert_eq!(third["inputRequests"], second["inputRequests"]);
    let rest = json!({ "input-1": named("A"), "input-3": named("C"), "input-2": named("X") });
    let result = client.ok("tools/call", again(&state(&third), rest)).await;
    assert_eq!(text_of(&result), "ABC");
}

#[tokio::test]
async fn every_round_has_a_state_of_its_own() {
    let server = Server::new();
    server.world.on("plain", |_, cx| async move {
        let (cx, mut names) = (cx.tool(), String::new());
        for n in 0..3 {
            names += &cx.elicit::<Name>(format!("name {n}")).await?.name;
        }
        Ok(ToolResult::text(names))
    });
    let client = server.v2026("ann");
    let mut reply = client.call("plain", json!({})).await.unwrap();
    let mut states = Vec::new();
    for (n, name) in ["A", "B", "C"].iter().enumerate() {
        let key = format!("input-{}", n + 1);
        assert_eq!(reply["inputRequests"][&key]["params"]["message"], format!("name {n}"));
        states.push(state(&reply));
        reply = client.ok("tools/call", again(states.last().unwrap(), json!({ key: named(name) }))).await;
    }
    assert_eq!(text_of(&reply), "ABC");
    for used in &states {
        refused(&client.err("tools/call", again(used, json!({}))).await);
    }
    states.dedup();
    assert_eq!(states.len(), 3);
}

#[tokio::test]
async fn a_state_that_is_not_good_is_refused_and_disturbs_nothing() {
    let server = Server::new();
    let runs = greets(&server);
    server.world.on("optional", |_, _| async { Ok(ToolResult::text("another tool ran")) });
    let client = server.v2026("ann").undeclared();
    let stranger = server.v2026("bob").undeclared();
    let good = state(&client.call("plain", json!({})).await.unwrap());
    let answers = json!({ "input-1": named("Ann") });

    let bytes = BASE64_URL_SAFE_NO_PAD.decode(&good).unwrap();
    let mut bad =
        vec![String::new(), "x".into(), "🦀".into(), good[1..].into(), format!("{good}A"), format!("{good}=")];
    for position in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[position] ^= 1;
        bad.push(BASE64_URL_SAFE_NO_PAD.encode(flipped));
    }
    bad.push(BASE64_URL_SAFE_NO_PAD.encode(&bytes[..16]));
    bad.push(BASE64_URL_SAFE_NO_PAD.encode([&bytes[..], &[0]].concat()));
    for state in &bad {
        refused(&client.err("tools/call", again(state, answers.clone())).await);
    }
    for state in [json!(7), json!({}), json!([good])] {
        let params = json!({ "name": "plain", "arguments": {}, "requestState": state, "inputResponses": answers });
        refused(&client.err("tools/call", params).await);
    }
    refused(&stranger.err("tools/call", again(&good, answers.clone())).await);
    for (tool, arguments) in
        [("plain", json!({ "greeting": "Hi" })), ("optional", json!({})), ("plain", json!({ "x": null }))]
    {
        let params = json!({ "name": tool, "arguments": arguments, "requestState": good, "inputResponses": answers });
        refused(&client.err("tools/call", params).await);
    }
    // What is no map of answers, or larger than it may be: the state is still good.
    for answers in [json!([]), json!("x"), json!({ "input-1": named(&"x".repeat(1 << 16)) })] {
        assert_eq!(client.err("tools/call", again(&good, answers)).await.code, -32602);
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert_eq!(text_of(&client.ok("tools/call", again(&good, answers.clone())).await), "Hello, Ann!");
    // Used.
    refused(&client.err("tools/call", again(&good, answers)).await);
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_order_of_arguments_and_what_is_around_them_do_not_matter() {
    let server = Server::new();
    greets(&server);
    let client = server.v2026("ann");
    let call: Value =
        serde_json::from_str(r#"{"name":"plain","arguments":{"greeting":"Hi","a":{"x":1,"y":2}}}"#).unwrap();
    let state = state(&client.ok("tools/call", call).await);
    let mut retry: Value =
        serde_json::from_str(r#"{"arguments":{"a":{"y":2,"x":1},"greeting":"Hi"},"name":"plain"}"#).unwrap();
    retry["requestState"] = state.into();
    retry["inputResponses"] = json!({ "input-1": named("Ann") });
    retry["_meta"] = json!({ "progressToken": 9 });
    assert_eq!(text_of(&client.ok("tools/call", retry).await), "Hi, Ann!");
}

#[tokio::test]
async fn a_state_expires_and_the_function_ends_with_it() {
    let server = Server::new();
    let ended = Arc::new(AtomicUsize::new(0));
    let count = ended.clone();
    server.world.on("plain", move |_, cx| {
        let count = count.clone();
        async move {
            let answer = cx.tool().elicit::<Name>("?").await;
            count.fetch_add(1, Ordering::SeqCst);
            Ok(ToolResult::text(answer?.name))
        }
    });
    let client = server.v2026("ann");
    let early = state(&client.call("plain", json!({})).await.unwrap());
    let late = state(&client.call("plain", json!({})).await.unwrap());
    server.advance(minutes(10).checked_sub(seconds(1)).unwrap()).await;
    let answers = json!({ "input-1": named("Ann") });
    assert_eq!(text_of(&client.ok("tools/call", again(&early, answers.clone())).await), "Ann");
    assert_eq!(ended.load(Ordering::SeqCst), 1);
    server.advance(seconds(1)).await;
    eventually("the function ended", || ended.load(Ordering::SeqCst) == 2).await;
    refused(&client.err("tools/call", again(&late, answers)).await);
}

#[test]
fn of_two_calls_with_one_state_one_goes_on() {
    pmcp_tasks::testing::block_on(async {
        for _ in 0..100 {
            let server = Server::new();
            let runs = greets(&server);
            let client = server.v2026("ann");
            let state = state(&client.call("plain", json!({})).await.unwrap());
            let calls: Vec<_> = (0..4)
                .map(|n| client.spawn("tools/call", again(&state, json!({ "input-1": named(&n.to_string()) }))))
                .collect();
            let mut results = Vec::new();
            for call in calls {
                match call.await.unwrap() {
                    Ok(result) => results.push(result),
                    Err(error) => refused(&error),
                }
            }
            assert_eq!(results.len(), 1);
            assert_eq!(runs.load(Ordering::SeqCst), 1);
        }
    });
}

#[tokio::test]
async fn a_function_that_went_on_without_the_answer_still_answers_the_retry() {
    let server = Server::new();
    server.world.on("plain", |_, cx| async move {
        let cx = cx.tool();
        tokio::select! {
            answer = cx.elicit::<Name>("?") => Ok(ToolResult::text(answer?.name)),
            _ = cx.sleep(seconds(60)) => Ok(ToolResult::text("nobody")),
        }
    });
    let client = server.v2026("ann");
    let state = state(&client.call("plain", json!({})).await.unwrap());
    server.advance(seconds(60)).await;
    let retry = again(&state, json!({ "input-1": named("Ann") }));
    assert_eq!(text_of(&client.ok("tools/call", retry.clone()).await), "nobody");
    refused(&client.err("tools/call", retry).await);
}

#[tokio::test]
async fn a_cancelled_retry_cancels_the_function() {
    let server = Server::new();
    let stopped = Arc::new(AtomicUsize::new(0));
    let count = stopped.clone();
    server.world.on("plain", move |_, cx| {
        let count = count.clone();
        async move {
            let cx = cx.tool();
            cx.elicit::<Name>("?").await?;
            cx.cancellation().cancelled().await;
            count.fetch_add(1, Ordering::SeqCst);
            Ok(ToolResult::text("late"))
        }
    });
    let client = server.v2026("ann");
    let state = state(&client.call("plain", json!({})).await.unwrap());
    let (retry, cancel) = client.cancellable();
    let waiting = retry.spawn("tools/call", again(&state, json!({ "input-1": named("Ann") })));
    settle().await;
    assert!(!waiting.is_finished());
    cancel.cancel();
    assert_eq!(waiting.await.unwrap().unwrap_err().message, "cancelled");
    eventually("the function ended", || stopped.load(Ordering::SeqCst) == 1).await;
}

#[tokio::test]
async fn a_waiting_call_is_no_task_anybody_can_name_but_it_counts() {
    let server = Server::with(Limits { tasks_per_owner: 2, ..Limits::default() });
    greets(&server);
    let client = server.v2026("ann");
    let reply = client.call("plain", json!({})).await.unwrap();
    let id = hidden_id(&reply);
    for method in ["tasks/get", "tasks/cancel", "tasks/update"] {
        let error = client.err(method, json!({ "taskId": id, "inputResponses": { "input-1": named("X") } })).await;
        assert_eq!(error.message, "unknown task", "{method}");
    }
    let old = server.v2025("ann");
    assert_eq!(old.err("tasks/result", json!({ "taskId": id })).await.message, "unknown task");
    assert_eq!(old.page(None).await.0, [] as [&str; 0]);

    state(&client.call("plain", json!({})).await.unwrap());
    let full = client.call("plain", json!({})).await.unwrap();
    assert_eq!((&full["isError"], text_of(&full)), (&json!(true), "too many tasks are waiting for answers"));
    assert_eq!(client.create("optional").await.unwrap_err().data, Some(json!({ "reason": "quota" })));
    client.ok("tools/call", again(&state(&reply), json!({ "input-1": named("Ann") }))).await;
    client.create("optional").await.unwrap();
}

#[tokio::test]
async fn who_cannot_be_asked_or_recognised_is_told_so() {
    let server = Server::new();
    greets(&server);
    let error = server.v2026("ann").without_elicitation().call("plain", json!({})).await.unwrap_err();
    assert_eq!((error.code, error.data), (-32021, Some(json!({ "requiredCapabilities": { "elicitation": {} } }))));
    let client = server.v2026("ann").unknown();
    let result = client.call("plain", json!({})).await.unwrap();
    assert_eq!(text_of(&result), "the client cannot be asked: the server does not know who calls");
    assert_eq!(client.err("tools/call", again("x", json!({}))).await.message, "configure authentication");
}

#[tokio::test]
async fn a_state_is_no_business_of_the_earlier_revision() {
    let server = Server::new();
    greets(&server);
    let client = server.v2025("ann");
    client.stream.answers(|_, _| Ok(named("Ann")));
    for state in [json!("x"), json!(7)] {
        let params = json!({ "name": "plain", "requestState": state, "inputResponses": 7 });
        assert_eq!(text_of(&client.ok("tools/call", params).await), "Hello, Ann!");
    }
}

/// A prompt that asks.
async fn prompt(client: &Client, params: Value) -> Result<Value, RpcError> {
    let arguments: Map<String, Value> = params["arguments"].as_object().cloned().unwrap_or_default();
    let prepared = Prepared::raw(|cx| async move {
        let Name { name } = cx.tool().elicit("Who?").await?;
        Ok(json!({ "messages": [name] }))
    });
    client.router.run(("prompts/get", "greeting", &arguments), prepared, &params, &client.cx).await
}

#[tokio::test]
async fn prompts_ask_in_the_same_way() {
    let server = Server::new();
    greets(&server);
    let client = server.v2026("ann");
    let state = state(&prompt(&client, json!({ "arguments": { "a": 1 } })).await.unwrap());
    let retry = |arguments: Value| json!({ "arguments": arguments, "requestState": state, "inputResponses": { "input-1": named("Ann") } });
    refused(&prompt(&client, retry(json!({ "a": 2 }))).await.unwrap_err());
    refused(&prompt(&client, json!({ "arguments": { "a": 1 }, "requestState": 7 })).await.unwrap_err());
    // Of a call of a tool with the same arguments, too.
    let mut tool = retry(json!({ "a": 1 }));
    tool["name"] = "plain".into();
    refused(&client.err("tools/call", tool).await);
    assert_eq!(prompt(&client, retry(json!({ "a": 1 }))).await.unwrap(), json!({ "messages": ["Ann"] }));
    refused(&prompt(&client, retry(json!({ "a": 1 }))).await.unwrap_err());

    let old = server.v2025("ann");
    old.stream.answers(|_, _| Ok(named("Ann")));
    assert_eq!(prompt(&old, json!({ "requestState": "x" })).await.unwrap(), json!({ "messages": ["Ann"] }));
}

#[tokio::test]
async fn a_failing_prompt_is_an_error_and_no_result() {
    let client = Server::new().v2026("ann").without_elicitation();
    let error = prompt(&client, json!({})).await.unwrap_err();
    assert_eq!(error.code, -32021);
    let prepared = Prepared::raw(|_| async { Err(ToolError::new("no such greeting")) });
    let name = ("prompts/get", "greeting", &Map::new());
    let error = client.router.run(name, prepared, &json!({}), &client.cx).await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (-32603, "no such greeting"));
}

/// Answers that do not fit the question for a name.
fn misfits() -> Vec<Value> {
    vec![
        json!(7),
        json!({}),
        json!({ "action": "perhaps" }),
        json!({ "action": "accept" }),
        accept(json!(["Ann"])),
        accept(json!({ "name": true })),
    ]
}

#[tokio::test]
async fn what_has_an_answer_that_does_not_fit_is_asked_again_and_the_others_are_taken() {
    let server = Server::new();
    server.world.on("plain", |_, cx| async move {
        let cx = cx.tool();
        let (one, two) = tokio::join!(cx.elicit::<Name>("1"), cx.elicit::<Name>("2"));
        Ok(ToolResult::text(format!("{}{}", one?.name, two?.name)))
    });
    let client = server.v2026("ann");
    let first = client.call("plain", json!({})).await.unwrap();
    let (mut last, mut responses) = (first.clone(), json!({ "input-2": named("B") }));
    for wrong in misfits() {
        responses["input-1"] = wrong.clone();
        let reply = client.ok("tools/call", again(&state(&last), responses)).await;
        assert_eq!(reply["inputRequests"], json!({ "input-1": first["inputRequests"]["input-1"] }), "{wrong}");
        // The handle is another one: that of the answer was used.
        refused(&client.err("tools/call", again(&state(&last), json!({ "input-1": named("A") }))).await);
        (last, responses) = (reply, json!({}));
    }
    let result = client.ok("tools/call", again(&state(&last), json!({ "input-1": named("A") }))).await;
    assert_eq!(text_of(&result), "AB");
}

#[tokio::test]
async fn a_prompt_asks_again_for_an_answer_that_does_not_fit() {
    let server = Server::new();
    let client = server.v2026("ann");
    let mut reply = prompt(&client, json!({})).await.unwrap();
    let questions = reply["inputRequests"].clone();
    for wrong in misfits() {
        let retry = json!({ "requestState": state(&reply), "inputResponses": { "input-1": wrong } });
        reply = prompt(&client, retry).await.unwrap();
        assert_eq!(reply["inputRequests"], questions);
    }
    let retry = json!({ "requestState": state(&reply), "inputResponses": { "input-1": named("Ann") } });
    assert_eq!(prompt(&client, retry).await.unwrap(), json!({ "messages": ["Ann"] }));
}
