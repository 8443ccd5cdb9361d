//! A server called without sockets.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
    response::Response,
};
use pmcp_server::{Anonymous, ResourceUpdates, ServeLimits, Server, pmcp_tasks};
use pmcp_tasks::{Limits, prelude::*};
use serde_json::{Value, json};
use spec_check::Watch;
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

/// Opens for tasks that wait.
pub(crate) static GATE: Semaphore = Semaphore::const_new(0);
/// How many calls have told everything.
pub(crate) static TOLD: AtomicUsize = AtomicUsize::new(0);

/// Waits until it may go.
#[task_tool(support = "optional", inline = "0")]
async fn wait() -> u32 {
    GATE.acquire().await.map_or(0, |_| 1)
}

/// Calls of `hold` that go on.
pub(crate) static HELD: AtomicUsize = AtomicUsize::new(0);
/// Changes that `change` has made.
pub(crate) static STEPS: AtomicUsize = AtomicUsize::new(0);

/// Waits, with what it was given, until it may go.
#[task_tool(support = "forbidden")]
async fn hold(items: Vec<Value>) -> usize {
    HELD.fetch_add(1, Ordering::SeqCst);
    if let Ok(permit) = GATE.acquire().await {
        permit.forget();
    }
    HELD.fetch_sub(1, Ordering::SeqCst);
    items.len()
}

/// Answers with a text of this length.
#[task_tool(support = "forbidden")]
async fn give(bytes: usize) -> String {
    "x".repeat(bytes)
}

/// Shared with the client.
#[derive(TaskVariables, Default)]
struct Changes {
    step: u32,
    text: String,
}

/// Sets large variables, again and again.
#[task_tool(inline = "0")]
async fn change(task: TaskContext<Changes>) -> Result<(), ToolError> {
    for step in 1.. {
        if let Ok(permit) = GATE.acquire().await {
            permit.forget();
        }
        task.variables()
            .update(|changes| {
                changes.step = step;
                changes.text = step.to_string().repeat(200_000 / step.to_string().len());
            })
            .await?;
        STEPS.fetch_add(1, Ordering::SeqCst);
    }
    Ok(())
}

/// Tells its progress very often.
#[task_tool(support = "forbidden")]
async fn tell(times: u32, tool: ToolContext) -> u32 {
    for done in 0..times {
        tool.progress_message(done, times, "x".repeat(100)).await;
    }
    TOLD.fetch_add(1, Ordering::SeqCst);
    times
}

/// A server with these limits.
pub(crate) fn server(serve_limits: ServeLimits) -> Server {
    let limits = Limits { tasks_per_owner: 20_000, ..Limits::default() };
    Server::new("load", "1")
        .limits(limits)
        .serve_limits(serve_limits)
        .anonymous(Anonymous::Shared)
        .resource_updates(&ResourceUpdates::new())
        .resource_template("load://item/{id}", |_, _| async { Ok("an item") })
        .tool::<wait>()
        .tool::<tell>()
        .tool::<hold>()
        .tool::<change>()
        .tool::<give>()
}

/// The routes of a server with these limits.
pub(crate) fn routes(serve_limits: ServeLimits) -> Router {
    server(serve_limits).into_router().unwrap().0
}

pub(crate) fn request(message: &Value) -> axum::http::request::Builder {
    let modern = message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"].as_str();
    let request = Request::post("/mcp")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", modern.unwrap_or("2025-11-25"));
    if modern.is_none() {
        return request;
    }
    let name = ["taskId", "name"].iter().find_map(|key| message["params"][*key].as_str()).unwrap_or_default();
    request.header("mcp-method", message["method"].as_str().unwrap()).header("mcp-name", name)
}

/// Sends a message; the response with its body unread.
pub(crate) async fn send(routes: &Router, session: Option<&str>, message: &Value) -> Response {
    let mut request = request(message);
    if let Some(session) = session {
        request = request.header("mcp-session-id", session);
    }
    routes.clone().oneshot(request.body(Body::from(message.to_string())).unwrap()).await.unwrap()
}

/// Sends these bytes; the status and the message of the response.
pub(crate) async fn post(routes: &Router, session: Option<&str>, body: Vec<u8>) -> (StatusCode, Value) {
    let mut request = request(&Value::Null);
    if let Some(session) = session {
        request = request.header("mcp-session-id", session);
    }
    let response = routes.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

/// Sends a message; the status, and the last message of the response.
pub(crate) async fn ask(routes: &Router, session: Option<&str>, message: &Value) -> (StatusCode, Value) {
    let response = send(routes, session, message).await;
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let text = std::str::from_utf8(&body).unwrap();
    let mut watch = Watch::new();
    watch.client(message);
    let mut last = Value::Null;
    for line in
        text.lines().map(|line| line.strip_prefix("data: ").unwrap_or(line)).filter(|line| line.starts_with('{'))
    {
        last = serde_json::from_str(line).unwrap();
        watch.server(&last);
    }
    (status, last)
}

/// Begins a session; its id.
pub(crate) async fn begin(routes: &Router) -> String {
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {} });
    let response = send(routes, None, &message(1, "initialize", params)).await;
    assert_eq!(response.status(), StatusCode::OK);
    response.headers()["mcp-session-id"].to_str().unwrap().to_owned()
}

pub(crate) fn message(id: u32, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// A message of 2026-07-28.
pub(crate) fn modern(id: u32, method: &str, mut params: Value) -> Value {
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] =
        json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
    message(id, method, params)
}
