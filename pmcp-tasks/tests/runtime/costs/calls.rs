//! Calls that do not become tasks, or not new ones.

use pmcp_tasks::{ToolResult, call::Revision, protocol::IDEMPOTENCY_KEY};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{bench::Bench, tasks::Name};
use crate::support::*;

/// What a tool does that asks nothing and keeps its state in memory.
pub(super) async fn plain(bench: Bench) {
    for tool in ["plain", "variables"] {
        bench.server.world.on(tool, |_, cx| async move {
            let task: pmcp_tasks::TaskContext<Shared> = cx.task();
            task.step("a", async || Ok::<_, pmcp_tasks::ToolError>(1)).await?;
            task.variables().rows.add(1).await?;
            task.variables().notes.push("x".into()).await?;
            task.progress(1, 2).await;
            task.status_message("half").await?;
            Ok(ToolResult::text(task.variables().rows.get().await?.to_string()))
        });
    }
    let [old, new] = bench.clients();
    let mut older = old.clone();
    older.cx.revision = Revision::Plain;
    for client in [older, old, new.clone().undeclared()] {
        for tool in ["plain", "variables"] {
            let result = bench.costs("", 0, client.call(tool, json!({}))).await.unwrap();
            assert_eq!(text_of(&result), "1");
        }
    }
    bench.costs("", 0, new.call("plain", json!({}))).await.unwrap();
    bench.costs("", 0, new.ok("tools/list", json!({}))).await;
}

pub(super) async fn plain_questions_first(bench: Bench) {
    let [old, new] = bench.clients();
    old.stream.answers(|_, params| {
        let first = params["requestedSchema"]["properties"].as_object().unwrap().keys().next().unwrap().clone();
        Ok(accept(json!({ first: "A" })))
    });
    bench.costs("", 0, old.call("ask_name", json!({}))).await.unwrap();
    let asked = bench.costs("", 0, new.call("ask_both", json!({}))).await.unwrap();
    assert_eq!(asked["resultType"], "input_required");
}

/// A function that goes on while its call was answered with a question is in the store: nowhere else are the answer and
/// what it returns safe.
pub(super) async fn plain_question_and_retry(bench: Bench) {
    let gate = CancellationToken::new();
    let open = gate.clone();
    bench.server.world.on("plain", move |_, cx| {
        let open = open.clone();
        async move {
            let Name { name } = cx.tool().elicit("?").await?;
            open.cancelled().await;
            Ok(ToolResult::text(name))
        }
    });
    let [_, client] = bench.clients();
    let asked = bench.costs("create get put", 2, client.call("plain", json!({}))).await.unwrap();
    let retry = json!({
        "name": "plain", "arguments": {}, "requestState": asked["requestState"],
        "inputResponses": { "input-1": accept(json!({ "name": "A" })) },
    });
    let mut waiting = None;
    bench.costs("get put get", 1, async { waiting = Some(client.spawn("tools/call", retry)) }).await;
    bench.costs("put get delete", 2, async { gate.cancel() }).await;
    assert_eq!(text_of(&waiting.unwrap().await.unwrap().unwrap()), "A");
}

pub(super) async fn repeat_with_the_same_key(bench: Bench) {
    for (client, key) in bench.clients().into_iter().zip(["k", "l"]) {
        let params =
            |path| json!({ "name": "counted", "arguments": { "path": path }, "_meta": { IDEMPOTENCY_KEY: key } });
        let first = bench.costs("create", 1, client.create_with(params("a"))).await.unwrap();
        let again = bench.costs("create get", 0, client.create_with(params("a"))).await.unwrap();
        assert_eq!(id_of(&again), id_of(&first));
        bench.costs("create", 0, client.create_with(params("b"))).await.unwrap_err();
    }
}

pub(super) async fn quota(bench: Bench) {
    for _ in 0..bench.server.router.limits().tasks_per_owner {
        bench.server.v2026("ann").start("counted").await;
    }
    for client in bench.clients() {
        let error = bench.costs("create", 0, client.create("counted")).await.unwrap_err();
        assert_eq!(error.data.unwrap()["reason"], "quota");
    }
}
