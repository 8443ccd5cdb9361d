//! The response of a 2026-07-28 request: JSON or a stream; closing it cancels.

use serde_json::{Value, json};

use crate::support::{Modern, call, text, usual, with_tasks};

fn with_progress(tool: &str, arguments: Value) -> Modern {
    Modern::new("tools/call", call(tool, arguments)).meta("progressToken", json!("token"))
}

#[tokio::test]
async fn progress_makes_the_response_a_stream_that_ends_with_it() {
    let (_running, http, _) = usual().await;
    let mut reply = with_progress("count", json!({ "to": 3 })).send(&http).await;
    assert_eq!((reply.status.as_u16(), reply.header("x-accel-buffering")), (200, "no"));
    for done in 1..=3 {
        let progress = reply.receive().await;
        assert_eq!(progress["method"], "notifications/progress");
        assert_eq!(progress["params"], json!({ "progressToken": "token", "progress": done, "total": 3 }));
    }
    assert_eq!(text(&reply.receive().await), "counted to 3");
    assert_eq!(reply.next().await, None);
}

#[tokio::test]
async fn what_some_readers_end_a_line_at_goes_out_escaped() {
    let (_running, http, _) = usual().await;
    let echo = Modern::new("tools/call", call("echo", json!({ "text": "a\u{85}b\u{2028}c\u{2029}d" })));
    for accept in ["application/json", "text/event-stream"] {
        let body = echo.clone().with("accept", accept).send(&http).await.text().await;
        assert!(body.contains(r"a\u0085b\u2028c\u2029d"), "{accept}: {body}");
    }
}

#[tokio::test]
async fn without_a_token_or_a_stream_there_is_no_progress() {
    let (_running, http, _) = usual().await;
    let reply = Modern::new("tools/call", call("count", json!({ "to": 3 }))).send(&http).await;
    assert_eq!(text(&reply.json().await), "counted to 3");
    let reply = with_progress("count", json!({ "to": 500 })).with("accept", "application/json").send(&http).await;
    assert_eq!(text(&reply.json().await), "counted to 500");
}

#[tokio::test]
async fn the_response_ends_the_stream_even_if_the_code_keeps_its_context() {
    let (_running, http, probe) = usual().await;
    let mut reply = with_progress("leak", json!({})).send(&http).await;
    assert_eq!(reply.receive().await["method"], "notifications/progress");
    assert_eq!(text(&reply.receive().await), "done");
    assert_eq!(reply.next().await, None);
    probe.open(1);
    probe.noted("leak ended", 1).await;
}

#[tokio::test]
async fn closing_the_stream_cancels_the_call() {
    let (_running, http, probe) = usual().await;
    // One that has become a stream, and one that has not.
    let mut reply = with_progress("work", json!({})).send(&http).await;
    assert_eq!(reply.receive().await["method"], "notifications/progress");
    drop(reply);
    probe.noted("work cancelled", 1).await;
    let request = Modern::new("tools/call", call("block", json!({})));
    tokio::select! {
        _ = request.send(&http) => panic!("it does not end"),
        () = probe.noted("block started", 1) => {}
    }
    probe.noted("block cancelled", 1).await;
}

#[tokio::test]
async fn a_slow_call_becomes_a_stream() {
    let (_running, http, probe) = usual().await;
    let mut reply = Modern::new("tools/call", call("block", json!({}))).send(&http).await;
    assert!(reply.is_stream());
    probe.open(1);
    assert_eq!(text(&reply.receive().await), "released");
    assert_eq!(reply.next().await, None);
}

#[tokio::test]
async fn closing_the_stream_does_not_cancel_a_task() {
    let (_running, http, probe) = usual().await;
    let created = Modern::of("tools/call", call("work", json!({})), with_tasks()).send(&http).await.json().await;
    let id = created["result"]["taskId"].clone();
    probe.noted("work started", 1).await;
    probe.open(1);
    loop {
        let get = Modern::of("tasks/get", json!({ "taskId": id }), with_tasks()).send(&http).await.json().await;
        assert_ne!(get["result"]["status"], "cancelled");
        if get["result"]["status"] == "completed" {
            assert_eq!(get["result"]["result"]["content"][0]["text"], "worked");
            break;
        }
    }
    assert_eq!(probe.count("work cancelled"), 0);
}
