//! Live tasks per owner, and bytes of all.

use std::time::Duration;

use pmcp_tasks::{Limits, ToolError, ToolResult, store::MemoryBackend, testing::block_on};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::*;

fn server(tasks_per_owner: u32) -> Server {
    let server = Server::with(Limits { tasks_per_owner, ..Limits::default() });
    server.world.on("optional", |arguments, cx| async move {
        match arguments.given.get("end").and_then(|end| end.as_str()) {
            Some("completed") => return Ok(ToolResult::default()),
            Some("failed") => return Err(ToolError::rpc(-1, "failed")),
            _ => {}
        }
        cx.tool().cancellation().cancelled().await;
        Ok(ToolResult::default())
    });
    server
}

fn ends(how: &str) -> serde_json::Value {
    json!({ "name": "optional", "arguments": { "end": how } })
}

#[test]
fn of_fifty_racing_creations_against_five_places_five_succeed() {
    block_on(async {
        for client in [server(5).v2025("ann"), server(5).v2026("ann")] {
            let creations: Vec<_> = (0..50)
                .map(|_| {
                    let client = client.clone();
                    tokio::spawn(async move { client.create("optional").await })
                })
                .collect();
            let mut created = 0;
            for creation in creations {
                match creation.await.unwrap() {
                    Ok(_) => created += 1,
                    Err(error) => assert_eq!((error.code, error.data), (-32603, Some(json!({ "reason": "quota" })))),
                }
            }
            assert_eq!(created, 5);
        }
    });
}

#[tokio::test]
async fn a_refused_creation_leaves_nothing() {
    let server = server(1);
    let client = server.v2025("ann");
    let id = client.start("optional").await;
    let error = client.create("optional").await.unwrap_err();
    assert_eq!(error.message, "1 tasks are still running; wait for one or cancel one");
    settle().await;
    assert_eq!(client.page(None).await.0, [id.clone()]);
    assert_eq!(client.session.notifications(), 0);
    client.cancel(&id).await.unwrap();
    client.start("optional").await;
}

#[tokio::test]
async fn finished_cancelled_and_expired_tasks_free_their_place() {
    let server = server(1);
    let client = server.v2026("ann");
    for end in ["completed", "failed"] {
        let id = id_of(&client.create_with(ends(end)).await.unwrap());
        client.until(&id, end).await;
    }
    let id = client.start("optional").await;
    client.create("optional").await.unwrap_err();
    client.cancel(&id).await.unwrap();
    client.start("optional").await;
    client.create("optional").await.unwrap_err();
    // Nothing sweeps: its time is simply over.
    server.clock.set_wall(pmcp_tasks::time::Clock::now(&server.clock).after(minutes(60)));
    client.start("optional").await;
    client.create("optional").await.unwrap_err();
}

#[tokio::test]
async fn many_finished_tasks_lock_nobody_out() {
    let server = server(3);
    let client = server.v2025("ann");
    for _ in 0..300 {
        let id = id_of(&client.create_with(ends("completed")).await.unwrap());
        client.until(&id, "completed").await;
    }
    assert_eq!(client.page(None).await.0.len(), 50);
}

#[tokio::test]
async fn owners_have_places_of_their_own() {
    let server = server(1);
    for owner in ["acme", "acme:bob", "acme#", "ACME", ""] {
        server.v2026(owner).start("optional").await;
        server.v2026(owner).create("optional").await.unwrap_err();
    }
}

#[tokio::test]
async fn plain_calls_need_no_place() {
    let server = server(1);
    let client = server.v2025("ann");
    client.start("optional").await;
    client.ok("tools/call", ends("completed")).await;
}

/// A server whose tool gives back as many bytes as it is told, and runs until it is cancelled if it is told none.
fn sized(backend: MemoryBackend, limits: Limits) -> Server {
    let server = Server::on(backend, limits);
    server.world.on("optional", |arguments, cx| async move {
        if let Some(bytes) = arguments.given.get("bytes").and_then(serde_json::Value::as_u64) {
            return Ok(ToolResult::text("x".repeat(usize::try_from(bytes).unwrap())));
        }
        cx.tool().cancellation().cancelled().await;
        Ok(ToolResult::default())
    });
    server
}

/// Runs a task that gives back so many bytes, a moment later than the one before.
async fn finish(server: &Server, client: &Client, bytes: usize) -> String {
    server.advance(Duration::from_millis(1)).await;
    let call = json!({ "name": "optional", "arguments": { "bytes": bytes } });
    let id = id_of(&client.create_with(call).await.unwrap());
    loop {
        // One that is larger than all that is kept is gone by then.
        match client.request("tasks/get", json!({ "taskId": id })).await {
            Ok(task) if task["status"] == "working" => tokio::task::yield_now().await,
            _ => return id,
        }
    }
}

fn holding(bytes: usize) -> serde_json::Value {
    json!({ "name": "optional", "arguments": { "held": "x".repeat(bytes) } })
}

#[tokio::test]
async fn a_flood_of_finished_tasks_leaves_those_of_others() {
    for backend in [MemoryBackend::with_retained(30), MemoryBackend::new().with_retained_bytes(1 << 20)] {
        let server = sized(backend, Limits::default());
        let (ann, bob) = (server.v2025("ann"), server.v2025("bob"));
        let quiet = finish(&server, &bob, 1000).await;
        let first = finish(&server, &ann, 50_000).await;
        for _ in 0..100 {
            finish(&server, &ann, 50_000).await;
        }
        let last = finish(&server, &ann, 50_000).await;
        assert_eq!(text_of(&bob.result(&quiet).await.unwrap()).len(), 1000);
        assert_eq!(text_of(&ann.result(&last).await.unwrap()).len(), 50_000);
        assert_eq!(ann.result(&first).await.unwrap_err().message, "unknown task");
    }
}

#[tokio::test]
async fn an_owners_finished_tasks_make_room_for_the_next_one() {
    let server = sized(MemoryBackend::new(), Limits { stored_bytes: 300_000, ..Limits::default() });
    let (ann, bob) = (server.v2025("ann"), server.v2025("bob"));
    let quiet = finish(&server, &bob, 100_000).await;
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(finish(&server, &ann, 50_000).await);
    }
    // The newest first; what made room is in no list either.
    let kept: Vec<_> = ids.into_iter().rev().take(5).collect();
    let mut listed = ann.page(None).await.0;
    assert!(listed.len() <= 6, "{} of 50,000 bytes each in 300,000", listed.len());
    listed.truncate(5);
    assert_eq!(listed, kept);
    for id in kept {
        assert_eq!(text_of(&ann.result(&id).await.unwrap()).len(), 50_000);
    }
    assert_eq!(text_of(&bob.result(&quiet).await.unwrap()).len(), 100_000);
}

#[tokio::test]
async fn tasks_that_finish_together_keep_to_the_bytes_of_their_owner() {
    let server = Server::with(Limits { stored_bytes: 300_000, ..Limits::default() });
    let (gate, client) = (CancellationToken::new(), server.v2025("ann"));
    let opening = gate.clone();
    server.world.on("optional", move |_, _| {
        let gate = opening.clone();
        async move {
            gate.cancelled().await;
            Ok(ToolResult::text("x".repeat(50_000)))
        }
    });
    for _ in 0..27 {
        client.start("optional").await;
    }
    gate.cancel();
    settle().await;
    for id in client.page(None).await.0 {
        client.until(&id, "completed").await;
    }
    let kept = client.page(None).await.0.len();
    // All at one time, so that some may have come before others that finished earlier.
    assert!((1..=6).contains(&kept), "{kept} of 50,000 bytes each in 300,000");
}

#[tokio::test]
async fn running_tasks_that_take_all_bytes_refuse_the_next_one() {
    let server = sized(MemoryBackend::new(), Limits { stored_bytes: 100_000, ..Limits::default() });
    for client in [server.v2025("ann"), server.v2026("bob")] {
        let running = id_of(&client.create_with(holding(60_000)).await.unwrap());
        let finished = finish(&server, &client, 1000).await;
        let error = client.create_with(holding(60_000)).await.unwrap_err();
        assert_eq!((error.code, error.data), (-32603, Some(json!({ "reason": "stored_bytes" }))));
        assert_eq!(
            error.message,
            "tasks that are still running leave too few of 100000 bytes; wait for one or cancel one"
        );
        assert_eq!(client.status(&finished).await, "completed", "a refused call removes nothing");
        finish(&server, &client, 1000).await;
        client.cancel(&running).await.unwrap();
        client.create_with(holding(60_000)).await.unwrap();
        assert_eq!(client.err("tasks/get", json!({ "taskId": running })).await.message, "unknown task");
    }
}

#[tokio::test]
async fn who_waits_for_a_result_that_is_not_kept_is_told() {
    let server = sized(MemoryBackend::new().with_retained_bytes(10_000), Limits::default());
    let gate = CancellationToken::new();
    let client = server.v2025("ann");
    let opening = gate.clone();
    server.world.on("optional", move |_, _| {
        let gate = opening.clone();
        async move {
            gate.cancelled().await;
            Ok(ToolResult::text("x".repeat(20_000)))
        }
    });
    let id = client.start("optional").await;
    let waiting = client.spawn("tasks/result", json!({ "taskId": id }));
    settle().await;
    gate.cancel();
    assert_eq!(waiting.await.unwrap().unwrap_err().message, "unknown task");
}
