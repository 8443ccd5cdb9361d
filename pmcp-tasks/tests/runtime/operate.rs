//! What operators do to tasks: look, cancel, answer, try again, list; and what a health endpoint is told.

use pmcp_tasks::{
    Limits, TaskContext, TaskStore, ToolError, ToolResult,
    operate::{AnswerError, Answering, Cancellation, Filter, HeldBy, Retry, TaskHandle},
    router::{Execution, TaskRouterBuilder},
    store::{MemoryBackend, backend::Holder},
    task::TaskStatus,
    testing::ManualClock,
};
use serde_json::{Value, json};

use crate::support::*;

#[derive(pmcp_tasks::Form)]
struct Name {
    name: String,
}

fn of_ann(store: &TaskStore, id: &str) -> TaskHandle {
    store.task(&user_owner("ann"), id.parse().unwrap())
}

/// A server and its store, as an operator in the same process has it.
fn server() -> (Server, TaskStore) {
    let (clock, store) = (ManualClock::new(), TaskStore::new(MemoryBackend::new()));
    let operators = store.clone().with_clock(clock.clone());
    (Server::in_store(clock, store, TaskRouterBuilder::tool::<Restarting>), operators)
}

/// The store as an operator in another process has it.
fn elsewhere(cluster: &Cluster) -> TaskStore {
    TaskStore::new(Connection::to(&cluster.store)).with_clock(cluster.clock.clone())
}

#[tokio::test]
async fn a_look_shows_all_there_is_of_a_task_and_marks_what_clients_do_not_see() {
    let (server, store) = server();
    server.world.on("restarting", |_, cx| async move {
        let task: TaskContext<Shared> = cx.task();
        task.step("count", async || Ok::<_, ToolError>(7)).await?;
        task.variables().rows.set(7).await?;
        task.variables().secret.set("s3cret".into()).await?;
        task.signal::<u8>("early").await?;
        let (name, _, _) =
            tokio::join!(task.elicit::<Name>("Who?"), task.timer("day", seconds(90)), task.signal::<u8>("late"));
        Ok(ToolResult::text(name?.name))
    });
    let client = server.v2026("ann");
    let params = json!({ "name": "restarting", "arguments": { "file": "a.csv" } });
    let id = id_of(&client.create_with(params).await.unwrap());
    let task = of_ann(&store, &id);
    task.signal("early", &5).await.unwrap();
    client.until(&id, "input_required").await;
    let look = task.look().await.unwrap().unwrap();
    assert_eq!((&*look.id, &*look.tool, &look.arguments["file"]), (&*id, "restarting", &json!("a.csv")));
    assert_eq!((&look.owner, look.status, look.attempt), (&user_owner("ann"), TaskStatus::InputRequired, 1));
    assert!(matches!(&look.holder, Some(HeldBy::Worker(id)) if id.len() == 32), "{:?}", look.holder);
    assert_eq!((&look.variables["rows"].value, look.variables["rows"].hidden), (&json!(7), false));
    assert_eq!((&look.variables["secret"].value, look.variables["secret"].hidden), (&json!("s3cret"), true));
    assert_eq!((look.steps.len(), &look.steps["count"]), (1, &json!(7)));
    assert_eq!((look.signals.len(), &look.signals["early"]), (1, &json!(5)));
    assert_eq!(look.awaited_signals.keys().collect::<Vec<_>>(), ["late"]);
    assert_eq!(look.timers["day"], look.created.after(seconds(90)));
    assert_eq!(look.questions["input-1"].params["message"], "Who?");
    assert_eq!(serde_json::to_value(&look).unwrap()["holder"]["worker"].as_str().unwrap().len(), 32);
    task.cancel().await.unwrap();
    let ended = task.look().await.unwrap().unwrap();
    assert_eq!((ended.status, ended.holder, ended.outcome.is_some()), (TaskStatus::Cancelled, None, true));
    assert_eq!(store.task(&user_owner("eve"), id.parse().unwrap()).look().await.unwrap(), None);
}

#[tokio::test]
async fn an_operator_cancels_and_answers_in_this_process_and_from_another_one() {
    let cluster = Cluster::new();
    let server = cluster.alive();
    server.world.on("restarting", |_, cx| async move {
        let Name { name } = cx.tool().elicit("Who?").await?;
        Ok(ToolResult::text(name))
    });
    let alive = server.world.never_ends("optional");
    let client = server.v2026("ann");
    for store in [server.router.store().clone(), elsewhere(&cluster)] {
        let (asking, endless) = (client.start("restarting").await, client.start("optional").await);
        client.until(&asking, "input_required").await;
        let (task, other) = (of_ann(&store, &asking), of_ann(&store, &endless));
        let misfit = task.answer("input-1", &accept(json!({ "name": 7 }))).await.unwrap_err();
        assert!(matches!(misfit, AnswerError::Misfit { .. }), "{misfit}");
        let large = accept(json!({ "name": "x".repeat(70_000) }));
        assert!(matches!(task.answer("input-1", &large).await, Err(AnswerError::TooLarge { max: 65_536, .. })));
        let answer = accept(json!({ "name": "Ann" }));
        assert_eq!(task.answer("input-2", &answer).await.unwrap(), Answering::NotAsked);
        assert_eq!(task.answer("input-1", &answer).await.unwrap(), Answering::Answered);
        assert_eq!(other.cancel().await.unwrap(), Cancellation::Cancelled);
        assert_eq!(other.cancel().await.unwrap(), Cancellation::Ended(TaskStatus::Cancelled));
        assert_eq!(client.status(&endless).await, "cancelled");
        // A process that is brought no hints looks once a lease period.
        cluster.clock.advance(seconds(LEASE)).await;
        cluster.clock.advance(seconds(6)).await;
        assert_eq!(text_of(&client.until(&asking, "completed").await["result"]), "Ann");
        assert_eq!(task.answer("input-1", &answer).await.unwrap(), Answering::Ended);
        eventually("the code is gone", || std::sync::Arc::strong_count(&alive) == 2).await;
    }
    let foreign = elsewhere(&cluster).task(&user_owner("eve"), client.start("optional").await.parse().unwrap());
    assert_eq!(foreign.cancel().await.unwrap(), Cancellation::Unknown);
    let answer = accept(json!({ "name": "Eve" }));
    assert_eq!(foreign.answer("input-1", &answer).await.unwrap(), Answering::Unknown);
}

/// Makes the tool fail in its second step until the gate opens.
fn fails_until(server: &Server, log: &Log, opened: &tokio_util::sync::CancellationToken) {
    let (log, opened) = (log.clone(), opened.clone());
    server.world.on("restarting", move |arguments, cx| {
        let (log, opened) = (log.clone(), opened.clone());
        async move {
            let task: TaskContext<Shared> = cx.task();
            let file = arguments.given.get("file").and_then(Value::as_str).unwrap_or_default().to_owned();
            task.step("fetch", async || log.effect(format!("fetches {file}"))).await?;
            task.variables().rows.add(1).await?;
            let by: String = task.signal("approved").await?;
            task.step("store", async || {
                log.add("tries to store");
                if opened.is_cancelled() { Ok(()) } else { Err(ToolError::new("the disk is full")) }
            })
            .await?;
            let rows = task.variables().rows.get().await?;
            Ok(ToolResult::text(format!("stored for {by}, {rows} rows, attempt {}", task.attempt())))
        }
    });
}

#[tokio::test]
async fn a_failed_task_is_tried_again_with_all_that_was_recorded() {
    for abroad in [false, true] {
        let (cluster, gate) = (Cluster::new(), tokio_util::sync::CancellationToken::new());
        let server = cluster.alive();
        fails_until(&server, &cluster.log, &gate);
        let store = if abroad { elsewhere(&cluster) } else { server.router.store().clone() };
        let client = server.v2026("ann");
        let params = json!({ "name": "restarting", "arguments": { "file": "a.csv" } });
        let id = id_of(&client.create_with(params).await.unwrap());
        let task = of_ann(&store, &id);
        assert_eq!(task.retry().await.unwrap(), Retry::NotFailed(TaskStatus::Working));
        task.signal("approved", "Bob").await.unwrap();
        cluster.clock.advance(seconds(LEASE)).await;
        let failed = client.until(&id, "completed").await;
        assert_eq!(text_of(&failed["result"]), "the disk is full");
        gate.cancel();
        let Retry::Begun(again) = task.retry().await.unwrap() else { panic!("not begun") };
        assert_eq!(task.retry().await.unwrap(), Retry::Again(again));
        if abroad {
            cluster.clock.advance(seconds(LEASE)).await;
        }
        let done = client.until(&again.to_string(), "completed").await;
        assert_eq!(text_of(&done["result"]), "stored for Bob, 2 rows, attempt 1");
        assert_eq!(cluster.log.lines(), ["fetches a.csv", "tries to store", "tries to store"], "abroad: {abroad}");
        assert_eq!(client.get(&id).await, failed, "what ended does not change");
        assert!(server.v2025("ann").page(None).await.0.contains(&again.to_string()));
    }
}

#[tokio::test]
async fn what_must_not_run_twice_is_not_tried_again() {
    let (server, store) = server();
    server.world.on("optional", |_, _| async { Err(ToolError::new("no")) });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    client.until(&id, "completed").await;
    assert_eq!(of_ann(&store, &id).retry().await.unwrap(), Retry::NotRestartable);
    assert_eq!(store.task(&user_owner("eve"), id.parse().unwrap()).retry().await.unwrap(), Retry::Unknown);
}

#[tokio::test]
async fn a_retry_is_refused_as_its_call_was_and_takes_its_place() {
    for abroad in [false, true] {
        let (cluster, gate) = (Cluster::new(), tokio_util::sync::CancellationToken::new());
        let server = cluster.with(|router| router.limits(Limits { tasks_per_owner: 2, ..Limits::default() }));
        fails_until(&server, &cluster.log, &gate);
        let _alive = server.world.never_ends("optional");
        let store = if abroad { elsewhere(&cluster) } else { server.router.store().clone() };
        let client = server.v2026("ann");
        let id = client.start("restarting").await;
        let task = of_ann(&store, &id);
        task.signal("approved", "Bob").await.unwrap();
        cluster.clock.advance(seconds(LEASE)).await;
        client.until(&id, "completed").await;
        gate.cancel();
        let others = [client.start("optional").await, client.start("optional").await];
        assert_eq!(task.retry().await.unwrap(), Retry::Full);
        of_ann(&store, &others[0]).cancel().await.unwrap();
        let Retry::Begun(again) = task.retry().await.unwrap() else { panic!("not begun") };
        client.create("optional").await.unwrap_err();
        assert_eq!(task.retry().await.unwrap(), Retry::Again(again), "at a full quota, too");
        cluster.two_periods().await;
        client.until(&again.to_string(), "completed").await;
    }
}

#[tokio::test]
async fn a_retry_has_the_room_that_its_call_had() {
    let (cluster, gate) = (Cluster::new(), tokio_util::sync::CancellationToken::new());
    let small = cluster.with(|router| router.limits(Limits { stored_bytes: 8000, ..Limits::default() }));
    fails_until(&small, &cluster.log, &gate);
    let client = small.v2026("ann");
    let id = client.start("restarting").await;
    let task = of_ann(small.router.store(), &id);
    task.signal("approved", "Bob").await.unwrap();
    client.until(&id, "completed").await;
    let large = cluster.alive();
    let _alive = large.world.never_ends("optional");
    let call = json!({ "name": "optional", "arguments": { "file": "x".repeat(8000) } });
    large.v2026("ann").create_with(call).await.unwrap();
    assert_eq!(task.retry().await.unwrap(), Retry::NoRoom);
}

#[tokio::test]
async fn a_retry_in_a_store_that_nobody_shares_begins_at_once() {
    let (server, store) = server();
    let (log, gate) = (Log::default(), tokio_util::sync::CancellationToken::new());
    fails_until(&server, &log, &gate);
    let client = server.v2026("ann");
    let id = client.start("restarting").await;
    of_ann(&store, &id).signal("approved", "Bob").await.unwrap();
    client.until(&id, "completed").await;
    gate.cancel();
    let Retry::Begun(again) = of_ann(&store, &id).retry().await.unwrap() else { panic!("not begun") };
    client.until(&again.to_string(), "completed").await;
    assert_eq!(log.lines().len(), 3);
}

#[tokio::test]
async fn a_retry_whose_process_dies_at_any_write_is_found_and_begun_once() {
    for write in 1..=6 {
        for applied in [false, true] {
            let (cluster, gate) = (Cluster::new(), tokio_util::sync::CancellationToken::new());
            let server = cluster.alive();
            fails_until(&server, &cluster.log, &gate);
            let client = server.v2026("ann");
            let id = client.start("restarting").await;
            of_ann(server.router.store(), &id).signal("approved", "Bob").await.unwrap();
            client.until(&id, "completed").await;
            gate.cancel();
            let backend = FaultyBackend::to(&cluster.store);
            let operator = TaskStore::new(backend.clone()).with_clock(cluster.clock.clone());
            backend.die_at(write, applied);
            let dying = of_ann(&operator, &id);
            let retrying = tokio::spawn(async move { dying.retry().await });
            settle().await;
            let again = of_ann(server.router.store(), &id).retry().await.unwrap();
            let (Retry::Begun(again) | Retry::Again(again)) = again else { panic!("{again:?}") };
            // Longer than the dead one had to copy what was recorded.
            for _ in 0..40 {
                cluster.two_periods().await;
            }
            // It has come along, or is not there: never its name alone.
            of_ann(server.router.store(), &again.to_string()).signal("approved", "Bob").await.unwrap();
            client.until(&again.to_string(), "completed").await;
            let ids = server.v2025("ann").page(None).await.0;
            assert_eq!(ids.len(), 2, "write {write}, applied {applied}");
            retrying.abort();
        }
    }
}

#[tokio::test]
async fn lists_show_what_is_asked_for_a_page_at_a_time() {
    let cluster = Cluster::new();
    let server = cluster.with(|router| router.execution(Execution::Immediate));
    let _alive = server.world.never_ends("optional");
    let client = server.v2026("ann");
    let mut all = Vec::new();
    for tool in ["optional", "restarting", "optional", "restarting", "timed"] {
        let id = client.start(tool).await;
        if tool != "optional" {
            client.until(&id, "completed").await;
        }
        all.push(id);
    }
    let store = elsewhere(&cluster);
    let ann = user_owner("ann");
    let listed = async |filter: &Filter| {
        let (mut ids, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let page = store.list_only(&ann, filter, cursor.as_deref(), 2).await.unwrap().unwrap();
            ids.extend(page.tasks.iter().map(|task| task.id().to_string()));
            cursor = page.next;
            if cursor.is_none() {
                return ids;
            }
        }
    };
    let working = Filter { statuses: vec![TaskStatus::Working], tool: None };
    assert_eq!(listed(&working).await, [&*all[2], &*all[0]]);
    let restarting = Filter { statuses: Vec::new(), tool: Some("restarting".into()) };
    assert_eq!(listed(&restarting).await, [&*all[3], &*all[1]]);
    assert_eq!(listed(&Filter::default()).await.len(), 5);
    let read = of_ann(&store, &all[4]).get().await.unwrap().unwrap();
    assert_eq!((read.tool(), read.outcome()), (Some("timed"), None));
    assert!(store.list_only(&user_owner("eve"), &working, None, 2).await.unwrap().unwrap().tasks.is_empty());
    assert!(store.list_only(&ann, &working, Some("nonsense"), 2).await.unwrap().is_none());

    let workers = store.list_workers().await.unwrap();
    assert_eq!((workers.len(), workers[0].period_ms), (1, LEASE * 1000));
    let held = store.held_by(workers[0].holder(), None, 1).await.unwrap();
    let rest = store.held_by(workers[0].holder(), held.next.as_ref(), 5).await.unwrap();
    let mut ids: Vec<_> = held.tasks.iter().chain(&rest.tasks).map(|task| task.id().to_string()).collect();
    ids.sort_unstable();
    let mut expected = vec![all[0].clone(), all[2].clone()];
    expected.sort_unstable();
    assert_eq!((ids, rest.next.is_none(), held.tasks[0].tool()), (expected, true, Some("optional")));
}

#[tokio::test]
async fn a_call_that_waits_for_its_retry_is_no_task_that_is_held() {
    let (server, store) = server();
    server.world.on("plain", |_, cx| async move {
        cx.tool().elicit::<bool>("Shall it be?").await?;
        Ok(ToolResult::text("never"))
    });
    server.v2026("ann").undeclared().call("plain", json!({})).await.unwrap();
    for worker in store.list_workers().await.unwrap() {
        assert!(store.held_by(worker.holder(), None, 5).await.unwrap().tasks.is_empty());
    }
}

#[tokio::test]
async fn a_status_tells_what_a_health_endpoint_wants_to_know() {
    let cluster = Cluster::new();
    let backend = FaultyBackend::to(&cluster.store);
    let server = Server::on_clock(cluster.clock.clone(), backend.clone(), |router| {
        router.tool::<Restarting>().lease(seconds(LEASE)).worker(1)
    });
    let front = cluster.over(&Connection::to(&cluster.store), |router| router.execution(Execution::Queued));
    let _alive = server.world.never_ends("optional");
    server.router.keep_house();
    settle().await;
    let status = server.router.status().await;
    assert!(status.is_ready() && status.store.reachable && status.lease.kept, "{status:?}");
    assert_eq!((status.running, status.queue.unwrap().depth), (0, 0));
    server.v2026("ann").start("optional").await;
    for _ in 0..3 {
        front.v2026("ann").start("restarting").await;
    }
    settle().await;
    let status = server.router.status().await;
    let queue = status.queue.clone().unwrap();
    assert_eq!((status.running, queue.depth, queue.more, queue.worked), (1, 3, false, true), "{status:?}");
    let json = serde_json::to_value(&status).unwrap();
    assert_eq!((&json["store"]["backend"], &json["lease"]["period_ms"]), (&json!("memory"), &json!(4000)));
    assert!(!front.router.status().await.queue.unwrap().worked);

    // A store that does not answer.
    let gate = backend.hold_in("held");
    let asking = tokio::spawn({
        let router = server.router.clone();
        async move { router.status().await }
    });
    cluster.clock.advance(seconds(2)).await;
    let status = asking.await.unwrap();
    assert!(!status.is_ready() && !status.store.reachable && status.queue.is_none(), "{status:?}");
    assert_eq!(status.store.failure, Some("unavailable"));
    gate.add_permits(100);
}

#[tokio::test]
async fn who_shuts_down_is_not_ready() {
    let (server, store) = server();
    server.router.keep_house();
    assert!(server.router.status().await.is_ready());
    server.router.shut_down(seconds(1)).await;
    let status = server.router.status().await;
    assert!(status.draining && !status.is_ready());
    assert!(store.held_by(Holder::Queue, None, 5).await.unwrap().tasks.is_empty());
}
