//! Questions to clients of earlier versions, and how clients refuse them.

use std::sync::Arc;

use pmcp_tasks::{
    RpcError, TaskRouter, TaskStore,
    call::{CallContext, Caller, ClientCapabilities, Revision},
    prelude::*,
};
use serde_json::{Value, json};

use crate::support::{FakePeer, accept, text_of};

#[derive(Debug, pmcp_tasks::Form)]
#[serde(rename_all = "lowercase")]
enum Size {
    /// It fits a hand.
    Small,
    Large,
}

#[derive(pmcp_tasks::Form)]
struct One {
    size: Size,
    #[serde(default = "three")]
    #[form(range = 1..)]
    pieces: u8,
}

fn three() -> u8 {
    3
}

#[derive(pmcp_tasks::Form)]
struct Several {
    sizes: Vec<Size>,
}

#[task_tool(support = "forbidden")]
async fn one_first(#[ask("Which?")] one: One) -> String {
    format!("{:?} {}", one.size, one.pieces)
}

#[task_tool(support = "forbidden")]
async fn several_first(#[ask("Which?")] all: Several) -> String {
    format!("{:?}", all.sizes)
}

#[task_tool(fallback = "none")]
async fn one(tool: ToolContext) -> Result<String, ToolError> {
    let One { size, pieces } = tool.elicit("Which?").await?;
    Ok(format!("{size:?} {pieces}"))
}

#[task_tool(fallback = "none")]
async fn several(tool: ToolContext) -> Result<String, ToolError> {
    Ok(format!("{:?}", tool.elicit::<Several>("Which?").await?.sizes))
}

#[task_tool(fallback = "handle")]
async fn several_by_handle(tool: ToolContext) -> Result<String, ToolError> {
    Ok(format!("{:?}", tool.elicit::<Several>("Which?").await?.sizes))
}

#[task_tool(fallback = "none")]
async fn sample(tool: ToolContext) -> Result<String, ToolError> {
    let message = json!({ "role": "user", "content": { "type": "text", "text": "Hello" } });
    tool.sample(json!({ "messages": [message], "maxTokens": 10 })).await?;
    Ok(String::new())
}

#[task_tool(fallback = "none")]
async fn roots(tool: ToolContext) -> Result<String, ToolError> {
    tool.list_roots().await?;
    Ok(String::new())
}

fn router() -> TaskRouter {
    let router = TaskRouter::builder().tool::<one_first>().tool::<several_first>().tool::<one>().tool::<several>();
    let router = router.tool::<several_by_handle>().tool::<sample>().tool::<roots>();
    router.build(TaskStore::memory()).unwrap()
}

/// A client that answers its requests like this.
fn client(revision: Revision, answer: Result<Value, RpcError>) -> (CallContext, Arc<FakePeer>) {
    let mut cx = CallContext::new(revision, Caller::local());
    cx.client = ClientCapabilities { elicitation: true, sampling: true, roots: true, ..ClientCapabilities::default() };
    let peer = FakePeer::new("session");
    peer.answers(move |_, _| answer.clone());
    cx.peer = peer.clone();
    cx.session = Some(peer.clone());
    (cx, peer)
}

async fn call(router: &TaskRouter, cx: &CallContext, tool: &str, arguments: Value) -> Value {
    let params = json!({ "name": tool, "arguments": arguments });
    router.handle("tools/call", &params, cx).await.answer().unwrap()
}

#[tokio::test]
async fn forms_are_those_of_the_version() {
    let router = router();
    let answer = accept(json!({ "size": "small" }));
    let newest = json!({ "type": "string", "oneOf": [{ "const": "small", "title": "It fits a hand." }, { "const": "large", "title": "large" }] });
    let plain = json!({ "type": "string", "enum": ["small", "large"], "enumNames": ["It fits a hand.", "large"] });
    for (revision, size, default) in [(Revision::Plain, plain, None), (Revision::V2025, newest, Some(&json!(3)))] {
        for tool in ["one", "one_first"] {
            let (cx, peer) = client(revision, Ok(answer.clone()));
            assert_eq!(text_of(&call(&router, &cx, tool, json!({})).await), "Small 3");
            let asked = peer.requests().swap_remove(0).params;
            let fields = &asked["requestedSchema"]["properties"];
            assert_eq!(fields["size"], size);
            assert_eq!((fields["pieces"].get("default"), fields["pieces"].get("minimum")), (default, Some(&json!(1))));
            assert_eq!(asked.get("mode").is_some(), revision == Revision::V2025);
        }
    }
}

#[tokio::test]
async fn what_an_older_client_cannot_be_shown_is_said() {
    let router = router();
    let text = "`sizes` is a choice of several, which no client of a version before 2025-11-25 can be asked for";
    for tool in ["several", "several_first"] {
        let (cx, peer) = client(Revision::Plain, Ok(accept(json!({ "sizes": [] }))));
        let refused = call(&router, &cx, tool, json!({})).await;
        assert_eq!((text_of(&refused), &refused["isError"]), (text, &json!(true)));
        assert_eq!(peer.requests().len(), 0);
        let (cx, _) = client(Revision::V2025, Ok(accept(json!({ "sizes": ["large"] }))));
        assert_eq!(text_of(&call(&router, &cx, tool, json!({})).await), "[Large]");
    }
    // Where a model can answer, it is asked.
    let (cx, peer) = client(Revision::Plain, Err(RpcError::internal("not asked")));
    let told = call(&router, &cx, "several_by_handle", json!({})).await;
    let text = text_of(&told);
    assert!(text.contains("ask the user now") && peer.requests().is_empty(), "{text}");
    let id = text.split("(task ").nth(1).unwrap().split(')').next().unwrap();
    let answer = json!({ "task_id": id, "answer": { "sizes": ["small"] } });
    assert_eq!(call(&router, &cx, "task_answer", answer).await["isError"], false);
    call(&router, &cx, "task_status", json!({ "task_id": id })).await;
    assert_eq!(text_of(&call(&router, &cx, "task_result", json!({ "task_id": id })).await), "[Small]");
}

#[tokio::test]
async fn a_refusal_is_told_as_that_in_a_call_and_in_a_task() {
    let router = router();
    let refused = "the client refused the question with the error -7";
    for (answer, text, tools) in [
        (Ok(json!({ "action": "decline" })), "the user declined to answer", &["one"][..]),
        (Ok(json!({ "action": "cancel" })), "the user dismissed the question", &["one"]),
        (Err(RpcError::new(-7, "nobody is here")), refused, &["one", "sample", "roots"]),
    ] {
        for tool in tools {
            let mut told = Vec::new();
            for revision in [Revision::Plain, Revision::V2025] {
                let (cx, peer) = client(revision, answer.clone());
                told.push(call(&router, &cx, tool, json!({})).await);
                // Not asked once more: it was understood.
                assert_eq!(peer.requests().len(), 1);
            }
            let (cx, _) = client(Revision::V2025, answer.clone());
            let params = json!({ "name": tool, "task": {} });
            let created = router.handle("tools/call", &params, &cx).await.answer().unwrap();
            let task = json!({ "taskId": created["task"]["taskId"] });
            told.push(router.handle("tasks/result", &task, &cx).await.answer().unwrap());
            for told in told {
                assert_eq!((text_of(&told), &told["isError"]), (text, &json!(true)), "{tool}");
            }
        }
        let (cx, _) = client(Revision::V2025, answer.clone());
        let first = call(&router, &cx, "one_first", json!({})).await;
        assert_eq!((text_of(&first), &first["isError"]), (&*format!("{text}: `Which?`"), &json!(true)));
    }
}
