//! Tasks that are left in a queue, and the workers that run them.

use pmcp_tasks::{
    TaskContext, ToolResult,
    router::Execution,
    store::{
        StorageBackend as _,
        backend::{Parts, TaskKey},
    },
    task::TaskId,
    time::Clock as _,
};

use crate::support::*;

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
async fn a_worker_goes_on_with_the_queue_as_soon_as_it_has_room() {
    let cluster = Cluster::new();
    let front = cluster.with(|router| router.execution(Execution::Queued));
    let client = front.v2026("ann");
    let mut ids = Vec::new();
    for _ in 0..7 {
        ids.push(client.start("optional").await);
    }
    let worker = cluster.with(|router| router.worker(2));
    gated(&worker, "optional", "worker", &cluster.log).cancel();
    cluster.clock.advance(seconds(1)).await;
    // No time passes between one run and the next.
    for id in &ids {
        client.until(id, "completed").await;
    }
    assert_eq!(cluster.log.lines().len(), ids.len());
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
async fn a_worker_looks_once_at_a_task_it_cannot_run_and_goes_on_with_others() {
    let cluster = Cluster::new();
    let front = cluster.with(|router| router.execution(Execution::Queued));
    let client = front.v2026("ann");
    let foreign = client.start("restarting").await;
    let key = TaskKey { owner: user_owner("ann").key(), id: foreign.parse::<TaskId>().unwrap() };
    let fence = async || cluster.store.get(&key, Parts::empty(), cluster.clock.now()).await.unwrap().unwrap().fence;
    let before = fence().await;
    for _ in 0..2 {
        let bare = Server::on_clock(cluster.clock.clone(), Connection::to(&cluster.store), |router| {
            router.lease(seconds(LEASE)).worker(1)
        });
        bare.router.keep_house();
    }
    cluster.clock.advance(seconds(1)).await;
    // Each of the two has claimed it and handed it back.
    assert_eq!(fence().await, before + 4);
    cluster.clock.advance(minutes(10)).await;
    assert_eq!(fence().await, before + 4);
    let own = client.start("optional").await;
    cluster.clock.advance(seconds(1)).await;
    client.until(&own, "completed").await;

    let able = cluster.with(|router| router.worker(1));
    gated(&able, "restarting", "able", &cluster.log).cancel();
    cluster.clock.advance(seconds(1)).await;
    client.until(&foreign, "completed").await;
    assert_eq!(cluster.log.lines(), ["able begins attempt 1"]);
}

#[tokio::test]
async fn a_task_whose_tool_no_worker_has_says_so() {
    const WAITS: &str = "a task waits for a worker that has its tool";
    let cluster = Cluster::new();
    let front = cluster.with(|router| router.execution(Execution::Queued));
    let client = front.v2026("ann");
    let id = client.start("restarting").await;
    let log = Logged::begin();
    for _ in 0..2 {
        let bare = Server::on_clock(cluster.clock.clone(), Connection::to(&cluster.store), |router| {
            router.lease(seconds(LEASE)).worker(1)
        });
        bare.router.keep_house();
    }
    cluster.clock.advance(minutes(1)).await;
    let task = client.get(&id).await;
    assert_eq!(task["statusMessage"], "The task waits for a worker that has the tool `restarting`.");
    let line = log.only(WAITS);
    assert_eq!((line.level, line.field("tool"), line.field("task")), (tracing::Level::WARN, "restarting", &*id));

    // Once one has come it does not say so any more.
    let able = cluster.with(|router| router.worker(1));
    let gate = gated(&able, "restarting", "able", &cluster.log);
    cluster.two_periods().await;
    assert_eq!(client.get(&id).await["statusMessage"], "A worker that has the tool runs this task.");
    gate.cancel();
    assert_eq!(client.until(&id, "completed").await.get("statusMessage"), None);
}
