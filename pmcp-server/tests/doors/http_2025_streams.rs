//! What goes out over which stream of a session, and what a closed one means.

use serde_json::{Value, json};

use crate::support::{Legacy, Reply, call, notification, text, usual};

fn with_progress(tool: &str, arguments: Value) -> Value {
    let mut params = call(tool, arguments);
    params["_meta"] = json!({ "progressToken": "token" });
    params
}

/// The next message with this method.
async fn next(stream: &mut Reply, method: &str) -> Value {
    loop {
        let message = stream.receive().await;
        if message["method"] == method {
            return message;
        }
    }
}

#[tokio::test]
async fn progress_of_a_call_comes_before_its_response_on_its_own_stream() {
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let mut reply = legacy.send(1, "tools/call", with_progress("count", json!({ "to": 3 }))).await;
    for done in 1..=3 {
        assert_eq!(reply.receive().await["params"]["progress"], done);
    }
    assert_eq!(text(&reply.receive().await), "counted to 3");
    assert_eq!(reply.next().await, None);
}

#[tokio::test]
async fn a_client_that_disconnects_has_not_cancelled() {
    let (_running, http, probe) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let mut reply = legacy.send(1, "tools/call", with_progress("stubborn", json!({}))).await;
    reply.receive().await;
    drop(reply);
    tokio::select! {
        _ = legacy.send(2, "tools/call", call("block", json!({}))) => panic!("it does not end"),
        () = probe.noted("block started", 1) => {}
    }
    probe.open(2);
    probe.noted("stubborn ended", 1).await;
    assert_eq!(probe.count("block cancelled"), 0);
}

#[tokio::test]
async fn a_cancelled_call_is_told_and_gets_no_response() {
    let (_running, http, probe) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let mut reply = legacy.send(1, "tools/call", with_progress("work", json!({}))).await;
    assert_eq!(reply.receive().await["method"], "notifications/progress");
    // Somebody else's request with that id is somebody else's.
    let other = Legacy::begin(&http).await;
    other.post(&notification("notifications/cancelled", json!({ "requestId": 1 }))).await;
    legacy.post(&notification("notifications/cancelled", json!({ "requestId": 1 }))).await;
    probe.noted("work cancelled", 1).await;
    assert_eq!(reply.next().await, None);
    assert_eq!(probe.count("work cancelled"), 1);
    assert_eq!(legacy.ask(1, "ping", None).await["result"], json!({}));
}

#[tokio::test]
async fn progress_of_a_task_goes_to_the_stream_of_the_session_after_its_call() {
    let (_running, http, probe) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let mut stream = legacy.listen().await;
    let id = legacy.task(1, "work").await;
    let related = json!({ "io.modelcontextprotocol/related-task": { "taskId": id } });
    for done in 1..=2 {
        let progress = next(&mut stream, "notifications/progress").await;
        let expected = json!({ "progressToken": "token", "progress": done, "total": 2, "_meta": related });
        assert_eq!(progress["params"], expected);
        probe.open(1);
    }
}

#[tokio::test]
async fn states_of_a_task_are_told_to_the_session_that_created_it_alone() {
    let (_running, http, probe) = usual().await;
    let (legacy, other) = (Legacy::begin(&http).await, Legacy::begin(&http).await);
    let (mut stream, mut elsewhere) = (legacy.listen().await, other.listen().await);
    let id = legacy.task(1, "work").await;
    probe.noted("work started", 1).await;
    probe.open(1);
    loop {
        let message = next(&mut stream, "notifications/tasks/status").await;
        assert_eq!((&message["params"]["taskId"], message["params"].get("_meta")), (&json!(id), None));
        if message["params"]["status"] == "completed" {
            break;
        }
    }
    // The other session hears of its own task first.
    let own = other.task(1, "work").await;
    assert_eq!(next(&mut elsewhere, "notifications/tasks/status").await["params"]["taskId"], own.as_str());
}

#[tokio::test]
async fn each_message_goes_to_one_stream() {
    let (_running, http, probe) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let (mut first, mut second) = (legacy.listen().await, legacy.listen().await);
    legacy.task(1, "work").await;
    probe.open(1);
    while next(&mut second, "notifications/tasks/status").await["params"]["status"] != "completed" {}
    legacy.end().await;
    assert_eq!(first.next().await, None);
}

#[tokio::test]
async fn tasks_result_waits_and_answers_as_the_call_would_have() {
    let (_running, http, probe) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let id = legacy.task(1, "work").await;
    let waiting = tokio::spawn({
        let (legacy, id) = (legacy.clone(), id.clone());
        async move { legacy.ask(2, "tasks/result", json!({ "taskId": id })).await }
    });
    probe.noted("work started", 1).await;
    assert!(!waiting.is_finished());
    probe.open(1);
    let result = waiting.await.unwrap();
    assert_eq!(text(&result), "worked");
    let related = &result["result"]["_meta"]["io.modelcontextprotocol/related-task"]["taskId"];
    assert_eq!(*related, id.as_str());
    // Again, and for a session that is another one of the same owner.
    assert_eq!(text(&Legacy::begin(&http).await.ask(2, "tasks/result", json!({ "taskId": id })).await), "worked");
}

#[tokio::test]
async fn waiting_for_a_result_and_leaving_costs_nothing() {
    let (_running, http, probe) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let id = legacy.task(1, "work").await;
    probe.noted("work started", 1).await;
    // With one id throughout: it is free again as soon as the server learns that the client has left.
    for _ in 0..3 {
        let waiting = legacy.ask(2, "tasks/result", json!({ "taskId": id }));
        let left = tokio::time::timeout(std::time::Duration::from_millis(20), waiting).await;
        assert!(left.is_err_and(|_| true));
        crate::support::within(async { while legacy.ask(2, "ping", None).await.get("error").is_some() {} }).await;
    }
    probe.open(1);
    assert_eq!(text(&legacy.ask(2, "tasks/result", json!({ "taskId": id })).await), "worked");
}

#[tokio::test]
async fn a_reader_that_stands_still_holds_nobody_up() {
    let (_running, http, probe) = usual().await;
    let legacy = Legacy::begin(&http).await;
    // Far more than fits into buffers on the way.
    let standing = legacy.send(1, "tools/call", with_progress("flood", json!({ "kilobytes": 30_000 }))).await;
    let stream = legacy.listen().await;
    probe.noted("flooded", 1).await;
    assert_eq!(legacy.ask(2, "ping", None).await["result"], json!({}));
    drop(stream);
    // What it reads is what fitted, then the response.
    let mut read = 0;
    let mut standing = standing;
    let last = loop {
        let message = standing.receive().await;
        if message.get("id").is_some() {
            break message;
        }
        read += 1;
    };
    assert!(read < 30_000, "{read}");
    assert_eq!(text(&last), "flooded");
}
