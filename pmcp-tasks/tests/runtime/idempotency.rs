//! Calls that are repeated because their response was lost.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use pmcp_tasks::{Limits, ToolResult, protocol::IDEMPOTENCY_KEY, testing::block_on};
use serde_json::{Value, json};

use crate::support::*;

fn call(key: &Value, path: &str) -> Value {
    json!({ "name": "optional", "arguments": { "path": path }, "_meta": { IDEMPOTENCY_KEY: key } })
}

fn counting() -> (Server, Arc<AtomicUsize>) {
    let (server, runs) =
        (Server::with(Limits { tasks_per_owner: 3, ..Limits::default() }), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&runs);
    server.world.on("optional", move |_, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        async { Ok(ToolResult::text("done")) }
    });
    (server, runs)
}

#[tokio::test]
async fn the_same_key_gives_the_same_task_also_when_it_has_ended() {
    let (server, runs) = counting();
    for client in [server.v2025("ann"), server.v2026("ann")] {
        let before = runs.load(Ordering::SeqCst);
        let key = json!(format!("key of {:?}", client.cx.revision));
        let id = id_of(&client.create_with(call(&key, "a")).await.unwrap());
        client.until(&id, "completed").await;
        let again = client.create_with(call(&key, "a")).await.unwrap();
        assert_eq!(id_of(&again), id);
        assert!(again.get("result").is_none(), "{again}");
        settle().await;
        assert_eq!(runs.load(Ordering::SeqCst) - before, 1);
    }
}

#[tokio::test]
async fn another_payload_under_the_key_is_an_error_and_changes_nothing() {
    let (server, runs) = counting();
    let client = server.v2026("ann");
    let id = id_of(&client.create_with(call(&json!("k"), "a")).await.unwrap());
    let error = client.create_with(call(&json!("k"), "b")).await.unwrap_err();
    assert_eq!(error.code, -32602);
    assert!(error.message.contains(IDEMPOTENCY_KEY), "{error}");
    assert_eq!(id_of(&client.create_with(call(&json!("k"), "a")).await.unwrap()), id);
    settle().await;
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_key_is_the_owners_own() {
    let (server, _) = counting();
    let ann = id_of(&server.v2026("ann").create_with(call(&json!("k"), "a")).await.unwrap());
    let bob = id_of(&server.v2026("bob").create_with(call(&json!("k"), "b")).await.unwrap());
    assert_ne!(ann, bob);
}

#[tokio::test]
async fn a_key_goes_with_its_task() {
    let (server, runs) = counting();
    let client = server.v2026("ann");
    let first = id_of(&client.create_with(call(&json!("k"), "a")).await.unwrap());
    server.advance(minutes(60)).await;
    let second = id_of(&client.create_with(call(&json!("k"), "b")).await.unwrap());
    assert_ne!(first, second);
    settle().await;
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_is_no_key_is_refused() {
    let (server, runs) = counting();
    let client = server.v2026("ann");
    for key in [json!(""), json!("x".repeat(257)), json!(7), json!(null), json!(["k"])] {
        let error = client.create_with(call(&key, "a")).await.unwrap_err();
        assert_eq!(error.code, -32602, "{key}");
    }
    settle().await;
    assert_eq!(runs.load(Ordering::SeqCst), 0);
}

#[test]
fn of_racing_calls_with_one_key_one_makes_the_task() {
    block_on(async {
        let (server, runs) = counting();
        let client = server.v2026("ann");
        let calls: Vec<_> = (0..32)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { id_of(&client.create_with(call(&json!("k"), "a")).await.unwrap()) })
            })
            .collect();
        let mut ids = HashSet::new();
        for call in calls {
            ids.insert(call.await.unwrap());
        }
        assert_eq!(ids.len(), 1);
        client.until(ids.iter().next().unwrap(), "completed").await;
        assert_eq!(runs.load(Ordering::SeqCst), 1);
    });
}
