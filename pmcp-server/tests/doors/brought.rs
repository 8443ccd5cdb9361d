//! What a request brings beside its arguments: its `_meta`, and the parts of an HTTP request.

use axum::http::{Method, request::Parts};
use pmcp_server::{BearerTokens, Server, request_parts};
use pmcp_tasks::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{App, Http, Legacy, LineClient, Modern, Reply, call, code, listening, server, text, with_tasks};

#[derive(Deserialize)]
struct Tenant {
    name: String,
    seats: u32,
}

/// Tells what came with the call.
#[task_tool(support = "optional")]
async fn looks(task: TaskContext) -> Result<String, ToolError> {
    let tenant: Option<Tenant> = task.meta("example.com/tenant")?;
    let tenant = tenant.map_or_else(|| "nobody".into(), |it| format!("{} has {}", it.name, it.seats));
    let Some(parts) = request_parts(&task) else { return Ok(format!("{tenant}, without HTTP")) };
    assert_eq!(task.request::<Parts>().map(|it| &it.method), Some(&Method::POST));
    for secret in ["authorization", "cookie", "proxy-authorization", "mcp-session-id"] {
        assert!(!parts.headers.contains_key(secret), "{secret}");
    }
    let house = parts.headers.get("x-house").and_then(|house| house.to_str().ok()).unwrap_or("no house");
    let caller = task.principal().and_then(|principal| principal.subject.as_deref()).unwrap_or("anybody");
    Ok(format!("{tenant}, {house}, {} by {caller}", parts.uri))
}

/// A prompt sees it, too.
#[prompt]
async fn looking(cx: ToolContext) -> Result<String, ToolError> {
    let tenant: Option<Tenant> = cx.meta("example.com/tenant")?;
    Ok(format!("{:?} {}", tenant.map(|it| it.name), request_parts(&cx).is_some()))
}

fn looked_at() -> Server<App> {
    server().0.tool::<looks>().prompt::<looking>()
}

fn with_tenant(mut params: Value, tenant: Value) -> Value {
    params["_meta"]["example.com/tenant"] = tenant;
    params
}

fn tenant() -> Value {
    json!({ "name": "blue", "seats": 3.0 })
}

async fn house(http: &Http, legacy: &Legacy, params: Value) -> Reply {
    let mut headers = legacy.headers().to_vec();
    headers.extend([("x-house", "red house"), ("cookie", "login=secret"), ("proxy-authorization", "Basic secret")]);
    http.post(&headers, &crate::support::request(1, "tools/call", params)).await
}

#[tokio::test]
async fn a_function_sees_meta_and_the_http_request_in_both_revisions() {
    let tokens = BearerTokens::new().with("ann", "a");
    let (_running, http) = listening(looked_at().authenticator(tokens)).await;
    let http = http.with_token("a");
    let params = with_tenant(call("looks", json!({})), tenant());
    let modern = Modern::of("tools/call", params.clone(), with_tasks()).and("x-house", "red house");
    let modern = modern.and("cookie", "login=secret").and("mcp-session-id", "secret");
    assert_eq!(text(&modern.send(&http).await.response().await), "blue has 3, red house, /mcp by ann");
    let legacy = Legacy::begin(&http).await;
    let plain = house(&http, &legacy, params.clone()).await.response().await;
    assert_eq!(text(&plain), "blue has 3, red house, /mcp by ann");
    // A task whose run the request began sees it, too.
    let mut as_task = params;
    as_task["task"] = json!({});
    let created = house(&http, &legacy, as_task).await.response().await;
    let result = legacy.ask(2, "tasks/result", json!({ "taskId": created["result"]["task"]["taskId"] })).await;
    assert_eq!(text(&result), "blue has 3, red house, /mcp by ann");
    let prompt = with_tenant(json!({ "name": "looking" }), tenant());
    let prompt = legacy.ask(3, "prompts/get", prompt).await;
    assert_eq!(prompt["result"]["messages"][0]["content"]["text"], "Some(\"blue\") true");
}

#[tokio::test]
async fn on_lines_there_is_meta_alone_and_a_wrong_value_is_told() {
    let mut client = LineClient::begun(looked_at(), "2025-11-25", json!({})).await;
    let bare = client.ask(1, "tools/call", call("looks", json!({}))).await;
    assert_eq!(text(&bare), "nobody, without HTTP");
    let given = client.ask(2, "tools/call", with_tenant(call("looks", json!({})), tenant())).await;
    assert_eq!(text(&given), "blue has 3, without HTTP");
    for wrong in [json!("blue"), json!({ "name": "blue", "seats": -1 }), json!(["blue", 3])] {
        let wrong = client.ask(3, "tools/call", with_tenant(call("looks", json!({})), wrong)).await;
        assert_eq!(wrong["result"]["isError"], true);
        assert!(text(&wrong).starts_with("`_meta` has a wrong value for `example.com/tenant`: "), "{wrong}");
    }
    let large = with_tenant(call("looks", json!({})), "x".repeat(1 << 20).into());
    assert_eq!(code(&client.ask(4, "tools/call", large).await), -32602);
}
