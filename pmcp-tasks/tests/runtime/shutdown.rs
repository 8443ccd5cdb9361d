//! Shutdown: nothing new, a grace for what runs, then cancellation.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::StreamExt;
use pmcp_tasks::{Limits, TaskContext, ToolError, ToolResult, operate::Delivery};
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

/// Makes the tool wait for what `wait` says, and tell what came.
fn waits(server: &Server, tool: &'static str, wait: &'static str) {
    server.world.on(tool, move |_, cx| async move {
        let task: TaskContext<Shared> = cx.task();
        match wait {
            "question" => Ok(ToolResult::text(task.elicit::<Name>("?").await?.name)),
            "signal" => Ok(ToolResult::text(task.signal::<String>("name").await?)),
            _ => task.timer("due", minutes(1)).await.map(|()| ToolResult::text("Ann")),
        }
    });
}

/// Shuts down with a grace that nobody's clock ever reaches.
async fn shut_down_at_once(server: &Server) {
    let stopped = server.router.shut_down(minutes(60));
    tokio::time::timeout(seconds(20), stopped).await.expect("nothing is waited for");
}

#[tokio::test]
async fn runs_that_only_wait_are_handed_over_at_once() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.alive(), cluster.alive());
    let client = one.v2026("ann");
    let mut ids = Vec::new();
    for wait in ["question", "signal", "timer"] {
        waits(&one, "restarting", wait);
        ids.push(client.start("restarting").await);
        settle().await;
    }
    client.until(&ids[0], "input_required").await;
    shut_down_at_once(&one).await;

    let client = other.v2026("ann");
    assert_eq!(client.status(&ids[0]).await, "input_required");
    assert_eq!((client.status(&ids[1]).await, client.status(&ids[2]).await), ("working".into(), "working".into()));
    // Each run takes the wait up that its task has recorded.
    other.world.on("restarting", move |_, cx| async move {
        let task: TaskContext<Shared> = cx.task();
        let name = tokio::select! {
            answer = task.elicit::<Name>("?") => answer?.name,
            signal = task.signal::<String>("name") => signal?,
            due = task.timer("due", minutes(1)) => due.map(|()| "late".to_owned())?,
        };
        Ok(ToolResult::text(name))
    });
    cluster.clock.advance(seconds(LEASE) / 4).await;
    client.update(&ids[0], json!({ "input-1": accept(json!({ "name": "Ann" })) })).await.unwrap();
    let store = pmcp_tasks::TaskStore::new(Connection::to(&cluster.store)).with_clock(cluster.clock.clone());
    let signalled = store.task(&user_owner("ann"), ids[1].parse().unwrap());
    assert_eq!(signalled.signal("name", &"Bob").await.unwrap(), Delivery::Delivered);
    cluster.clock.advance(minutes(1)).await;
    for (id, name) in ids.iter().zip(["Ann", "Bob", "late"]) {
        assert_eq!(text_of(&client.until(id, "completed").await["result"]), name);
    }
}

#[tokio::test]
async fn a_run_that_waits_keeps_the_grace_where_it_has_a_step_to_finish_or_could_not_go_on() {
    let cluster = Cluster::new();
    let (gate, log) = (CancellationToken::new(), cluster.log.clone());
    let one = cluster.alive();
    let open = gate.clone();
    one.world.on("restarting", move |_, cx| {
        let (gate, log) = (open.clone(), log.clone());
        async move {
            let task: TaskContext<Shared> = cx.task();
            let work = async || {
                gate.cancelled().await;
                log.effect("the step is done")
            };
            let (signal, step) = tokio::join!(task.signal::<String>("name"), task.step("work", work));
            step?;
            Ok::<_, ToolError>(ToolResult::text(signal?))
        }
    });
    one.v2026("ann").start("restarting").await;
    settle().await;
    let stopping = shut_down(&one);
    cluster.clock.advance(seconds(10)).await;
    assert!(!stopping.is_finished());
    gate.cancel();
    settle().await;
    cluster.clock.advance(seconds(1)).await;
    tokio::time::timeout(seconds(20), stopping).await.expect("the step was all").unwrap();
    assert_eq!(cluster.log.lines(), ["the step is done"]);

    // Another worker would end this one.
    let other = cluster.alive();
    waits(&other, "optional", "question");
    let client = other.v2026("ann");
    let id = client.start("optional").await;
    client.until(&id, "input_required").await;
    let stopping = shut_down(&other);
    cluster.clock.advance(seconds(29)).await;
    assert!(!stopping.is_finished());
    client.update(&id, json!({ "input-1": accept(json!({ "name": "Ann" })) })).await.unwrap();
    stopping.await.unwrap();
    assert_eq!(client.status(&id).await, "completed");
}
