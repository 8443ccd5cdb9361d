//! Streams that a client comes back to after a cut (transports, "Resumability and Redelivery").

use std::time::Duration;

use pmcp_server::{BearerTokens, ServeLimits};
use pmcp_tasks::{TaskStore, security::Principal, testing::ManualClock};
use serde_json::{Value, json};

use crate::support::{
    Http, Legacy, LineClient, Modern, Reply, call, code, listening, request, server, server_with, text, usual,
};

/// A call that tells how far it is.
fn told(tool: &str, arguments: Value) -> Value {
    let mut params = call(tool, arguments);
    params["_meta"] = json!({ "progressToken": "token" });
    params
}

/// Everything that is left of a stream.
async fn rest(reply: &mut Reply) -> Vec<Value> {
    let mut messages = Vec::new();
    while let Some(message) = reply.next().await {
        messages.push(message);
    }
    messages
}

/// The messages that are whole in the bytes that came, and the id of the last event.
fn came(bytes: &[u8]) -> (Vec<Value>, Option<String>) {
    let text = std::str::from_utf8(bytes).unwrap();
    let (mut messages, mut last) = (Vec::new(), None);
    for event in text.split_inclusive("\n\n").filter(|event| event.ends_with("\n\n")) {
        last = event.lines().find_map(|line| line.strip_prefix("id: ")).map(str::to_owned).or(last);
        let data = event.lines().find_map(|line| line.strip_prefix("data: "));
        messages.extend(data.filter(|data| !data.is_empty()).map(|data| serde_json::from_str::<Value>(data).unwrap()));
    }
    (messages, last)
}

/// Calls, and goes away after so many bytes of the answer; what came of it.
async fn cut(legacy: &Legacy, id: usize, after: usize) -> Vec<u8> {
    let mut reply = legacy.send(id, "tools/call", told("count", json!({ "to": 3 }))).await;
    let mut bytes = Vec::new();
    while bytes.len() < after {
        let Some(more) = reply.bytes().await else { break };
        bytes.extend_from_slice(&more);
    }
    bytes.truncate(after);
    bytes
}

#[tokio::test]
async fn a_call_that_was_cut_anywhere_gets_what_it_missed_and_nothing_twice() {
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let (whole, _) = came(&cut(&legacy, 0, usize::MAX).await);
    assert_eq!(whole.len(), 4);
    let length = cut(&legacy, 0, usize::MAX).await.len();
    for after in 0..=length {
        let id = after + 1;
        let (mut messages, last) = came(&cut(&legacy, id, after).await);
        let Some(last) = last else {
            assert!(messages.is_empty());
            continue;
        };
        let mut reply = legacy.come_back(&*last).await;
        assert_eq!(reply.status, 200);
        messages.extend(rest(&mut reply).await);
        let mut expected = whole.clone();
        expected[3]["id"] = id.into();
        assert_eq!(messages, expected, "after {after} bytes");
    }
}

#[tokio::test]
async fn a_stream_begins_with_an_id_where_clients_know_that() {
    let (_running, http, _) = usual().await;
    for (version, is_primed) in [("2025-11-25", true), ("2025-06-18", false), ("2025-03-26", false)] {
        let legacy = Legacy::begin_in(&http, version, json!({})).await;
        let mut reply = legacy.send(1, "tools/call", told("count", json!({ "to": 1 }))).await;
        let mut text = String::new();
        while let Some(bytes) = reply.bytes().await {
            text += std::str::from_utf8(&bytes).unwrap();
        }
        let first: Vec<_> = text.split("\n\n").next().unwrap().lines().collect();
        if is_primed {
            assert!(first[0].starts_with("id: c") && first[0].ends_with("-0"), "{first:?}");
            assert_eq!(first[1..], ["retry: 1000", "data: "]);
        } else {
            assert!(
                first.contains(&"event: message") && first.iter().any(|line| line.starts_with("id: ")),
                "{first:?}"
            );
        }
        assert_eq!(text.matches("\nid: ").count() + usize::from(text.starts_with("id: ")), 2 + usize::from(is_primed));
    }
}

#[tokio::test]
async fn work_goes_on_and_its_answer_waits() {
    let (_running, http, probe) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let mut reply = legacy.send(1, "tools/call", told("stubborn", json!({}))).await;
    reply.receive().await;
    let last = reply.last_id.clone();
    drop(reply);
    probe.open(1);
    probe.noted("stubborn ended", 1).await;
    let mut again = legacy.come_back(&*last).await;
    assert_eq!(again.receive().await["params"]["progress"], 2);
    assert_eq!(again.receive().await["method"], "notifications/message");
    assert_eq!(text(&again.receive().await), "done");
    assert_eq!(again.next().await, None);
    // Once more: it may not have arrived.
    assert_eq!(rest(&mut legacy.come_back(&*last).await).await.len(), 3);
    assert_eq!(rest(&mut legacy.come_back(&*again.last_id).await).await, Vec::<Value>::new());
}

#[tokio::test]
async fn whoever_comes_back_takes_over_from_a_connection_that_only_seems_to_be_there() {
    let (_running, http, probe) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let mut reply = legacy.send(1, "tools/call", told("stubborn", json!({}))).await;
    reply.receive().await;
    let mut again = legacy.come_back(&*reply.last_id).await;
    assert_eq!(reply.next().await, None);
    probe.open(1);
    assert_eq!(text(&rest(&mut again).await[2]), "done");
}

#[tokio::test]
async fn a_client_that_is_let_go_comes_back_for_a_question_and_the_answer() {
    let (_running, http, probe) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let mut reply = legacy.send(1, "tools/call", told("part", json!({}))).await;
    assert_eq!(rest(&mut reply).await.len(), 1);
    probe.open(1);
    let mut again = legacy.come_back(&*reply.last_id).await;
    let question = again.receive().await;
    assert_eq!(question["method"], "elicitation/create");
    legacy.answer(&question, json!({ "action": "accept", "content": { "name": "Ann" } })).await;
    assert_eq!(text(&again.receive().await), "hello Ann");
}

#[tokio::test]
async fn where_nobody_can_come_back_nobody_is_let_go() {
    let (server, probe) = server();
    probe.open(2);
    let mut line = LineClient::begun(server, "2025-11-25", json!({ "elicitation": {} })).await;
    line.send(&request(1, "tools/call", call("part", json!({})))).await;
    let question = line.receive().await;
    let answer = json!({ "action": "accept", "content": { "name": "Ann" } });
    line.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": answer })).await;
    assert_eq!(text(&line.receive().await), "hello Ann");
    line.finish().await;
    let (_running, http, probe) = usual().await;
    probe.open(1);
    let first = Modern::of("tools/call", call("part", json!({})), json!({ "elicitation": {} })).send(&http).await;
    assert_eq!(first.response().await["result"]["resultType"], "input_required");
}

#[tokio::test]
async fn a_task_that_was_waited_for_answers_on_the_stream_that_was_cut() {
    let (_running, http, probe) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let id = legacy.task(1, "ask").await;
    let mut waiting = legacy.send(2, "tasks/result", json!({ "taskId": id })).await;
    let question = waiting.receive().await;
    let last = waiting.last_id.clone();
    drop(waiting);
    legacy.answer(&question, json!({ "action": "accept", "content": { "name": "Ann" } })).await;
    probe.noted("asked Ann", 1).await;
    assert_eq!(text(&rest(&mut legacy.come_back(&*last).await).await[0]), "hello Ann");
}

#[tokio::test]
async fn what_a_session_was_to_hear_meanwhile_waits_on_its_stream() {
    let (_running, http, probe) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let mut stream = legacy.listen().await;
    let id = legacy.task(1, "work").await;
    let first = stream.receive().await;
    let last = stream.last_id.clone();
    drop(stream);
    probe.open(1);
    legacy.ask(2, "tasks/result", json!({ "taskId": id })).await;
    let mut stream = legacy.come_back(&*last).await;
    loop {
        let message = stream.receive().await;
        assert_ne!(message, first);
        if message["params"]["status"] == "completed" {
            break;
        }
    }
    // It is the session's as before.
    probe.open(1);
    legacy.task(3, "work").await;
    while stream.receive().await["params"]["status"] != "completed" {}
    legacy.end().await;
    assert_eq!(stream.next().await, None);
}

async fn refused(legacy: &Legacy, last_id: &str) -> Value {
    let reply = legacy.come_back(last_id).await;
    assert_eq!(reply.status, 400, "{last_id}");
    let message = reply.json().await;
    assert_eq!(code(&message), -32600);
    message
}

#[tokio::test]
async fn whoever_comes_back_with_fewer_scopes_gets_nothing_of_what_more_of_them_brought() {
    let ann = |scopes: &[&str]| Principal::subject("ann").with_scopes(scopes.iter().copied());
    let tokens = BearerTokens::new()
        .with_principal(ann(&["read", "write"]), "both")
        .with_principal(ann(&["read"]), "fewer")
        .with_principal(ann(&["read", "write", "more"]), "more");
    let (_running, http) = listening(server().0.authenticator(tokens)).await;
    let with = async |token: &str, from: &Legacy| {
        let mut again = Legacy::begin(&http.with_token(token)).await;
        again.id.clone_from(&from.id);
        again
    };
    let legacy = Legacy::begin(&http.with_token("both")).await;
    let (fewer, more) = (with("fewer", &legacy).await, with("more", &legacy).await);
    let mut reply = legacy.send(1, "tools/call", told("count", json!({ "to": 2 }))).await;
    reply.receive().await;
    let last = reply.last_id.clone();
    drop(reply);
    refused(&fewer, &last).await;
    for again in [&more, &legacy] {
        assert_eq!(rest(&mut again.come_back(&*last).await).await.len(), 2);
    }
    // Of the session's own stream what was missed is lost to them, and a new one begins.
    let mut stream = legacy.listen().await;
    legacy.task(2, "ask").await;
    let heard = stream.receive().await;
    let first = format!("{}-0", stream.last_id.rsplit_once('-').unwrap().0);
    drop(stream);
    assert_eq!(more.come_back(&*first).await.receive().await, heard);
    let mut anew = fewer.come_back(&*first).await;
    assert_eq!(anew.status, 200);
    let (messages, id) = came(&anew.bytes().await.unwrap());
    assert!(messages.is_empty() && id.is_some_and(|id| !first.starts_with(&id[..17])));
}

#[tokio::test]
async fn ids_of_others_and_ids_of_nothing_are_told_alike() {
    let (_running, http, _) = usual().await;
    let (legacy, other) = (Legacy::begin(&http).await, Legacy::begin(&http).await);
    let mut reply = legacy.send(1, "tools/call", told("count", json!({ "to": 2 }))).await;
    rest(&mut reply).await;
    let last = reply.last_id.clone();
    let foreign = refused(&other, &last).await;
    for id in ["c0123456789abcdef-0", "x", "c-1", "c0123456789ABCDEF-1", "c0123456789abcdef-99999999999999999999", "😀"]
    {
        assert_eq!(refused(&other, id).await, foreign);
    }
    // One that was never given, of a stream that there is.
    let (stream, _) = last.split_once('-').unwrap();
    assert_eq!(refused(&legacy, &format!("{stream}-9")).await, foreign);
    assert_eq!(refused(&legacy, &format!("{stream}-{}", u64::MAX)).await, foreign);
    // A stream of its own a session gets in any case.
    let mut own = legacy.listen().await;
    let begins = String::from_utf8(own.bytes().await.unwrap().into()).unwrap();
    assert!(begins.starts_with("id: s") && begins.ends_with("-0\nretry: 1000\ndata: \n\n"), "{begins}");
    let mut fresh = other.come_back("s0123456789abcdef-7").await;
    assert_eq!(fresh.status, 200);
    assert!(fresh.bytes().await.unwrap().starts_with(b"id: s"));
}

async fn with(limits: ServeLimits) -> (pmcp_server::Running, Http) {
    listening(server().0.serve_limits(limits)).await
}

#[tokio::test]
async fn what_is_kept_is_bounded_and_its_end_is_told() {
    let (_running, http) = with(ServeLimits { resumable: 16 << 10, ..ServeLimits::default() }).await;
    let legacy = Legacy::begin(&http).await;
    let mut reply = legacy.send(1, "tools/call", told("flood", json!({ "kilobytes": 100 }))).await;
    reply.receive().await;
    let early = reply.last_id.clone();
    let messages = rest(&mut reply).await;
    assert_eq!(text(messages.last().unwrap()), "flooded");
    refused(&legacy, &early).await;
    let (stream, last) = reply.last_id.split_once('-').unwrap();
    let before: u64 = last.parse::<u64>().unwrap() - 3;
    assert_eq!(rest(&mut legacy.come_back(&*format!("{stream}-{before}")).await).await, messages[messages.len() - 3..]);
}

#[tokio::test]
async fn where_nothing_is_kept_there_are_no_ids() {
    let (_running, http) = with(ServeLimits { resume_time: Duration::ZERO, ..ServeLimits::default() }).await;
    let legacy = Legacy::begin(&http).await;
    let mut reply = legacy.send(1, "tools/call", told("count", json!({ "to": 2 }))).await;
    assert_eq!(rest(&mut reply).await.len(), 3);
    assert_eq!(reply.last_id, "");
    let mut stream = legacy.listen().await;
    legacy.task(2, "ask").await;
    stream.receive().await;
    assert_eq!(stream.last_id, "");
}

#[tokio::test]
async fn nobody_comes_back_after_the_time() {
    let clock = ManualClock::new();
    let (server, probe) = server_with(TaskStore::memory().with_clock(clock.clone()));
    let (_running, http) = listening(server).await;
    let legacy = Legacy::begin(&http).await;
    let mut reply = legacy.send(1, "tools/call", told("stubborn", json!({}))).await;
    reply.receive().await;
    let last = reply.last_id.clone();
    drop(reply);
    let time = ServeLimits::default().resume_time;
    clock.advance(time / 2).await;
    let again = legacy.come_back(&*last).await;
    assert_eq!(again.status, 200);
    drop(again);
    // Until the server has seen that it left, it stays.
    while legacy.come_back(&*last).await.status == 200 {
        clock.advance(time).await;
    }
    probe.open(1);
    probe.noted("stubborn ended", 1).await;
    refused(&legacy, &last).await;
}
