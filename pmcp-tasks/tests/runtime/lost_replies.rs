//! Writes that are applied and whose reply is lost: what they did happens once, and is not lost either.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use pmcp_tasks::{
    TaskContext, ToolError, ToolResult,
    protocol::{IDEMPOTENCY_KEY, VARIABLES},
    router::{Execution, TaskRouterBuilder},
    store::{
        StorageBackend as _,
        backend::{Parts, TaskKey},
    },
    task::TaskId,
    time::Clock as _,
};
use serde_json::json;

use crate::support::*;

/// How often an operation is tried: with as many faults it fails.
const TRIES: usize = 4;

/// A process of the cluster whose store loses replies, and that does what a serving one does.
fn faulty(
    cluster: &Cluster,
    settings: impl FnOnce(TaskRouterBuilder<World>) -> TaskRouterBuilder<World>,
) -> (FaultyBackend, Server) {
    let backend = FaultyBackend::to(&cluster.store);
    let server = Server::on_clock(cluster.clock.clone(), backend.clone(), |router| {
        settings(router.tool::<Restarting>().lease(seconds(LEASE)))
    });
    (backend, server)
}

/// Makes the tool tell each of its runs.
fn tells(cluster: &Cluster, server: &Server, tool: &'static str, name: &'static str) {
    gated(server, tool, name, &cluster.log).cancel();
}

#[tokio::test]
async fn a_claim_of_queued_work_runs_it_once() {
    for tool in ["restarting", "optional", "required"] {
        let cluster = Cluster::new();
        let front = cluster.with(|router| router.execution(Execution::Queued));
        let (backend, worker) = faulty(&cluster, |router| router.worker(4));
        tells(&cluster, &worker, tool, "worker");
        let client = front.v2026("ann");
        let ids = [front.v2025("ann").start(tool).await, front.v2025("ann").start(tool).await];
        backend.fail_in("claim", Fault::ReplyLost, 1);
        worker.router.keep_house();
        cluster.two_periods().await;
        assert_eq!(backend.left(), 0);
        for id in &ids {
            assert_eq!(text_of(&client.until(id, "completed").await["result"]), "worker");
        }
        cluster.two_periods().await;
        assert_eq!(cluster.log.lines(), ["worker begins attempt 1"; 2], "{tool}");
    }
}

#[tokio::test]
async fn a_claim_of_an_invocation_is_run_by_the_next() {
    let cluster = Cluster::new();
    let front = cluster.over(&Connection::to(&cluster.store), |router| router.execution(Execution::Queued));
    let (backend, function) = faulty(&cluster, |router| router);
    tells(&cluster, &function, "optional", "function");
    let client = front.v2026("ann");
    let id = front.v2025("ann").start("optional").await;
    backend.fail_in("claim", Fault::ReplyLost, 1);
    function.router.run_queued(8).await.unwrap_err();
    assert_eq!((client.status(&id).await.as_str(), cluster.log.lines().len()), ("working", 0));
    // The next one loses a reply, too, and does what it has.
    let other = front.v2025("ann").start("optional").await;
    backend.fail_in("claim", Fault::ReplyLost, 1);
    assert_eq!(function.router.run_queued(8).await.unwrap(), 1);
    assert_eq!(text_of(&client.get(&id).await["result"]), "function");
    assert_eq!(function.router.run_queued(8).await.unwrap(), 1);
    assert_eq!(text_of(&client.get(&other).await["result"]), "function");
    assert_eq!(function.router.run_queued(8).await.unwrap(), 0);
    assert_eq!((backend.left(), cluster.log.lines().len()), (0, 2));
}

#[tokio::test]
async fn a_claim_of_what_the_dead_left_goes_on_with_it_once() {
    let cluster = Cluster::new();
    let one = cluster.dead();
    let _gate = gated(&one, "restarting", "one", &cluster.log);
    let _other_gate = gated(&one, "optional", "one", &cluster.log);
    let (backend, other) = faulty(&cluster, |router| router);
    tells(&cluster, &other, "restarting", "other");
    other.router.keep_house();
    let (restarts, fails) = (one.v2025("ann").start("restarting").await, one.v2025("ann").start("optional").await);
    settle().await;
    backend.fail_in("claim", Fault::ReplyLost, 1);
    cluster.two_periods().await;
    assert_eq!(backend.left(), 0);
    let client = other.v2026("ann");
    assert_eq!(text_of(&client.until(&restarts, "completed").await["result"]), "other");
    client.until(&fails, "failed").await;
    cluster.two_periods().await;
    assert_eq!(cluster.log.lines(), ["one begins attempt 1", "one begins attempt 1", "other begins attempt 2"]);
}

#[tokio::test]
async fn a_burial_and_a_settlement_keep_nobody_from_the_tasks() {
    for operation in ["bury", "settle"] {
        for lost in [1, TRIES] {
            let cluster = Cluster::new();
            let one = cluster.dead();
            let _gate = gated(&one, "restarting", "one", &cluster.log);
            let (backend, other) = faulty(&cluster, |router| router);
            tells(&cluster, &other, "restarting", "other");
            other.router.keep_house();
            let id = one.v2025("ann").start("restarting").await;
            settle().await;
            backend.fail_in(operation, Fault::ReplyLost, lost);
            cluster.two_periods().await;
            assert_eq!(backend.left(), 0, "{operation}");
            other.v2026("ann").until(&id, "completed").await;
            assert_eq!(cluster.log.lines(), ["one begins attempt 1", "other begins attempt 2"]);
            assert_eq!(cluster.store.buried().await.unwrap(), []);
        }
    }
}

/// Makes the tool do a step with another value each time, and return it.
fn counts_in_a_step(server: &Server, ran: &Arc<AtomicUsize>) {
    let ran = ran.clone();
    server.world.on("restarting", move |_, cx| {
        let ran = ran.clone();
        async move {
            let task: TaskContext<Shared> = cx.task();
            let work = async || Ok::<_, ToolError>(ran.fetch_add(1, Ordering::SeqCst) + 1);
            let value = task.step("count", work).await?;
            if task.attempt() == 1 && server_dies(&task) {
                std::future::pending::<()>().await;
            }
            Ok(ToolResult::text(value.to_string()))
        }
    });
}

/// Whether the test wants the process to die after the step.
fn server_dies(task: &TaskContext<Shared>) -> bool {
    task.owner().is_some_and(|owner| owner.subject == "dies")
}

#[tokio::test]
async fn a_recorded_step_does_not_run_again_and_its_value_is_returned() {
    for lost in 1..TRIES {
        let cluster = Cluster::new();
        let ran = Arc::new(AtomicUsize::new(0));
        let (backend, server) = faulty(&cluster, |router| router);
        counts_in_a_step(&server, &ran);
        let client = server.v2026("lives");
        backend.fail_in("record", Fault::ReplyLost, lost);
        let id = server.v2025("lives").start("restarting").await;
        server.advance(seconds(1)).await;
        assert_eq!(text_of(&client.until(&id, "completed").await["result"]), "1");
        assert_eq!((backend.left(), ran.load(Ordering::SeqCst)), (0, 1));
    }
}

#[tokio::test]
async fn a_step_whose_record_is_never_confirmed_waits_and_is_not_run_by_a_successor() {
    let cluster = Cluster::new();
    let ran = Arc::new(AtomicUsize::new(0));
    let (backend, one) = faulty(&cluster, |router| router);
    let counted = ran.clone();
    one.world.on("restarting", move |_, cx| {
        let counted = counted.clone();
        async move {
            let task: TaskContext<Shared> = cx.task();
            let work = async || Ok::<_, ToolError>(counted.fetch_add(1, Ordering::SeqCst) + 1);
            task.step("count", work).await?;
            unreachable!("the record was confirmed")
        }
    });
    backend.fail_in("record", Fault::ReplyLost, usize::MAX);
    let id = one.v2025("lives").start("restarting").await;
    cluster.clock.advance(seconds(1)).await;
    assert_eq!(ran.load(Ordering::SeqCst), 1);
    assert!(usize::MAX - backend.left() > TRIES);
    let other = cluster.alive();
    counts_in_a_step(&other, &ran);
    cluster.two_periods().await;
    let done = other.v2026("lives").until(&id, "completed").await;
    assert_eq!((text_of(&done["result"]), ran.load(Ordering::SeqCst)), ("1", 1));
}

#[tokio::test]
async fn a_recorded_step_is_not_run_by_the_successor_of_a_dead_worker() {
    let cluster = Cluster::new();
    let ran = Arc::new(AtomicUsize::new(0));
    let (backend, one) = faulty(&cluster, |router| router);
    let other = cluster.alive();
    counts_in_a_step(&one, &ran);
    counts_in_a_step(&other, &ran);
    backend.fail_in("record", Fault::ReplyLost, 1);
    let id = one.v2025("dies").start("restarting").await;
    cluster.two_periods().await;
    let done = other.v2026("dies").until(&id, "completed").await;
    assert_eq!((text_of(&done["result"]), ran.load(Ordering::SeqCst)), ("1", 1));
}

#[tokio::test]
async fn a_creation_with_a_key_makes_one_task_however_often_it_is_called() {
    for lost in [1, TRIES - 1, TRIES, 2 * TRIES] {
        let cluster = Cluster::new();
        let (backend, server) = faulty(&cluster, |router| router);
        server.router.keep_house();
        tells(&cluster, &server, "required", "one");
        let client = server.v2026("ann");
        let params = json!({ "name": "required", "arguments": { "a": 1 }, "_meta": { IDEMPOTENCY_KEY: "k" } });
        backend.fail_in("create", Fault::ReplyLost, lost);
        let mut answered = None;
        for _ in 0..4 {
            let call = client.spawn("tools/call", params.clone());
            server.advance(seconds(1)).await;
            match call.await.unwrap() {
                Ok(created) => assert_eq!(*answered.get_or_insert(id_of(&created)), id_of(&created)),
                Err(error) => assert_eq!(error.message, "the task store failed"),
            }
        }
        let id = answered.unwrap();
        cluster.two_periods().await;
        client.until(&id, "completed").await;
        cluster.two_periods().await;
        assert_eq!(server.v2025("ann").page(None).await.0, [id]);
        assert_eq!((backend.left(), cluster.log.lines()), (0, vec!["one begins attempt 1".to_owned()]), "{lost} lost");
    }
}

#[tokio::test]
async fn an_end_is_written_once() {
    for lost in [1, TRIES, 3 * TRIES] {
        let cluster = Cluster::new();
        let (backend, server) = faulty(&cluster, |router| router);
        let client = server.v2026("ann");
        backend.fail_in("put", Fault::ReplyLost, lost);
        let id = client.start("required").await;
        server.advance(minutes(5)).await;
        let done = client.until(&id, "completed").await;
        assert_eq!((backend.left(), text_of(&done["result"])), (0, "done"));
        let key = TaskKey { owner: user_owner("ann").key(), id: id.parse::<TaskId>().unwrap() };
        let stored = cluster.store.get(&key, Parts::empty(), cluster.clock.now()).await.unwrap().unwrap();
        assert_eq!((stored.version, stored.open), (2, false));
        // Nothing is left that would try again.
        server.router.shut_down(seconds(0)).await;
    }
}

#[tokio::test]
async fn a_cancellation_is_acknowledged_and_holds() {
    let cluster = Cluster::new();
    let (backend, server) = faulty(&cluster, |router| router);
    let _gate = gated(&server, "required", "one", &cluster.log);
    for client in [server.v2025("ann"), server.v2026("ann")] {
        let id = client.start("required").await;
        settle().await;
        backend.fail_in("put", Fault::ReplyLost, TRIES - 1);
        let cancellation = client.spawn("tasks/cancel", json!({ "taskId": id }));
        server.advance(seconds(1)).await;
        cancellation.await.unwrap().unwrap();
        assert_eq!((client.status(&id).await.as_str(), backend.left()), ("cancelled", 0));
    }
    assert_eq!(cluster.log.lines(), ["one begins attempt 1", "one is cancelled"].repeat(2));
}

#[tokio::test]
async fn variables_of_a_client_are_written_once_and_do_not_undo_later_ones() {
    let cluster = Cluster::new();
    let (backend, server) = faulty(&cluster, |router| router);
    let _gate = gated(&server, "restarting", "one", &cluster.log);
    let (client, direct) = (server.v2026("ann"), cluster.dead().v2026("ann"));
    let id = server.v2025("ann").start("restarting").await;
    let reply = backend.hold_replies();
    backend.fail_in("merge", Fault::ReplyLost, 1);
    let update = json!({ "taskId": id, "inputResponses": {}, "_meta": { VARIABLES: { "limit": 1 } } });
    let update = client.spawn("tasks/update", update);
    settle().await;
    // Applied, not yet answered: another instance writes the same variable.
    direct.set(&id, json!({ "limit": 2 })).await.unwrap();
    reply.add_permits(100);
    server.advance(seconds(1)).await;
    update.await.unwrap().unwrap();
    assert_eq!((backend.left(), &client.get(&id).await["_meta"][VARIABLES]["limit"]), (0, &json!(2)));
}

#[tokio::test]
async fn an_addition_and_a_push_are_applied_once_though_a_client_writes_in_between() {
    let cluster = Cluster::new();
    let (backend, server) = faulty(&cluster, |router| router);
    let direct = cluster.dead().v2026("ann");
    server.world.on("restarting", |_, cx| async move {
        let task: TaskContext<Shared> = cx.task();
        task.variables().rows.add(1).await?;
        task.variables().notes.push("x".into()).await?;
        Ok(ToolResult::default())
    });
    let client = server.v2026("ann");
    let reply = backend.hold_replies();
    backend.fail_in("merge", Fault::ReplyLost, 1);
    let id = server.v2025("ann").start("restarting").await;
    settle().await;
    for limit in 0..60 {
        direct.set(&id, json!({ "limit": limit })).await.unwrap();
    }
    reply.add_permits(1);
    settle().await;
    backend.fail_in("merge", Fault::ReplyLost, 1);
    reply.add_permits(100);
    server.advance(seconds(1)).await;
    let task = client.until(&id, "completed").await;
    assert_eq!(backend.left(), 0);
    assert_eq!(task["_meta"][VARIABLES]["rows"], 1);
    assert_eq!((&task["_meta"][VARIABLES]["notes"], &task["_meta"][VARIABLES]["limit"]), (&json!(["x"]), &json!(59)));
}

#[tokio::test]
async fn a_retry_of_a_call_gets_its_result_though_the_removal_was_not_confirmed() {
    let cluster = Cluster::new();
    let (backend, server) = faulty(&cluster, |router| router);
    server.world.on("plain", |_, cx| async move {
        let answer = cx.tool().list_roots().await?;
        Ok(ToolResult::text(answer.to_string()))
    });
    let client = server.v2026("ann");
    let asked = client.call("plain", json!({})).await.unwrap();
    let retry = json!({
        "name": "plain", "arguments": {}, "requestState": asked["requestState"],
        "inputResponses": { "input-1": { "roots": [] } },
    });
    backend.fail_in("delete", Fault::ReplyLost, TRIES);
    let retry = client.spawn("tools/call", retry);
    server.advance(seconds(1)).await;
    assert_eq!((text_of(&retry.await.unwrap().unwrap()), backend.left()), ("[]", 0));
}
