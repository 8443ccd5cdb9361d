//! Shutdown: nothing new, a grace for what runs, then cancellation.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::StreamExt;
use pmcp_tasks::{Limits, ToolResult};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::*;

#[derive(pmcp_tasks::Form)]
struct Name {
    name: String,
}

/// A tool that ends with the gate, or cancelled; how often it was.
fn gated(server: &Server, tool: &'static str) -> (CancellationToken, Arc<AtomicUsize>) {
    let (gate, cancelled) = (CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
    let (open, count) = (gate.clone(), cancelled.clone());
    server.world.on(tool, move |_, cx| {
        let (gate, count) = (open.clone(), count.clone());
        async move {
            let cx = cx.tool();
            tokio::select! {
                () = gate.cancelled() => Ok(ToolResult::text("finished")),
                () = cx.cancellation().cancelled() => {
                    count.fetch_add(1, Ordering::SeqCst);
                    cx.check_cancelled()?;
                    Ok(ToolResult::default())
                }
            }
        }
    });
    (gate, cancelled)
}

fn shut_down(server: &Server) -> JoinHandle<()> {
    let router = server.router.clone();
    tokio::spawn(async move { router.shut_down(seconds(30)).await })
}

#[tokio::test]
async fn an_idle_server_stops_at_once() {
    let server = Server::new();
    server.router.keep_house();
    server.router.shut_down(seconds(30)).await;
}

#[tokio::test]
async fn nothing_new_is_admitted_and_what_runs_is_waited_for() {
    let server = Server::new();
    let (gate, cancelled) = gated(&server, "optional");
    let client = server.v2025("ann");
    let id = client.start("optional").await;
    let call = client.spawn("tools/call", json!({ "name": "optional" }));
    let waiting = client.spawn("tasks/result", json!({ "taskId": id }));
    settle().await;
    let stopping = shut_down(&server);
    settle().await;
    for params in [json!({ "name": "plain" }), json!({ "name": "optional", "task": {} })] {
        let error = client.err("tools/call", params).await;
        assert_eq!((error.code, error.message.as_str()), (-32603, "the server is shutting down"));
    }
    assert_eq!(client.page(None).await.0, [id.clone()]);
    assert_eq!(client.status(&id).await, "working");
    server.advance(seconds(29)).await;
    assert!(!stopping.is_finished() && !waiting.is_finished());
    gate.cancel();
    stopping.await.unwrap();
    assert_eq!(text_of(&call.await.unwrap().unwrap()), "finished");
    assert_eq!(text_of(&waiting.await.unwrap().unwrap()), "finished");
    assert_eq!(client.status(&id).await, "completed");
    assert_eq!(cancelled.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_takes_longer_than_the_grace_is_cancelled_in_tasks_and_in_plain_calls() {
    let server = Server::new();
    let (_gate, cancelled) = gated(&server, "optional");
    let client = server.v2025("ann");
    let id = client.start("optional").await;
    let call = client.spawn("tools/call", json!({ "name": "optional" }));
    settle().await;
    let stopping = shut_down(&server);
    server.advance(seconds(30)).await;
    stopping.await.unwrap();
    assert_eq!(cancelled.load(Ordering::SeqCst), 2);
    assert_eq!(call.await.unwrap().unwrap_err().message, "cancelled");
    assert_eq!(client.status(&id).await, "cancelled");
}

#[tokio::test]
async fn code_that_does_not_cooperate_does_not_hold_up_the_end() {
    let server = Server::new();
    server.world.on("optional", |_, _| async { std::future::pending().await });
    let client = server.v2025("ann");
    client.start("optional").await;
    let stopping = shut_down(&server);
    server.advance(seconds(34)).await;
    assert!(!stopping.is_finished());
    server.advance(seconds(1)).await;
    stopping.await.unwrap();
}

#[tokio::test]
async fn calls_that_wait_for_the_user_end() {
    let server = Server::new();
    for tool in ["plain", "optional"] {
        server.world.on(tool, |_, cx| async move { Ok(ToolResult::text(cx.tool().elicit::<Name>("?").await?.name)) });
    }
    let (old, new) = (server.v2025("ann"), server.v2026("ann"));
    let on_stream = old.spawn("tools/call", json!({ "name": "plain" }));
    let before_the_task = old.spawn("tools/call", json!({ "name": "ask_name" }));
    let hidden = new.call("plain", json!({})).await.unwrap();
    let task = new.start("optional").await;
    new.until(&task, "input_required").await;
    let stopping = shut_down(&server);
    server.advance(seconds(30)).await;
    stopping.await.unwrap();
    assert_eq!(on_stream.await.unwrap().unwrap_err().message, "cancelled");
    assert_eq!(before_the_task.await.unwrap().unwrap_err().message, "the server is shutting down");
    assert_eq!(new.status(&task).await, "cancelled");
    let retry = json!({
        "name": "plain", "arguments": {}, "requestState": hidden["requestState"],
        "inputResponses": { "input-1": accept(json!({ "name": "late" })) },
    });
    assert!(new.request("tools/call", retry).await.is_err());
}

#[tokio::test]
async fn a_retry_within_the_grace_is_answered() {
    let server = Server::new();
    server.world.on("plain", |_, cx| async move { Ok(ToolResult::text(cx.tool().elicit::<Name>("?").await?.name)) });
    let client = server.v2026("ann");
    let asked = client.call("plain", json!({})).await.unwrap();
    let stopping = shut_down(&server);
    settle().await;
    let retry = json!({
        "name": "plain", "arguments": {}, "requestState": asked["requestState"],
        "inputResponses": { "input-1": accept(json!({ "name": "Ann" })) },
    });
    assert_eq!(text_of(&client.ok("tools/call", retry).await), "Ann");
    stopping.await.unwrap();
}

#[tokio::test]
async fn who_waits_for_a_task_that_does_not_end_is_told() {
    // Its end cannot be stored either: the store is away for good.
    let backend = FaultyBackend::new();
    let server = Server::on(backend.clone(), Limits::default());
    server.world.on("optional", |_, _| async { std::future::pending().await });
    let (old, new) = (server.v2025("ann"), server.v2026("ann"));
    let id = old.start("optional").await;
    let waiting = old.spawn("tasks/result", json!({ "taskId": id }));
    let mut subscription = new.listen(&[&id]).await.unwrap().unwrap();
    settle().await;
    assert!(subscription.next().await.is_some());
    backend.fail(Fault::Down, usize::MAX);
    let stopping = shut_down(&server);
    server.advance(seconds(40)).await;
    stopping.await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap_err().message, "the server is shutting down");
    assert!(subscription.next().await.is_none());
    assert!(old.session.requests().is_empty());
}
