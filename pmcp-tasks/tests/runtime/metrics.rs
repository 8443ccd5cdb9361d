//! Every metric that is documented is emitted, and no label holds what a client sent.

use std::collections::BTreeMap;

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use pmcp_tasks::{Limits, ToolError, ToolResult, router::Execution};
use serde_json::json;

use crate::support::*;

/// The names of the table in the docs.
fn documented() -> Vec<&'static str> {
    let docs = include_str!("../../src/measure.rs");
    let names = docs.lines().filter_map(|line| line.strip_prefix("//! | `")?.split_once('`'));
    names.map(|(name, _)| name).collect()
}

/// The metrics of this thread since the last look: name, labels and value.
fn seen(recorder: &DebuggingRecorder) -> BTreeMap<String, (String, f64)> {
    let all = recorder.snapshotter().snapshot().into_vec();
    let told = all.into_iter().map(|(key, _, _, value)| {
        let (_, key) = key.into_parts();
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        let value = match value {
            #[expect(clippy::cast_precision_loss, reason = "a test counts little")]
            DebugValue::Counter(count) => count as f64,
            DebugValue::Gauge(level) => *level,
            DebugValue::Histogram(times) => times.iter().map(|time| **time).fold(0.0, f64::max),
        };
        (format!("{} {}", key.name(), labels.join(" ")), (key.name().to_owned(), value))
    });
    told.collect()
}

#[tokio::test]
async fn each_documented_metric_is_emitted_and_nothing_of_a_client_is_a_label() {
    let recorder = DebuggingRecorder::new();
    let _local = metrics::set_default_local_recorder(&recorder);
    let cluster = Cluster::new();

    // A task of a worker that dies, and one that waits in the queue.
    let dead = cluster.dead();
    let _gate = gated(&dead, "restarting", "one", &cluster.log);
    let lost = dead.v2026("CANARY").start("restarting").await;
    settle().await;
    let worker = cluster.with(|router| router.execution(Execution::Queued).worker(4));
    worker.world.on("restarting", |_, _| async { Ok(ToolResult::text("CANARY")) });
    let client = worker.v2026("CANARY");
    let arguments = json!({ "name": "restarting", "arguments": { "text": "CANARY" } });
    let queued = id_of(&client.create_with(arguments).await.unwrap());
    cluster.clock.advance(seconds(1)).await;
    client.until(&queued, "completed").await;
    cluster.two_periods().await;
    client.until(&lost, "completed").await;
    // Others take it for dead.
    for known in cluster.workers().await {
        cluster.bury(known).await;
    }
    cluster.two_periods().await;
    // A store that fails.
    let backend = FaultyBackend::new();
    let server = Server::on(backend.clone(), Limits::default());
    server.world.on("required", |_, _| async { Err::<ToolResult, _>(ToolError::new("CANARY")) });
    backend.fail(Fault::Down, usize::MAX);
    server.v2026("CANARY").create("required").await.unwrap_err();
    backend.recover();
    let failed = server.v2026("CANARY").start("required").await;
    server.v2026("CANARY").until(&failed, "completed").await;
    settle().await;

    let seen = seen(&recorder);
    let of_server = |name: &&&str| name.starts_with("mcp.server.") || ["pmcp.sessions", "pmcp.streams"].contains(*name);
    for name in documented().iter().filter(|name| !of_server(name)) {
        assert!(seen.values().any(|(seen, _)| seen == name), "{name} in {seen:#?}");
    }
    for (name, _) in seen.values() {
        assert!(documented().contains(&&**name), "{name} is documented");
    }
    for (labelled, value) in [
        ("pmcp.tasks.created work=restarting", 2.0),
        ("pmcp.tasks.created work=required", 1.0),
        ("pmcp.tasks.ended outcome=completed", 2.0),
        ("pmcp.tasks.ended outcome=tool_error", 1.0),
        ("pmcp.tasks.claimed from=queue", 1.0),
        ("pmcp.tasks.claimed from=worker", 1.0),
        // That of the dead worker goes on.
        ("pmcp.runs ", 1.0),
    ] {
        assert_eq!(seen.get(labelled).map(|(_, value)| *value), Some(value), "{labelled} in {seen:#?}");
    }
    let everything = format!("{seen:?}");
    for secret in ["CANARY", &lost, &queued, &failed] {
        assert!(!everything.contains(secret), "{everything}");
    }
}
