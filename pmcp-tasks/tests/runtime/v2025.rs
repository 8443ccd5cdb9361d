//! Tasks of the 2025-11-25 core protocol: who creates them, what `tasks/*` answers.

use pmcp_tasks::{
    Limits, ToolError, ToolResult,
    call::Revision,
    protocol::{MODEL_IMMEDIATE_RESPONSE, RELATED_TASK},
    tool::Content,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::*;

#[tokio::test]
async fn a_task_is_created_when_the_client_asks_for_one() {
    let server = Server::new();
    server.world.on("required", |_, cx| async move {
        cx.tool().cancellation().cancelled().await;
        Ok(ToolResult::text("late"))
    });
    let client = server.v2025("ann");
    let created = client.create("required").await.unwrap();
    let task = &created["task"];
    assert_eq!(task["status"], "working");
    assert_eq!(task["createdAt"], "2025-11-25T00:00:00.000Z");
    assert_eq!(task["lastUpdatedAt"], "2025-11-25T00:00:00.000Z");
    assert_eq!((&task["ttl"], &task["pollInterval"]), (&json!(3_600_000), &json!(25)));
    let text = created["_meta"][MODEL_IMMEDIATE_RESPONSE].as_str().unwrap();
    assert!(text.contains("Required tool") && text.contains(task["taskId"].as_str().unwrap()), "{text}");
    assert!(created.get("content").is_none() && created.get("resultType").is_none());
    assert_eq!(created.as_object().unwrap().len(), 2);

    let id = id_of(&created);
    assert_eq!(&client.get(&id).await, task);
}

#[tokio::test]
async fn a_tool_sets_ttl_and_poll_interval_and_a_client_may_ask_for_another_ttl() {
    let server = Server::new();
    let client = server.v2025("ann");
    server.world.on("timed", |_, cx| async move {
        cx.tool().cancellation().cancelled().await;
        Ok(ToolResult::default())
    });
    let id = client.start("timed").await;
    let task = client.get(&id).await;
    assert_eq!((&task["ttl"], &task["pollInterval"]), (&json!(7_200_000), &json!(25)));
    // It grows with the task's age, up to the tool's.
    for (later, told) in [(1, 250), (3, 1000), (16, 2000)] {
        server.advance(seconds(later)).await;
        assert_eq!(client.get(&id).await["pollInterval"], told);
    }
    for (asked, given) in [
        (json!(3_600_000), 3_600_000_u64),
        // Ten years, and for ever: no longer than the maximum.
        (json!(315_360_000_000_u64), 86_400_000),
        (json!(u64::MAX), 86_400_000),
        // Shorter than the work may take and its result is kept.
        (json!(0), 660_000),
        (json!(1000), 660_000),
        (Value::Null, 7_200_000),
    ] {
        let params = json!({ "name": "timed", "task": { "ttl": asked } });
        let created = client.create_with(params).await.unwrap();
        assert_eq!(created["task"]["ttl"], given, "asked for {asked}");
    }
}

#[tokio::test]
async fn a_task_field_that_is_no_task_metadata_is_refused() {
    let client = Server::new().v2025("ann");
    for task in
        [json!(true), json!("task"), json!([1]), json!({ "ttl": -1 }), json!({ "ttl": "1h" }), json!({ "ttl": 1.5 })]
    {
        let error = client.err("tools/call", json!({ "name": "optional", "task": task })).await;
        assert_eq!(error.code, -32602, "{task}");
    }
    assert_eq!(client.page(None).await.0.len(), 0);
}

#[tokio::test]
async fn a_required_tool_is_not_found_without_a_task_and_a_forbidden_one_with_it() {
    let server = Server::new();
    let client = server.v2025("ann");
    assert_eq!(client.call("required", json!({})).await.unwrap_err().code, -32601);
    assert_eq!(client.create("plain").await.unwrap_err().code, -32601);
    assert_eq!(text_of(&client.call("plain", json!({})).await.unwrap()), "done");
    assert_eq!(text_of(&client.call("optional", json!({})).await.unwrap()), "done");
    assert_eq!(client.page(None).await.0.len(), 0);
}

#[tokio::test]
async fn a_client_of_an_earlier_revision_gets_plain_calls_and_no_task_methods() {
    let server = Server::new();
    let client = server.client(Revision::Plain, user_owner("ann"));
    let result = client.ok("tools/call", json!({ "name": "optional", "task": {} })).await;
    assert_eq!(text_of(&result), "done");
    assert_eq!(client.call("required", json!({})).await.unwrap_err().code, -32601);
    let listed = client.ok("tools/list", json!({})).await;
    assert!(listed["tools"].as_array().unwrap().iter().all(|tool| tool.get("execution").is_none()));
    for method in ["tasks/get", "tasks/list", "tasks/result", "tasks/cancel", "tasks/update"] {
        assert!(!client.has(method).await, "{method}");
    }
}

#[tokio::test]
async fn methods_of_others_are_left_to_others() {
    let client = Server::new().v2025("ann");
    for method in ["initialize", "prompts/get", "tasks", "tasks/", "tasks/delete", "tools/list ", ""] {
        assert!(!client.has(method).await, "{method:?}");
    }
}

#[tokio::test]
async fn unknown_tools_and_malformed_parameters_are_invalid() {
    let client = Server::new().v2025("ann");
    for params in [
        json!({ "name": "nothing" }),
        json!({}),
        Value::Null,
        json!([]),
        json!({ "name": 1 }),
        json!({ "name": "plain", "arguments": [] }),
    ] {
        assert_eq!(client.err("tools/call", params.clone()).await.code, -32602, "{params}");
    }
    for params in [json!({}), Value::Null, json!({ "taskId": 7 }), json!({ "taskId": null })] {
        for method in ["tasks/get", "tasks/result", "tasks/cancel", "tasks/update"] {
            assert_eq!(client.err(method, params.clone()).await.code, -32602, "{method} {params}");
        }
    }
}

#[tokio::test]
async fn arguments_the_tool_refuses_are_a_result_of_the_call_and_an_error_of_a_task() {
    let client = Server::new().v2025("ann");
    let result = client.call("optional", json!({ "refuse": "`n` is not a number" })).await.unwrap();
    assert_eq!((&result["isError"], text_of(&result)), (&json!(true), "`n` is not a number"));
    let error =
        client.create_with(json!({ "name": "optional", "arguments": { "refuse": "`n` is not a number" } })).await;
    let error = error.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (-32602, "`n` is not a number"));
    assert_eq!(client.page(None).await.0.len(), 0);
}

#[tokio::test]
async fn the_result_waits_for_the_end_and_is_exactly_that_of_the_call() {
    let server = Server::new();
    let gate = CancellationToken::new();
    let open = gate.clone();
    server.world.on("optional", move |_, _| {
        let gate = gate.clone();
        async move {
            gate.cancelled().await;
            let mut result = ToolResult::text("42").with(Content::image([1, 2], "image/png"));
            result.structured = Some(json!({ "answer": 42 }));
            result.meta.insert("example.com/mine".into(), json!(1));
            Ok(result)
        }
    });
    let client = server.v2025("ann");
    let id = client.start("optional").await;
    let waiting = client.spawn("tasks/result", json!({ "taskId": id }));
    let second = client.spawn("tasks/result", json!({ "taskId": id }));
    settle().await;
    assert!(!waiting.is_finished() && !second.is_finished());
    open.cancel();

    let mut result = waiting.await.unwrap().unwrap();
    assert_eq!(second.await.unwrap().unwrap(), result);
    assert_eq!(result["_meta"][RELATED_TASK], json!({ "taskId": id }));
    assert_eq!(client.result(&id).await.unwrap(), result);

    let plain = client.call("optional", json!({})).await.unwrap();
    result["_meta"].as_object_mut().unwrap().remove(RELATED_TASK);
    assert_eq!(result, plain);
    assert_eq!(client.status(&id).await, "completed");
}

#[tokio::test]
async fn a_structured_value_that_is_no_object_is_left_out() {
    let server = Server::new();
    server.world.on("optional", |_, _| async { Ok(ToolResult::text("[1]").with_structured(json!([1]))) });
    let result = server.v2025("ann").call("optional", json!({})).await.unwrap();
    assert_eq!(result, json!({ "content": [{ "type": "text", "text": "[1]" }], "isError": false }));
}

#[tokio::test]
async fn the_result_of_a_json_rpc_error_is_that_error() {
    let server = Server::new();
    server.world.on("optional", |_, _| async { Err(ToolError::rpc_with_data(-7, "no such thing", json!({ "x": 1 }))) });
    let client = server.v2025("ann");
    let id = client.start("optional").await;
    let error = client.result(&id).await.unwrap_err();
    assert_eq!(error, client.call("optional", json!({})).await.unwrap_err());
    assert_eq!((error.code, error.message.as_str(), error.data), (-7, "no such thing", Some(json!({ "x": 1 }))));
    let task = client.get(&id).await;
    assert_eq!((&task["status"], &task["statusMessage"]), (&json!("failed"), &json!("no such thing")));
}

#[tokio::test]
async fn a_result_with_is_error_is_a_failed_task() {
    let server = Server::new();
    server.world.on("optional", |_, _| async { Err(ToolError::new("the file is empty")) });
    let client = server.v2025("ann");
    let id = client.start("optional").await;
    let result = client.result(&id).await.unwrap();
    assert_eq!((&result["isError"], text_of(&result)), (&json!(true), "the file is empty"));
    let task = client.get(&id).await;
    assert_eq!((&task["status"], &task["statusMessage"]), (&json!("failed"), &json!("the file is empty")));
    let listed = client.ok("tasks/list", json!({})).await;
    assert_eq!(listed["tasks"][0]["status"], "failed");
}

#[tokio::test]
async fn a_cancelled_task_shows_it_and_its_result_is_the_error_cancelled() {
    let server = Server::new();
    server.world.on("optional", |_, cx| async move {
        cx.tool().cancellation().cancelled().await;
        Ok(ToolResult::text("late"))
    });
    let client = server.v2025("ann");
    let id = client.start("optional").await;
    let waiting = client.spawn("tasks/result", json!({ "taskId": id }));
    let cancelled = client.cancel(&id).await.unwrap();
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(client.get(&id).await, cancelled);
    for error in [waiting.await.unwrap().unwrap_err(), client.result(&id).await.unwrap_err()] {
        assert_eq!((error.code, error.message.as_str()), (-32603, "cancelled"));
    }
    assert_eq!(client.cancel(&id).await.unwrap_err().code, -32602);
    assert_eq!(client.get(&id).await, cancelled);
}

#[tokio::test]
async fn what_has_ended_is_not_cancelled() {
    let server = Server::new();
    let client = server.v2025("ann");
    let completed = client.start("optional").await;
    client.until(&completed, "completed").await;
    server.world.on("optional", |_, _| async { Err(ToolError::rpc(-1, "broken")) });
    let failed = client.start("optional").await;
    client.until(&failed, "failed").await;
    for id in [completed, failed] {
        let before = client.get(&id).await;
        assert_eq!(client.cancel(&id).await.unwrap_err().code, -32602);
        assert_eq!(client.get(&id).await, before);
    }
}

#[tokio::test]
async fn a_result_in_the_parameters_of_cancel_completes_nothing() {
    let server = Server::new();
    server.world.on("optional", |_, cx| async move {
        cx.tool().cancellation().cancelled().await;
        Ok(ToolResult::default())
    });
    let client = server.v2025("ann");
    let id = client.start("optional").await;
    let params = json!({ "taskId": id, "result": { "content": [] }, "status": "completed" });
    assert_eq!(client.ok("tasks/cancel", params).await["status"], "cancelled");
}

#[tokio::test]
async fn the_list_is_paged_newest_first() {
    let server = Server::with(Limits { page_size: 3, ..Limits::default() });
    let client = server.v2025("ann");
    let mut ids = Vec::new();
    for _ in 0..8 {
        ids.push(client.start("optional").await);
    }
    ids.reverse();
    let (mut seen, mut cursor, mut sizes) = (Vec::new(), None, Vec::new());
    loop {
        let (page, next) = client.page(cursor.as_deref()).await;
        sizes.push(page.len());
        seen.extend(page);
        cursor = next;
        if cursor.is_none() {
            break;
        }
        // Newer tasks do not move the pages of older ones.
        client.start("optional").await;
    }
    assert_eq!((seen, sizes), (ids, vec![3, 3, 2]));
}

#[tokio::test]
async fn the_list_shows_tasks_as_get_does_and_accepts_missing_parameters() {
    let client = Server::new().v2025("ann");
    assert_eq!(client.ok("tasks/list", Value::Null).await, json!({ "tasks": [] }));
    let id = client.start("optional").await;
    client.until(&id, "completed").await;
    let task = client.get(&id).await;
    assert_eq!(client.ok("tasks/list", json!({})).await, json!({ "tasks": [task] }));
}

#[tokio::test]
async fn a_cursor_that_is_not_of_this_list_is_invalid() {
    let server = Server::with(Limits { page_size: 1, ..Limits::default() });
    let (ann, bob) = (server.v2025("ann"), server.v2025("bob"));
    for client in [&ann, &bob] {
        client.start("optional").await;
        client.start("optional").await;
    }
    let cursor = ann.page(None).await.1.unwrap();
    for wrong in [cursor.as_str(), "", "0", "page-2", "🦀", &cursor[1..]] {
        let error = bob.err("tasks/list", json!({ "cursor": wrong })).await;
        assert_eq!(error.code, -32602, "{wrong:?}");
    }
    assert_eq!(ann.err("tasks/list", json!({ "cursor": 7 })).await.code, -32602);
    assert_eq!(ann.page(Some(&cursor)).await.0.len(), 1);
}

#[tokio::test]
async fn an_expired_task_is_unknown() {
    let server = Server::new();
    let client = server.v2025("ann");
    let id = client.start("timed").await;
    client.until(&id, "completed").await;
    server.advance(minutes(119)).await;
    assert_eq!(client.status(&id).await, "completed");
    server.advance(minutes(1)).await;
    for method in ["tasks/get", "tasks/result", "tasks/cancel", "tasks/update"] {
        assert_eq!(client.err(method, json!({ "taskId": id })).await.code, -32602, "{method}");
    }
    assert_eq!(client.page(None).await.0.len(), 0);
}

#[tokio::test]
async fn waiting_for_a_result_ends_when_the_request_is_cancelled_and_the_task_goes_on() {
    let server = Server::new();
    server.world.on("optional", |_, cx| async move {
        cx.tool().cancellation().cancelled().await;
        Ok(ToolResult::default())
    });
    let client = server.v2025("ann");
    let id = client.start("optional").await;
    let (request, cancel) = client.clone().cancellable();
    let waiting = request.spawn("tasks/result", json!({ "taskId": id }));
    settle().await;
    cancel.cancel();
    assert_eq!(waiting.await.unwrap().unwrap_err().message, "cancelled");
    assert_eq!(client.status(&id).await, "working");
}

#[tokio::test]
async fn tools_are_listed_with_their_task_support_in_pages() {
    let server = Server::with(Limits { page_size: 3, ..Limits::default() });
    let client = server.v2025("ann");
    let (mut names, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let page = client.ok("tools/list", json!({ "cursor": cursor })).await;
        for tool in page["tools"].as_array().unwrap() {
            let name = tool["name"].as_str().unwrap().to_owned();
            let support = match name.as_str() {
                "plain" | "ask_both" => Value::Null,
                "required" => json!("required"),
                _ => json!("optional"),
            };
            assert_eq!(tool["execution"]["taskSupport"], support, "{name}");
            names.push(name);
        }
        cursor = page["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(names, ["plain", "optional", "required", "swift", "timed", "variables", "wide", "ask_name", "ask_both"]);
    assert_eq!(client.err("tools/list", json!({ "cursor": "nothing" })).await.code, -32602);
}
