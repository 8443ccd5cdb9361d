//! How long a run may take: its own time, what waiting for the client adds, and what comes after.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use pmcp_tasks::{Limits, ToolResult, time::Clock as _};
use serde_json::json;

use crate::support::*;

#[derive(pmcp_tasks::Form)]
struct Name {
    name: String,
}

/// Asks, and works for so long before and after.
fn asks(server: &Server, before: u64, after: u64) {
    for tool in ["timed", "optional"] {
        server.world.on(tool, move |_, cx| async move {
            let cx = cx.tool();
            cx.sleep(seconds(before)).await?;
            let Name { name } = cx.elicit("?").await?;
            cx.sleep(seconds(after)).await?;
            Ok(ToolResult::text(name))
        });
    }
}

fn ann() -> serde_json::Value {
    json!({ "input-1": accept(json!({ "name": "Ann" })) })
}

#[tokio::test]
async fn work_that_takes_too_long_fails_and_is_dropped() {
    let server = Server::new();
    let alive = server.world.never_ends("timed");
    let client = server.v2026("ann");
    let id = client.start("timed").await;
    let plain = client.clone().undeclared().spawn("tools/call", json!({ "name": "timed" }));
    settle().await;
    assert_eq!(Arc::strong_count(&alive), 4);
    server.advance(seconds(59)).await;
    assert_eq!(client.status(&id).await, "working");
    // Time to put things in order, which it does not take.
    server.advance(seconds(1)).await;
    assert_eq!(client.status(&id).await, "working");
    server.advance(seconds(5)).await;
    let task = client.until(&id, "failed").await;
    assert_eq!(task["error"], json!({ "code": -32603, "message": "the tool took longer than it may" }));
    assert_eq!(plain.await.unwrap().unwrap_err().message, "the tool took longer than it may");
    eventually("the work is dropped", || Arc::strong_count(&alive) == 2).await;
}

#[tokio::test]
async fn without_a_timeout_of_its_own_a_tool_has_the_default() {
    let server = Server::with(Limits { default_timeout: minutes(5), ..Limits::default() });
    server.world.on("optional", |_, _| async { std::future::pending().await });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    server.advance(minutes(5).checked_sub(seconds(1)).unwrap()).await;
    assert_eq!(client.status(&id).await, "working");
    server.advance(seconds(6)).await;
    client.until(&id, "failed").await;
}

#[tokio::test]
async fn work_that_takes_too_long_is_cancelled_and_may_put_things_in_order() {
    let server = Server::new();
    let tidied = Arc::new(AtomicBool::new(false));
    let (done, clock) = (tidied.clone(), server.clock.clone());
    server.world.on("timed", move |_, cx| {
        let (done, clock) = (done.clone(), clock.clone());
        async move {
            cx.tool().cancellation().cancelled().await;
            clock.sleep(seconds(4)).await;
            done.store(true, Ordering::SeqCst);
            Ok(ToolResult::text("too late"))
        }
    });
    let client = server.v2026("ann");
    let id = client.start("timed").await;
    server.advance(seconds(63)).await;
    assert_eq!((client.status(&id).await.as_str(), tidied.load(Ordering::SeqCst)), ("working", false));
    server.advance(seconds(1)).await;
    assert_eq!(client.until(&id, "failed").await["error"]["message"], "the tool took longer than it may");
    assert!(tidied.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_task_that_waits_for_an_answer_keeps_its_time_to_work() {
    let server = Server::new();
    asks(&server, 30, 29);
    let client = server.v2026("ann");
    let in_time = client.start("timed").await;
    server.advance(seconds(30)).await;
    client.until(&in_time, "input_required").await;
    server.advance(minutes(20)).await;
    client.update(&in_time, ann()).await.unwrap();
    server.advance(seconds(29)).await;
    assert_eq!(text_of(&client.until(&in_time, "completed").await["result"]), "Ann");

    asks(&server, 30, 31);
    let late = client.start("timed").await;
    server.advance(seconds(30)).await;
    client.until(&late, "input_required").await;
    server.advance(minutes(20)).await;
    client.update(&late, ann()).await.unwrap();
    server.advance(seconds(30)).await;
    assert_eq!(client.until(&late, "failed").await["error"]["message"], "the tool took longer than it may");
}

#[tokio::test]
async fn waiting_ends_while_the_client_can_still_learn_of_it() {
    let server = Server::new();
    asks(&server, 0, 0);
    let client = server.v2026("ann");
    // It exists for two hours.
    let id = client.start("timed").await;
    client.until(&id, "input_required").await;
    server.advance(minutes(110).checked_sub(seconds(1)).unwrap()).await;
    assert_eq!(client.status(&id).await, "input_required");
    server.advance(seconds(1)).await;
    client.until(&id, "failed").await;
}

#[tokio::test]
async fn the_time_of_a_call_goes_on_while_it_asks() {
    let server = Server::new();
    asks(&server, 0, 0);
    let client = server.v2025("ann");
    let call = client.spawn("tools/call", json!({ "name": "timed" }));
    eventually("the question", || client.stream.requests().len() == 1).await;
    server.advance(seconds(60)).await;
    assert_eq!(call.await.unwrap().unwrap_err().message, "the tool took longer than it may");
}
