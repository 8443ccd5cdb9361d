//! Tasks of the 2026-07-28 extension: who creates them, what `tasks/*` answers.

use pmcp_tasks::{RpcError, ToolError, ToolResult, call::Revision};
use serde_json::{Value, json};

use crate::support::*;

fn waits(server: &Server) {
    server.world.on("optional", |_, cx| async move {
        cx.tool().cancellation().cancelled().await;
        Ok(ToolResult::text("late"))
    });
}

/// The error for a client that did not declare the extension.
fn undeclared() -> Value {
    json!({ "requiredCapabilities": { "extensions": { "io.modelcontextprotocol/tasks": {} } } })
}

#[tokio::test]
async fn the_server_creates_a_task_for_a_client_that_declares_the_extension() {
    let server = Server::new();
    waits(&server);
    let client = server.v2026("ann");
    let created = client.create("optional").await.unwrap();
    let id = id_of(&created);
    assert_eq!(
        created,
        json!({
            "resultType": "task", "taskId": id, "status": "working",
            "createdAt": "2025-11-25T00:00:00.000Z", "lastUpdatedAt": "2025-11-25T00:00:00.000Z",
            "ttlMs": 3_600_000, "pollIntervalMs": 25,
        })
    );
    let mut got = client.get(&id).await;
    assert_eq!(got["resultType"], "complete");
    got["resultType"] = "task".into();
    assert_eq!(got, created);
}

#[tokio::test]
async fn the_suggested_poll_interval_grows_with_the_age_of_the_task() {
    let server = Server::new();
    waits(&server);
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    for (later, told) in [(0, 25), (1, 250), (3, 500)] {
        server.advance(seconds(later)).await;
        assert_eq!(client.get(&id).await["pollIntervalMs"], told);
    }
}

#[tokio::test]
async fn the_answer_to_a_creation_has_no_result_though_the_task_took_no_time() {
    let server = Server::new();
    let client = server.v2026("ann");
    for tool in ["optional", "required"] {
        let created = client.create(tool).await.unwrap();
        assert_eq!((&created["resultType"], &created["status"]), (&json!("task"), &json!("working")));
        for field in ["result", "error", "inputRequests", "task"] {
            assert!(created.get(field).is_none(), "{field}");
        }
    }
}

#[tokio::test]
async fn get_shows_the_result_of_a_completed_task() {
    let server = Server::new();
    server.world.on("optional", |_, _| async { Ok(ToolResult::text("[1]").with_structured(json!([1]))) });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    let task = client.until(&id, "completed").await;
    assert_eq!(task["resultType"], "complete");
    let plain = client.clone().undeclared().call("optional", json!({})).await.unwrap();
    assert_eq!((&plain["resultType"], &plain["structuredContent"]), (&json!("complete"), &json!([1])));
    assert_eq!(task["result"], plain);
    assert!(task.get("error").is_none() && task.get("inputRequests").is_none());
}

#[tokio::test]
async fn a_result_with_is_error_completes_and_a_json_rpc_error_fails_the_task() {
    let server = Server::new();
    server.world.on("optional", |_, _| async { Err(ToolError::new("the file is empty")) });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    let task = client.until(&id, "completed").await;
    assert_eq!((&task["result"]["isError"], text_of(&task["result"])), (&json!(true), "the file is empty"));

    server.world.on("optional", |_, _| async { Err(ToolError::rpc_with_data(-7, "no", json!([1]))) });
    let id = client.start("optional").await;
    let task = client.until(&id, "failed").await;
    assert_eq!(task["error"], json!({ "code": -7, "message": "no", "data": [1] }));
    assert_eq!(task["statusMessage"], "no");
    assert!(task.get("result").is_none());
}

#[tokio::test]
async fn a_cancelled_task_shows_neither_result_nor_error() {
    let server = Server::new();
    waits(&server);
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    assert_eq!(client.cancel(&id).await.unwrap(), json!({ "resultType": "complete" }));
    let task = client.get(&id).await;
    assert_eq!(task["status"], "cancelled");
    for field in ["result", "error", "inputRequests"] {
        assert!(task.get(field).is_none(), "{field}");
    }
}

#[tokio::test]
async fn cancelling_what_has_ended_is_acknowledged_and_changes_nothing() {
    let server = Server::new();
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    let before = client.until(&id, "completed").await;
    assert_eq!(client.cancel(&id).await.unwrap(), json!({ "resultType": "complete" }));
    assert_eq!(client.get(&id).await, before);
}

#[tokio::test]
async fn an_undeclared_client_is_refused_before_anything_else() {
    let server = Server::new();
    waits(&server);
    let declared = server.v2026("ann");
    let id = declared.start("optional").await;
    let client = server.v2026("ann").undeclared();
    let mut errors: Vec<RpcError> = Vec::new();
    for task in [json!(id), json!("00000000-0000-4000-8000-000000000000"), json!("nonsense"), Value::Null] {
        for method in ["tasks/get", "tasks/cancel", "tasks/update"] {
            errors.push(client.err(method, json!({ "taskId": task, "inputResponses": {} })).await);
        }
    }
    errors.push(client.listen(&[&id]).await.unwrap_err());
    errors.push(client.call("required", json!({})).await.unwrap_err());
    for error in errors {
        assert_eq!((error.code, error.data), (-32021, Some(undeclared())));
    }
    assert_eq!(declared.status(&id).await, "working");
}

#[tokio::test]
async fn an_optional_tool_of_an_undeclared_client_and_a_forbidden_one_run_plainly() {
    let server = Server::new();
    let expected =
        json!({ "resultType": "complete", "content": [{ "type": "text", "text": "done" }], "isError": false });
    assert_eq!(server.v2026("ann").undeclared().call("optional", json!({})).await.unwrap(), expected);
    assert_eq!(server.v2026("ann").call("plain", json!({})).await.unwrap(), expected);
}

#[tokio::test]
async fn the_task_field_of_the_earlier_revision_is_ignored() {
    let server = Server::new();
    let client = server.v2026("ann");
    for (tool, task) in [("plain", json!({})), ("plain", json!(7)), ("plain", json!({ "ttl": -1 }))] {
        let result = client.ok("tools/call", json!({ "name": tool, "task": task })).await;
        assert_eq!(text_of(&result), "done");
    }
    let created = client.ok("tools/call", json!({ "name": "optional", "task": { "ttl": 7_200_000 } })).await;
    assert_eq!((&created["resultType"], &created["ttlMs"]), (&json!("task"), &json!(3_600_000)));
    let result = client.undeclared().ok("tools/call", json!({ "name": "optional", "task": {} })).await;
    assert_eq!(result["resultType"], "complete");
}

#[tokio::test]
async fn list_and_result_are_methods_of_the_earlier_revision_alone() {
    let client = Server::new().v2026("ann");
    for method in ["tasks/list", "tasks/result"] {
        assert!(!client.has(method).await, "{method}");
    }
    for method in ["tasks/get", "tasks/cancel", "tasks/update"] {
        assert!(client.has(method).await, "{method}");
    }
}

#[tokio::test]
async fn unknown_ids_are_invalid_parameters() {
    let client = Server::new().v2026("ann");
    for id in ["00000000-0000-4000-8000-000000000000", "", "x", "00000000000040008000000000000000"] {
        for method in ["tasks/get", "tasks/cancel", "tasks/update"] {
            let error = client.err(method, json!({ "taskId": id, "inputResponses": {} })).await;
            assert_eq!(
                (error.code, error.message.as_str(), error.data),
                (-32602, "unknown task", None),
                "{method} {id:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_id_has_one_spelling() {
    let client = Server::new().v2026("ann");
    let id = client.start("optional").await;
    for other in
        [id.to_uppercase(), format!("{{{id}}}"), format!("urn:uuid:{id}"), id.replace('-', ""), format!(" {id}")]
    {
        assert_eq!(client.err("tasks/get", json!({ "taskId": other })).await.message, "unknown task", "{other}");
    }
}

#[tokio::test]
async fn a_task_is_the_same_in_both_revisions() {
    let server = Server::new();
    waits(&server);
    let (new, old) = (server.v2026("ann"), server.v2025("ann"));
    let id = new.start("optional").await;
    assert_eq!(old.status(&id).await, "working");
    assert_eq!(old.page(None).await.0, [id.clone()]);
    let waiting = old.spawn("tasks/result", json!({ "taskId": id }));
    settle().await;
    new.cancel(&id).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap_err().message, "cancelled");
    assert_eq!(old.cancel(&id).await.unwrap_err().code, -32602);
}

#[tokio::test]
async fn the_tools_tell_nothing_of_tasks_and_pages_are_complete_results() {
    let page = Server::new().v2026("ann").ok("tools/list", json!({})).await;
    assert_eq!(page["resultType"], "complete");
    assert!(page["tools"].as_array().unwrap().iter().all(|tool| tool.get("execution").is_none()));
}

#[tokio::test]
async fn callers_nobody_knows_are_refused_tasks_with_what_to_configure() {
    let server = Server::new();
    for (client, methods) in [
        (
            server.v2025("ann").unknown(),
            &["tasks/get", "tasks/cancel", "tasks/update", "tasks/list", "tasks/result"][..],
        ),
        (server.v2026("ann").unknown(), &["tasks/get", "tasks/cancel", "tasks/update"][..]),
    ] {
        let mut errors = vec![client.create("required").await.unwrap_err()];
        for method in methods {
            let params = json!({ "taskId": "00000000-0000-4000-8000-000000000000", "inputResponses": {} });
            errors.push(client.err(method, params).await);
        }
        for error in errors {
            assert_eq!((error.code, error.message.as_str()), (-32603, "configure authentication"));
            assert_eq!(error.data, Some(json!({ "reason": "tasks_unavailable" })));
        }
        assert_eq!(text_of(&client.call("plain", json!({})).await.unwrap()), "done");
    }
    let error = server.v2025("ann").unknown().create("optional").await.unwrap_err();
    assert_eq!(error.message, "configure authentication");
    // In 2026-07-28 it is the server that decides: the call can run plainly, so it does.
    let result = server.v2026("ann").unknown().call("optional", json!({})).await.unwrap();
    assert_eq!(result["resultType"], "complete");
    let subscription = server.v2026("ann").unknown().listen(&["x"]).await.unwrap().unwrap();
    assert_eq!(subscription.accepted(), [] as [&str; 0]);
}

#[tokio::test]
async fn only_one_revision_has_tasks_of_its_kind() {
    let server = Server::new();
    // The extension declared on a 2025-11-25 request changes nothing there.
    let mut client = server.client(Revision::V2025, user_owner("ann"));
    client.cx.client.tasks = true;
    assert_eq!(text_of(&client.call("optional", json!({})).await.unwrap()), "done");
}
