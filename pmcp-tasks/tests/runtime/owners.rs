//! Tasks of different owners have nothing to do with each other, whatever the owners are called.

use pmcp_tasks::{
    Limits, RpcError, ToolResult,
    call::{Caller, Revision},
    task::{Owner, OwnerKind},
};
use proptest::prelude::*;
use serde_json::json;

use crate::support::*;

#[derive(pmcp_tasks::Form)]
struct Name {
    name: String,
}

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

fn kind() -> impl Strategy<Value = OwnerKind> {
    prop::sample::select(vec![
        OwnerKind::Subject,
        OwnerKind::Client,
        OwnerKind::Local,
        OwnerKind::Anonymous,
        OwnerKind::Session,
    ])
}

/// Short strings of separators, so that two owners often differ in where one part ends and the next begins.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::collection::vec(
            prop::sample::select(vec![":", "#", "/", "\0", "a", "*", "?", "[", "🦀", "\u{1}", "\u{8}", "..", "%3A", " ", "é", "e\u{301}"]),
            0..5,
        ).prop_map(|parts| parts.concat()),
        1 => Just("x".repeat(4096)),
        1 => Just("🦀".repeat(1024)),
        1 => any::<String>(),
    ]
}

fn owner() -> impl Strategy<Value = Owner> {
    (kind(), text(), text()).prop_map(|(kind, issuer, subject)| Owner::new(kind, issuer, subject))
}

/// Two owners, often with the same characters.
fn owners() -> impl Strategy<Value = (Owner, Owner)> {
    prop_oneof![
        (owner(), owner()),
        // The same text cut elsewhere.
        (kind(), text(), text(), text()).prop_map(|(kind, a, b, c)| {
            (Owner::new(kind, format!("{a}{b}"), &c), Owner::new(kind, a, format!("{b}{c}")))
        }),
        // One a prefix of the other.
        (kind(), text(), text(), text())
            .prop_map(|(kind, a, b, c)| (Owner::new(kind, &a, &b), Owner::new(kind, a, format!("{b}{c}")))),
        // Another kind.
        (kind(), kind(), text(), text()).prop_map(|(one, two, a, b)| (Owner::new(one, &a, &b), Owner::new(two, a, b))),
    ]
    .prop_filter("the same owner", |(one, two)| one != two)
}

fn server() -> Server {
    let server = Server::with(Limits { tasks_per_owner: 1, ..Limits::default() });
    server.world.on("optional", |_, cx| async move { Ok(ToolResult::text(cx.tool().elicit::<Name>("?").await?.name)) });
    server.world.on("plain", |_, cx| async move { Ok(ToolResult::text(cx.tool().elicit::<Name>("?").await?.name)) });
    server
}

/// The error for a task that is not the caller's is byte for byte the one for a task that does not exist.
async fn is_unknown(client: &Client, method: &str, id: &str) {
    let ask = |id: &str| {
        client
            .request(method, json!({ "taskId": id, "inputResponses": { "input-1": accept(json!({ "name": "eve" })) } }))
    };
    let bytes = |error: RpcError| serde_json::to_vec(&error).unwrap();
    let (foreign, unknown) = (ask(id).await.unwrap_err(), ask(UNKNOWN).await.unwrap_err());
    assert_eq!(bytes(foreign), bytes(unknown), "{method}");
}

async fn are_apart(one: Owner, two: Owner) {
    let server = server();
    let (owner, eve) = (server.client(Revision::V2026, one.clone()), server.client(Revision::V2026, two.clone()));
    let (old, old_eve) = (server.client(Revision::V2025, one), server.client(Revision::V2025, two));
    let id = owner.start("optional").await;
    let before = owner.until(&id, "input_required").await;

    for method in ["tasks/get", "tasks/cancel", "tasks/update"] {
        is_unknown(&eve, method, &id).await;
        is_unknown(&old_eve, method, &id).await;
    }
    is_unknown(&old_eve, "tasks/result", &id).await;
    assert_eq!(eve.listen(&[&id]).await.unwrap().unwrap().accepted(), [] as [&str; 0]);
    assert_eq!(old_eve.page(None).await.0, [] as [&str; 0]);
    // The other's only task takes no place of this one's.
    let hers = eve.start("optional").await;
    eve.create("optional").await.unwrap_err();
    owner.create("optional").await.unwrap_err();
    assert_eq!((old.page(None).await.0, old_eve.page(None).await.0), (vec![id.clone()], vec![hers.clone()]));
    is_unknown(&owner, "tasks/get", &hers).await;
    assert_eq!(owner.get(&id).await, before);
    assert!(old.session.notifications() == 0 && old_eve.session.requests().is_empty());

    owner.update(&id, json!({ "input-1": accept(json!({ "name": "me" })) })).await.unwrap();
    assert_eq!(text_of(&owner.until(&id, "completed").await["result"]), "me");
    eve.until(&hers, "input_required").await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn owners_of_any_name_are_apart((one, two) in owners()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(are_apart(one, two));
    }
}

proptest! {
    #[test]
    fn owners_of_any_name_have_keys_of_their_own((one, two) in owners()) {
        prop_assert_ne!(one.key(), two.key());
        prop_assert_eq!(one.key(), one.clone().key());
    }
}

#[tokio::test]
async fn owners_seen_in_the_wild_are_apart() {
    for (one, two) in [
        (user_owner("acme"), user_owner("acme:bob")),
        (Owner::new(OwnerKind::Subject, "a", "b"), Owner::new(OwnerKind::Client, "a", "b")),
        (Owner::new(OwnerKind::Subject, "", ""), Owner::local()),
        (Owner::new(OwnerKind::Subject, "a\0", "b"), Owner::new(OwnerKind::Subject, "a", "\0b")),
        (user_owner(&"x".repeat(4096)), user_owner(&"x".repeat(4095))),
    ] {
        are_apart(one.clone(), two.clone()).await;
        are_apart(two, one).await;
    }
}

#[tokio::test]
async fn a_waiting_call_is_its_owners_alone() {
    let server = server();
    let (ann, eve) = (server.v2026("ann"), server.v2026("eve"));
    let reply = ann.call("plain", json!({})).await.unwrap();
    let retry = json!({
        "name": "plain", "arguments": {}, "requestState": reply["requestState"],
        "inputResponses": { "input-1": accept(json!({ "name": "eve" })) },
    });
    let mut unknown = retry.clone();
    unknown["requestState"] = "AAAAAAAAQACAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into();
    let bytes = |error: RpcError| serde_json::to_vec(&error).unwrap();
    assert_eq!(bytes(eve.err("tools/call", retry).await), bytes(eve.err("tools/call", unknown).await));
}

#[tokio::test]
async fn where_callers_cannot_be_told_apart_nothing_is_listed() {
    let server = server();
    let mut client = server.v2025("ann");
    client.cx.caller =
        Caller::Known { owner: Owner::new(OwnerKind::Anonymous, "", ""), principal: None, may_list: false };
    let id = client.start("optional").await;
    assert_eq!(client.get(&id).await["taskId"], id);
    assert_eq!(client.err("tasks/list", json!({})).await.code, -32601);
}
