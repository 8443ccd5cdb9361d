//! Processes that share a store: leases, and what becomes of the tasks of the dead.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use pmcp_tasks::{
    TaskContext, ToolError, ToolResult,
    protocol::VARIABLES,
    router::Execution,
    store::{
        StorageBackend,
        backend::{Holder, HolderChange, Parts, Put, TaskKey, WriteId, Written},
    },
    task::TaskId,
    time::Clock as _,
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::*;

const LOST: &str = "the server that ran this task stopped before the task had ended";

#[derive(pmcp_tasks::Form)]
struct Name {
    name: String,
}

#[tokio::test]
async fn a_dead_workers_task_goes_on_within_two_periods_with_all_it_had() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.dead(), cluster.alive());
    for (server, name, stops) in [(&one, "one", true), (&other, "other", false)] {
        let log = cluster.log.clone();
        server.world.on("restarting", move |arguments, cx| {
            let log = log.clone();
            async move {
                let task: TaskContext<Shared> = cx.task();
                let argument = &arguments.given["argument"];
                log.add(format!("{name} has {argument} in attempt {}", task.attempt()));
                let work = async || log.effect(format!("{name} fetches"));
                task.step("fetch", work).await?;
                let Name { name: answer } = task.elicit("What is your name?").await?;
                log.add(format!("{name} is told {answer}"));
                if stops {
                    task.variables().rows.add(41).await?;
                    task.step("store", std::future::pending::<Result<(), ToolError>>).await?;
                }
                task.variables().rows.add(1).await?;
                task.step("store", async || log.effect(format!("{name} stores"))).await?;
                Ok(ToolResult::text(name))
            }
        });
    }
    let params = json!({ "name": "restarting", "arguments": { "argument": 7 } });
    let id = id_of(&one.v2026("ann").create_with(params).await.unwrap());
    let client = other.v2026("ann");
    client.until(&id, "input_required").await;
    one.v2026("ann").update(&id, json!({ "input-1": accept(json!({ "name": "Ann" })) })).await.unwrap();
    settle().await;
    assert_eq!(client.status(&id).await, "working");
    cluster.two_periods().await;
    let done = client.until(&id, "completed").await;
    assert_eq!(text_of(&done["result"]), "other");
    assert_eq!(done["_meta"][VARIABLES]["rows"], 42);
    let expected = [
        "one has 7 in attempt 1",
        "one fetches",
        "one is told Ann",
        "other has 7 in attempt 2",
        "other is told Ann",
        "other stores",
    ];
    assert_eq!(cluster.log.lines(), expected);
}

#[tokio::test]
async fn an_answer_that_came_after_the_death_is_not_asked_for_again() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.dead(), cluster.alive());
    for server in [&one, &other] {
        server.world.on("restarting", |_, cx| async move {
            let Name { name } = cx.tool().elicit("What is your name?").await?;
            Ok(ToolResult::text(name))
        });
    }
    let id = one.v2026("ann").start("restarting").await;
    let client = other.v2026("ann");
    client.until(&id, "input_required").await;
    // The dead one does not hear of it.
    client.update(&id, json!({ "input-1": accept(json!({ "name": "Ann" })) })).await.unwrap();
    assert_eq!(client.status(&id).await, "working");
    cluster.two_periods().await;
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), "Ann");
}

#[tokio::test]
async fn a_dead_workers_task_that_cannot_be_restarted_fails_and_says_so() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.dead(), cluster.alive());
    let _gate = gated(&one, "optional", "one", &cluster.log);
    let id = one.v2026("ann").start("optional").await;
    let client = other.v2026("ann");
    assert_eq!(client.status(&id).await, "working");
    cluster.two_periods().await;
    let failed = client.until(&id, "failed").await;
    assert_eq!(failed["error"], json!({ "code": -32603, "message": LOST }));
    let error = other.v2025("ann").result(&id).await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (-32603, LOST));
    assert_eq!(cluster.log.lines(), ["one begins attempt 1"]);
}

#[tokio::test]
async fn writes_of_a_run_that_was_taken_over_are_rejected_and_it_is_told() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.dead(), cluster.alive());
    let (gate, log) = (CancellationToken::new(), cluster.log.clone());
    let open = gate.clone();
    one.world.on("restarting", move |_, cx| {
        let (gate, log) = (open.clone(), log.clone());
        async move {
            let task: TaskContext<Shared> = cx.task();
            gate.cancelled().await;
            let written = task.variables().rows.set(99).await;
            log.add(format!("written: {}, cancelled: {:?}", written.is_ok(), task.cancel_cause()));
            let work = async || log.effect("a step of the old run");
            log.add(format!("step: {}", task.step("late", work).await.is_ok()));
            Ok(ToolResult::text("one"))
        }
    });
    other.world.on("restarting", |_, cx| async move {
        let task: TaskContext<Shared> = cx.task();
        task.variables().rows.set(1).await?;
        Ok(ToolResult::text("other"))
    });
    let id = one.v2026("ann").start("restarting").await;
    let client = other.v2026("ann");
    cluster.two_periods().await;
    let done = client.until(&id, "completed").await;
    gate.cancel();
    settle().await;
    assert_eq!(cluster.log.lines(), ["written: false, cancelled: Some(TakenOver)", "step: false"]);
    assert_eq!(client.get(&id).await, done);
    assert_eq!((text_of(&done["result"]), &done["_meta"][VARIABLES]["rows"]), ("other", &json!(1)));
}

#[tokio::test]
async fn who_buries_and_dies_leaves_the_tasks_to_a_third() {
    let cluster = Cluster::new();
    let one = cluster.dead();
    let _gate = gated(&one, "restarting", "one", &cluster.log);
    let id = one.v2026("ann").start("restarting").await;
    settle().await;
    cluster.bury(cluster.workers().await[0]).await;
    let third = cluster.alive();
    cluster.clock.advance(seconds(LEASE) / 4).await;
    let done = third.v2026("ann").until(&id, "completed").await;
    assert_eq!(text_of(&done["result"]), "done");
}

#[tokio::test]
async fn a_task_whose_creation_was_not_answered_runs_once() {
    for tool in ["restarting", "optional"] {
        let cluster = Cluster::new();
        let connection = Connection::to(&cluster.store);
        let one = cluster.over(&connection, |router| router);
        one.router.keep_house();
        let runs = Arc::new(AtomicUsize::new(0));
        let count = runs.clone();
        one.world.on(tool, move |_, cx| {
            count.fetch_add(1, Ordering::SeqCst);
            async move { Ok(ToolResult::text(cx.task::<Shared>().attempt().to_string())) }
        });
        connection.lose_creations(true);
        let client = one.v2025("ann");
        let creation = client.spawn("tools/call", json!({ "name": tool, "task": {} }));
        cluster.clock.advance(seconds(1)).await;
        assert_eq!(creation.await.unwrap().unwrap_err().message, "the task store failed");
        cluster.two_periods().await;
        let ids = client.page(None).await.0;
        client.until(&ids[0], "completed").await;
        assert_eq!((ids.len(), text_of(&client.result(&ids[0]).await.unwrap())), (1, "1"));
        cluster.two_periods().await;
        assert_eq!(runs.load(Ordering::SeqCst), 1, "{tool}");
    }
}

#[tokio::test]
async fn a_corrupt_task_does_not_block_the_others_of_a_dead_worker() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.dead(), cluster.alive());
    let _gate = gated(&one, "restarting", "one", &cluster.log);
    let client = other.v2026("ann");
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(one.v2026("ann").start("restarting").await);
    }
    settle().await;
    let key = TaskKey { owner: user_owner("ann").key(), id: ids[0].parse::<TaskId>().unwrap() };
    let now = cluster.clock.now();
    let stored = cluster.store.get(&key, Parts::empty(), now).await.unwrap().unwrap();
    let put = Put {
        version: stored.version,
        fence: None,
        head: Bytes::from_static(b"{"),
        outcome: None,
        step: None,
        open: true,
        holder: HolderChange::Keep,
        write: WriteId(1),
    };
    assert!(matches!(cluster.store.put(&key, &put, now).await.unwrap(), Written::Done { .. }));
    cluster.two_periods().await;
    for id in &ids[1..] {
        assert_eq!(text_of(&client.until(id, "completed").await["result"]), "done");
    }
    // It is not lost either: somebody holds it.
    let stored = cluster.store.get(&key, Parts::empty(), now).await.unwrap().unwrap();
    assert_eq!(stored.holder, cluster.workers().await.first().map(|worker| Holder::Worker(*worker)));
    assert_eq!(client.err("tasks/get", json!({ "taskId": ids[0] })).await.code, -32603);
}

#[tokio::test]
async fn shutdown_hands_over_without_an_outcome() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.alive(), cluster.alive());
    let _gate = gated(&one, "restarting", "one", &cluster.log);
    gated(&other, "restarting", "other", &cluster.log).cancel();
    let id = one.v2026("ann").start("restarting").await;
    settle().await;
    let stopping = one.router.clone();
    let stopping = tokio::spawn(async move { stopping.shut_down(seconds(1)).await });
    cluster.clock.advance(seconds(1)).await;
    stopping.await.unwrap();
    let client = other.v2026("ann");
    assert_eq!(client.status(&id).await, "working");
    // Nobody waits for the lease to run out.
    cluster.clock.advance(seconds(LEASE) / 4).await;
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), "other");
    assert_eq!(cluster.log.lines(), ["one begins attempt 1", "one is cancelled", "other begins attempt 2"]);
}

/// Lets the operation begin only once the server has given its lease up.
async fn late_in_shutdown(operation: &'static str) {
    let cluster = Cluster::new();
    let backend = FaultyBackend::to(&cluster.store);
    let one = Server::on_clock(cluster.clock.clone(), backend.clone(), |router| {
        router.tool::<Restarting>().lease(seconds(LEASE))
    });
    let _gate = gated(&one, "restarting", "one", &cluster.log);
    one.router.keep_house();
    let id = one.v2025("ann").start("restarting").await;
    settle().await;
    let gate = backend.hold_in(operation);
    // Everything that is looked for once a period, too.
    cluster.clock.advance(seconds(LEASE)).await;
    let stopping = one.router.clone();
    let stopping = tokio::spawn(async move { stopping.shut_down(seconds(0)).await });
    cluster.clock.advance(minutes(1)).await;
    stopping.await.unwrap();
    gate.add_permits(100);
    settle().await;
    let other = cluster.alive();
    gated(&other, "restarting", "other", &cluster.log).cancel();
    cluster.two_periods().await;
    let done = other.v2026("ann").until(&id, "completed").await;
    assert_eq!(text_of(&done["result"]), "other", "{operation}");
    assert_eq!(cluster.log.lines(), ["one begins attempt 1", "one is cancelled", "other begins attempt 2"]);
}

#[tokio::test]
async fn who_stops_takes_nothing_over_any_more_not_even_its_own() {
    for operation in ["workers", "buried", "held"] {
        late_in_shutdown(operation).await;
    }
}

#[tokio::test]
async fn what_was_being_claimed_at_shutdown_is_handed_over() {
    let cluster = Cluster::new();
    let front = cluster.over(&Connection::to(&cluster.store), |router| router.execution(Execution::Queued));
    let id = front.v2025("ann").start("restarting").await;
    let backend = FaultyBackend::to(&cluster.store);
    let one = Server::on_clock(cluster.clock.clone(), backend.clone(), |router| {
        router.tool::<Restarting>().lease(seconds(LEASE)).worker(1)
    });
    let _gate = gated(&one, "restarting", "one", &cluster.log);
    let gate = backend.hold_in("claim");
    one.router.keep_house();
    settle().await;
    let stopping = one.router.clone();
    let stopping = tokio::spawn(async move { stopping.shut_down(seconds(0)).await });
    let other = cluster.alive();
    gated(&other, "restarting", "other", &cluster.log).cancel();
    // Long enough for the other one to find that nothing is left of who has given up its lease.
    cluster.clock.advance(seconds(LEASE) / 2).await;
    gate.add_permits(100);
    cluster.clock.advance(minutes(1)).await;
    stopping.await.unwrap();
    let done = other.v2026("ann").until(&id, "completed").await;
    assert_eq!(text_of(&done["result"]), "other");
}

#[tokio::test]
async fn what_no_hint_told_of_is_found_by_looking() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.alive(), cluster.alive());
    let _gate = gated(&one, "restarting", "one", &cluster.log);
    let id = one.v2025("ann").start("restarting").await;
    let waiting = one.v2025("ann").spawn("tasks/result", json!({ "taskId": id }));
    settle().await;
    other.v2025("ann").cancel(&id).await.unwrap();
    cluster.clock.advance(seconds(LEASE)).await;
    assert_eq!(cluster.log.lines(), ["one begins attempt 1", "one is cancelled"]);
    assert!(waiting.await.unwrap().is_err());
    assert_eq!(other.v2025("ann").status(&id).await, "cancelled");

    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    one.world.on("restarting", move |_, cx| {
        let count = count.clone();
        async move {
            let Name { name } = cx.tool().elicit("What is your name?").await?;
            count.fetch_add(1, Ordering::SeqCst);
            Ok(ToolResult::text(name))
        }
    });
    let id = one.v2026("ann").start("restarting").await;
    let client = other.v2026("ann");
    client.until(&id, "input_required").await;
    client.update(&id, json!({ "input-1": accept(json!({ "name": "Ann" })) })).await.unwrap();
    cluster.clock.advance(seconds(LEASE)).await;
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), "Ann");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_a_step_counts_is_counted_once_however_often_the_function_runs() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.dead(), cluster.alive());
    for (server, name) in [(&one, "one"), (&other, "other")] {
        server.world.on("restarting", move |_, cx| async move {
            let task: TaskContext<Shared> = cx.task();
            for chunk in 1..=3_u64 {
                if chunk == 3 && name == "one" {
                    std::future::pending::<()>().await;
                }
                let count = |shared: &mut Shared, rows: &u64| {
                    shared.rows += rows;
                    shared.notes.push(format!("chunk {chunk} of {name}"));
                };
                let insert = async || Ok::<_, ToolError>(10 * chunk);
                task.step_changing(format!("insert-{chunk}"), insert, count).await?;
            }
            Ok(ToolResult::text(name))
        });
    }
    let id = one.v2026("ann").start("restarting").await;
    settle().await;
    let client = other.v2026("ann");
    assert_eq!(client.get(&id).await["_meta"][VARIABLES]["rows"], 30);
    cluster.two_periods().await;
    let done = client.until(&id, "completed").await;
    let variables = &done["_meta"][VARIABLES];
    let expected = json!(["chunk 1 of one", "chunk 2 of one", "chunk 3 of other"]);
    assert_eq!((text_of(&done["result"]), &variables["rows"], &variables["notes"]), ("other", &json!(60), &expected));
}

#[tokio::test]
async fn a_step_that_changes_nothing_is_a_step_like_any_other() {
    let server = Server::new();
    let client = server.v2026("ann");
    server.world.on("variables", |_, cx| async move {
        let task: TaskContext<Shared> = cx.task();
        let work = async || Ok::<_, ToolError>(5_u64);
        let value = task.step_changing("count", work, |shared, value| shared.rows += value).await?;
        task.step_changing("nothing", work, |_, _| {}).await?;
        let rows = task.variables().rows.get().await?;
        Ok(ToolResult::text(format!("{value} {rows}")))
    });
    let id = client.start("variables").await;
    let done = client.until(&id, "completed").await;
    assert_eq!((text_of(&done["result"]), &done["_meta"][VARIABLES]["rows"]), ("5 5", &json!(5)));
    // And in a call that is no task.
    assert_eq!(text_of(&client.undeclared().call("variables", json!({})).await.unwrap()), "5 5");
}
