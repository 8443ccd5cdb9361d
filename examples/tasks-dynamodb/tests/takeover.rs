//! A worker that is killed in the middle of a task: another one goes on with it, on the table alone.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use pmcp_client::Client;
use processes::{Child, Place, Role};
use serde_json::json;

async fn start(place: &Place, role: [&str; 2], ready: &str) -> Child {
    let arguments = [place.store(), role[0], role[1]];
    Role::of(env!("CARGO_BIN_EXE_tasks-dynamodb"), &arguments).start(ready).await.unwrap()
}

#[tokio::test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
async fn another_worker_goes_on_with_the_task_of_a_killed_one() {
    let place = Place::table("PMCP_TEST_DYNAMODB_ENDPOINT").unwrap();
    pmcp_tasks::store::DynamoDbBackend::create_table(&place.store().parse().unwrap()).await.unwrap();
    let server = start(&place, ["--serve", "127.0.0.1:0"], "listening on ").await;
    let mut first = start(&place, ["--work", "worker-1"], "worker-1 works").await;

    let client = Client::builder("takeover", "1").connect_http(server.told()).await.unwrap();
    // Three seconds of work.
    let text = "eight ".repeat(30);
    let called = client.call_tool("count_letters", json!({ "text": text })).await.unwrap();
    let task = called.into_task().expect("the call did not become a task");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    first.kill().await.unwrap();
    let _second = start(&place, ["--work", "worker-2"], "worker-2 works").await;
    let result = tokio::time::timeout(Duration::from_secs(30), task.wait()).await.expect("nobody went on").unwrap();
    let counted = result.structured.unwrap();
    assert_eq!((&counted["letters"], &counted["worker"]), (&json!(150), &json!("worker-2")));
}
