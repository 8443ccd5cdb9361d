//! The core alone: a wire and an executor that are none of the crate's own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{future::pending, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::{StreamExt as _, future::BoxFuture};
use pmcp_client::{Client, ClientBuilder, ClientError, ElicitAnswer, Exchange, Inbox, Reply, Runtime, Version, Wire};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// An executor in which time stands still but for one moment.
#[derive(Debug)]
struct Executor {
    passes: Duration,
}

impl Runtime for Executor {
    fn spawn(&self, future: BoxFuture<'static, ()>) {
        tokio::spawn(future);
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        if time <= self.passes { Box::pin(async {}) } else { Box::pin(pending()) }
    }
}

/// A server in memory: it answers each call at once, and keeps what needs no answer.
#[derive(Debug)]
struct Memory {
    inbox: Arc<Inbox>,
    posted: mpsc::UnboundedSender<Value>,
}

#[async_trait]
impl Wire for Memory {
    async fn exchange(&self, request: Exchange<'_>) -> Result<Reply, ClientError> {
        let expected = self.inbox.expect(request.id);
        let result = match request.method {
            "initialize" => json!({ "protocolVersion": "2025-11-25", "capabilities": {} }),
            "prompts/list" => json!({ "prompts": [{ "name": "x".repeat(8 << 20) }], "nextCursor": "more" }),
            "tools/call" => json!({ "content": [{ "type": "text", "text": request.message["params"]["name"] }] }),
            "ping" => {
                self.inbox
                    .receive(json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": { "n": 1 } }));
                self.inbox.receive(json!({ "jsonrpc": "2.0", "id": "q", "method": "elicitation/create",
                    "params": { "mode": "form", "message": "Who?" } }));
                json!({})
            }
            _ => return expected.answer().await,
        };
        self.inbox.receive(json!({ "jsonrpc": "2.0", "id": request.id, "result": result }));
        expected.answer().await
    }

    async fn post(&self, message: &Value) -> Result<(), ClientError> {
        self.posted.send(message.clone()).map_err(ClientError::transport)
    }

    fn cancel(&self, notification: Value) {
        self.posted.send(notification).unwrap();
    }

    async fn close(&self) -> Result<(), ClientError> {
        Ok(())
    }
}

async fn connect(builder: ClientBuilder, passes: Duration) -> (Client, mpsc::UnboundedReceiver<Value>) {
    let (posted, receiver) = mpsc::unbounded_channel();
    let make = |inbox| Ok(Memory { inbox, posted });
    (builder.connect_over(Arc::new(Executor { passes }), make).await.unwrap(), receiver)
}

/// The next message that needs no answer.
async fn next(posted: &mut mpsc::UnboundedReceiver<Value>) -> Value {
    let waited = tokio::time::timeout(Duration::from_secs(10), posted.recv()).await;
    waited.expect("nothing was sent").unwrap()
}

fn builder(version: Version) -> ClientBuilder {
    Client::builder("test", "1").revision(version)
}

#[tokio::test]
async fn a_wire_of_ones_own_carries_calls_notifications_and_questions() {
    let asking = builder(Version::V2025_11_25).on_elicit(|_| async { ElicitAnswer::Decline });
    let (client, mut posted) = connect(asking, Duration::ZERO).await;
    assert_eq!(next(&mut posted).await["method"], "notifications/initialized");
    let result = client.call_tool("echo", json!({})).await.unwrap().into_result().unwrap();
    assert_eq!(result.first_text(), Some("echo"));

    let mut notifications = client.notifications();
    client.ping().await.unwrap();
    assert_eq!(notifications.next().await.unwrap().params, json!({ "n": 1 }));
    let answer = next(&mut posted).await;
    assert_eq!((&answer["id"], &answer["result"]["action"]), (&json!("q"), &json!("decline")));

    client.close().await.unwrap();
    assert!(matches!(client.ping().await, Err(ClientError::Closed)));
}

#[tokio::test]
async fn a_list_that_grows_without_end_is_refused_before_it_fills_the_memory() {
    let (client, _posted) = connect(builder(Version::V2025_11_25), Duration::ZERO).await;
    let refused = client.list_prompts().await.unwrap_err();
    assert_eq!(refused.to_string(), "the server broke the protocol: `prompts/list` has more than 64 MiB");
}

#[tokio::test]
async fn time_is_the_executors_and_a_request_that_takes_too_long_is_cancelled() {
    let second = Duration::from_secs(1);
    let (client, mut posted) = connect(builder(Version::V2026_07_28).request_timeout(second), second).await;
    assert!(matches!(client.list_tools().await, Err(ClientError::Timeout(time)) if time == second));
    assert_eq!(next(&mut posted).await["method"], "notifications/cancelled");
}
