//! Calls that may become tasks and are done before they do (2026-07-28): answered plainly, and nothing stays of them.

use std::time::Duration;

use pmcp_tasks::{
    Limits, TaskContext, ToolError, ToolResult,
    protocol::{IDEMPOTENCY_KEY, VARIABLES},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::*;

const MS: Duration = Duration::from_millis(1);

/// A call of the tool that is answered plainly if it is done in 100 ms.
fn swift() -> Value {
    json!({ "name": "swift", "arguments": {} })
}

#[derive(pmcp_tasks::Form)]
struct Name {
    name: String,
}

/// Makes the tool wait for this gate.
fn gated(server: &Server) -> CancellationToken {
    let gate = CancellationToken::new();
    let open = gate.clone();
    server.world.on("swift", move |_, cx| {
        let open = open.clone();
        async move {
            let task: TaskContext<Shared> = cx.task();
            tokio::select! {
                () = open.cancelled() => Ok(ToolResult::text("late")),
                () = task.cancellation().cancelled() => {
                    task.check_cancelled()?;
                    Ok(ToolResult::default())
                }
            }
        }
    });
    gate
}

/// The owner's tasks, as a client that lists them sees them.
async fn listed(server: &Server) -> Vec<String> {
    server.v2025("ann").page(None).await.0
}

#[tokio::test]
async fn a_call_that_is_done_at_once_touches_no_store() {
    let backend = FaultyBackend::new();
    let server = Server::on(backend.clone(), Limits::default());
    // Not a write gets through.
    backend.fail(Fault::Down, usize::MAX);
    let result = server.v2026("ann").ok("tools/call", swift()).await;
    assert_eq!((text_of(&result), &result["resultType"]), ("done", &json!("complete")));
}

#[tokio::test]
async fn the_handle_is_given_when_the_time_is_over() {
    let server = Server::new();
    let gate = gated(&server);
    let client = server.v2026("ann");
    let call = client.spawn("tools/call", swift());
    server.advance(99 * MS).await;
    assert!(!call.is_finished() && listed(&server).await.is_empty());
    server.advance(MS).await;
    let created = call.await.unwrap().unwrap();
    assert_eq!((&created["resultType"], &created["status"]), (&json!("task"), &json!("working")));
    let id = id_of(&created);
    assert_eq!(listed(&server).await, [id.clone()]);
    assert_eq!(client.get(&id).await["createdAt"], "2025-11-25T00:00:00.000Z");
    gate.cancel();
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), "late");
}

#[tokio::test]
async fn a_server_says_how_long_and_a_tool_says_it_better() {
    for (limit, ms) in [(Duration::from_secs(2), 2000), (Duration::ZERO, 0)] {
        let server = Server::with(Limits { inline: limit, ..Limits::default() });
        gated(&server);
        let client = server.v2026("ann");
        let call = client.spawn("tools/call", swift());
        server.advance(Duration::from_millis(ms)).await;
        settle().await;
        assert_eq!(call.await.unwrap().unwrap()["resultType"], "task");
    }
    // The other tools of these tests say zero.
    let server = Server::with(Limits { inline: seconds(60), ..Limits::default() });
    assert_eq!(server.v2026("ann").create("optional").await.unwrap()["resultType"], "task");
}

#[tokio::test]
async fn a_question_brings_the_handle_at_once() {
    let server = Server::new();
    server.world.on("swift", |_, cx| async move { Ok(ToolResult::text(cx.tool().elicit::<Name>("?").await?.name)) });
    let client = server.v2026("ann");
    let id = id_of(&client.ok("tools/call", swift()).await);
    client.until(&id, "input_required").await;
    client.update(&id, json!({ "input-1": accept(json!({ "name": "Ann" })) })).await.unwrap();
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), "Ann");
}

#[tokio::test]
async fn a_durable_act_stores_the_task_before_its_handle_is_given() {
    let server = Server::new();
    for act in ["step", "variable"] {
        let (gate, open) = (CancellationToken::new(), CancellationToken::new());
        let (done, opened) = (gate.clone(), open.clone());
        server.world.on("swift", move |_, cx| {
            let (gate, open) = (done.clone(), opened.clone());
            async move {
                let task: TaskContext<Shared> = cx.task();
                let id = task.id();
                assert!(id.is_some());
                match act {
                    "step" => task.step("one", async || Ok::<_, ToolError>(1)).await?,
                    _ => task.variables().rows.add(1).await?,
                };
                assert_eq!(task.id(), id);
                open.cancel();
                gate.cancelled().await;
                Ok(ToolResult::text(task.variables().rows.get().await?.to_string()))
            }
        });
        let client = server.v2026("ann");
        let call = client.spawn("tools/call", swift());
        open.cancelled().await;
        let stored = listed(&server).await;
        assert_eq!(stored.len(), 1, "{act}");
        gate.cancel();
        let result = call.await.unwrap().unwrap();
        assert_eq!(text_of(&result), if act == "step" { "0" } else { "1" });
        // It ended in time: nobody knows of the task, and there is none.
        assert_eq!(listed(&server).await, [] as [String; 0], "{act}");
        assert_eq!(client.err("tasks/get", json!({ "taskId": stored[0] })).await.code, -32602);
    }
}

#[tokio::test]
async fn what_the_client_sets_is_there_before_the_task_is_and_after() {
    let server = Server::new();
    server.world.on("swift", |_, cx| async move {
        let task: TaskContext<Shared> = cx.task();
        let before = task.variables().dry_run.get().await?;
        let rows = task.variables().rows.add(2).await?;
        task.variables().dry_run.update(|dry_run| !dry_run).await?;
        let after = task.variables().dry_run.get().await?;
        Ok(ToolResult::text(format!("{before} {rows} {after}")))
    });
    let mut call = swift();
    call["_meta"] = json!({ VARIABLES: { "dry_run": true } });
    assert_eq!(text_of(&server.v2026("ann").ok("tools/call", call).await), "true 2 false");
}

#[tokio::test]
async fn errors_and_panics_in_time_are_those_of_a_plain_call() {
    let server = Server::new();
    let client = server.v2026("ann");
    server.world.on("swift", |_, _| async { Err(ToolError::new("no")) });
    assert_eq!(client.ok("tools/call", swift()).await["isError"], true);
    server.world.on("swift", |_, _| async { Err(ToolError::rpc(7, "seven")) });
    assert_eq!(client.err("tools/call", swift()).await.code, 7);
    server.world.on("swift", |_, cx| async move {
        let task: TaskContext<Shared> = cx.task();
        task.variables().rows.set(1).await?;
        panic!("as the test wants")
    });
    assert_eq!(client.err("tools/call", swift()).await.code, -32603);
    assert_eq!(listed(&server).await, [] as [String; 0]);
}

#[tokio::test]
async fn racing_slow_calls_become_as_many_tasks_as_the_quota_allows() {
    let server = Server::with(Limits { tasks_per_owner: 5, ..Limits::default() });
    let gate = gated(&server);
    let client = server.v2026("ann");
    let calls: Vec<_> = (0..50).map(|_| client.spawn("tools/call", swift())).collect();
    server.advance(100 * MS).await;
    let (mut tasks, mut refused) = (Vec::new(), 0);
    for call in calls {
        match call.await.unwrap() {
            Ok(created) => tasks.push(id_of(&created)),
            Err(error) => {
                assert_eq!((error.code, &error.data.unwrap()["reason"]), (-32603, &json!("quota")));
                refused += 1;
            }
        }
    }
    assert_eq!((tasks.len(), refused), (5, 45));
    gate.cancel();
    for id in tasks {
        client.until(&id, "completed").await;
    }
    // Fast calls need no place.
    assert_eq!(text_of(&client.ok("tools/call", swift()).await), "late");
}

#[tokio::test]
async fn a_durable_act_beyond_the_quota_ends_the_call() {
    let server = Server::with(Limits { tasks_per_owner: 1, ..Limits::default() });
    let client = server.v2026("ann");
    server.world.never_ends("optional");
    client.start("optional").await;
    server.world.on("swift", |_, cx| async move {
        let task: TaskContext<Shared> = cx.task();
        // What the function makes of it does not matter.
        let _ = task.variables().rows.set(1).await;
        Ok(ToolResult::text("as if nothing had happened"))
    });
    assert_eq!(client.err("tools/call", swift()).await.data.unwrap()["reason"], "quota");
}

#[tokio::test]
async fn a_request_cancelled_in_time_cancels_the_code_and_leaves_nothing() {
    let server = Server::new();
    for stores in [false, true] {
        let ended = CancellationToken::new();
        let tells = ended.clone();
        server.world.on("swift", move |_, cx| {
            let ended = tells.clone();
            async move {
                let task: TaskContext<Shared> = cx.task();
                if stores {
                    task.variables().rows.set(1).await?;
                }
                task.cancellation().cancelled().await;
                ended.cancel();
                task.check_cancelled()?;
                Ok(ToolResult::default())
            }
        });
        let (client, cancellation) = server.v2026("ann").cancellable();
        let call = client.spawn("tools/call", swift());
        settle().await;
        assert_eq!(listed(&server).await.len(), usize::from(stores));
        cancellation.cancel();
        assert_eq!(call.await.unwrap().unwrap_err().code, -32603);
        ended.cancelled().await;
        settle().await;
        assert_eq!(listed(&server).await, [] as [String; 0]);
    }
}

#[tokio::test]
async fn a_task_that_was_found_in_the_list_and_cancelled_in_time_stays_cancelled() {
    let server = Server::new();
    server.world.on("swift", |_, cx| async move {
        let task: TaskContext<Shared> = cx.task();
        task.variables().rows.set(1).await?;
        task.cancellation().cancelled().await;
        // It ends well all the same: too late.
        Ok(ToolResult::text("done"))
    });
    let call = server.v2026("ann").spawn("tools/call", swift());
    settle().await;
    let id = listed(&server).await.remove(0);
    let other = server.v2025("ann");
    assert_eq!(other.ok("tasks/cancel", json!({ "taskId": id })).await["status"], "cancelled");
    let answer = call.await.unwrap().unwrap();
    assert_eq!(
        (&answer["resultType"], &answer["taskId"], &answer["status"]),
        (&json!("task"), &json!(id), &json!("cancelled"))
    );
    assert_eq!(other.ok("tasks/get", json!({ "taskId": id })).await["status"], "cancelled");
}

#[tokio::test]
async fn a_request_that_is_dropped_leaves_nothing() {
    let server = Server::new();
    let gate = gated(&server);
    let call = server.v2026("ann").spawn("tools/call", swift());
    settle().await;
    call.abort();
    gate.cancel();
    settle().await;
    server.advance(seconds(1)).await;
    assert_eq!(listed(&server).await, [] as [String; 0]);
}

#[tokio::test]
async fn progress_goes_to_the_request_and_then_into_the_task() {
    let server = Server::new();
    let (next, turn) = tokio::sync::watch::channel(0);
    server.world.on("swift", move |_, cx| {
        let mut turn = turn.clone();
        async move {
            let task: TaskContext<Shared> = cx.task();
            task.progress(1, 3).await;
            let _ = turn.wait_for(|turn| *turn == 1).await;
            task.progress(2, 3).await;
            std::future::pending().await
        }
    });
    let client = server.v2026("ann");
    let mut call = swift();
    call["_meta"] = json!({ "progressToken": "t" });
    let call = client.spawn("tools/call", call);
    server.advance(100 * MS).await;
    let created = call.await.unwrap().unwrap();
    assert_eq!(created["statusMessage"], "1 of 3");
    let told = client.stream.notified("notifications/progress");
    assert_eq!((told.len(), &told[0]["progress"]), (1, &json!(1)));
    // The request is answered: no progress belongs to it any more.
    server.advance(seconds(1)).await;
    next.send(1).unwrap();
    settle().await;
    assert_eq!(client.get(&id_of(&created)).await["statusMessage"], "2 of 3");
    assert_eq!(client.stream.notified("notifications/progress").len(), 1);
}

#[tokio::test]
async fn a_store_that_is_away_is_waited_for() {
    let backend = FaultyBackend::new();
    let server = Server::on(backend.clone(), Limits::default());
    let gate = gated(&server);
    let client = server.v2026("ann");
    backend.fail(Fault::Down, usize::MAX);
    let call = client.spawn("tools/call", swift());
    server.advance(seconds(2)).await;
    assert!(!call.is_finished());
    backend.recover();
    server.advance(seconds(10)).await;
    let id = id_of(&call.await.unwrap().unwrap());
    gate.cancel();
    client.until(&id, "completed").await;

    // What ends meanwhile needs no store.
    let gate = gated(&server);
    backend.fail(Fault::Down, usize::MAX);
    let call = client.spawn("tools/call", swift());
    server.advance(seconds(2)).await;
    gate.cancel();
    settle().await;
    backend.recover();
    server.advance(seconds(60)).await;
    assert_eq!(text_of(&call.await.unwrap().unwrap()), "late");
}

#[tokio::test]
async fn a_creation_whose_reply_is_lost_is_one_task() {
    let backend = FaultyBackend::new();
    let server = Server::on(backend.clone(), Limits::default());
    gated(&server);
    let client = server.v2026("ann");
    // More often than one operation is tried.
    backend.fail(Fault::ReplyLost, 6);
    let call = client.spawn("tools/call", swift());
    server.advance(seconds(5)).await;
    let id = id_of(&call.await.unwrap().unwrap());
    assert_eq!(listed(&server).await, [id]);
}

#[tokio::test]
async fn a_repeatable_call_is_answered_in_time_and_found_again() {
    let server = Server::new();
    let client = server.v2026("ann");
    let mut call = swift();
    call["_meta"] = json!({ IDEMPOTENCY_KEY: "k" });
    let first = client.ok("tools/call", call.clone()).await;
    assert_eq!(text_of(&first), "done");
    let again = client.ok("tools/call", call).await;
    assert_eq!((&again["resultType"], &again["status"]), (&json!("task"), &json!("completed")));
    assert_eq!(text_of(&client.get(&id_of(&again)).await["result"]), "done");
}

#[tokio::test]
async fn a_repeatable_call_goes_on_when_its_request_is_gone() {
    let server = Server::new();
    let gate = gated(&server);
    let mut call = swift();
    call["_meta"] = json!({ IDEMPOTENCY_KEY: "k" });
    let (client, cancellation) = server.v2026("ann").cancellable();
    let first = client.spawn("tools/call", call.clone());
    settle().await;
    cancellation.cancel();
    first.await.unwrap().unwrap_err();
    gate.cancel();
    let client = server.v2026("ann");
    let id = id_of(&client.ok("tools/call", call).await);
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), "late");
}

#[tokio::test]
async fn a_question_of_a_repeatable_call_brings_the_handle_at_once() {
    let server = Server::new();
    server.world.on("swift", |_, cx| async move { Ok(ToolResult::text(cx.tool().elicit::<Name>("?").await?.name)) });
    let mut call = swift();
    call["_meta"] = json!({ IDEMPOTENCY_KEY: "k" });
    // The clock stands still, so waiting for the time to be over would never end.
    let given = server.v2026("ann").spawn("tools/call", call);
    settle().await;
    assert!(given.is_finished());
    assert_eq!(given.await.unwrap().unwrap()["resultType"], "task");
}

#[tokio::test]
async fn a_worker_that_dies_in_time_leaves_what_it_stored_to_others() {
    let cluster = Cluster::new();
    let (dying, living) = (cluster.dead(), cluster.alive());
    let log = cluster.log.clone();
    for server in [&dying, &living] {
        let log = log.clone();
        server.world.on("swift", move |_, cx| {
            let log = log.clone();
            async move {
                let task: TaskContext<Shared> = cx.task();
                task.step("one", async || log.effect("one")).await?;
                if task.attempt() == 1 {
                    std::future::pending::<()>().await;
                }
                Ok(ToolResult::text("done"))
            }
        });
    }
    let client = dying.v2026("ann");
    let call = client.spawn("tools/call", swift());
    settle().await;
    assert_eq!(log.lines(), ["one"]);
    let id = dying.v2025("ann").page(None).await.0.remove(0);
    call.abort();
    cluster.two_periods().await;
    cluster.two_periods().await;
    let client = living.v2026("ann");
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), "done");
    assert_eq!(log.lines(), ["one"]);
}

#[tokio::test]
async fn shutdown_in_time_lets_the_call_end() {
    let server = Server::new();
    let gate = gated(&server);
    let call = server.v2026("ann").spawn("tools/call", swift());
    settle().await;
    let router = server.router.clone();
    let stopping = tokio::spawn(async move { router.shut_down(seconds(10)).await });
    settle().await;
    gate.cancel();
    assert_eq!(text_of(&call.await.unwrap().unwrap()), "late");
    stopping.await.unwrap();
}
