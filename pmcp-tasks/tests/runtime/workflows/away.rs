//! Calls that are tasks and steps of a run, while the store is away.

use pmcp_tasks::{ToolError, ToolResult};
use serde_json::{Value, json};

use super::deploy::*;
use crate::support::*;

/// A run whose last step its client does by a task of its own, which ends when the gate opens.
async fn doing_the_last_step(server: &Server, log: &Log) -> (Client, String, String, tokio::sync::watch::Sender<bool>) {
    logs(server, log);
    server.world.on("optional", |_, _| async { Err(ToolError::new("no network")) });
    let client = server.v2025("ann");
    let id = run_id(&client.prompt(json!({ "service": "no notes" })).await.unwrap());
    let failed = client.call("plain", json!({ "_task_id": id })).await.unwrap();
    assert_eq!(standing(&failed)["pause"]["reason"], "tool_failed");
    let (open, gate) = tokio::sync::watch::channel(false);
    let log = log.clone();
    server.world.on("optional", move |_, _| {
        let (mut gate, log) = (gate.clone(), log.clone());
        async move {
            gate.wait_for(|open| *open).await.unwrap();
            log.add("by hand");
            Ok(ToolResult::text("rolled out by hand"))
        }
    });
    let params = json!({ "name": "optional", "arguments": { "_task_id": id }, "task": {} });
    let task = id_of(&client.request("tools/call", params).await.unwrap());
    (client, id, task, open)
}

fn assert_whole(result: &Value, run: &Value, log: &Log) {
    assert_eq!(result["content"][0]["text"], "rolled out by hand");
    assert!(!texts(result).contains("It is not known"), "{result}");
    assert_eq!(
        (&standing(run)["state"], &standing(run)["steps"][4]["result"]),
        (&json!("completed"), &json!("rolled out by hand"))
    );
    assert_eq!(log.lines().iter().filter(|line| *line == "by hand").count(), 1);
}

#[tokio::test]
async fn a_step_is_recorded_before_its_task_ends_however_long_the_store_is_away() {
    for fault in [Fault::Down, Fault::Full, Fault::ReplyLost] {
        let cluster = Cluster::new();
        let backend = FaultyBackend::to(&cluster.store);
        let server =
            Server::on_clock(cluster.clock.clone(), backend.clone(), |router| with_deploy(router.tool::<Restarting>()));
        let (client, id, task, open) = doing_the_last_step(&server, &cluster.log).await;
        backend.fail_in("put", fault, usize::MAX);
        open.send(true).unwrap();
        settle().await;
        cluster.clock.advance(minutes(2)).await;
        if fault != Fault::ReplyLost {
            assert_eq!(client.status(&task).await, "working", "{fault:?}: it has not ended without its record");
        }
        backend.recover();
        cluster.clock.advance(minutes(1)).await;
        let result = client.result(&task).await.unwrap();
        assert!(texts(&result).contains("ecorded"), "{fault:?}: {result}");
        assert_whole(&result, &client.go_on(&id, json!({})).await, &cluster.log);
    }
}

#[tokio::test]
async fn a_step_whose_record_has_lost_its_replies_is_recorded_once_and_the_run_goes_on() {
    let cluster = Cluster::new();
    let backend = FaultyBackend::to(&cluster.store);
    let server = Server::on_clock(cluster.clock.clone(), backend.clone(), |router| {
        with_deploy(router.tool::<Restarting>().lease(seconds(LEASE)))
    });
    server.router.keep_house();
    logs(&server, &cluster.log);
    server.world.on("restarting", |_, _| async { Err(ToolError::new("no disk")) });
    let client = server.v2025("ann");
    let id = run_id(&client.prompt(api()).await.unwrap());
    server.world.on("restarting", |_, _| async { Ok(ToolResult::text("built by hand")) });
    let waits = json!({ "name": "workflow_continue", "arguments": { "_task_id": id, "action": "retry" } });
    // As often as it is tried: what goes on is held by this worker, and nobody here runs it.
    backend.fail_in("put", Fault::ReplyLost, 4);
    let moved = client.spawn("tools/call", waits);
    settle().await;
    cluster.clock.advance(seconds(1)).await;
    assert!(moved.await.unwrap().is_err());
    cluster.clock.advance(seconds(2 * LEASE)).await;
    eventually("it is gone on with", || !cluster.log.lines().is_empty()).await;
    let reply = client.go_on(&id, json!({})).await;
    assert_eq!(states(&reply), ["done", "done", "open", "waiting", "waiting"]);
}
