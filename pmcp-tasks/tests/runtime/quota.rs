//! Live tasks per owner.

use pmcp_tasks::{Limits, ToolError, ToolResult, testing::block_on};
use serde_json::json;

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
