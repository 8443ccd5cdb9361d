//! Results that are larger than the store keeps: the run waits and says so, whoever did the step.

use pmcp_tasks::ToolResult;
use serde_json::{Value, json};

use super::{deploy::*, worded::assert_leads_on};
use crate::support::*;

/// The largest part that the store takes.
const MOST: u32 = 6000;

/// A text that fits alone, and not with what is recorded beside it.
fn near() -> String {
    "x".repeat(5950)
}

fn server() -> (Cluster, Server) {
    let cluster = Cluster::new();
    let server = Server::on_clock(cluster.clock.clone(), FaultyBackend::with_max_part(MOST), with_deploy);
    logs(&server, &cluster.log);
    (cluster, server)
}

/// The run waits at this step, with the limit and the size.
fn assert_waits(reply: &Value, step: &str) {
    let pause = &standing(reply)["pause"];
    assert_eq!((&pause["reason"], &pause["step"]), (&json!("limit"), &json!(step)), "{reply}");
    let message = pause["message"].as_str().unwrap();
    assert!(message.ends_with("the store takes 6000"), "{message}");
    let size: u32 = message.strip_prefix("it has ").unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!((MOST + 1..MOST + 300).contains(&size), "{message}");
}

#[tokio::test]
async fn a_step_of_the_server_waits() {
    for (tool, step) in [("validate", "validate"), ("restarting", "build")] {
        let (_cluster, server) = server();
        server.world.on(tool, |_, _| async { Ok(ToolResult::text(near())) });
        let client = server.v2026("ann");
        let reply = client.prompt(api()).await.unwrap();
        assert_waits(&reply, step);
        server.world.on(tool, |_, _| async { Ok(ToolResult::text("short")) });
        let reply = client.go_on(&run_id(&reply), json!({ "action": "retry" })).await;
        assert_eq!(states(&reply), ["done", "done", "open", "waiting", "waiting"]);
    }
}

#[tokio::test]
async fn the_last_step_waits() {
    let (_cluster, server) = server();
    server.world.on("optional", |_, _| async { Ok(ToolResult::text(near())) });
    let client = server.v2026("ann");
    let id = run_id(&client.prompt(json!({ "service": "no notes" })).await.unwrap());
    assert_waits(&client.call("plain", json!({ "_task_id": id })).await.unwrap(), "roll_out");
}

#[tokio::test]
async fn a_step_of_the_client_waits_and_its_call_does_not_fail() {
    let (_cluster, server) = server();
    server.world.on("plain", |_, _| async { Ok(ToolResult::text(near())) });
    let client = server.v2026("ann");
    let id = run_id(&client.prompt(api()).await.unwrap());
    let call = json!({ "_task_id": id });
    let reply = client.call("plain", call.clone()).await.unwrap();
    assert_eq!((&reply["isError"], &reply["content"][0]["text"]), (&json!(false), &json!(near())));
    assert!(texts(&reply).contains("the store takes 6000"), "{reply}");
    assert_waits(&reply, "approve");
    let shown = client.go_on(&id, json!({})).await;
    assert_waits(&shown, "approve");
    assert_eq!(states(&shown), ["done", "done", "open", "waiting", "waiting"]);
    assert!(texts(&shown).contains("gave more than is kept"), "{shown}");
    assert_eq!(assert_leads_on("too much", &shown)["tool"], "plain");
    // Of what a client gives, too: nothing is lost by that.
    server.world.on("plain", |_, _| async { Ok(ToolResult::text("yes")) });
    assert_eq!(states(&client.call("plain", call).await.unwrap()), ["done", "done", "done", "open", "waiting"]);
    let given = client.go_on(&id, json!({ "step": "notes", "result": near() })).await;
    assert_waits(&given, "notes");
    let given = client.go_on(&id, json!({ "step": "notes", "result": "What is new." })).await;
    assert_eq!(states(&given), ["done"; 5]);
}
