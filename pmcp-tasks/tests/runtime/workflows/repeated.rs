//! Calls that come again: with answers, with their key, and after the run was cancelled.

use pmcp_tasks::ToolResult;
use serde_json::{Value, json};

use super::{deploy::*, planned::with_planned};
use crate::support::*;

#[derive(pmcp_tasks::Form)]
struct Name {
    name: String,
}

/// A run whose client's turn it is, with this limit.
async fn begun(server: &Server) -> (Client, String) {
    let client = server.v2026("ann");
    let id = run_id(&client.ok("prompts/get", json!({ "name": "planned" })).await);
    client.set(&id, json!({ "limit": 1 })).await.unwrap();
    (client, id)
}

#[tokio::test]
async fn a_call_that_asked_goes_on_though_the_plan_has_changed() {
    let cluster = Cluster::new();
    let server = cluster.with(with_planned);
    let log = cluster.log.clone();
    server.world.on("plain", move |arguments, cx| {
        log.add(Value::from(arguments.given).to_string());
        async move { Ok(ToolResult::text(cx.tool().elicit::<Name>("Who are you?").await?.name)) }
    });
    let (client, id) = begun(&server).await;
    let mut call = json!({ "name": "plain", "arguments": { "_task_id": id } });
    let asked = client.ok("tools/call", call.clone()).await;
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    client.set(&id, json!({ "limit": 2 })).await.unwrap();
    call["requestState"] = asked["requestState"].clone();
    call["inputResponses"] = json!({ "input-1": accept(json!({ "name": "Ann" })) });
    let reply = client.ok("tools/call", call).await;
    assert_eq!(reply["content"][0]["text"], "Ann");
    assert_eq!(states(&reply), ["done", "open"]);
    assert_eq!(cluster.log.lines(), [r#"{"limit":1}"#], "it ran once");
}

#[tokio::test]
async fn a_key_finds_its_task_though_the_plan_has_changed() {
    let cluster = Cluster::new();
    let server = cluster.with(with_planned);
    server.world.never_ends("required");
    let (client, id) = begun(&server).await;
    client.call("plain", json!({ "_task_id": id })).await.unwrap();
    let key = json!({ "run.pmcp/idempotency-key": "once" });
    let call = json!({ "name": "required", "arguments": { "_task_id": id }, "_meta": key });
    let task = id_of(&client.create_with(call.clone()).await.unwrap());
    client.set(&id, json!({ "limit": 2 })).await.unwrap();
    assert_eq!(id_of(&client.create_with(call.clone()).await.unwrap()), task);
    let other = json!({ "name": "required", "arguments": { "_task_id": id, "limit": 2 }, "_meta": call["_meta"] });
    assert_eq!(client.create_with(other).await.unwrap_err().code, -32602, "other arguments were given");
}

#[tokio::test]
async fn the_same_call_again_is_the_same_though_the_plan_has_changed() {
    let cluster = Cluster::new();
    let server = cluster.with(with_planned);
    logs(&server, &cluster.log);
    let (client, id) = begun(&server).await;
    client.call("plain", json!({ "_task_id": id })).await.unwrap();
    client.set(&id, json!({ "limit": 2 })).await.unwrap();
    let again = client.call("plain", json!({ "_task_id": id })).await.unwrap();
    assert!(texts(&again).contains("This call was made before"), "{again}");
    assert_eq!(cluster.log.lines(), [r#"plain {"limit":1}"#]);
}

#[tokio::test]
async fn a_run_that_is_cancelled_while_it_is_found_is_not_joined() {
    let cluster = Cluster::new();
    let backend = FaultyBackend::to(&cluster.store);
    let finding =
        Server::on_clock(cluster.clock.clone(), backend.clone(), |router| with_deploy(router.tool::<Restarting>()));
    let other = cluster.over(&Connection::to(&cluster.store), with_deploy);
    let id = run_id(&other.v2025("ann").prompt(api()).await.unwrap());
    let reads = backend.hold_in("get");
    let prompt = json!({ "name": "deploy", "arguments": api() });
    let again = finding.v2025("ann").spawn("prompts/get", prompt);
    // It has the list, in which the run works, and is about to read that.
    settle().await;
    other.v2025("ann").cancel(&id).await.unwrap();
    reads.add_permits(100);
    let reply = again.await.unwrap().unwrap();
    assert_ne!(run_id(&reply), id);
    assert_eq!(states(&reply)[2], "open");
}

#[tokio::test]
async fn a_run_that_goes_with_its_first_request_leaves_a_joined_one_a_run_of_its_own() {
    let cluster = Cluster::new();
    let server = cluster.with(with_deploy);
    server.world.never_ends("restarting");
    let prompt = json!({ "name": "deploy", "arguments": api() });
    let (first, cancellation) = server.v2025("ann").cancellable();
    let first = first.spawn("prompts/get", prompt.clone());
    settle().await;
    let client = server.v2025("ann");
    let joined = client.spawn("prompts/get", prompt);
    settle().await;
    let (runs, _) = client.page(None).await;
    assert_eq!(runs.len(), 1, "it has joined");
    server.world.on("restarting", |_, _| async { Ok(ToolResult::text("built")) });
    cancellation.cancel();
    assert!(first.await.unwrap().is_err());
    let reply = joined.await.unwrap().unwrap();
    assert_ne!(run_id(&reply), runs[0]);
    assert_eq!(states(&reply), ["done", "done", "open", "waiting", "waiting"]);
}

#[tokio::test]
async fn a_run_that_was_cancelled_is_not_joined() {
    let cluster = Cluster::new();
    let server = cluster.with(with_deploy);
    let client = server.v2025("ann");
    let id = run_id(&client.prompt(api()).await.unwrap());
    client.cancel(&id).await.unwrap();
    assert_ne!(run_id(&client.prompt(api()).await.unwrap()), id);
}
