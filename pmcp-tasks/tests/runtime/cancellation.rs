//! Cancellation: it reaches the code, wins or loses once, and is final.

use std::sync::{Arc, Mutex};

use pmcp_tasks::{
    TaskContext, ToolError, ToolResult,
    context::{AskError, CancelCause},
    task::VariableError,
    testing::block_on,
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::*;

#[derive(Debug, pmcp_tasks::Form)]
#[expect(dead_code, reason = "never answered")]
struct Name {
    name: String,
}

/// What the function saw, told to the test.
type Seen<T> = Arc<Mutex<Option<T>>>;

async fn seen<T: Clone>(slot: &Seen<T>) -> T {
    eventually("the function tells", || slot.lock().unwrap().is_some()).await;
    slot.lock().unwrap().clone().unwrap()
}

#[tokio::test]
async fn it_reaches_code_that_waits_and_code_that_checks() {
    let server = Server::new();
    let slot: Seen<bool> = Arc::default();
    let told = slot.clone();
    server.world.on("optional", move |_, cx| {
        let told = told.clone();
        async move {
            let cx = cx.tool();
            assert!(cx.check_cancelled().is_ok());
            let slept = cx.sleep(minutes(10)).await;
            *told.lock().unwrap() = Some(slept.is_err() && cx.check_cancelled().is_err());
            cx.check_cancelled()?;
            Ok(ToolResult::text("late"))
        }
    });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    settle().await;
    client.cancel(&id).await.unwrap();
    assert!(seen(&slot).await);
    assert_eq!(client.status(&id).await, "cancelled");
}

/// Has the tool sleep until it is cancelled, and tell why: as the error has it, and as the context does.
fn tells_why(server: &Server, tool: &'static str) -> Seen<(CancelCause, Option<CancelCause>)> {
    let slot: Seen<_> = Arc::default();
    let told = slot.clone();
    server.world.on(tool, move |_, cx| {
        let told = told.clone();
        async move {
            let cx = cx.tool();
            assert_eq!(cx.cancel_cause(), None);
            let cancelled = cx.sleep(minutes(10)).await.unwrap_err();
            *told.lock().unwrap() = Some((cancelled.cause(), cx.cancel_cause()));
            Err(cancelled.into())
        }
    });
    slot
}

#[tokio::test]
async fn the_function_learns_why() {
    let server = Server::new();
    let client = server.v2026("ann");
    let by_client = tells_why(&server, "optional");
    let id = client.start("optional").await;
    settle().await;
    client.cancel(&id).await.unwrap();
    assert_eq!(seen(&by_client).await, (CancelCause::Requested, Some(CancelCause::Requested)));

    let by_time = tells_why(&server, "timed");
    client.start("timed").await;
    server.advance(seconds(61)).await;
    assert_eq!(seen(&by_time).await, (CancelCause::Timeout, Some(CancelCause::Timeout)));

    let by_shutdown = tells_why(&server, "optional");
    let id = client.start("optional").await;
    settle().await;
    server.router.shut_down(seconds(0)).await;
    assert_eq!(seen(&by_shutdown).await, (CancelCause::Shutdown, Some(CancelCause::Shutdown)));
    assert_eq!(client.status(&id).await, "cancelled");
}

#[tokio::test]
async fn what_a_function_leaves_running_learns_that_it_has_returned() {
    let server = Server::new();
    let slot: Seen<Option<CancelCause>> = Arc::default();
    let told = slot.clone();
    server.world.on("optional", move |_, cx| {
        let told = told.clone();
        async move {
            let cx = cx.tool();
            tokio::spawn(async move {
                cx.cancellation().cancelled().await;
                *told.lock().unwrap() = Some(cx.cancel_cause());
            });
            Ok(ToolResult::text("done"))
        }
    });
    server.v2026("ann").start("optional").await;
    assert_eq!(seen(&slot).await, Some(CancelCause::Ended));
}

#[tokio::test]
async fn code_that_does_not_cooperate_is_dropped_after_the_grace() {
    let server = Server::new();
    let alive = server.world.never_ends("optional");
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    settle().await;
    client.cancel(&id).await.unwrap();
    assert_eq!(client.status(&id).await, "cancelled");
    server.advance(seconds(5).checked_sub(std::time::Duration::from_millis(1)).unwrap()).await;
    assert_eq!(Arc::strong_count(&alive), 3);
    server.advance(seconds(1)).await;
    assert_eq!(Arc::strong_count(&alive), 2);
}

#[tokio::test]
async fn a_plain_call_ends_with_its_request() {
    let server = Server::new();
    let slot: Seen<bool> = Arc::default();
    let told = slot.clone();
    server.world.on("plain", move |_, cx| {
        let told = told.clone();
        async move {
            cx.tool().cancellation().cancelled().await;
            *told.lock().unwrap() = Some(true);
            Ok(ToolResult::text("late"))
        }
    });
    let (client, cancel) = server.v2025("ann").cancellable();
    let call = client.spawn("tools/call", json!({ "name": "plain" }));
    settle().await;
    cancel.cancel();
    assert_eq!(call.await.unwrap().unwrap_err().message, "cancelled");
    assert!(seen(&slot).await);
}

#[tokio::test]
async fn a_task_does_not_end_with_the_request_that_created_it() {
    let server = Server::new();
    let gate = CancellationToken::new();
    let open = gate.clone();
    server.world.on("optional", move |_, _| {
        let gate = gate.clone();
        async move {
            gate.cancelled().await;
            Ok(ToolResult::text("done"))
        }
    });
    let (client, cancel) = server.v2026("ann").cancellable();
    let id = client.start("optional").await;
    cancel.cancel();
    settle().await;
    assert_eq!(client.status(&id).await, "working");
    open.cancel();
    client.until(&id, "completed").await;
}

#[tokio::test]
async fn writes_after_the_end_are_rejected_and_change_nothing() {
    let server = Server::new();
    let slot: Seen<Vec<&'static str>> = Arc::default();
    let told = slot.clone();
    server.world.on("variables", move |_, cx| {
        let told = told.clone();
        async move {
            let task: TaskContext<Shared> = cx.task();
            let variables = task.variables();
            variables.rows.set(1).await?;
            task.cancellation().cancelled().await;
            let mut failures = Vec::new();
            if matches!(variables.rows.set(2).await, Err(VariableError::Lost)) {
                failures.push("set");
            }
            if matches!(variables.rows.add(1).await, Err(VariableError::Lost)) {
                failures.push("add");
            }
            if matches!(variables.update(|all| all.rows = 9).await, Err(VariableError::Lost)) {
                failures.push("update");
            }
            let step = task.step("after", async || Ok::<_, ToolError>(1)).await;
            if step.is_err_and(|error| error.is_cancelled()) {
                failures.push("step");
            }
            if matches!(task.elicit::<Name>("?").await, Err(AskError::Stopped)) {
                failures.push("elicit");
            }
            // Not worth an error: nobody reads it.
            task.status_message("after").await?;
            *told.lock().unwrap() = Some(failures);
            Ok(ToolResult::text("after"))
        }
    });
    let client = server.v2025("ann");
    let id = client.start("variables").await;
    settle().await;
    client.cancel(&id).await.unwrap();
    let cancelled = client.get(&id).await;
    assert_eq!(seen(&slot).await, ["set", "add", "update", "step", "elicit"]);
    settle().await;
    assert_eq!(client.get(&id).await, cancelled);
    assert_eq!(client.result(&id).await.unwrap_err().message, "cancelled");
    assert!(client.session.requests().is_empty());
}

#[tokio::test]
async fn cancelling_ends_an_open_question() {
    let server = Server::new();
    let slot: Seen<bool> = Arc::default();
    let told = slot.clone();
    server.world.on("optional", move |_, cx| {
        let told = told.clone();
        async move {
            let answer = cx.tool().elicit::<Name>("?").await;
            *told.lock().unwrap() = Some(matches!(answer, Err(AskError::Stopped)));
            answer?;
            Ok(ToolResult::default())
        }
    });
    let client = server.v2025("ann");
    let id = client.start("optional").await;
    eventually("the question", || client.session.requests().len() == 1).await;
    let cancelled = client.cancel(&id).await.unwrap();
    assert!(seen(&slot).await);
    eventually("the question is withdrawn", || client.session.abandoned() == 1).await;
    // An answer that comes too late is to no open question.
    client.update(&id, json!({ "input-1": accept(json!({ "name": "late" })) })).await.unwrap();
    assert_eq!(client.get(&id).await, cancelled);
}

#[tokio::test]
async fn what_a_function_left_running_cannot_ask_after_it_returned() {
    let server = Server::new();
    let slot: Arc<Mutex<Option<pmcp_tasks::ToolContext>>> = Arc::default();
    for tool in ["optional", "plain"] {
        let kept = slot.clone();
        server.world.on(tool, move |_, cx| {
            *kept.lock().unwrap() = Some(cx.tool());
            async { Ok(ToolResult::default()) }
        });
    }
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    client.until(&id, "completed").await;
    let cx = slot.lock().unwrap().take().unwrap();
    assert!(matches!(cx.elicit::<Name>("?").await, Err(AskError::Stopped)));
    client.call("plain", json!({})).await.unwrap();
    let cx = slot.lock().unwrap().take().unwrap();
    assert!(matches!(cx.elicit::<Name>("?").await, Err(AskError::Stopped)));
}

#[tokio::test]
async fn work_whose_task_is_gone_is_cancelled_at_its_next_write() {
    let server = Server::new();
    let slot: Seen<Option<CancelCause>> = Arc::default();
    let told = slot.clone();
    let gate = CancellationToken::new();
    let open = gate.clone();
    server.world.on("optional", move |_, cx| {
        let (told, gate) = (told.clone(), gate.clone());
        async move {
            let task = cx.task::<()>();
            gate.cancelled().await;
            task.status_message("still here").await?;
            *told.lock().unwrap() = Some(task.cancel_cause());
            Ok(ToolResult::default())
        }
    });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    settle().await;
    // Nobody sleeps through this: the wall clock alone is set forward.
    server.clock.set_wall(pmcp_tasks::time::Clock::now(&server.clock).after(minutes(60)));
    assert_eq!(client.err("tasks/get", json!({ "taskId": id })).await.message, "unknown task");
    open.cancel();
    assert_eq!(seen(&slot).await, Some(CancelCause::Expired));
}

#[test]
fn racing_with_the_end_has_one_outcome_for_good() {
    block_on(async {
        let server = Server::new();
        let client = server.v2025("ann");
        let (mut cancelled, mut completed) = (0, 0);
        for round in 0..500_usize {
            server.world.on("variables", move |_, cx| async move {
                let task: TaskContext<Shared> = cx.task();
                for _ in 0..round % 8 {
                    tokio::task::yield_now().await;
                }
                let _ = task.variables().rows.set(7).await;
                Ok(ToolResult::text("completed"))
            });
            let id = client.start("variables").await;
            let waiting = client.spawn("tasks/result", json!({ "taskId": id }));
            for _ in 0..round % 5 {
                tokio::task::yield_now().await;
            }
            let answer = client.cancel(&id).await;
            let result = waiting.await.unwrap();
            let task = client.get(&id).await;
            match answer {
                Ok(answered) => {
                    cancelled += 1;
                    assert_eq!(answered["status"], "cancelled");
                    assert_eq!(result.unwrap_err().message, "cancelled");
                }
                Err(error) => {
                    completed += 1;
                    assert_eq!(error.code, -32602);
                    assert_eq!(text_of(&result.unwrap()), "completed");
                }
            }
            let expected = if task["status"] == "cancelled" { "cancelled" } else { "completed" };
            assert_eq!(task["status"], expected);
            tokio::task::yield_now().await;
            assert_eq!(client.get(&id).await, task);
        }
        assert!(cancelled > 0 && completed > 0, "{cancelled} cancelled, {completed} completed");
    });
}

/// Has the tool wait for the gate, write, and tell whether that went, and why not.
fn writes_behind(gate: &CancellationToken, server: &Server, write: &'static str) -> Seen<(bool, Option<CancelCause>)> {
    let slot: Seen<_> = Arc::default();
    let (told, gate) = (slot.clone(), gate.clone());
    server.world.on("restarting", move |_, cx| {
        let (told, gate) = (told.clone(), gate.clone());
        async move {
            let task: TaskContext<Shared> = cx.task();
            gate.cancelled().await;
            let written = match write {
                "a step" => task.step("behind", async || Ok::<_, ToolError>(1)).await.is_ok(),
                _ => task.variables().rows.set(1).await.is_ok(),
            };
            *told.lock().unwrap() = Some((written, task.cancel_cause()));
            Ok(ToolResult::default())
        }
    });
    slot
}

#[tokio::test]
async fn a_cancel_that_another_process_wrote_is_known_as_that_at_the_next_write() {
    for write in ["a step", "a variable"] {
        let cluster = Cluster::new();
        let (one, other) = (cluster.dead(), cluster.dead());
        let gate = CancellationToken::new();
        let slot = writes_behind(&gate, &one, write);
        let id = one.v2026("ann").start("restarting").await;
        settle().await;
        other.v2026("ann").cancel(&id).await.unwrap();
        gate.cancel();
        assert_eq!(seen(&slot).await, (false, Some(CancelCause::Requested)), "{write}");
    }
}

#[tokio::test]
async fn whoever_was_taken_over_hears_of_that_and_not_of_a_cancel_since() {
    for write in ["a step", "a variable"] {
        let cluster = Cluster::new();
        let (one, other) = (cluster.dead(), cluster.alive());
        let gate = CancellationToken::new();
        let slot = writes_behind(&gate, &one, write);
        let _held = gated(&other, "restarting", "other", &cluster.log);
        let id = one.v2026("ann").start("restarting").await;
        settle().await;
        cluster.two_periods().await;
        eventually("the other has it", || !cluster.log.lines().is_empty()).await;
        other.v2026("ann").cancel(&id).await.unwrap();
        gate.cancel();
        assert_eq!(seen(&slot).await, (false, Some(CancelCause::TakenOver)), "{write}");
    }
}
