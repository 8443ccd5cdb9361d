//! A server with tools that tell what happens to them, and clients that send exactly what a test says.

mod http;
mod lines;
mod log;
mod probe;
mod tools;

use std::time::Duration;

pub(crate) use http::{Http, Legacy, Modern, Reply, initialize};
pub(crate) use lines::LineClient;
pub(crate) use log::Log;
use pmcp_server::Server;
pub(crate) use probe::Probe;
use serde_json::{Value, json};
pub(crate) use spec_check::bad_input_on_purpose;
pub(crate) use tools::{App, SECRET, server, server_with};

/// Waits for something that happens soon, or fails.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("it does not happen")
}

/// A request.
pub(crate) fn request(id: impl Into<Value>, method: &str, params: impl Into<Option<Value>>) -> Value {
    let mut message = json!({ "jsonrpc": "2.0", "id": id.into(), "method": method });
    if let Some(params) = params.into() {
        message["params"] = params;
    }
    message
}

/// A notification.
pub(crate) fn notification(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

/// The `params` of a tool call.
pub(crate) fn call(name: &str, arguments: Value) -> Value {
    json!({ "name": name, "arguments": arguments })
}

/// The same with what 2026-07-28 wants in `_meta`, for a client with these capabilities.
pub(crate) fn modern(mut params: Value, capabilities: Value) -> Value {
    let meta = &mut params["_meta"];
    meta["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
    meta["io.modelcontextprotocol/clientCapabilities"] = capabilities;
    params
}

/// The capabilities of a 2026-07-28 client that knows tasks.
pub(crate) fn with_tasks() -> Value {
    json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } })
}

/// The text of a tool's result.
pub(crate) fn text(message: &Value) -> &str {
    message["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text in {message}"))
}

/// The code of an error.
pub(crate) fn code(message: &Value) -> i64 {
    message["error"]["code"].as_i64().unwrap_or_else(|| panic!("no error in {message}"))
}

/// A server listening on a loopback address.
pub(crate) async fn listening(server: Server<App>) -> (pmcp_server::Running, Http) {
    let running = server.start(([127, 0, 0, 1], 0).into()).await.unwrap();
    let http = Http::new(running.address());
    (running, http)
}

/// The usual server, listening, with its probe.
pub(crate) async fn usual() -> (pmcp_server::Running, Http, Probe) {
    let (server, probe) = server();
    let (running, http) = listening(server).await;
    (running, http, probe)
}
