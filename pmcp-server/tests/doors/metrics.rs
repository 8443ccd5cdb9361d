//! What is counted of requests, sessions and streams, under names and labels that clients cannot choose.

use std::collections::BTreeMap;

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use serde_json::json;

use crate::support::{Legacy, Modern, bad_input_on_purpose, call, usual};

/// Each metric with its labels, as a text, and its value since the last look: of a histogram how many it has.
fn seen(snapshotter: &Snapshotter) -> BTreeMap<String, f64> {
    let told = snapshotter.snapshot().into_vec().into_iter().map(|(key, _, _, value)| {
        let (_, key) = key.into_parts();
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        #[expect(clippy::cast_precision_loss, reason = "a test counts little")]
        let value = match value {
            DebugValue::Counter(count) => count as f64,
            DebugValue::Gauge(level) => *level,
            DebugValue::Histogram(times) => times.len() as f64,
        };
        (format!("{} {}", key.name(), labels.join(" ")), value)
    });
    told.collect()
}

#[tokio::test]
async fn requests_sessions_and_streams_are_counted_by_what_the_server_knows() {
    let _spoilt = bad_input_on_purpose();
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _local = metrics::set_default_local_recorder(&recorder);
    let (running, http, _) = usual().await;
    Modern::of("tools/call", call("echo", json!({ "text": "CANARY" })), json!({})).send(&http).await.json().await;
    Modern::of("tools/call", call("CANARY", json!({})), json!({})).send(&http).await.json().await;
    let legacy = Legacy::begin(&http).await;
    legacy.ask(1, "CANARY", json!({})).await;
    let stream = legacy.listen().await;
    let first = seen(&snapshotter);
    for (metric, value) in [
        ("mcp.server.operation.duration mcp.method.name=tools/call gen_ai.tool.name=echo error.type=", 1.0),
        ("mcp.server.operation.duration mcp.method.name=tools/call gen_ai.tool.name= error.type=-32602", 1.0),
        ("mcp.server.operation.duration mcp.method.name=_OTHER gen_ai.tool.name= error.type=-32601", 1.0),
        ("mcp.server.operation.duration mcp.method.name=initialize gen_ai.tool.name= error.type=", 1.0),
        ("pmcp.sessions ", 1.0),
        ("pmcp.streams ", 1.0),
    ] {
        assert_eq!(first.get(metric), Some(&value), "{metric} in {first:#?}");
    }
    drop(stream);
    legacy.end().await;
    running.shut_down().await.unwrap();
    let last = seen(&snapshotter);
    assert_eq!((last.get("mcp.server.session.duration "), last.get("pmcp.sessions ")), (Some(&1.0), Some(&-1.0)));
    assert!(!format!("{first:?}{last:?}").contains("CANARY"));
    assert!(!format!("{first:?}{last:?}").contains(&legacy.id));
}
