//! Going on: calls of tools that are steps, what clients give, ends.

use pmcp_tasks::{ToolError, ToolResult};
use serde_json::{Value, json};

use super::deploy::*;
use crate::support::*;

async fn begun() -> (Cluster, Server, Client, String) {
    let cluster = Cluster::new();
    let server = cluster.with(with_deploy);
    logs(&server, &cluster.log);
    let client = server.v2025("ann");
    let id = run_id(&client.prompt(api()).await.unwrap());
    (cluster, server, client, id)
}

fn approve(id: &str) -> Value {
    json!({ "_task_id": id, "digest": "restarting is done" })
}

#[tokio::test]
async fn the_whole_way_by_tools_alone() {
    let (cluster, _server, client, id) = begun().await;
    let reply = client.call("plain", approve(&id)).await.unwrap();
    assert_eq!(reply["content"][0]["text"], "plain is done");
    let said = texts(&reply);
    assert!(said.contains("Recorded as step `approve`."), "{said}");
    assert!(said.contains("Next, step 4 of 5, `notes`: Write the notes."), "{said}");
    assert!(
        said.contains(&format!(
            "call `workflow_continue` with {{\"_task_id\":\"{id}\",\"result\":\"<the result>\",\"step\":\"notes\"}}"
        )),
        "{said}"
    );
    assert_eq!(states(&reply), ["done", "done", "done", "open", "waiting"]);
    let wrong = client.go_on(&id, json!({ "step": "notes", "result": 5 })).await;
    assert_eq!(wrong["isError"], true);
    assert!(texts(&wrong).starts_with("the result of step `notes` does not fit: it is no text."), "{wrong}");
    let done = client.go_on(&id, json!({ "step": "notes", "result": "What is new." })).await;
    assert_eq!(states(&done), ["done"; 5]);
    assert_eq!(standing(&done)["state"], "completed");
    assert!(texts(&done).starts_with("This workflow is finished"), "{done}");
    let result = client.result(&id).await.unwrap();
    assert_eq!(result["structuredContent"]["result"], "optional is done");
    assert_eq!(result["structuredContent"]["steps"][3]["result"], "What is new.");
    let lines = cluster.log.lines();
    assert_eq!(lines[2..], [r#"plain {"digest":"restarting is done"}"#, r#"optional {"approval":"plain is done"}"#]);
}

#[tokio::test]
async fn arguments_that_a_call_leaves_out_come_from_the_plan() {
    let (cluster, _server, client, id) = begun().await;
    client.call("plain", json!({ "_task_id": id, "more": 1 })).await.unwrap();
    assert_eq!(cluster.log.lines()[2], r#"plain {"digest":"restarting is done","more":1}"#);
}

#[tokio::test]
async fn a_call_is_bound_by_meta_too() {
    for meta in ["io.modelcontextprotocol/related-task", "_task_id"] {
        let (_cluster, _server, client, id) = begun().await;
        let value = if meta == "_task_id" { json!(id) } else { json!({ "taskId": id }) };
        let params = json!({ "name": "plain", "arguments": {}, "_meta": { meta: value } });
        let reply = client.request("tools/call", params).await.unwrap();
        assert_eq!(states(&reply)[2], "done");
    }
}

#[tokio::test]
async fn the_same_call_again_runs_nothing_and_another_is_not_recorded() {
    let (cluster, _server, client, id) = begun().await;
    client.call("plain", approve(&id)).await.unwrap();
    let count = cluster.log.lines().len();
    let again = client.call("plain", approve(&id)).await.unwrap();
    assert_eq!(again["content"][0]["text"], "plain is done");
    assert!(texts(&again).contains("This call was made before"), "{again}");
    assert_eq!(cluster.log.lines().len(), count);
    let other = client.call("plain", json!({ "_task_id": id, "digest": "another" })).await.unwrap();
    assert!(texts(&other).contains("done already: this call was not recorded"), "{other}");
    assert_eq!(cluster.log.lines().len(), count + 1);
    let standing_now = client.go_on(&id, json!({})).await;
    assert_eq!(states(&standing_now), ["done", "done", "done", "open", "waiting"]);
}

#[tokio::test]
async fn a_call_that_comes_early_late_or_for_nothing_runs_and_is_not_recorded() {
    let (_cluster, server, client, id) = begun().await;
    let early = client.call("optional", json!({ "_task_id": id })).await.unwrap();
    assert_eq!(early["content"][0]["text"], "optional is done");
    assert!(texts(&early).contains("not yet the turn"), "{early}");
    let unknown = "00000000-0000-4000-8000-000000000000";
    let foreign = run_id(&server.v2025("bob").prompt(api()).await.unwrap());
    let plain_task = client.start("optional").await;
    let mut said = Vec::new();
    for id in [unknown, &*foreign, &*plain_task, "no id"] {
        let reply = client.call("plain", json!({ "_task_id": id })).await.unwrap();
        assert_eq!(reply["isError"], false);
        said.push(texts(&reply).replace(id, "ID"));
    }
    assert!(said.iter().all(|text| *text == said[0]), "they answer alike: {said:?}");
    assert!(said[0].contains("nothing was recorded"), "{said:?}");
    client.go_on(&id, json!({ "action": "cancel" })).await;
    let late = client.call("plain", approve(&id)).await.unwrap();
    assert!(texts(&late).contains("The run has ended: this call was not recorded."), "{late}");
}

#[tokio::test]
async fn a_call_that_fails_leaves_its_step_open() {
    let (_cluster, server, client, id) = begun().await;
    server.world.on("plain", |_, _| async { Err(ToolError::new("not today")) });
    let failed = client.call("plain", approve(&id)).await.unwrap();
    assert_eq!((&failed["isError"], &failed["content"][0]["text"]), (&json!(true), &json!("not today")));
    assert!(texts(&failed).contains("Step `approve` is still open"), "{failed}");
    server.world.on("plain", |_, _| async { Ok(ToolResult::text("text").with_structured(json!({ "no": "text" }))) });
    let misfit = client.call("plain", approve(&id)).await.unwrap();
    assert!(texts(&misfit).contains("does not fit step `approve`, which stays open: it is no text"), "{misfit}");
    assert_eq!(misfit["structuredContent"]["no"], "text");
    assert!(misfit["structuredContent"]["_workflow"]["note"].is_string(), "{misfit}");
    server.world.on("plain", |_, _| async { Ok(ToolResult::text("yes")) });
    assert_eq!(states(&client.call("plain", approve(&id)).await.unwrap())[2], "done");
}

#[tokio::test]
async fn of_racing_calls_one_is_recorded() {
    let (_cluster, _server, client, id) = begun().await;
    let calls: Vec<_> = (0..4)
        .map(|n| client.spawn("tools/call", json!({ "name": "plain", "arguments": { "_task_id": id, "n": n } })))
        .collect();
    let mut recorded = 0;
    for call in calls {
        let reply = call.await.unwrap().unwrap();
        assert_eq!(reply["content"][0]["text"], "plain is done");
        recorded += usize::from(texts(&reply).contains("Recorded as step `approve`."));
    }
    assert_eq!(recorded, 1);
}

#[tokio::test]
async fn a_step_is_skipped_where_the_plan_says_so() {
    let cluster = Cluster::new();
    let server = cluster.with(with_deploy);
    logs(&server, &cluster.log);
    let client = server.v2026("ann");
    let id = run_id(&client.prompt(json!({ "service": "no notes" })).await.unwrap());
    let done = client.call("plain", json!({ "_task_id": id })).await.unwrap();
    assert_eq!(states(&done), ["done", "done", "done", "skipped", "done"]);
    let task = client.get(&id).await;
    assert_eq!(task["status"], "completed");
    assert_eq!(task["result"]["structuredContent"]["result"], "optional is done");
}

#[tokio::test]
async fn a_tool_step_that_failed_is_tried_again_or_done_by_the_client() {
    for by_client in [false, true] {
        let cluster = Cluster::new();
        let server = cluster.with(with_deploy);
        logs(&server, &cluster.log);
        server.world.on("restarting", |_, _| async { Err(ToolError::new("no disk")) });
        let client = server.v2025("ann");
        let reply = client.prompt(api()).await.unwrap();
        assert_eq!(
            standing(&reply)["pause"],
            json!({ "reason": "tool_failed", "step": "build", "message": "no disk" })
        );
        let id = run_id(&reply);
        server.world.on("restarting", |_, _| async { Ok(ToolResult::text("built")) });
        let reply = if by_client {
            client.call("restarting", json!({ "_task_id": id, "image": "mine" })).await.unwrap()
        } else {
            client.go_on(&id, json!({ "action": "retry" })).await
        };
        assert_eq!(states(&reply), ["done", "done", "open", "waiting", "waiting"], "{reply}");
    }
}

#[tokio::test]
async fn an_end_that_the_client_wants() {
    let (_cluster, _server, client, id) = begun().await;
    let refused = client.go_on(&id, json!({ "action": "finish" })).await;
    assert!(texts(&refused).contains("It cannot be finished: step `roll_out` of the server is left."), "{refused}");
    let nothing_failed = client.go_on(&id, json!({ "action": "retry" })).await;
    assert!(texts(&nothing_failed).contains("Nothing has failed: it is your turn."), "{nothing_failed}");
    let cancelled = client.go_on(&id, json!({ "action": "cancel" })).await;
    assert!(texts(&cancelled).starts_with(&format!("The run {id} was cancelled")), "{cancelled}");
    assert_eq!(standing(&cancelled)["state"], "cancelled");
    assert_eq!(client.status(&id).await, "cancelled");
    let gone = client.go_on("00000000-0000-4000-8000-000000000000", json!({})).await;
    assert!(gone["isError"] == true && texts(&gone).starts_with("You have no run with this `_task_id`"), "{gone}");
}

#[tokio::test]
async fn what_the_server_asks_goes_through_the_run() {
    #[derive(pmcp_tasks::Form)]
    struct Name {
        name: String,
    }
    let cluster = Cluster::new();
    let server = cluster.with(with_deploy);
    logs(&server, &cluster.log);
    server.world.on("restarting", |_, cx| async move {
        let Name { name } = cx.tool().elicit("Which name?").await?;
        Ok(ToolResult::text(name))
    });
    let client = server.v2026("ann");
    client.prompt(api()).await.unwrap();
    let id = server.v2025("ann").page(None).await.0.remove(0);
    let reply = client.go_on(&id, json!({})).await;
    let text = texts(&reply);
    assert!(text.contains("The server asks the user: Which name?"), "{text}");
    assert!(text.contains(r#""answer":{"name":"<name>"},"question":"build/input-1"}"#), "{text}");
    let wrong = client.go_on(&id, json!({ "question": "build/input-1", "answer": { "name": 5 } })).await;
    assert_eq!(wrong["isError"], true);
    let reply = client.go_on(&id, json!({ "question": "build/input-1", "answer": { "name": "Eve" } })).await;
    assert_eq!(standing(&reply)["steps"][1]["result"], "Eve");
    assert_eq!(states(&reply), ["done", "done", "open", "waiting", "waiting"]);
}

#[tokio::test]
async fn a_call_that_is_a_task_itself_records_its_step_before_it_ends() {
    let (cluster, server, client, id) = begun().await;
    let log = cluster.log.clone();
    server.world.on("restarting", move |_, _| {
        log.add("again");
        async { Ok(ToolResult::text("never")) }
    });
    // The tool of the open step does not run as a task: the next one does, after the server has failed at it.
    server.world.on("optional", |_, _| async { Err(ToolError::new("no network")) });
    client.call("plain", approve(&id)).await.unwrap();
    let failed = client.go_on(&id, json!({ "step": "notes", "result": "What is new." })).await;
    assert_eq!(standing(&failed)["pause"]["reason"], "tool_failed");
    server.world.on("optional", |_, _| async { Ok(ToolResult::text("rolled out by hand")) });
    let params = json!({ "name": "optional", "arguments": { "_task_id": id }, "task": {} });
    let task = id_of(&client.request("tools/call", params).await.unwrap());
    let result = client.result(&task).await.unwrap();
    assert_eq!(result["content"][0]["text"], "rolled out by hand");
    assert!(texts(&result).contains("Recorded as step `roll_out`."), "{result}");
    let done = client.go_on(&id, json!({})).await;
    assert_eq!(
        (&standing(&done)["state"], &standing(&done)["steps"][4]["result"]),
        (&json!("completed"), &json!("rolled out by hand"))
    );
}

#[tokio::test]
async fn what_a_client_says_twice_or_wrongly_is_told_as_that() {
    let (_cluster, _server, client, id) = begun().await;
    client.call("plain", approve(&id)).await.unwrap();
    let notes = json!({ "step": "notes", "result": " What is new.\n" });
    client.go_on(&id, notes.clone()).await;
    // As its type reads it.
    assert_eq!(texts(&client.go_on(&id, json!({ "show": "notes" })).await), "\"What is new.\"");
    let again = client.go_on(&id, notes).await;
    assert!(texts(&again).starts_with("Step `notes` was recorded with this result before: nothing"), "{again}");
    for (wrong, said) in [
        (json!({ "steps": "notes" }), "unknown field `steps`"),
        (json!({ "result": 5 }), "`result` belongs to a `step`"),
        (json!({ "action": "begin" }), "unknown variant `begin`"),
        (json!({ "wait_seconds": "long" }), "is not a whole number"),
        (json!({ "step": "notes" }), "the `result` of step `notes` is missing"),
        (json!({ "question": "build/input-1" }), "the `answer` is missing"),
        (json!({ "show": "nothing" }), "step `nothing` has nothing to show"),
    ] {
        let refused = client.go_on(&id, wrong).await;
        assert_eq!(refused["isError"], true);
        assert!(texts(&refused).contains(said), "{refused}");
    }
    assert_eq!(texts(&client.go_on(&id, json!({ "show": "build" })).await), "\"restarting is done\"");
}

#[tokio::test]
async fn the_same_call_again_may_say_less() {
    let (cluster, _server, client, id) = begun().await;
    client.call("plain", json!({ "_task_id": id })).await.unwrap();
    let count = cluster.log.lines().len();
    let again = client.call("plain", json!({ "_task_id": id })).await.unwrap();
    assert!(texts(&again).contains("This call was made before"), "{again}");
    assert_eq!(cluster.log.lines().len(), count);
}

#[tokio::test]
async fn only_who_asks_for_it_tries_again_what_failed() {
    let cluster = Cluster::new();
    let server = cluster.with(with_deploy);
    logs(&server, &cluster.log);
    let log = cluster.log.clone();
    server.world.on("restarting", move |_, _| {
        log.add("a try");
        async { Err(ToolError::new("no disk")) }
    });
    let client = server.v2025("ann");
    let id = run_id(&client.prompt(api()).await.unwrap());
    let tries = || cluster.log.lines().iter().filter(|line| *line == "a try").count();
    let shown = client.call("deploy", json!({ "_task_id": id })).await.unwrap();
    assert_eq!((states(&shown)[1].as_str(), tries()), ("failed", 1));
    let unknown = client.call("deploy", json!({ "_task_id": "no id" })).await.unwrap();
    assert!(unknown["isError"] == true && texts(&unknown).starts_with("You have no run with this"), "{unknown}");
    // Of two who saw the same failure one tries again.
    let retry = json!({ "name": "workflow_continue", "arguments": { "_task_id": id, "action": "retry" } });
    let (one, other) = (client.spawn("tools/call", retry.clone()), client.spawn("tools/call", retry));
    let said = [texts(&one.await.unwrap().unwrap()), texts(&other.await.unwrap().unwrap())];
    assert_eq!(tries(), 2, "{said:?}");
    assert_eq!(said.iter().filter(|text| text.contains("nothing was")).count(), 1, "{said:?}");
}
