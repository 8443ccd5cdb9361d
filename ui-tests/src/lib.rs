//! Compile-fail and behaviour tests of the macros: see `tests/`. Here is what the latter call tools with.

pub mod deploy;

use std::sync::Arc;

use pmcp_tasks::{
    TaskRouter,
    call::{CallContext, Caller, ClientCapabilities, Peer, PeerError, Revision},
};
use serde_json::{Value, json};

/// A client that gives the same answer to every question.
#[derive(Debug)]
struct Client {
    answer: Value,
}

#[async_trait::async_trait]
impl Peer for Client {
    fn session(&self) -> &'static str {
        "session"
    }

    fn notify(&self, _: &str, _: Value) {}

    async fn request(&self, _: &str, _: Value) -> Result<Value, PeerError> {
        Ok(self.answer.clone())
    }

    async fn closed(&self) {
        std::future::pending::<()>().await;
    }
}

/// Calls a tool without a task, as a client that answers every question with this content. A JSON-RPC error comes as
/// `{"error": …}`.
pub async fn call_answering(router: &TaskRouter, tool: &str, arguments: Value, content: Value) -> Value {
    let peer: Arc<dyn Peer> = Arc::new(Client { answer: json!({ "action": "accept", "content": content }) });
    let cx = CallContext {
        client: ClientCapabilities { elicitation: true, ..ClientCapabilities::default() },
        session: Some(peer.clone()),
        peer,
        ..CallContext::new(Revision::V2025, Caller::local())
    };
    let params = json!({ "name": tool, "arguments": arguments });
    let answer = router.handle("tools/call", &params, &cx).await.answer();
    answer.unwrap_or_else(|error| json!({ "error": error }))
}

/// Calls a tool without a task.
pub async fn call(router: &TaskRouter, tool: &str, arguments: Value) -> Value {
    call_answering(router, tool, arguments, json!({})).await
}

/// The text of a tool's result.
#[must_use]
pub fn text(result: &Value) -> &str {
    result.pointer("/content/0/text").and_then(Value::as_str).unwrap_or_default()
}
