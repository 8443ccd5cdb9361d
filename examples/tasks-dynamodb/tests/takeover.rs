//! A worker that is killed in the middle of a task: another one goes on with it, on the table alone.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{process::Stdio, time::Duration};

use pmcp_client::Client;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

/// Starts a role and waits for the line in which it says that it is ready; the rest of that line.
async fn start(url: &str, role: [&str; 2], ready: &str) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tasks-dynamodb"))
        .arg(url)
        .args(role)
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let rest = loop {
        let line = lines.next_line().await.unwrap().expect("it ended before it was ready");
        if let Some((_, rest)) = line.split_once(ready) {
            break rest.to_owned();
        }
    };
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, rest)
}

#[tokio::test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
async fn another_worker_goes_on_with_the_task_of_a_killed_one() {
    let endpoint =
        std::env::var("PMCP_TEST_DYNAMODB_ENDPOINT").expect("`cargo xtask services` tells PMCP_TEST_DYNAMODB_ENDPOINT");
    let table = format!("takeover-{}", std::process::id());
    let url = format!("dynamodb://{table}?region=local&endpoint={endpoint}");
    pmcp_tasks::store::DynamoDbBackend::create_table(&url.parse().unwrap()).await.unwrap();
    let (_server, address) = start(&url, ["--serve", "127.0.0.1:0"], "listening on ").await;
    let (mut first, _) = start(&url, ["--work", "worker-1"], "worker-1 works").await;

    let client = Client::builder("takeover", "1").connect_http(&address).await.unwrap();
    // Three seconds of work.
    let text = "eight ".repeat(30);
    let called = client.call_tool("count_letters", json!({ "text": text })).await.unwrap();
    let task = called.into_task().expect("the call did not become a task");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    first.kill().await.unwrap();
    let (_second, _) = start(&url, ["--work", "worker-2"], "worker-2 works").await;
    let result = tokio::time::timeout(Duration::from_secs(30), task.wait()).await.expect("nobody went on").unwrap();
    let counted = result.structured.unwrap();
    assert_eq!((&counted["letters"], &counted["worker"]), (&json!(150), &json!("worker-2")));
}
