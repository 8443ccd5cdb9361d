//! Callers who lack scopes that they may get: they are told of what there is, and which scopes it takes.

use pmcp_tasks::{
    prelude::*,
    tool::{DynamicTool, TaskSupport, ToolDefinition, ToolSet},
};
use serde_json::json;

use super::{SCOPED, listed, of, offering, scoped, two};
use crate::support::{Legacy, Modern, bad_input_on_purpose, call, code, request, text};

#[tokio::test]
async fn a_client_that_may_step_up_is_told_for_what() {
    let (_running, reads, writes) = two(offering().step_up(true)).await;
    assert!(listed(&reads, "tools/list", "tools", "name").await.contains(&"save".to_owned()));
    let asked = call("save", json!({}));
    let modern = Modern::new("tools/call", asked.clone()).send(&reads).await;
    assert_eq!(modern.status, 403);
    let session = Legacy::begin(&reads).await;
    let legacy = session.send(1, "tools/call", asked.clone()).await;
    assert_eq!(legacy.status, 403);
    for reply in [modern, legacy] {
        let challenge = "Bearer error=\"insufficient_scope\", scope=\"mcp:use files:write\"";
        assert_eq!(reply.header("www-authenticate"), challenge);
        assert_eq!(reply.text().await, "");
    }
    // The session goes on, and with a better token the call does.
    let stepped = Legacy { http: writes.clone(), ..session };
    assert_eq!(text(&stepped.ask(1, "tools/call", asked).await), "saved ");
    // What a rule keeps back is told to nobody.
    assert_eq!(
        Modern::new("prompts/get", json!({ "name": "whisper" })).send(&reads).await.json().await["error"]["message"],
        "unknown prompt"
    );
}

#[tokio::test]
async fn a_tool_made_at_run_time_is_stepped_up_to_as_well_and_runs_as_a_task() {
    let definition = ToolDefinition {
        name: "copy".into(),
        input_schema: json!({ "type": "object" }),
        scopes: vec!["files:write".into()],
        support: TaskSupport::Required,
        ..ToolDefinition::default()
    };
    let copy = DynamicTool::try_task(definition, async |_, _: TaskContext| Ok(ToolResult::text("copied"))).unwrap();
    let tools = ToolSet::new();
    assert!(tools.add(copy));
    let (_running, reads, writes) = two(offering().dynamic_tools(tools).step_up(true)).await;
    assert!(listed(&reads, "tools/list", "tools", "name").await.contains(&"copy".to_owned()));
    let session = Legacy::begin(&reads).await;
    for reply in [
        Modern::new("tools/call", call("copy", json!({}))).send(&reads).await,
        session.send(1, "tools/call", call("copy", json!({}))).await,
    ] {
        assert_eq!(reply.status, 403);
        let challenge = "Bearer error=\"insufficient_scope\", scope=\"mcp:use files:write\"";
        assert_eq!(reply.header("www-authenticate"), challenge);
    }
    let stepped = Legacy { http: writes, ..session };
    let id = stepped.task(2, "copy").await;
    assert_eq!(text(&stepped.ask(3, "tasks/result", json!({ "taskId": id })).await), "copied");
}

#[tokio::test]
async fn whoever_may_step_up_is_told_of_everything_that_scopes_keep_back() {
    let (_running, reads, _) = two(scoped().step_up(true)).await;
    assert!(listed(&reads, "tools/list", "tools", "name").await.contains(&"publish".to_owned()));
    for (list, name, it) in SCOPED {
        assert!(listed(&reads, &format!("{list}/list"), of(list), name).await.contains(&it.to_owned()), "{it}");
    }
    for (method, params, scope) in [
        ("tools/call", call("publish", json!({ "title": "News" })), "publish"),
        ("prompts/get", json!({ "name": "publish", "arguments": { "title": "News" } }), "publish"),
        ("prompts/get", json!({ "name": "confide" }), "secrets:read"),
        ("resources/read", json!({ "uri": "diary://2025" }), "secrets:read"),
    ] {
        let reply = Modern::new(method, params).send(&reads).await;
        let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"mcp:use {scope}\"");
        assert_eq!((reply.status.as_u16(), reply.header("www-authenticate")), (403, &*challenge), "{method}");
    }
}

#[tokio::test]
async fn a_batch_that_lacks_scopes_is_refused_as_a_whole_and_told_of_all_of_them() {
    let _spoilt = bad_input_on_purpose();
    let (_running, reads, writes) = two(scoped().step_up(true)).await;
    let session = Legacy::begin_in(&reads, "2025-03-26", json!({})).await;
    let batch = json!([
        request(1, "ping", None),
        request(2, "tools/call", call("save", json!({}))),
        request(3, "prompts/get", json!({ "name": "confide" })),
        "no message",
    ]);
    let reply = session.post(&batch).await;
    let challenge = "Bearer error=\"insufficient_scope\", scope=\"mcp:use files:write secrets:read\"";
    assert_eq!((reply.status.as_u16(), reply.header("www-authenticate")), (403, challenge));
    assert_eq!(reply.text().await, "");
    // Nothing of it was begun: its ids are free. What still lacks one is told again.
    let stepped = Legacy { http: writes.clone(), ..session };
    let again = stepped.post(&batch).await;
    let challenge = "Bearer error=\"insufficient_scope\", scope=\"mcp:use secrets:read files:write more\"";
    assert_eq!((again.status.as_u16(), again.header("www-authenticate")), (403, challenge));
    let rest = stepped.post(&json!([batch[0], batch[1]])).await.response().await;
    assert_eq!((&rest[0]["result"], text(&rest[1])), (&json!({}), "saved "));
}

#[tokio::test]
async fn without_stepping_up_a_batch_answers_each_in_its_place() {
    let (_running, reads, _) = two(scoped()).await;
    let session = Legacy::begin_in(&reads, "2025-03-26", json!({})).await;
    let batch = json!([request(1, "ping", None), request(2, "tools/call", call("save", json!({})))]);
    let answers = session.post(&batch).await.response().await;
    assert_eq!((&answers[0]["result"], code(&answers[1])), (&json!({}), -32602));
}
