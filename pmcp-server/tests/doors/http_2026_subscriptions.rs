//! `subscriptions/listen`.

use pmcp_server::{BearerTokens, ResourceUpdates, ServeLimits};
use serde_json::{Value, json};

use crate::support::{Http, Modern, Reply, bad_input_on_purpose, call, listening, server, usual, with_tasks, within};

const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

fn listen(notifications: Value) -> Modern {
    Modern::of("subscriptions/listen", json!({ "notifications": notifications }), with_tasks())
}

async fn create(http: &Http, tool: &str) -> String {
    let capabilities = json!({ "elicitation": {}, "extensions": { "io.modelcontextprotocol/tasks": {} } });
    let created = Modern::of("tools/call", call(tool, json!({})), capabilities).send(http).await.json().await;
    created["result"]["taskId"].as_str().unwrap().to_owned()
}

async fn acknowledged(reply: &mut Reply) -> Value {
    let message = reply.receive().await;
    assert_eq!(message["method"], "notifications/subscriptions/acknowledged");
    assert_eq!(message["params"]["_meta"][SUBSCRIPTION], 1);
    message["params"]["notifications"].clone()
}

#[tokio::test]
async fn the_state_follows_the_acknowledgement_and_then_its_changes() {
    let (_running, http, probe) = usual().await;
    let id = create(&http, "work").await;
    probe.noted("work started", 1).await;
    let mut reply = listen(json!({ "taskIds": [id, "no-such", id] })).send(&http).await;
    assert_eq!(acknowledged(&mut reply).await, json!({ "taskIds": [id] }));
    let now = reply.receive().await;
    assert_eq!((&now["method"], &now["params"]["status"]), (&json!("notifications/tasks"), &json!("working")));
    assert_eq!(now["params"]["taskId"], id.as_str());
    assert_eq!(now["params"]["_meta"][SUBSCRIPTION], 1);
    probe.open(1);
    loop {
        let now = reply.receive().await;
        assert_eq!(now["params"]["_meta"][SUBSCRIPTION], 1);
        if now["params"]["status"] == "completed" {
            assert_eq!(now["params"]["result"]["content"][0]["text"], "worked");
            break;
        }
    }
}

#[tokio::test]
async fn a_task_that_has_ended_is_told_too() {
    let (_running, http, probe) = usual().await;
    let id = create(&http, "work").await;
    probe.open(1);
    loop {
        let get = Modern::of("tasks/get", json!({ "taskId": id }), with_tasks()).send(&http).await.json().await;
        if get["result"]["status"] == "completed" {
            break;
        }
    }
    let mut reply = listen(json!({ "taskIds": [id] })).send(&http).await;
    acknowledged(&mut reply).await;
    assert_eq!(reply.receive().await["params"]["status"], "completed");
}

#[tokio::test]
async fn questions_are_told_and_answered_elsewhere() {
    let (_running, http, _) = usual().await;
    let id = create(&http, "ask").await;
    let mut reply = listen(json!({ "taskIds": [id] })).send(&http).await;
    acknowledged(&mut reply).await;
    let mut now = reply.receive().await;
    while now["params"]["status"] != "input_required" {
        now = reply.receive().await;
    }
    let key = now["params"]["inputRequests"].as_object().unwrap().keys().next().unwrap().clone();
    let answer = json!({ key: { "action": "accept", "content": { "name": "Ann" } } });
    let update = json!({ "taskId": id, "inputResponses": answer });
    Modern::of("tasks/update", update, with_tasks()).send(&http).await.json().await;
    while now["params"]["status"] != "completed" {
        now = reply.receive().await;
    }
    assert_eq!(now["params"]["result"]["content"][0]["text"], "hello Ann");
}

#[tokio::test]
async fn only_what_is_supported_is_acknowledged() {
    let (_running, http, _) = usual().await;
    let everything = json!({
        "toolsListChanged": true,
        "promptsListChanged": true,
        "resourcesListChanged": true,
        "resourceSubscriptions": ["test://note"],
    });
    let plain = Modern::new("subscriptions/listen", json!({ "notifications": everything }));
    assert_eq!(acknowledged(&mut plain.send(&http).await).await, json!({}));
    assert_eq!(acknowledged(&mut listen(json!({ "taskIds": [] })).send(&http).await).await, json!({ "taskIds": [] }));
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, _) = usual().await;
    let undeclared = Modern::new("subscriptions/listen", json!({ "notifications": { "taskIds": ["x"] } }));
    undeclared.send(&http).await.expect_error(400, -32021).await;
    for params in [json!({}), json!({ "notifications": 5 }), json!({ "notifications": { "taskIds": "x" } })] {
        Modern::of("subscriptions/listen", params, with_tasks()).send(&http).await.expect_error(200, -32602).await;
    }
    let many: Vec<_> = (0..101).map(|id| id.to_string()).collect();
    listen(json!({ "taskIds": many })).send(&http).await.expect_error(200, -32602).await;
}

#[tokio::test]
async fn tasks_of_somebody_else_are_not_accepted() {
    let tokens = BearerTokens::new().with("ann", "a").with("bob", "b");
    let (_running, http) = listening(server().0.authenticator(tokens)).await;
    let (ann, bob) = (http.with_token("a"), http.with_token("b"));
    let id = create(&ann, "work").await;
    let mut reply = listen(json!({ "taskIds": [id] })).send(&bob).await;
    assert_eq!(acknowledged(&mut reply).await, json!({ "taskIds": [] }));
    let mut reply = listen(json!({ "taskIds": [id] })).send(&ann).await;
    assert_eq!(acknowledged(&mut reply).await, json!({ "taskIds": [id] }));
}

#[tokio::test]
async fn there_are_only_so_many_and_a_closed_one_makes_room() {
    let limits = ServeLimits { subscriptions: 2, ..ServeLimits::default() };
    let (_running, http) = listening(server().0.serve_limits(limits)).await;
    let mut first = listen(json!({})).send(&http).await;
    acknowledged(&mut first).await;
    let mut second = listen(json!({})).send(&http).await;
    acknowledged(&mut second).await;
    listen(json!({})).send(&http).await.expect_error(200, -32603).await;
    drop(first);
    // The server learns of it in its own time.
    within(async {
        loop {
            let reply = listen(json!({})).send(&http).await;
            if reply.is_stream() {
                break;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn at_shutdown_it_is_cancelled_and_answered() {
    let (running, http, _) = usual().await;
    let mut reply = listen(json!({})).send(&http).await;
    acknowledged(&mut reply).await;
    let shutting_down = tokio::spawn(running.shut_down());
    let cancelled = reply.receive().await;
    assert_eq!(cancelled["method"], "notifications/cancelled");
    assert_eq!(cancelled["params"]["requestId"], 1);
    assert_eq!(cancelled["params"]["_meta"][SUBSCRIPTION], 1);
    let last = reply.receive().await;
    assert_eq!((&last["id"], &last["result"]["resultType"]), (&json!(1), &json!("complete")));
    assert_eq!(last["result"]["_meta"][SUBSCRIPTION], 1);
    assert_eq!(reply.next().await, None);
    within(shutting_down).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_subscription_follows_only_so_many_resources() {
    let limits = ServeLimits { subscribed_resources: 2, ..ServeLimits::default() };
    let server = server().0.resource_updates(&ResourceUpdates::new()).serve_limits(limits);
    let (_running, http) = listening(server).await;
    let items = |items: &[u32]| {
        let uris: Vec<_> = items.iter().map(|item| format!("test://item/{item}/data")).collect();
        json!({ "resourceSubscriptions": uris })
    };
    let mut reply = listen(items(&[1, 2, 1])).send(&http).await;
    assert_eq!(acknowledged(&mut reply).await, items(&[1, 2]));
    listen(items(&[1, 2, 3])).send(&http).await.expect_error(200, -32602).await;
}
