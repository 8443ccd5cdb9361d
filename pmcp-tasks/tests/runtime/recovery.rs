//! Processes that share a store: leases, what becomes of the tasks of the dead, queues.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use pmcp_tasks::{
    TaskContext, ToolError, ToolResult,
    protocol::VARIABLES,
    router::{Execution, TaskRouterBuilder},
    store::{
        MemoryBackend, StorageBackend,
        backend::{Holder, HolderChange, Parts, Put, TaskKey, WorkerId, WriteId, Written},
    },
    task::TaskId,
    testing::ManualClock,
    time::Clock as _,
};
use serde::Deserialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::*;

/// In seconds; others look four times as often.
const LEASE: u64 = 4;

const LOST: &str = "the server that ran this task stopped before the task had ended";

#[derive(Deserialize, schemars::JsonSchema)]
struct Name {
    name: String,
}

/// A store and what happened to the processes that share it.
struct Cluster {
    store: Arc<MemoryBackend>,
    clock: ManualClock,
    log: Log,
}

/// What the code of all processes did, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    /// What a step does.
    #[expect(clippy::unnecessary_wraps, reason = "steps can fail")]
    fn effect(&self, line: impl Into<String>) -> Result<(), ToolError> {
        self.add(line);
        Ok(())
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Cluster {
    fn new() -> Self {
        Self { store: Arc::new(MemoryBackend::new()), clock: ManualClock::new(), log: Log::default() }
    }

    /// A process that keeps no house: nobody renews its lease, as if it were dead, though what it runs goes on.
    fn dead(&self) -> Server {
        self.over(&Connection::to(&self.store), |router| router)
    }

    fn alive(&self) -> Server {
        let server = self.dead();
        server.router.keep_house();
        server
    }

    fn over(
        &self,
        connection: &Connection,
        settings: impl FnOnce(TaskRouterBuilder<World>) -> TaskRouterBuilder<World>,
    ) -> Server {
        Server::on_clock(self.clock.clone(), connection.clone(), |router| {
            settings(router.tool::<Restarting>().lease(seconds(LEASE)))
        })
    }

    fn with(&self, settings: impl FnOnce(TaskRouterBuilder<World>) -> TaskRouterBuilder<World>) -> Server {
        let server = self.over(&Connection::to(&self.store), settings);
        server.router.keep_house();
        server
    }

    /// Looks often enough to find a worker dead, and to claim its tasks.
    async fn two_periods(&self) {
        self.clock.advance(seconds(2 * LEASE)).await;
    }

    async fn workers(&self) -> Vec<WorkerId> {
        self.store.workers().await.unwrap().into_iter().map(|(worker, _)| worker).collect()
    }

    async fn bury(&self, worker: WorkerId) {
        let counter = self.store.workers().await.unwrap().into_iter().find(|(id, _)| *id == worker).unwrap().1;
        assert!(self.store.bury(&worker, counter).await.unwrap());
    }
}

/// Makes the tool tell which attempt runs where, wait for the gate, and tell how it ended.
fn gated(server: &Server, tool: &'static str, name: &'static str, log: &Log) -> CancellationToken {
    let (gate, log) = (CancellationToken::new(), log.clone());
    let open = gate.clone();
    server.world.on(tool, move |_, cx| {
        let (gate, log) = (open.clone(), log.clone());
        async move {
            let task: TaskContext<Shared> = cx.task();
            log.add(format!("{name} begins attempt {}", task.attempt()));
            tokio::select! {
                () = gate.cancelled() => Ok(ToolResult::text(name)),
                () = task.cancellation().cancelled() => {
                    log.add(format!("{name} is cancelled"));
                    task.check_cancelled()?;
                    Ok(ToolResult::default())
                }
            }
        }
    });
    gate
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
            log.add(format!("written: {}, cancelled: {}", written.is_ok(), task.cancellation().is_cancelled()));
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
    assert_eq!(cluster.log.lines(), ["written: false, cancelled: true", "step: false"]);
    assert_eq!(client.get(&id).await, done);
    assert_eq!((text_of(&done["result"]), &done["_meta"][VARIABLES]["rows"]), ("other", &json!(1)));
}

#[tokio::test]
async fn who_is_buried_alive_goes_on_as_another_worker_and_its_old_runs_stop() {
    let cluster = Cluster::new();
    let one = cluster.alive();
    let gate = gated(&one, "restarting", "one", &cluster.log);
    let client = one.v2026("ann");
    let id = client.start("restarting").await;
    settle().await;
    let before = cluster.workers().await;
    cluster.bury(before[0]).await;
    cluster.clock.advance(seconds(LEASE)).await;
    let after = cluster.workers().await;
    assert!(before.len() == 1 && after.len() == 1 && before != after);
    assert_eq!(cluster.log.lines(), ["one begins attempt 1", "one is cancelled", "one begins attempt 2"]);
    // Its first run has ended meanwhile, and has not taken the second one with it.
    cluster.clock.advance(seconds(3 * LEASE)).await;
    gate.cancel();
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), "one");
    assert_eq!(cluster.log.lines().len(), 3);
}

#[tokio::test]
async fn what_is_created_under_the_name_of_a_buried_worker_is_not_lost() {
    let cluster = Cluster::new();
    let one = cluster.alive();
    let _gate = gated(&one, "optional", "one", &cluster.log);
    settle().await;
    let old = cluster.workers().await[0];
    cluster.bury(old).await;
    cluster.store.settle(&old).await.unwrap();
    let client = one.v2026("ann");
    let id = client.start("restarting").await;
    cluster.two_periods().await;
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), "done");
}

#[tokio::test]
async fn who_cannot_reach_the_store_for_a_period_stops_its_tasks() {
    let cluster = Cluster::new();
    let connection = Connection::to(&cluster.store);
    let one = cluster.over(&connection, |router| router);
    one.router.keep_house();
    let gate = gated(&one, "restarting", "one", &cluster.log);
    let client = one.v2026("ann");
    let id = client.start("restarting").await;
    settle().await;
    connection.cut(true);
    cluster.clock.advance(seconds(LEASE)).await;
    assert_eq!(cluster.log.lines(), ["one begins attempt 1"]);
    cluster.clock.advance(seconds(LEASE)).await;
    assert_eq!(cluster.log.lines(), ["one begins attempt 1", "one is cancelled"]);
    connection.cut(false);
    assert_eq!(client.status(&id).await, "working");
    cluster.two_periods().await;
    gate.cancel();
    client.until(&id, "completed").await;
    assert_eq!(cluster.log.lines(), ["one begins attempt 1", "one is cancelled", "one begins attempt 2"]);
}

#[tokio::test]
async fn after_standing_still_a_step_waits_until_the_lease_is_certain() {
    for (is_buried, effect) in [(false, "effect of attempt 1"), (true, "effect of attempt 2")] {
        let cluster = Cluster::new();
        let connection = Connection::to(&cluster.store);
        let one = cluster.over(&connection, |router| router);
        one.router.keep_house();
        let (gate, log) = (CancellationToken::new(), cluster.log.clone());
        let open = gate.clone();
        one.world.on("restarting", move |_, cx| {
            let (gate, log) = (open.clone(), log.clone());
            async move {
                let task: TaskContext<Shared> = cx.task();
                let attempt = task.attempt();
                if attempt == 1 {
                    gate.cancelled().await;
                }
                task.step("effect", async || log.effect(format!("effect of attempt {attempt}"))).await?;
                Ok(ToolResult::text("one"))
            }
        });
        let client = one.v2026("ann");
        let id = client.start("restarting").await;
        settle().await;
        connection.cut(true);
        // Nobody renews, nobody has noticed yet: as after a stop of the whole process.
        cluster.clock.advance(seconds(LEASE)).await;
        cluster.clock.advance(seconds(1) / 2).await;
        gate.cancel();
        settle().await;
        assert_eq!(cluster.log.lines(), [""; 0]);
        if is_buried {
            cluster.bury(cluster.workers().await[0]).await;
        }
        connection.cut(false);
        cluster.two_periods().await;
        client.until(&id, "completed").await;
        assert_eq!(cluster.log.lines(), [effect]);
    }
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
async fn queued_tasks_are_run_by_workers_alone() {
    let cluster = Cluster::new();
    let front = cluster.with(|router| router.execution(Execution::Queued));
    let plain = cluster.alive();
    for (server, name) in [(&front, "front"), (&plain, "plain")] {
        gated(server, "optional", name, &cluster.log).cancel();
    }
    let client = front.v2026("ann");
    let id = client.start("optional").await;
    cluster.two_periods().await;
    assert_eq!((client.status(&id).await.as_str(), cluster.log.lines().len()), ("working", 0));
    let worker = cluster.with(|router| router.worker(1));
    gated(&worker, "optional", "worker", &cluster.log).cancel();
    cluster.clock.advance(seconds(1)).await;
    let done = client.until(&id, "completed").await;
    assert_eq!(text_of(&done["result"]), "worker");
    assert_eq!(cluster.log.lines(), ["worker begins attempt 1"]);
}

#[tokio::test]
async fn an_invocation_runs_what_another_left_and_keeps_its_lease_meanwhile() {
    let cluster = Cluster::new();
    let front = cluster.over(&Connection::to(&cluster.store), |router| router.execution(Execution::Queued));
    let (function, watching) = (cluster.dead(), cluster.alive());
    for (server, name) in [(&function, "function"), (&watching, "watching")] {
        let log = cluster.log.clone();
        server.world.on("restarting", move |_, cx| {
            let log = log.clone();
            async move {
                let task: TaskContext<Shared> = cx.task();
                log.add(format!("{name} begins attempt {}", task.attempt()));
                task.sleep(seconds(5 * LEASE)).await?;
                Ok(ToolResult::text(name))
            }
        });
    }
    let client = front.v2026("ann");
    // Between two invocations the process stands still, and the others take it for dead.
    for _ in 0..2 {
        let id = client.start("restarting").await;
        let router = function.router.clone();
        let invocation = tokio::spawn(async move { router.run_queued(8).await });
        cluster.clock.advance(seconds(6 * LEASE)).await;
        assert_eq!(invocation.await.unwrap().unwrap(), 1);
        assert_eq!(text_of(&client.get(&id).await["result"]), "function");
        cluster.clock.advance(seconds(3 * LEASE)).await;
    }
    assert_eq!(function.router.run_queued(8).await.unwrap(), 0);
    assert_eq!(cluster.log.lines(), ["function begins attempt 1"; 2]);
}

#[tokio::test]
async fn a_worker_without_the_tool_leaves_the_task_to_others() {
    let cluster = Cluster::new();
    let front = cluster.with(|router| router.execution(Execution::Queued));
    // It fails if its worker dies; until one has begun it, none has.
    let id = front.v2026("ann").start("required").await;
    let bare = Server::on_clock(cluster.clock.clone(), Connection::to(&cluster.store), |router| {
        router.lease(seconds(LEASE)).worker(1)
    });
    let restarting = front.v2026("ann").start("restarting").await;
    bare.router.keep_house();
    cluster.clock.advance(seconds(2)).await;
    front.v2026("ann").until(&id, "completed").await;
    let client = front.v2026("ann");
    assert_eq!(client.status(&restarting).await, "working");

    let able = cluster.with(|router| router.worker(1));
    gated(&able, "restarting", "able", &cluster.log).cancel();
    cluster.two_periods().await;
    assert_eq!(text_of(&client.until(&restarting, "completed").await["result"]), "able");
    assert_eq!(cluster.log.lines(), ["able begins attempt 1"]);
}

#[tokio::test]
async fn a_task_that_must_not_restart_can_be_handed_back_before_it_has_begun() {
    let cluster = Cluster::new();
    let front = cluster.with(|router| router.execution(Execution::Queued));
    let client = front.v2026("ann");
    let id = client.start("optional").await;
    // A worker that has no tool at all.
    let store = pmcp_tasks::TaskStore::new(Connection::to(&cluster.store)).with_clock(cluster.clock.clone());
    let bare = pmcp_tasks::TaskRouter::builder().lease(seconds(LEASE)).build(store).unwrap();
    for _ in 0..3 {
        assert_eq!(bare.run_queued(8).await.unwrap(), 0);
    }
    assert_eq!(client.status(&id).await, "working");
    let able = cluster.dead();
    gated(&able, "optional", "able", &cluster.log).cancel();
    assert_eq!(able.router.run_queued(8).await.unwrap(), 1);
    assert_eq!(text_of(&client.get(&id).await["result"]), "able");
    assert_eq!(cluster.log.lines(), ["able begins attempt 1"]);
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
