//! A store that fails, loses replies or hesitates: nothing is lost, nothing happens twice, nothing is left working.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use pmcp_tasks::{Limits, TaskContext, ToolError, ToolResult, protocol::VARIABLES, store::backend::TaskKey};
use serde_json::json;

use crate::support::*;

#[derive(pmcp_tasks::Form)]
struct Name {
    name: String,
}

fn faulty() -> (FaultyBackend, Server) {
    let backend = FaultyBackend::new();
    let server = Server::on(backend.clone(), Limits { tasks_per_owner: 1, ..Limits::default() });
    (backend, server)
}

/// Long enough for every try of an operation.
const TRIES: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_creation_is_tried_again_and_happens_once() {
    for fault in [Fault::Down, Fault::ReplyLost] {
        let (backend, server) = faulty();
        let runs = Arc::new(AtomicUsize::new(0));
        let count = runs.clone();
        server.world.on("optional", move |_, _| {
            count.fetch_add(1, Ordering::SeqCst);
            async { Ok(ToolResult::default()) }
        });
        let client = server.v2025("ann");
        backend.fail(fault, 3);
        let creation = client.spawn("tools/call", json!({ "name": "optional", "task": {} }));
        server.advance(TRIES).await;
        let id = id_of(&creation.await.unwrap().unwrap());
        client.until(&id, "completed").await;
        assert_eq!((client.page(None).await.0, runs.load(Ordering::SeqCst)), (vec![id], 1), "{fault:?}");
    }
}

#[tokio::test]
async fn a_creation_that_fails_leaves_nothing_and_names_no_detail() {
    let (backend, server) = faulty();
    let client = server.v2025("ann");
    backend.fail(Fault::Down, usize::MAX);
    let creation = client.spawn("tools/call", json!({ "name": "optional", "task": {} }));
    server.advance(TRIES).await;
    let error = creation.await.unwrap().unwrap_err();
    assert_eq!((error.code, error.message.as_str(), error.data), (-32603, "the task store failed", None));
    backend.recover();
    assert_eq!(client.page(None).await.0, [] as [&str; 0]);
    let id = client.start("optional").await;
    client.until(&id, "completed").await;
}

#[tokio::test]
async fn an_outcome_is_stored_when_the_store_comes_back() {
    for fault in [Fault::Down, Fault::ReplyLost, Fault::Full] {
        let (backend, server) = faulty();
        let client = server.v2025("ann");
        let id = client.start("optional").await;
        let waiting = client.spawn("tasks/result", json!({ "taskId": id }));
        backend.fail(fault, usize::MAX);
        settle().await;
        server.advance(minutes(5)).await;
        backend.recover();
        server.advance(minutes(1)).await;
        assert_eq!(text_of(&waiting.await.unwrap().unwrap()), "done", "{fault:?}");
        assert_eq!(client.status(&id).await, "completed");
        // Nothing is left of it that would hold up the end.
        server.router.shut_down(seconds(0)).await;
    }
}

#[tokio::test]
async fn an_outcome_the_store_cannot_keep_is_a_failure() {
    let server = Server::on(FaultyBackend::with_max_part(10_000), Limits::default());
    server.world.on("optional", |_, _| async { Ok(ToolResult::text("x".repeat(20_000))) });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    let task = client.until(&id, "failed").await;
    assert_eq!(task["error"], json!({ "code": -32603, "message": "the result is larger than the task store keeps" }));
}

#[tokio::test]
async fn an_addition_whose_reply_is_lost_is_applied_once() {
    let (backend, server) = faulty();
    let faults = backend.clone();
    server.world.on("variables", move |_, cx| {
        let faults = faults.clone();
        async move {
            let task: TaskContext<Shared> = cx.task();
            for _ in 0..3 {
                faults.fail(Fault::ReplyLost, 2);
                task.variables().rows.add(1).await?;
                faults.fail(Fault::ReplyLost, 2);
                task.variables().notes.push("x".into()).await?;
                faults.fail(Fault::ReplyLost, 2);
                task.variables().update(|all| all.rows += 10).await?;
            }
            faults.recover();
            Ok(ToolResult::default())
        }
    });
    let client = server.v2026("ann");
    let id = client.start("variables").await;
    server.advance(minutes(1)).await;
    let task = client.until(&id, "completed").await;
    assert_eq!(task["_meta"][VARIABLES]["rows"], 33);
    assert_eq!(task["_meta"][VARIABLES]["notes"], json!(["x", "x", "x"]));
}

#[tokio::test]
async fn a_client_that_goes_away_while_its_task_is_created_leaves_one_that_runs() {
    let (backend, server) = faulty();
    let client = server.v2025("ann");
    let gate = backend.hold_creations();
    let creation = client.spawn("tools/call", json!({ "name": "optional", "task": {} }));
    settle().await;
    creation.abort();
    assert!(creation.await.unwrap_err().is_cancelled());
    gate.add_permits(100);
    let id = client.page(None).await.0[0].clone();
    client.until(&id, "completed").await;
    eventually("the session is told", || client.session.notifications() == 1).await;
}

#[tokio::test]
async fn a_client_that_goes_away_while_it_cancels_has_cancelled() {
    let (backend, server) = faulty();
    let stopped = Arc::new(AtomicUsize::new(0));
    let count = stopped.clone();
    server.world.on("optional", move |_, cx| {
        let count = count.clone();
        async move {
            cx.tool().cancellation().cancelled().await;
            count.fetch_add(1, Ordering::SeqCst);
            Ok(ToolResult::default())
        }
    });
    let client = server.v2025("ann");
    let id = client.start("optional").await;
    let waiting = client.spawn("tasks/result", json!({ "taskId": id }));
    settle().await;
    let gate = backend.hold_replies();
    let cancellation = client.spawn("tasks/cancel", json!({ "taskId": id }));
    settle().await;
    cancellation.abort();
    assert!(cancellation.await.unwrap_err().is_cancelled());
    gate.add_permits(100);
    assert_eq!(waiting.await.unwrap().unwrap_err().message, "cancelled");
    eventually("the function ended", || stopped.load(Ordering::SeqCst) == 1).await;
}

#[tokio::test]
async fn a_task_that_is_cancelled_before_its_creation_is_confirmed_does_nothing() {
    let (backend, server) = faulty();
    let began = Arc::new(AtomicUsize::new(0));
    let count = began.clone();
    server.world.on("optional", move |_, cx| {
        let count = count.clone();
        async move {
            cx.tool().check_cancelled()?;
            count.fetch_add(1, Ordering::SeqCst);
            Ok(ToolResult::default())
        }
    });
    let client = server.v2025("ann");
    let gate = backend.hold_creations();
    let creation = client.spawn("tools/call", json!({ "name": "optional", "task": {} }));
    settle().await;
    // Somebody may see it already.
    let id = client.page(None).await.0[0].clone();
    client.cancel(&id).await.unwrap();
    gate.add_permits(1);
    assert_eq!(id_of(&creation.await.unwrap().unwrap()), id);
    settle().await;
    assert_eq!((began.load(Ordering::SeqCst), client.status(&id).await.as_str()), (0, "cancelled"));
}

#[tokio::test]
async fn an_answer_that_was_not_stored_can_be_given_again() {
    let (backend, server) = faulty();
    server.world.on("optional", |_, cx| async move { Ok(ToolResult::text(cx.tool().elicit::<Name>("?").await?.name)) });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    client.until(&id, "input_required").await;
    let answer = json!({ "taskId": id, "inputResponses": { "input-1": accept(json!({ "name": "Ann" })) } });
    backend.fail(Fault::Down, usize::MAX);
    let update = client.spawn("tasks/update", answer.clone());
    server.advance(TRIES).await;
    assert_eq!(update.await.unwrap().unwrap_err().message, "the task store failed");
    backend.recover();
    client.ok("tasks/update", answer).await;
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), "Ann");
}

#[tokio::test]
async fn an_answer_of_the_session_that_was_not_stored_is_asked_for_again() {
    let (backend, server) = faulty();
    server.world.on("optional", |_, cx| async move { Ok(ToolResult::text(cx.tool().elicit::<Name>("?").await?.name)) });
    let client = server.v2025("ann");
    let faults = backend.clone();
    client.session.answers(move |_, _| {
        faults.fail(Fault::Down, 4);
        Ok(accept(json!({ "name": "Ann" })))
    });
    let id = client.start("optional").await;
    eventually("the question", || client.session.requests().len() == 1).await;
    client.session.answers(|_, _| Ok(accept(json!({ "name": "again" }))));
    server.advance(TRIES).await;
    assert_eq!(text_of(&client.result(&id).await.unwrap()), "again");
    assert_eq!(client.session.requests().len(), 2);
}

#[tokio::test]
async fn work_pauses_while_the_store_is_away_and_goes_on_when_it_is_back() {
    for away in [Fault::Down, Fault::Full] {
        let (backend, server) = faulty();
        let faults = backend.clone();
        server.world.on("variables", move |_, cx| {
            let faults = faults.clone();
            async move {
                let task: TaskContext<Shared> = cx.task();
                faults.fail(away, usize::MAX);
                task.step("one", async || Ok::<_, ToolError>(1)).await?;
                faults.fail(Fault::ReplyLost, usize::MAX);
                task.variables().rows.add(1).await?;
                faults.fail(away, usize::MAX);
                task.status_message("asking").await?;
                faults.fail(away, usize::MAX);
                let Name { name } = task.elicit("?").await?;
                Ok(ToolResult::text(name))
            }
        });
        let client = server.v2025("ann");
        let id = client.start("variables").await;
        for _ in 0..4 {
            server.advance(minutes(2)).await;
            assert_eq!(client.status(&id).await, "working", "{away:?}");
            backend.recover();
            server.advance(seconds(6)).await;
        }
        let task = server.v2026("ann").until(&id, "input_required").await;
        assert_eq!((&task["statusMessage"], &task["_meta"][VARIABLES]["rows"]), (&json!("asking"), &json!(1)));
        server.v2026("ann").update(&id, json!({ "input-1": accept(json!({ "name": "Ann" })) })).await.unwrap();
        client.until(&id, "completed").await;
        assert_eq!(text_of(&client.result(&id).await.unwrap()), "Ann");
    }
}

#[tokio::test]
async fn a_cancellation_and_a_timeout_end_the_wait_for_a_store_that_is_away() {
    let (backend, server) = faulty();
    let faults = backend.clone();
    server.world.on("variables", move |_, cx| {
        let faults = faults.clone();
        async move {
            let task: TaskContext<Shared> = cx.task();
            faults.fail_in("record", Fault::Down, usize::MAX);
            task.step("one", async || Ok::<_, ToolError>(1)).await?;
            Ok(ToolResult::text("recorded"))
        }
    });
    let client = server.v2025("ann");
    let id = client.start("variables").await;
    settle().await;
    client.cancel(&id).await.unwrap();
    settle().await;
    assert_eq!(client.status(&id).await, "cancelled");
    let id = client.start("variables").await;
    server.advance(minutes(30) + seconds(6)).await;
    let task = client.until(&id, "failed").await;
    assert_eq!(task["statusMessage"], "the tool took longer than it may");
}

#[tokio::test]
async fn a_question_that_was_answered_while_another_waited_for_the_store_is_not_asked_again() {
    let (backend, server) = faulty();
    let faults = backend.clone();
    server.world.on("variables", move |_, cx| {
        let faults = faults.clone();
        async move {
            let task: TaskContext<Shared> = cx.task();
            let ask = async |message: &str| {
                let Name { name } = task.elicit(message).await?;
                // The answer is taken out of the store with it.
                task.status_message("answered").await?;
                Ok::<_, ToolError>(name)
            };
            // Every try of the two to write both questions.
            faults.fail_in("put", Fault::Down, 8);
            let (one, two) = tokio::join!(ask("one"), ask("two"));
            Ok(ToolResult::text([one?, two?, ask("three").await?].join(" ")))
        }
    });
    let id = server.v2025("ann").start("variables").await;
    let client = server.v2026("ann");
    let open = async || {
        let task = client.get(&id).await;
        task["inputRequests"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    let named = |name: &str| accept(json!({ "name": name }));
    // The write of one comes through, that of the other is still to come.
    server.advance(Duration::from_millis(400)).await;
    assert_eq!((backend.left(), open().await), (0, vec!["input-1".into(), "input-2".into()]));
    client.update(&id, json!({ "input-1": named("A"), "input-2": named("B") })).await.unwrap();
    settle().await;
    assert_eq!(client.get(&id).await["statusMessage"], "answered");
    server.advance(TRIES).await;
    assert_eq!(open().await, ["input-3"]);
    client.update(&id, json!({ "input-3": named("C") })).await.unwrap();
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), "A B C");
}

#[tokio::test]
async fn a_feed_that_ended_is_followed_by_another() {
    let cluster = Cluster::new();
    let backend = FaultyBackend::to(&cluster.store);
    backend.bring_hints();
    let server = Server::on_clock(cluster.clock.clone(), backend.clone(), |router| router.lease(seconds(LEASE)));
    server.router.keep_house();
    let _gate = gated(&server, "optional", "server", &cluster.log);
    let id = server.v2025("ann").start("optional").await;
    settle().await;
    let log = Logged::begin();
    for _ in 0..2 {
        backend.end_feeds();
        server.advance(seconds(1)).await;
    }
    log.only("the store gives no hints of other processes' changes any more, and is asked again");
    cluster.dead().v2025("ann").cancel(&id).await.unwrap();
    settle().await;
    assert_eq!(cluster.log.lines(), ["server begins attempt 1"]);
    backend.hint(&TaskKey { owner: user_owner("ann").key(), id: id.parse().unwrap() });
    settle().await;
    assert_eq!(cluster.log.lines(), ["server begins attempt 1", "server is cancelled"]);
}
