//! Tasks where callers cannot be told apart: refused, shared, or of a session.

use pmcp_server::{Anonymous, Server};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{App, Http, Legacy, Modern, call, code, server, text, with_tasks};

/// A server embedded in an application that does not say where it listens.
async fn embedded(server: Server<App>) -> Http {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let http = Http::new(listener.local_addr().unwrap());
    let router = server.into_router().unwrap().0;
    tokio::spawn(async move { axum::serve(listener, router).await });
    http
}

async fn discovered(http: &Http) -> Value {
    http.modern("server/discover", json!({})).await.json().await["result"]["capabilities"].clone()
}

async fn create(http: &Http) -> Value {
    let call = Modern::of("tools/call", call("must_be_task", json!({})), with_tasks());
    call.send(http).await.json().await
}

fn says_what_to_configure(message: &Value) {
    assert_eq!(code(message), -32603, "{message}");
    let text = message["error"]["message"].as_str().unwrap();
    assert!(text.contains(".authenticator(") && text.contains("Anonymous::Shared"), "{text}");
}

#[tokio::test]
async fn tasks_are_refused_and_not_advertised_and_calls_work() {
    let (server, probe) = server();
    let http = embedded(server).await;
    assert_eq!(discovered(&http).await.get("extensions"), None);
    says_what_to_configure(&create(&http).await);
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let params = json!({ "taskId": "x", "inputResponses": {} });
        says_what_to_configure(&Modern::of(method, params, with_tasks()).send(&http).await.json().await);
    }
    let legacy = Legacy::begin(&http).await;
    assert_eq!(legacy.welcome["result"]["capabilities"].get("tasks"), None);
    let created = legacy.ask(1, "tools/call", json!({ "name": "work", "arguments": {}, "task": {} })).await;
    says_what_to_configure(&created);
    assert_eq!(probe.count("work started"), 0);
    for method in ["tasks/list", "tasks/get", "tasks/result", "tasks/cancel"] {
        says_what_to_configure(&legacy.ask(1, method, json!({ "taskId": "x" })).await);
    }
    // What may be a task and what is none run as calls.
    probe.open(2);
    let plain = Modern::of("tools/call", call("work", json!({})), with_tasks()).send(&http).await.response().await;
    assert_eq!(text(&plain), "worked");
    assert_eq!(text(&legacy.ask(1, "tools/call", call("work", json!({}))).await), "worked");
}

#[tokio::test]
async fn shared_tasks_are_everybodys_who_knows_their_id_and_are_not_listed() {
    let http = embedded(server().0.anonymous(Anonymous::Shared)).await;
    assert!(discovered(&http).await["extensions"].is_object());
    let legacy = Legacy::begin(&http).await;
    let tasks = &legacy.welcome["result"]["capabilities"]["tasks"];
    assert_eq!(*tasks, json!({ "cancel": {}, "requests": { "tools": { "call": {} } } }));
    let created = create(&http).await;
    let id = created["result"]["taskId"].as_str().unwrap();
    let result = Legacy::begin(&http).await.ask(1, "tasks/result", json!({ "taskId": id })).await;
    assert_eq!(text(&result), "task");
    assert_eq!(code(&legacy.ask(1, "tasks/list", None).await), -32601);
}

#[tokio::test]
async fn tasks_of_a_session_are_out_of_reach_elsewhere_and_later() {
    let http = embedded(server().0.anonymous(Anonymous::PerSession)).await;
    assert_eq!(discovered(&http).await.get("extensions"), None);
    let refused = create(&http).await;
    assert_eq!(code(&refused), -32603);
    assert!(refused["error"]["message"].as_str().unwrap().contains("session"));
    let (legacy, other) = (Legacy::begin(&http).await, Legacy::begin(&http).await);
    assert!(legacy.welcome["result"]["capabilities"]["tasks"]["list"].is_object());
    let id = legacy.task(1, "work").await;
    assert_eq!(legacy.ask(2, "tasks/list", None).await["result"]["tasks"][0]["taskId"], id.as_str());
    assert_eq!(other.ask(2, "tasks/list", None).await["result"]["tasks"], json!([]));
    for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
        assert_eq!(code(&other.ask(3, method, json!({ "taskId": id })).await), -32602);
    }
    assert_eq!(legacy.ask(3, "tasks/cancel", json!({ "taskId": id })).await["result"]["status"], "cancelled");
}

#[tokio::test]
async fn elsewhere_than_on_loopback_tasks_are_refused_too() {
    let running = server().0.start(([0, 0, 0, 0], 0).into()).await.unwrap();
    let http = Http::new(([127, 0, 0, 1], running.address().port()).into());
    assert_eq!(discovered(&http).await.get("extensions"), None);
    says_what_to_configure(&create(&http).await);
}
