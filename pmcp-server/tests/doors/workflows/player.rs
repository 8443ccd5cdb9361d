//! A client that does what is its part of a run, by what the server tells it alone.

use std::{
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use pmcp_client::{Client, ToolResult};
use pmcp_tasks::testing::ManualClock;
use serde_json::{Value, json};

pub(super) const STANDING: &str = "run.pmcp/workflow";

/// The run that a client knows of, which it may do before or after a server dies.
pub(super) type Known = Arc<Mutex<Option<String>>>;

pub(super) async fn begin(client: &Client) -> Value {
    client.get_prompt("letter", json!({ "to": "Ann" })).await.unwrap()
}

pub(super) async fn call(client: &Client, tool: &str, run: &str, mut arguments: Value) -> ToolResult {
    arguments["_task_id"] = run.into();
    client.call_tool(tool, arguments).await.unwrap().into_result().expect("the call is no task")
}

pub(super) async fn go_on(client: &Client, run: &str, arguments: Value) -> ToolResult {
    call(client, "workflow_continue", run, arguments).await
}

pub(super) fn run_of(standing: &Value) -> String {
    standing["taskId"].as_str().unwrap_or_else(|| panic!("no run: {standing}")).to_owned()
}

pub(super) fn states(standing: &Value) -> Vec<&str> {
    standing["steps"].as_array().unwrap().iter().map(|step| step["state"].as_str().unwrap()).collect()
}

/// All texts of a result.
pub(super) fn texts(result: &ToolResult) -> String {
    serde_json::to_value(&result.content).unwrap().to_string()
}

/// Begins a run, or goes on with the one that is known, until it has ended; how it stands then.
pub(super) async fn play(client: &Client, known: &Known) -> Value {
    let before = known.lock().unwrap().clone();
    let mut standing = match before {
        Some(run) => go_on(client, &run, json!({ "wait_seconds": 0 })).await.meta[STANDING].clone(),
        None => begin(client).await["_meta"][STANDING].clone(),
    };
    loop {
        let run = run_of(&standing);
        *known.lock().unwrap() = Some(run.clone());
        let result = match (standing["state"].as_str().unwrap(), standing["pause"]["step"].as_str()) {
            ("completed", _) => return standing,
            ("running", _) => {
                tokio::time::sleep(Duration::from_millis(5)).await;
                go_on(client, &run, json!({ "wait_seconds": 0 })).await
            }
            ("waiting", Some("text")) => go_on(client, &run, json!({ "step": "text", "result": "Dear Ann" })).await,
            ("waiting", Some("stamped")) => call(client, "stamp", &run, json!({})).await,
            _ => panic!("it stands still: {standing}"),
        };
        standing = result.meta[STANDING].clone();
    }
}

/// Lets time pass until something has come about.
pub(super) async fn while_time_passes<T>(clock: &ManualClock, by: Duration, future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Ok(done) = tokio::time::timeout(Duration::from_millis(20), &mut future).await {
            return done;
        }
        clock.advance(by).await;
    }
}
