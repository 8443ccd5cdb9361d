//! Beginning: by prompt and by tool, looks, waits, joining what has begun.

use pmcp_tasks::{Limits, ToolError, ToolResult, router::Execution, store::MemoryBackend};
use serde_json::json;

use super::deploy::*;
use crate::support::*;

fn server() -> (Cluster, Server) {
    let cluster = Cluster::new();
    let server = cluster.with(with_deploy);
    logs(&server, &cluster.log);
    (cluster, server)
}

#[tokio::test]
async fn a_prompt_runs_what_the_server_can_and_hands_the_rest_over() {
    for revision in ["2025", "2026"] {
        let (cluster, server) = server();
        let client = if revision == "2025" { server.v2025("ann") } else { server.v2026("ann") };
        let reply = client.prompt(api()).await.unwrap();
        assert_eq!(states(&reply), ["done", "done", "open", "waiting", "waiting"]);
        let id = run_id(&reply);
        assert_eq!(standing(&reply)["state"], "waiting");
        assert_eq!(standing(&reply)["pause"], json!({ "reason": "client", "step": "approve" }));
        assert_eq!(standing(&reply)["steps"][1]["result"], "restarting is done");
        let call = json!({ "_task_id": id, "digest": "restarting is done" });
        let next = json!([{ "tool": "plain", "arguments": call, "purpose": "do step 3 of 5, `approve`" }]);
        assert_eq!(standing(&reply)["next"], next);
        let text = prompt_text(&reply);
        for part in [
            "You are to finish a workflow that has begun on the server: Roll a service out. (`deploy`, service \"api\")",
            "1. validate: done. 2. build: done. 3. approve: yours, now. 4. notes: yours, after 3. 5. roll_out: the server's, after 4.",
            "Next, step 3 of 5, `approve`: Ask the user to approve, then call the tool.",
            &format!("Call `plain` with {call}; keep `_task_id` as it is."),
            &format!("call `workflow_continue` with {{\"_task_id\":\"{id}\"}}"),
        ] {
            assert!(text.contains(part), "no `{part}` in\n{text}");
        }
        let lines = [r#"validate {"service":"api"}"#, r#"restarting {"image":"validate is done"}"#];
        assert_eq!(cluster.log.lines(), lines);
        // It is a task that works, held by nobody.
        let task = client.get(&id).await;
        assert_eq!(
            (&task["status"], &task["statusMessage"]),
            (&json!("working"), &json!("Waiting for the client: step 3 of 5, `approve`."))
        );
        assert_eq!(task["pollInterval"].as_u64().or(task["pollIntervalMs"].as_u64()), Some(5000));
    }
}

#[tokio::test]
async fn the_tool_of_the_same_name_begins_it_too() {
    let (_cluster, server) = server();
    let client = server.v2025("ann");
    let tools = client.ok("tools/list", json!({})).await;
    let listed = |name: &str| tools["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == name).cloned();
    assert_eq!(listed("deploy").unwrap()["inputSchema"]["required"], json!(["service"]));
    assert_eq!(listed("workflow_continue").unwrap()["inputSchema"]["required"], json!(["_task_id"]));
    assert!(listed("plain").unwrap()["inputSchema"]["properties"]["_task_id"].is_object(), "a step can be bound");
    assert!(listed("swift").unwrap()["inputSchema"]["properties"]["_task_id"].is_null(), "no step");
    let reply = client.call("deploy", api()).await.unwrap();
    assert_eq!(states(&reply), ["done", "done", "open", "waiting", "waiting"]);
    assert!(texts(&reply).contains("Call `plain` with"));
    let refused = client.call("deploy", json!({ "how": "fast" })).await.unwrap();
    let text = texts(&refused);
    assert!(refused["isError"] == true && text.starts_with("argument `service` is missing\n"), "{refused}");
    assert!(text.ends_with("call `deploy` with {\"service\":\"<service>\"}."), "{text}");
}

#[tokio::test]
async fn a_tool_of_a_step_may_be_registered_before_and_after_its_workflow() {
    let router = || pmcp_tasks::TaskRouter::builder().state(World::default());
    let store = pmcp_tasks::TaskStore::memory;
    let named = router().tool::<Plain>().workflow::<Deploy>().tool::<Optional>().build(store()).unwrap();
    assert_eq!(named.definitions().count(), 3);
    let twice = router().workflow::<Deploy>().tool::<Optional>().tool::<Optional>().build(store()).unwrap_err();
    assert!(matches!(twice, pmcp_tasks::router::BuildError::DuplicateTool(_)), "{twice}");
}

#[tokio::test]
async fn a_prompt_that_is_only_looked_at_begins_nothing() {
    let (cluster, server) = server();
    let client = server.v2026("ann");
    for given in
        [json!({}), json!({ "service": "$1" }), json!({ "service": "{{service}}" }), json!({ "service": "$ARGUMENTS" })]
    {
        let reply = client.prompt(given).await.unwrap();
        let text = prompt_text(&reply);
        assert!(text.contains("Nothing has begun. Once the user has given the service, call `deploy`"), "{text}");
        assert!(text.contains("3. approve: yours."), "{text}");
        assert!(reply.get("_meta").is_none());
    }
    assert!(cluster.log.lines().is_empty());
    let error = client.prompt(json!({ "how": "fast" })).await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (-32602, "argument `service` is missing"));
    let error = client.err("prompts/get", json!({ "name": "deploy", "arguments": [1] })).await;
    assert_eq!(error.code, -32602);
}

#[tokio::test]
async fn a_slow_step_is_answered_in_time_and_waited_for() {
    let (_cluster, server) = server();
    server.world.on("restarting", |_, cx| async move {
        cx.tool().sleep(seconds(30)).await?;
        Ok(ToolResult::text("built"))
    });
    let client = server.v2025("ann");
    let waiting = client.spawn("prompts/get", json!({ "name": "deploy", "arguments": api() }));
    settle().await;
    server.advance(seconds(4)).await;
    let reply = waiting.await.unwrap().unwrap();
    assert_eq!(states(&reply), ["done", "running", "waiting", "waiting", "waiting"]);
    let id = run_id(&reply);
    let text = prompt_text(&reply);
    assert!(text.contains("Nothing to do yet: the server is at step 2 of 5, `build`."), "{text}");
    assert!(text.contains(&format!("{{\"_task_id\":\"{id}\",\"wait_seconds\":20}}")), "{text}");
    let wait =
        |seconds: u64| json!({ "name": "workflow_continue", "arguments": { "_task_id": id, "wait_seconds": seconds } });
    let waiting = client.spawn("tools/call", wait(1));
    settle().await;
    server.advance(seconds(1)).await;
    assert_eq!(states(&waiting.await.unwrap().unwrap())[1], "running");
    let waiting = client.spawn("tools/call", wait(50));
    settle().await;
    server.advance(seconds(25)).await;
    assert_eq!(states(&waiting.await.unwrap().unwrap()), ["done", "done", "open", "waiting", "waiting"]);
}

#[tokio::test]
async fn the_same_request_joins_the_run_whose_answer_was_lost() {
    let (cluster, server) = server();
    let client = server.v2026("ann");
    let first = run_id(&client.prompt(api()).await.unwrap());
    assert_eq!(run_id(&client.prompt(api()).await.unwrap()), first);
    assert_eq!(cluster.log.lines().len(), 2);
    let other = |given| async { run_id(&client.prompt(given).await.unwrap()) };
    assert_ne!(other(json!({ "service": "web" })).await, first, "other arguments");
    assert_ne!(other(json!({ "service": "api", "_task_id": "new" })).await, first, "it is wanted anew");
    assert_eq!(run_id(&client.prompt(json!({ "service": "api", "_task_id": first })).await.unwrap()), first);
    assert_ne!(run_id(&server.v2026("bob").prompt(api()).await.unwrap()), first, "another owner");
    let server = Server::on_clock(cluster.clock.clone(), MemoryBackend::new(), with_deploy);
    let client = server.v2026("ann");
    let first = run_id(&client.prompt(api()).await.unwrap());
    server.advance(seconds(61)).await;
    assert_ne!(run_id(&client.prompt(api()).await.unwrap()), first, "it was a while ago");
}

#[tokio::test]
async fn forgotten_runs_lock_out_no_tool() {
    let limits = Limits { workflows_per_owner: 2, tasks_per_owner: 3, ..Limits::default() };
    let server =
        Server::on_clock(Cluster::new().clock, MemoryBackend::new(), |router| with_deploy(router.limits(limits)));
    let client = server.v2026("ann");
    for service in ["a", "b"] {
        client.prompt(json!({ "service": service })).await.unwrap();
    }
    let refused = client.prompt(json!({ "service": "c" })).await.unwrap_err();
    assert_eq!((refused.code, refused.data.unwrap()["reason"].clone()), (-32603, json!("quota")));
    client.start("optional").await;
}

#[tokio::test]
async fn a_first_step_that_fails_waits_with_the_reason_and_is_tried_again() {
    let (_cluster, server) = server();
    server.world.on("validate", |_, _| async { Err(ToolError::new("the configuration is gone")) });
    let client = server.v2026("ann");
    let reply = client.prompt(api()).await.unwrap();
    assert_eq!(states(&reply), ["failed", "waiting", "waiting", "waiting", "waiting"]);
    let text = prompt_text(&reply);
    assert!(
        text.contains("Step 1 of 5, `validate`, has failed: the configuration is gone. It may have done part"),
        "{text}"
    );
    server.world.on("validate", |_, _| async { Ok(ToolResult::text("valid")) });
    let id = run_id(&reply);
    // Asking alone tries nothing.
    assert_eq!(states(&client.go_on(&id, json!({})).await)[0], "failed");
    let reply = client.prompt(json!({ "_task_id": id })).await.unwrap();
    assert_eq!(states(&reply), ["done", "done", "open", "waiting", "waiting"]);
}

#[tokio::test]
async fn a_request_that_is_cancelled_before_its_answer_takes_its_run_along() {
    let (cluster, server) = server();
    let log = cluster.log.clone();
    server.world.on("restarting", move |_, cx| {
        let log = log.clone();
        async move {
            cx.tool().cancellation().cancelled().await;
            log.add("cancelled");
            Err(ToolError::new("it was cancelled"))
        }
    });
    let (client, cancellation) = server.v2025("ann").cancellable();
    let waiting = client.spawn("prompts/get", json!({ "name": "deploy", "arguments": api() }));
    settle().await;
    cancellation.cancel();
    assert!(waiting.await.unwrap().is_err());
    let other = server.v2025("ann");
    let (runs, _) = other.page(None).await;
    assert_eq!(other.until(&runs[0], "cancelled").await["status"], "cancelled");
    eventually("it reaches the step", || cluster.log.lines().last().unwrap() == "cancelled").await;
}

#[tokio::test]
async fn a_run_is_left_to_workers_where_all_tasks_are() {
    let cluster = Cluster::new();
    let queueing =
        cluster.over(&Connection::to(&cluster.store), |router| with_deploy(router.execution(Execution::Queued)));
    logs(&queueing, &cluster.log);
    let client = queueing.v2025("ann");
    let waiting = client.spawn("prompts/get", json!({ "name": "deploy", "arguments": { "service": "no notes" } }));
    settle().await;
    cluster.clock.advance(seconds(4)).await;
    let id = run_id(&waiting.await.unwrap().unwrap());
    assert!(cluster.log.lines().is_empty());
    let working = cluster.with(|router| with_deploy(router.worker(4)));
    logs(&working, &cluster.log);
    cluster.clock.advance(seconds(2)).await;
    eventually("a worker takes it", || cluster.log.lines().len() == 2).await;
    let call = client.spawn("tools/call", json!({ "name": "plain", "arguments": { "_task_id": id } }));
    settle().await;
    cluster.clock.advance(seconds(2)).await;
    // It is not taken for one that was interrupted, though nobody knows what workers do with it.
    client.until(&id, "completed").await;
    cluster.clock.advance(seconds(4)).await;
    call.await.unwrap().unwrap();
    assert_eq!(cluster.log.lines().iter().filter(|line| line.starts_with("optional")).count(), 1);
}

#[tokio::test]
async fn the_first_attempt_of_a_worker_is_the_first() {
    let cluster = Cluster::new();
    let queueing =
        cluster.over(&Connection::to(&cluster.store), |router| with_deploy(router.execution(Execution::Queued)));
    let client = queueing.v2025("ann");
    let waiting = client.spawn("prompts/get", json!({ "name": "deploy", "arguments": api() }));
    settle().await;
    cluster.clock.advance(seconds(4)).await;
    let id = run_id(&waiting.await.unwrap().unwrap());
    let working = cluster.with(|router| with_deploy(router.worker(4)));
    logs(&working, &cluster.log);
    working.world.on("restarting", |_, cx| async move {
        Ok(ToolResult::text(format!("attempt {}", cx.task::<()>().attempt())))
    });
    cluster.clock.advance(seconds(2)).await;
    eventually("a worker takes it", || !cluster.log.lines().is_empty()).await;
    settle().await;
    let reply = client.go_on(&id, json!({ "wait_seconds": 0 })).await;
    assert_eq!(standing(&reply)["steps"][1]["result"], "attempt 1", "{reply}");
}

#[tokio::test]
async fn a_run_goes_on_though_the_request_that_moved_it_is_gone() {
    let cluster = Cluster::new();
    let backend = FaultyBackend::new();
    let server =
        Server::on_clock(cluster.clock.clone(), backend.clone(), |router| with_deploy(router.tool::<Restarting>()));
    logs(&server, &cluster.log);
    let client = server.v2025("ann");
    let id = run_id(&client.prompt(json!({ "service": "no notes" })).await.unwrap());
    let replies = backend.hold_replies();
    let call = client.spawn("tools/call", json!({ "name": "plain", "arguments": { "_task_id": id } }));
    settle().await;
    call.abort();
    settle().await;
    replies.add_permits(100);
    client.until(&id, "completed").await;
    assert_eq!(cluster.log.lines().iter().filter(|line| line.starts_with("optional")).count(), 1);
}

/// Makes workflows that say so much of who begins them.
macro_rules! tidies {
    ($($module:ident $name:ident $(, $key:ident = $value:literal)?;)*) => {$(
        mod $module {
            #[derive(serde::Deserialize, schemars::JsonSchema)]
            pub(super) struct $name {
                #[expect(dead_code, reason = "it is an argument, and optional")]
                room: Option<String>,
            }

            #[pmcp_tasks::workflow($($key = $value)?)]
            impl $name {
                #[step]
                async fn sweep(&self) -> u32 {
                    1
                }
            }
        }
    )*};
}

tidies! {
    unsaid Tidy;
    by_tool TidyByTool, start = "tool";
    by_both TidyByBoth, start = "both";
    by_prompt TidyByPrompt, start = "prompt";
}

#[tokio::test]
async fn a_workflow_without_required_arguments_says_who_begins_it() {
    let router = || pmcp_tasks::TaskRouter::builder();
    let refused = router().workflow::<unsaid::Tidy>().build(pmcp_tasks::TaskStore::memory()).unwrap_err();
    let said = "workflow `tidy`: it requires no argument, so a host that gets its prompt only to look may begin it; write \
                `start = \"tool\"`, or `start = \"both\"` or `\"prompt\"` where that does no harm";
    assert_eq!(refused.to_string(), said);
    let said = router()
        .workflow::<by_tool::TidyByTool>()
        .workflow::<by_both::TidyByBoth>()
        .workflow::<by_prompt::TidyByPrompt>()
        .build(pmcp_tasks::TaskStore::memory())
        .unwrap();
    assert_eq!(said.prompts().len(), 2, "that of the tool has no prompt");
}

#[tokio::test]
async fn two_workflows_of_one_name_are_refused() {
    let router = pmcp_tasks::TaskRouter::builder().workflow::<by_tool::TidyByTool>().workflow::<by_tool::TidyByTool>();
    let refused = router.build(pmcp_tasks::TaskStore::memory()).unwrap_err();
    let said = "two tools or workflows are named `tidy_by_tool`; give one of them another name with `name = \"…\"`";
    assert_eq!(refused.to_string(), said);
}
