//! Panics below the runtime, in a store's backend or in whoever is told events: nothing of ours stops, nothing stays working.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt as _;
use pmcp_tasks::{Limits, TaskContext, ToolError, ToolResult, router::Execution};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::{
    Event, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};

use crate::support::*;

#[derive(pmcp_tasks::Form)]
struct Name {
    name: String,
}

#[tokio::test]
async fn a_worker_whose_lease_keeping_panicked_keeps_its_lease() {
    let cluster = Cluster::new();
    let backend = FaultyBackend::to(&cluster.store);
    let server = Server::on_clock(cluster.clock.clone(), backend.clone(), |router| {
        router.tool::<Restarting>().lease(seconds(LEASE))
    });
    server.router.keep_house();
    let other = cluster.alive();
    for (server, name) in [(&server, "server"), (&other, "other")] {
        server.world.on("restarting", move |_, cx| async move {
            let task: TaskContext<Shared> = cx.task();
            task.sleep(seconds(8 * LEASE)).await?;
            Ok(ToolResult::text(format!("{name} in attempt {}", task.attempt())))
        });
    }
    let id = server.v2026("ann").start("restarting").await;
    for operation in ["beat", "workers", "buried"] {
        backend.panic_in(operation, 2);
        cluster.clock.advance(seconds(2 * LEASE)).await;
        assert_eq!(backend.panics_left(), 0, "{operation}");
    }
    cluster.clock.advance(seconds(3 * LEASE)).await;
    assert_eq!(text_of(&other.v2026("ann").get(&id).await["result"]), "server in attempt 1");
}

#[tokio::test]
async fn a_step_waits_until_the_lease_is_certain_though_keeping_it_panicked() {
    let cluster = Cluster::new();
    let backend = FaultyBackend::to(&cluster.store);
    let server = Server::on_clock(cluster.clock.clone(), backend.clone(), |router| {
        router.tool::<Restarting>().lease(seconds(LEASE))
    });
    server.router.keep_house();
    let (gate, log) = (CancellationToken::new(), cluster.log.clone());
    let open = gate.clone();
    server.world.on("restarting", move |_, cx| {
        let (gate, log) = (open.clone(), log.clone());
        async move {
            gate.cancelled().await;
            cx.task::<Shared>().step("effect", async || log.effect(String::from("effect"))).await?;
            Ok(ToolResult::default())
        }
    });
    let id = server.v2026("ann").start("restarting").await;
    settle().await;
    backend.panic_in("beat", usize::MAX);
    cluster.clock.advance(seconds(2 * LEASE)).await;
    gate.cancel();
    settle().await;
    assert_eq!(cluster.log.lines(), [""; 0]);
    backend.panic_in("beat", 0);
    cluster.clock.advance(seconds(LEASE)).await;
    server.v2026("ann").until(&id, "completed").await;
    assert_eq!(cluster.log.lines(), ["effect"]);
}

#[tokio::test]
async fn a_worker_whose_claim_panicked_claims_again() {
    let cluster = Cluster::new();
    let front = cluster.over(&Connection::to(&cluster.store), |router| router.execution(Execution::Queued));
    let backend = FaultyBackend::to(&cluster.store);
    backend.panic_in("claim", 1);
    let worker = Server::on_clock(cluster.clock.clone(), backend.clone(), |router| router.worker(1));
    worker.router.keep_house();
    let client = front.v2026("ann");
    let id = client.start("optional").await;
    cluster.clock.advance(seconds(5)).await;
    assert_eq!((backend.panics_left(), client.status(&id).await.as_str()), (0, "completed"));
}

#[tokio::test]
async fn expired_tasks_are_removed_after_a_removal_panicked() {
    let backend = FaultyBackend::new();
    let server = Server::on(backend.clone(), Limits::default());
    server.router.keep_house();
    for _ in 0..2 {
        backend.panic_in("sweep", 1);
        server.advance(seconds(30)).await;
        assert_eq!(backend.panics_left(), 0);
    }
}

#[tokio::test]
async fn a_task_ends_though_writing_its_end_panicked() {
    let backend = FaultyBackend::new();
    let server = Server::on(backend.clone(), Limits::default());
    backend.panic_in("put", 2);
    for client in [server.v2025("ann"), server.v2026("ann")] {
        let id = client.start("required").await;
        server.advance(seconds(2)).await;
        client.until(&id, "completed").await;
    }
    assert_eq!(backend.panics_left(), 0);
}

#[tokio::test]
async fn a_session_is_told_though_asking_it_panicked() {
    let server = Server::new();
    server.world.on("optional", |_, cx| async move {
        let Name { name } = cx.tool().elicit("Who are you?").await?;
        Ok(ToolResult::text(name))
    });
    let client = server.v2025("ann");
    let panicked = AtomicBool::new(false);
    client.session.answers(move |_, _| {
        assert!(panicked.swap(true, Ordering::SeqCst), "as the test wants");
        Ok(accept(json!({ "name": "Ann" })))
    });
    let id = client.start("optional").await;
    server.advance(seconds(2)).await;
    // Whoever waits for the result would bring another courier.
    client.until(&id, "completed").await;
    assert_eq!(text_of(&client.result(&id).await.unwrap()), "Ann");
}

#[tokio::test]
async fn a_subscriber_is_told_though_looking_at_the_task_panicked() {
    let backend = FaultyBackend::new();
    let server = Server::on(backend.clone(), Limits::default());
    let gate = gated(&server, "optional", "server", &Cluster::new().log);
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    let mut subscription = client.listen(&[&id]).await.unwrap().unwrap();
    assert_eq!(subscription.next().await.unwrap()["status"], "working");
    let rest = tokio::spawn(subscription.collect::<Vec<_>>());
    settle().await;
    backend.panic_in("get", 1);
    gate.cancel();
    server.advance(seconds(2)).await;
    assert_eq!(backend.panics_left(), 0);
    let rest = rest.await.unwrap();
    assert_eq!(text_of(&rest.last().unwrap()["result"]), "server");
}

/// Panics at every event, as a writer does that prints that it cannot write.
struct PanickingLog;

impl Subscriber for PanickingLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("pmcp")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        panic!("{} cannot be told", event.metadata().name())
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn a_task_ends_as_it_should_though_the_log_panics() {
    let backend = FaultyBackend::new();
    let server = Server::on(backend.clone(), Limits::default());
    server.world.on("optional", |_, _| async { panic!("as the test wants") });
    server
        .world
        .on("required", |_, _| async { Err::<ToolResult, ToolError>(std::io::Error::other("no route").into()) });
    let _panicking = tracing::subscriber::set_default(PanickingLog);
    // The end of each cannot be stored at first, which is told, too.
    for (client, failed) in [(server.v2025("ann"), "failed"), (server.v2026("ann"), "completed")] {
        for (tool, status) in [("optional", "failed"), ("required", failed)] {
            let id = client.start(tool).await;
            backend.fail_in("put", Fault::Down, 1);
            server.advance(seconds(2)).await;
            client.until(&id, status).await;
        }
        let result = client.call("plain", json!({})).await.unwrap();
        assert_eq!(text_of(&result), "done");
    }
}
