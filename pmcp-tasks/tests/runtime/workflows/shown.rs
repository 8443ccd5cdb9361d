//! What clients see of workflows beside their own calls: lists, tasks, completions.

use serde_json::{Value, json};

use super::deploy::*;
use crate::support::*;

fn server() -> Server {
    let cluster = Cluster::new();
    let server = cluster.with(with_deploy);
    logs(&server, &cluster.log);
    server
}

#[tokio::test]
async fn a_task_tells_the_states_of_its_steps_and_none_of_their_results() {
    let server = server();
    let client = server.v2026("ann");
    let id = run_id(&client.prompt(api()).await.unwrap());
    let task = client.get(&id).await;
    assert_eq!(states(&task), ["done", "done", "open", "waiting", "waiting"]);
    assert_eq!(standing(&task)["pause"]["step"], "approve");
    assert!(!task.to_string().contains("restarting is done"), "{task}");
    let listed = server.v2025("ann").ok("tasks/list", json!({})).await;
    assert_eq!(listed["tasks"][0]["taskId"].as_str().unwrap(), id);
    assert_eq!(server.v2026("bob").err("tasks/get", json!({ "taskId": id })).await.message, "unknown task");
}

#[tokio::test]
async fn arguments_are_completed_by_schema_and_by_open_runs() {
    let server = server();
    let client = server.v2025("ann");
    let complete = async |argument: &str, typed: &str| {
        let reference = json!({ "type": "ref/prompt", "name": "deploy" });
        let params = json!({ "ref": reference, "argument": { "name": argument, "value": typed } });
        client.request("completion/complete", params).await.map(|reply| reply["completion"]["values"].clone())
    };
    assert_eq!(complete("how", "").await.unwrap(), json!(["fast", "slow"]));
    assert_eq!(complete("how", "s").await.unwrap(), json!(["slow"]));
    assert_eq!(complete("_task_id", "").await.unwrap(), json!(["new"]));
    let id = run_id(&client.prompt(api()).await.unwrap());
    let other = run_id(&client.prompt(json!({ "service": "web" })).await.unwrap());
    run_id(&server.v2025("bob").prompt(api()).await.unwrap());
    assert_eq!(complete("_task_id", "").await.unwrap(), json!([other, id, "new"]));
    client.go_on(&other, json!({ "action": "cancel" })).await;
    assert_eq!(complete("_task_id", "").await.unwrap(), json!([id, "new"]));
}

#[tokio::test]
async fn cancelling_a_run_that_waits_ends_it_at_once() {
    for revision in ["2025", "2026"] {
        let server = server();
        let client = if revision == "2025" { server.v2025("ann") } else { server.v2026("ann") };
        let id = run_id(&client.prompt(api()).await.unwrap());
        client.cancel(&id).await.unwrap();
        let task = client.get(&id).await;
        assert_eq!((&task["status"], &standing(&task)["state"]), (&json!("cancelled"), &json!("cancelled")));
        let reply = client.prompt(json!({ "_task_id": id })).await.unwrap();
        assert!(prompt_text(&reply).starts_with(&format!("The run {id} was cancelled")), "{reply}");
        assert_eq!(standing(&reply)["next"], json!([]));
    }
}

#[tokio::test]
async fn a_run_expires_with_its_lifetime() {
    // Nobody looks after leases: a day has many looks.
    let cluster = Cluster::new();
    let server = cluster.over(&Connection::to(&cluster.store), with_deploy);
    logs(&server, &cluster.log);
    let client = server.v2026("ann");
    let id = run_id(&client.prompt(api()).await.unwrap());
    server.advance(minutes(24 * 60 - 1)).await;
    assert_eq!(states(&client.go_on(&id, json!({})).await)[2], "open");
    server.advance(minutes(1)).await;
    let gone = client.go_on(&id, json!({})).await;
    assert!(texts(&gone).starts_with("You have no run with this `_task_id`"), "{gone}");
    let late = client.call("plain", json!({ "_task_id": id })).await.unwrap();
    assert!(texts(&late).contains("nothing was recorded"), "{late}");
}

#[tokio::test]
async fn progress_of_a_run_goes_to_the_request_that_waits() {
    let cluster = Cluster::new();
    let server = cluster.with(with_deploy);
    logs(&server, &cluster.log);
    server.world.on("restarting", |_, cx| async move {
        cx.tool().progress(1, 4).await;
        Ok(pmcp_tasks::ToolResult::text("built"))
    });
    let client = server.v2025("ann");
    let params = json!({ "name": "deploy", "arguments": api(), "_meta": { "progressToken": "t" } });
    client.request("prompts/get", params).await.unwrap();
    let told: Vec<Value> = client.stream.notified("notifications/progress");
    let shown: Vec<_> =
        told.iter().map(|told| (told["progress"].as_f64().unwrap(), told["total"].as_f64().unwrap())).collect();
    assert_eq!(shown, [(1.0, 5.0), (1.25, 5.0), (2.0, 5.0)], "{told:?}");
    assert_eq!(told[1]["message"], "step 2 of 5, `build`: 1 of 4");
}
