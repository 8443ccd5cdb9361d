//! Creating tasks, and the methods on them.

use futures_util::StreamExt as _;
use pmcp_tasks::protocol::VARIABLES;
use serde_json::json;

use super::bench::Bench;
use crate::support::*;

#[derive(pmcp_tasks::Form)]
pub(super) struct Name {
    pub(super) name: String,
}

pub(super) async fn a_life(bench: Bench) {
    for client in bench.clients() {
        let created = bench.costs("create", 1, client.create("counted")).await;
        bench.costs("put", 1, async { bench.finish() }).await;
        assert_eq!(client.status(&id_of(&created.unwrap())).await, "completed");
    }
}

pub(super) async fn create(bench: Bench) {
    for client in bench.clients() {
        let params = json!({ "name": "counted", "arguments": { "path": "x" }, "_meta": { VARIABLES: { "limit": 3 } } });
        bench.costs("create", 1, client.create_with(params)).await.unwrap();
    }
}

pub(super) async fn get(bench: Bench) {
    for client in bench.clients() {
        let id = client.start("counted").await;
        bench.costs("get", 0, client.get(&id)).await;
        bench.finish();
        client.until(&id, "completed").await;
        bench.costs("get", 0, client.get(&id)).await;
    }
}

pub(super) async fn list(bench: Bench) {
    let client = bench.server.v2025("ann");
    let mut cursor = None;
    for _ in 0..2 {
        let (ids, next) = bench.costs("page", 0, client.page(cursor.as_deref())).await;
        assert_eq!(ids.len(), super::bench::PAGE);
        cursor = Some(next.unwrap());
    }
}

pub(super) async fn cancel_elsewhere(bench: Bench) {
    let elsewhere = bench.another(|router| router).await;
    for client in elsewhere.clients() {
        let id = bench.server.v2026("ann").start("counted").await;
        elsewhere.costs("get put", 1, client.cancel(&id)).await.unwrap();
        assert_eq!(client.status(&id).await, "cancelled");
    }
}

pub(super) async fn cancel_here(bench: Bench) {
    for client in bench.clients() {
        let id = client.start("counted").await;
        bench.costs("get put", 1, client.cancel(&id)).await.unwrap();
        assert_eq!(client.status(&id).await, "cancelled");
    }
}

pub(super) async fn cancel_what_has_ended(bench: Bench) {
    for client in bench.clients() {
        let id = client.start("required").await;
        client.until(&id, "completed").await;
        let cancelled = bench.costs("get", 0, client.cancel(&id)).await;
        assert_eq!(cancelled.is_ok(), client.cx.client.tasks);
    }
}

/// A task of a function that has asked for a name.
async fn asking(bench: &Bench, client: &Client) -> String {
    let id = client.start("counted").await;
    drop(bench.begin(|task| async move { Ok(task.elicit::<Name>("?").await?.name) }));
    client.until(&id, "input_required").await;
    id
}

pub(super) async fn answer(bench: Bench) {
    let elsewhere = bench.another(|router| router).await;
    for (client, other) in bench.clients().into_iter().zip(elsewhere.clients()) {
        // The function here records the answer, so that it is not asked for again.
        let id = asking(&bench, &client).await;
        bench
            .costs("get put record", 2, client.update(&id, json!({ "input-1": accept(json!({ "name": "A" })) })))
            .await
            .unwrap();
        client.cancel(&id).await.unwrap();
        let id = asking(&bench, &client).await;
        elsewhere
            .costs("get put", 1, other.update(&id, json!({ "input-1": accept(json!({ "name": "A" })) })))
            .await
            .unwrap();
        client.cancel(&id).await.unwrap();
    }
}

pub(super) async fn set_variables(bench: Bench) {
    for client in bench.clients() {
        let id = client.start("counted").await;
        bench.costs("get merge", 1, client.set(&id, json!({ "limit": 3, "dry_run": true }))).await.unwrap();
    }
}

pub(super) async fn answer_and_set_variables(bench: Bench) {
    for client in bench.clients() {
        let id = asking(&bench, &client).await;
        let update = json!({
            "taskId": id, "inputResponses": { "input-1": accept(json!({ "name": "A" })) },
            "_meta": { VARIABLES: { "limit": 3 } },
        });
        bench.costs("get merge put record", 3, client.ok("tasks/update", update)).await;
        client.cancel(&id).await.unwrap();
    }
}

pub(super) async fn result(bench: Bench) {
    let [client, _] = bench.clients();
    let id = client.start("required").await;
    client.until(&id, "completed").await;
    bench.costs("get", 0, client.result(&id)).await.unwrap();
}

pub(super) async fn result_that_waits(bench: Bench) {
    let [client, _] = bench.clients();
    let id = client.start("counted").await;
    let mut waiting = None;
    let wait = async { waiting = Some(client.spawn("tasks/result", json!({ "taskId": id }))) };
    bench.costs("get", 0, wait).await;
    // Each change is looked at: it may be the end.
    bench.costs("put get", 1, bench.inside(|task| async move { Ok(task.status_message("half").await?) })).await;
    bench.costs("put get", 1, async { bench.finish() }).await;
    assert_eq!(text_of(&waiting.unwrap().await.unwrap().unwrap()), "done");
}

pub(super) async fn listen(bench: Bench) {
    let [_, client] = bench.clients();
    let id = client.start("counted").await;
    let mut subscription = bench.costs("get", 0, client.listen(&[&id])).await.unwrap().unwrap();
    bench.costs("get", 0, subscription.next()).await.unwrap();
    // Each state is read when somebody wants it.
    let rest = tokio::spawn(subscription.collect::<Vec<_>>());
    bench.costs("put get", 1, bench.inside(|task| async move { Ok(task.status_message("half").await?) })).await;
    bench.costs("put get", 1, async { bench.finish() }).await;
    assert_eq!(rest.await.unwrap().len(), 2);
}

/// A session is told of its tasks: that reads them, and writes nothing.
pub(super) async fn session(bench: Bench) {
    let client = bench.server.v2025("ann");
    bench.costs("create get", 1, client.create("counted")).await.unwrap();
    bench.costs("put get", 1, bench.inside(|task| async move { Ok(task.status_message("half").await?) })).await;
    bench.costs("put get", 1, async { bench.finish() }).await;
    assert_eq!(client.session.notified("notifications/tasks/status").len(), 2);
}

pub(super) async fn refusals(bench: Bench) {
    let [old, new] = bench.clients();
    let unknown = "00000000-0000-4000-8000-000000000000";
    for client in [&old, &new] {
        for method in ["tasks/get", "tasks/cancel", "tasks/update"] {
            for (id, operations) in [("x", ""), (unknown, "get")] {
                let params = json!({ "taskId": id, "inputResponses": {} });
                assert_eq!(bench.costs(operations, 0, client.err(method, params)).await.code, -32602);
            }
        }
        let params = json!({ "name": "counted", "task": {}, "_meta": { VARIABLES: { "rows": 1 } } });
        assert_eq!(bench.costs("", 0, client.err("tools/call", params)).await.code, -32602);
        let id = client.start("counted").await;
        bench.costs("get", 0, client.set(&id, json!({ "limit": "three" }))).await.unwrap_err();
        bench.costs("get", 0, client.update(&id, json!({ "input-1": accept(json!({})) }))).await.unwrap();
    }
    bench.costs("", 0, old.err("tasks/list", json!({ "cursor": "x" }))).await;
    bench.costs("", 0, new.clone().undeclared().create("counted")).await.unwrap_err();
    bench.costs("", 0, new.unknown().create("counted")).await.unwrap_err();
}
