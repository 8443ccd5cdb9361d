//! Pages that users are sent to (elicitation, "URL Mode Elicitation Requests"), in every version.

use pmcp_tasks::{
    TaskStore,
    operate::Delivery,
    task::{Owner, OwnerKind},
};
use serde_json::{Value, json};

use crate::support::{Http, Legacy, Modern, Probe, Reply, call, listening, server_with, text, usual, within};

/// The capabilities of a client that opens pages.
fn opens() -> Value {
    json!({ "elicitation": { "form": {}, "url": {} } })
}

async fn begin(http: &Http) -> Legacy {
    Legacy::begin_in(http, "2025-11-25", opens()).await
}

/// The next message on a stream with this method.
async fn next(stream: &mut Reply, method: &str) -> Value {
    loop {
        let message = stream.receive().await;
        if message["method"] == method {
            return message;
        }
    }
}

/// The id of the page of a question, which is in its URL.
fn id(question: &Value) -> String {
    let params = &question["params"];
    let id = params["elicitationId"].as_str().unwrap();
    assert!(id.len() == 22, "{id}");
    assert_eq!((&params["mode"], &params["message"]), (&json!("url"), &json!("Give access.")));
    assert_eq!(params["url"], format!("https://notes.example/connect?id={id}"));
    id.to_owned()
}

#[tokio::test]
async fn a_call_sends_the_user_to_a_page_and_tells_when_that_is_done_with() {
    let (_running, http, probe) = usual().await;
    let legacy = begin(&http).await;
    let mut reply = legacy.send(1, "tools/call", call("visit", json!({}))).await;
    let question = next(&mut reply, "elicitation/create").await;
    let id = id(&question);
    legacy.answer(&question, json!({ "action": "accept" })).await;
    probe.noted(&format!("goes to {id}"), 1).await;
    probe.open(1);
    let completed = next(&mut reply, "notifications/elicitation/complete").await;
    assert_eq!(completed["params"], json!({ "elicitationId": id }));
    assert_eq!(text(&reply.receive().await), "has access");
}

async fn stored() -> (pmcp_server::Running, Http, Probe, TaskStore) {
    let store = TaskStore::memory();
    let (server, probe) = server_with(store.clone());
    let (running, http) = listening(server).await;
    (running, http, probe, store)
}

#[tokio::test]
async fn a_task_waits_until_somebody_outside_says_that_the_user_is_done() {
    let (_running, http, probe, store) = stored().await;
    let (legacy, other) = (begin(&http).await, begin(&http).await);
    let (mut stream, mut elsewhere) = (legacy.listen().await, other.listen().await);
    let task = legacy.task(1, "visit").await;
    let question = next(&mut stream, "elicitation/create").await;
    let id = id(&question);
    let handle = store.task(&Owner::local(), task.parse().unwrap());
    // The user may be quicker than the client.
    assert_eq!(handle.complete_elicitation(&id).await.unwrap(), Delivery::Kept);
    assert_eq!(next(&mut stream, "notifications/elicitation/complete").await["params"]["elicitationId"], id);
    legacy.answer(&question, json!({ "action": "accept", "content": { "more": "than asked" } })).await;
    probe.noted(&format!("goes to {id}"), 1).await;
    assert_eq!(text(&legacy.ask(2, "tasks/result", json!({ "taskId": task })).await), "has access");
    assert!(!handle.complete_elicitation(&id).await.unwrap().is_first());
    // Nobody else was asked or told, and the next page has another id.
    let own = other.task(1, "visit").await;
    let question = next(&mut elsewhere, "elicitation/create").await;
    let next_id = self::id(&question);
    assert_ne!(next_id, id);
    other.answer(&question, json!({ "action": "accept" })).await;
    probe.noted(&format!("goes to {next_id}"), 1).await;
    let stranger =
        store.task(&Owner::new(OwnerKind::Subject, "https://issuer.example", "mallory"), own.parse().unwrap());
    assert_eq!(stranger.complete_elicitation(&next_id).await.unwrap(), Delivery::Unknown);
    let handle = store.task(&Owner::local(), own.parse().unwrap());
    assert_eq!(handle.complete_elicitation(&next_id).await.unwrap(), Delivery::Delivered);
    let completed = next(&mut elsewhere, "notifications/elicitation/complete").await;
    assert_eq!(completed["params"]["elicitationId"], next_id);
    let related = &completed["params"]["_meta"]["io.modelcontextprotocol/related-task"]["taskId"];
    assert_eq!(*related, own.as_str());
}

#[tokio::test]
async fn whoever_does_not_open_pages_is_given_the_link_as_a_text() {
    let (_running, http, _) = usual().await;
    for (version, capabilities) in [
        ("2025-11-25", json!({ "elicitation": {} })),
        ("2025-11-25", json!({})),
        // There were no pages yet.
        ("2025-06-18", opens()),
    ] {
        let legacy = Legacy::begin_in(&http, version, capabilities).await;
        let response = legacy.ask(1, "tools/call", call("visit", json!({}))).await;
        assert_eq!(response["result"]["isError"], true);
        let text = text(&response);
        assert!(text.contains("Give access.") && text.contains("https://notes.example/connect?id="), "{text}");
    }
}

#[tokio::test]
async fn a_call_that_needs_a_page_first_is_refused_with_it() {
    let (_running, http, probe) = usual().await;
    let legacy = begin(&http).await;
    let mut stream = legacy.listen().await;
    let refused = legacy.ask(1, "tools/call", call("visit_first", json!({}))).await;
    assert_eq!(refused["error"]["code"], -32042);
    let elicitations = refused["error"]["data"]["elicitations"].as_array().unwrap();
    let id = id(&json!({ "params": elicitations[0] }));
    assert_eq!(elicitations.len(), 1);
    probe.open(1);
    let completed = next(&mut stream, "notifications/elicitation/complete").await;
    assert_eq!(completed["params"], json!({ "elicitationId": id }));
    let stateless = Modern::of("tools/call", call("visit_first", json!({})), opens()).send(&http).await;
    assert!(text(&stateless.response().await).contains(": https://notes.example/connect?id="));
}

#[tokio::test]
async fn a_user_who_declines_goes_nowhere() {
    let (_running, http, _) = usual().await;
    let legacy = begin(&http).await;
    for action in ["decline", "cancel"] {
        let mut reply = legacy.send(1, "tools/call", call("visit", json!({}))).await;
        let question = next(&mut reply, "elicitation/create").await;
        legacy.answer(&question, json!({ "action": action })).await;
        assert_eq!(reply.receive().await["result"]["isError"], true);
    }
}

#[tokio::test]
async fn a_stateless_call_comes_back_when_the_user_goes_there() {
    let (_running, http, probe) = usual().await;
    let first = Modern::of("tools/call", call("visit", json!({})), opens()).send(&http).await.response().await;
    let (key, question) = first["result"]["inputRequests"].as_object().unwrap().iter().next().unwrap();
    let url = question["params"]["url"].as_str().unwrap();
    let expected = json!({ "mode": "url", "message": "Give access.", "url": url });
    assert_eq!((&question["method"], &question["params"]), (&json!("elicitation/create"), &expected));
    probe.open(1);
    let mut again = call("visit", json!({}));
    again["requestState"] = first["result"]["requestState"].clone();
    again["inputResponses"] = json!({ key: { "action": "accept" } });
    let answer = within(Modern::of("tools/call", again, opens()).send(&http)).await.response().await;
    assert_eq!(text(&answer), "has access");
    let deaf = Modern::of("tools/call", call("visit", json!({})), json!({ "elicitation": {} })).send(&http).await;
    assert!(text(&deaf.response().await).contains(" https://notes.example/connect?id="));
}

#[tokio::test]
async fn a_stateless_task_shows_the_page_as_long_as_it_asks() {
    let (_running, http, _, store) = stored().await;
    let mut capabilities = opens();
    capabilities["extensions"] = json!({ "io.modelcontextprotocol/tasks": {} });
    let created = Modern::of("tools/call", call("visit", json!({})), capabilities.clone()).send(&http).await;
    let task = created.response().await["result"]["taskId"].as_str().unwrap().to_owned();
    let get = || Modern::of("tasks/get", json!({ "taskId": task }), capabilities.clone());
    let asked = get().send(&http).await.response().await;
    let (key, question) = asked["result"]["inputRequests"].as_object().unwrap().iter().next().unwrap();
    let url = question["params"]["url"].as_str().unwrap();
    assert_eq!(question["params"].get("elicitationId"), None);
    let update = json!({ "taskId": task, "inputResponses": { key: { "action": "accept" } } });
    Modern::of("tasks/update", update, capabilities.clone()).send(&http).await.response().await;
    let handle = store.task(&Owner::local(), task.parse().unwrap());
    assert!(handle.complete_elicitation(url.rsplit_once('=').unwrap().1).await.unwrap().is_first());
    let ended = within(async {
        loop {
            let task = get().send(&http).await.response().await;
            if task["result"]["status"] == "completed" {
                return task;
            }
        }
    });
    assert_eq!(ended.await["result"]["result"]["content"][0]["text"], "has access");
}
