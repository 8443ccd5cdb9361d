//! Several clients of one server, each on a pair of streams of its own.

use std::time::Duration;

use pmcp_server::testing::TestServer;
use serde_json::{Value, json};

use crate::support::{LineClient, initialize, notification, request, server, text};

async fn begin(server: &TestServer) -> LineClient {
    let mut client = LineClient::of(server);
    let params = &initialize("2025-11-25", json!({ "elicitation": {} }))["params"];
    client.ask("begin", "initialize", params.clone()).await;
    client
}

/// The next message that has an id.
async fn next(client: &mut LineClient) -> Value {
    loop {
        let message = client.receive().await;
        if message.get("id").is_some() {
            return message;
        }
    }
}

#[tokio::test]
async fn each_is_asked_and_told_for_itself() {
    let server = TestServer::start(server().0).unwrap();
    let (mut first, mut second) = (begin(&server).await, begin(&server).await);
    first.send(&request(1, "tools/call", json!({ "name": "ask", "task": {} }))).await;
    let created = next(&mut first).await;
    let id = created["result"]["task"]["taskId"].clone();
    // Whoever waits for the result is asked, too, and at once: it knows the task.
    second.send(&request(1, "tasks/result", json!({ "taskId": id }))).await;
    let asked = next(&mut second).await;
    assert_eq!(asked["method"], "elicitation/create");
    let answer = json!({ "action": "accept", "content": { "name": "Ann" } });
    second.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": answer })).await;
    assert_eq!(text(&next(&mut second).await), "hello Ann");
}

#[tokio::test]
async fn who_creates_a_task_is_asked_when_it_knows_it() {
    let server = TestServer::start(server().0).unwrap();
    let mut client = begin(&server).await;
    for waits in [false, true] {
        client.send(&request(1, "tools/call", json!({ "name": "ask", "task": {} }))).await;
        let id = next(&mut client).await["result"]["task"]["taskId"].clone();
        // The question is there, and could be sent.
        loop {
            client.send(&request(2, "tasks/get", json!({ "taskId": id }))).await;
            let task = next(&mut client).await;
            assert_eq!(task["id"], 2, "{task}");
            if task["result"]["status"] == "input_required" {
                break;
            }
        }
        server.clock().advance(Duration::from_millis(99)).await;
        client.send(&request(3, "ping", None)).await;
        assert_eq!(next(&mut client).await["id"], 3);
        if waits {
            client.send(&request(4, "tasks/result", json!({ "taskId": id }))).await;
        } else {
            server.clock().advance(Duration::from_millis(1)).await;
        }
        let asked = next(&mut client).await;
        assert_eq!(asked["method"], "elicitation/create", "{asked}");
    }
}

#[tokio::test]
async fn one_cannot_cancel_what_another_asked() {
    let (server, probe) = server();
    let server = TestServer::start(server).unwrap();
    let (mut first, mut second) = (begin(&server).await, begin(&server).await);
    first.send(&request(1, "tools/call", json!({ "name": "block" }))).await;
    probe.noted("block started", 1).await;
    second.send(&notification("notifications/cancelled", json!({ "requestId": 1 }))).await;
    second.assert_silent().await;
    // Nor does it end with the other.
    second.end_input().await;
    assert_eq!(second.next().await, None);
    probe.open(1);
    assert_eq!(text(&next(&mut first).await), "released");
    assert_eq!(probe.count("block cancelled"), 0);
}
