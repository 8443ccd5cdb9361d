//! Clients are told that a list has changed: those whom it concerns, once, wherever they hear.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use pmcp_server::{BearerTokens, Server, SessionKey};
use pmcp_tasks::{
    TaskStore,
    changes::{List, ListChanges},
    security::Principal,
    task::{Owner, OwnerKind},
};
use serde_json::{Value, json};

use crate::support::{
    App, Http, Legacy, LineClient, Modern, Reply, bad_input_on_purpose, initialize, listening, notification, server,
    server_with, usual,
};

const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";
const TOOLS: &str = "notifications/tools/list_changed";
const PROMPTS: &str = "notifications/prompts/list_changed";
const RESOURCES: &str = "notifications/resources/list_changed";

/// A server whose lists change, told by these.
fn changing(changes: &ListChanges) -> Server<App> {
    server().0.list_changes(changes)
}

async fn listen(http: &Http, notifications: Value) -> (Reply, Value) {
    let mut reply = Modern::new("subscriptions/listen", json!({ "notifications": notifications })).send(http).await;
    let message = reply.receive().await;
    assert_eq!(message["method"], "notifications/subscriptions/acknowledged");
    (reply, message["params"]["notifications"].clone())
}

async fn capabilities(http: &Http) -> [Value; 2] {
    let begun = http.post(&[], &initialize("2025-11-25", json!({}))).await.json().await;
    let discovered = http.modern("server/discover", json!({})).await.json().await;
    [begun, discovered].map(|message| message["result"]["capabilities"].clone())
}

#[tokio::test]
async fn only_lists_that_may_change_are_declared_to() {
    let (_running, http, _) = usual().await;
    for capabilities in capabilities(&http).await {
        for list in ["tools", "prompts", "resources"] {
            assert_eq!(capabilities[list].get("listChanged"), None, "{capabilities}");
        }
    }
    let (_running, http) = listening(changing(&ListChanges::of([List::Tools, List::Resources]))).await;
    for capabilities in capabilities(&http).await {
        assert_eq!(capabilities["tools"], json!({ "listChanged": true }));
        assert_eq!(capabilities["resources"]["listChanged"], true);
        assert_eq!(capabilities["prompts"].get("listChanged"), None);
    }
    // Of what is not offered nothing changes.
    let empty = Server::new("empty", "1").list_changes(&ListChanges::new());
    let running = empty.start(([127, 0, 0, 1], 0).into()).await.unwrap();
    for capabilities in capabilities(&Http::new(running.address())).await {
        assert!(!capabilities.to_string().contains("listChanged"), "{capabilities}");
    }
}

#[tokio::test]
async fn a_session_hears_of_many_changes_once_on_its_stream_or_on_the_next() {
    let changes = ListChanges::new();
    let (_running, http) = listening(changing(&changes)).await;
    let legacy = Legacy::begin(&http).await;
    let mut stream = legacy.listen().await;
    for _ in 0..20 {
        changes.changed(List::Tools);
    }
    let told = stream.receive().await;
    assert_eq!((&told["method"], told.get("id")), (&json!(TOOLS), None));
    changes.changed(List::Prompts);
    assert_eq!(stream.receive().await["method"], PROMPTS);
    drop(stream);
    // Until the server has seen that nobody reads.
    tokio::time::sleep(Duration::from_millis(200)).await;
    changes.changed(List::Resources);
    changes.changed(List::Resources);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut stream = legacy.listen().await;
    assert_eq!(stream.receive().await["method"], RESOURCES);
    changes.changed(List::Tools);
    assert_eq!(stream.receive().await["method"], TOOLS);
}

#[tokio::test]
async fn every_version_with_a_session_hears_on_lines() {
    for version in ["2025-11-25", "2025-06-18", "2024-11-05"] {
        let changes = ListChanges::new();
        let mut client = LineClient::begun(changing(&changes), version, json!({})).await;
        client.send(&notification("notifications/initialized", json!({}))).await;
        for (list, method) in [(List::Tools, TOOLS), (List::Prompts, PROMPTS), (List::Resources, RESOURCES)] {
            changes.changed(list);
            changes.changed(list);
            assert_eq!(client.receive().await["method"], method);
        }
        client.assert_silent().await;
    }
}

#[tokio::test]
async fn a_subscription_hears_of_the_lists_it_asks_for() {
    let changes = ListChanges::of([List::Tools, List::Prompts]);
    let (_running, http) = listening(changing(&changes)).await;
    let everything = json!({ "toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true });
    let (mut all, accepted) = listen(&http, everything).await;
    assert_eq!(accepted, json!({ "toolsListChanged": true, "promptsListChanged": true }));
    let (mut prompts, accepted) = listen(&http, json!({ "promptsListChanged": true, "toolsListChanged": false })).await;
    assert_eq!(accepted, json!({ "promptsListChanged": true }));
    changes.changed(List::Tools);
    changes.changed(List::Tools);
    let told = all.receive().await;
    assert_eq!((&told["method"], &told["params"]["_meta"][SUBSCRIPTION]), (&json!(TOOLS), &json!(1)));
    changes.changed(List::Prompts);
    assert_eq!(all.receive().await["method"], PROMPTS);
    assert_eq!(prompts.receive().await["method"], PROMPTS);
    let wrong = json!({ "notifications": { "toolsListChanged": "yes" } });
    let _spoilt = bad_input_on_purpose();
    assert_eq!(listen(&http, json!({ "toolsListChanged": null })).await.1, json!({}));
    Modern::new("subscriptions/listen", wrong).send(&http).await.expect_error(200, -32602).await;
}

#[tokio::test]
async fn what_one_caller_sees_differently_is_told_to_that_one() {
    let (changes, granted) = (ListChanges::new(), Arc::new(Mutex::new(Vec::<String>::new())));
    let rule = granted.clone();
    let tokens = BearerTokens::new().with("ann", "a").with("bob", "b");
    let server = changing(&changes).authenticator(tokens).authorize(move |caller, target| {
        target.name != "echo" || caller.owner().is_some_and(|owner| rule.lock().contains(&owner.subject))
    });
    let (_running, http) = listening(server).await;
    let (ann, bob) = (http.with_token("a"), http.with_token("b"));
    let (mut anns, _) = listen(&ann, json!({ "toolsListChanged": true })).await;
    let (mut bobs, _) = listen(&bob, json!({ "toolsListChanged": true })).await;
    let session = Legacy::begin(&ann).await;
    let mut stream = session.listen().await;
    granted.lock().push("bob".into());
    changes.changed_for(&Owner::new(OwnerKind::Subject, "", "bob"), List::Tools);
    assert_eq!(bobs.receive().await["method"], TOOLS);
    // The first that ann hears is the next.
    changes.changed(List::Prompts);
    changes.changed(List::Tools);
    assert_eq!(anns.receive().await["method"], TOOLS);
    let mut heard = vec![stream.receive().await["method"].clone(), stream.receive().await["method"].clone()];
    heard.sort_by_key(ToString::to_string);
    assert_eq!(heard, [PROMPTS, TOOLS]);
    for (http, sees) in [(&ann, false), (&bob, true)] {
        let listed = http.modern("tools/list", json!({})).await.json().await;
        let names: Vec<_> = listed["result"]["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
        assert_eq!(names.contains(&&json!("echo")), sees);
        assert_eq!(listed["result"]["cacheScope"], "private");
    }
}

#[tokio::test]
async fn the_caller_on_stdio_hears_of_what_it_sees_as_who_the_author_says() {
    let changes = ListChanges::new();
    let server = changing(&changes).stdio_principal(Principal::subject("ann"));
    let mut client = LineClient::begun(server, "2025-11-25", json!({})).await;
    changes.changed_for(&Owner::local(), List::Prompts);
    changes.changed_for(&Owner::new(OwnerKind::Subject, "", "ann"), List::Tools);
    assert_eq!(client.receive().await["method"], TOOLS);
    client.assert_silent().await;
}

#[tokio::test]
async fn instances_that_share_a_store_tell_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("tasks.db").display());
    let key = || SessionKey::try_new((0..32).collect::<Vec<u8>>()).unwrap();
    let start = async |changes: &ListChanges| {
        let (server, _) = server_with(TaskStore::connect(&url).await.unwrap());
        listening(server.session_keys([key()]).list_changes(changes)).await
    };
    let (here, there) = (ListChanges::new(), ListChanges::new());
    let ((_one, one), (_other, other)) = (start(&here).await, start(&there).await);
    // A session that began at the one has its stream at the other.
    let session = Legacy::begin(&one).await;
    let session = Legacy { http: other.clone(), ..session };
    let mut stream = session.listen().await;
    let (mut listening, _) = listen(&other, json!({ "toolsListChanged": true })).await;
    // What was told before the other looked is in the lists of its clients.
    tokio::time::sleep(Duration::from_millis(300)).await;
    here.changed_for(&Owner::local(), List::Tools);
    assert_eq!(stream.receive().await["method"], TOOLS);
    assert_eq!(listening.receive().await["method"], TOOLS);
    // Nothing comes back to where it began.
    let (mut own, _) = listen(&one, json!({ "toolsListChanged": true, "promptsListChanged": true })).await;
    there.changed(List::Prompts);
    assert_eq!(own.receive().await["method"], PROMPTS);
    assert_eq!(stream.receive().await["method"], PROMPTS);
}
