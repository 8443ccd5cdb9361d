//! Ids of tasks and handles of calls: made of the injected randomness, and of nothing else.

use std::collections::HashSet;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use pmcp_tasks::{
    Limits, TaskRouter, TaskStore, ToolResult, router::BuildError, store::MemoryBackend, testing::ManualClock,
};
use serde_json::{Value, json};

use crate::support::*;

/// A server with this randomness, which has created a task before: what is drawn once a process is drawn.
async fn server_with(randomness: &Seeded) -> Server {
    let store = TaskStore::new(MemoryBackend::new()).with_randomness(randomness.clone());
    let server = Server::in_store(ManualClock::new(), store, |router| router);
    let id = server.v2026("eve").start("required").await;
    server.v2026("eve").until(&id, "completed").await;
    randomness.take();
    server
}

/// Makes the tool ask once.
fn asks(server: &Server) {
    server.world.on("plain", |_, cx| async move { Ok(ToolResult::text(cx.tool().list_roots().await?.to_string())) });
}

/// The bytes of an id on the wire, which is a version 4 UUID in its one spelling (RFC 9562, 4 and 5.4).
fn bytes_of(id: &str) -> [u8; 16] {
    let lengths: Vec<_> = id.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
    let digits = id.replace('-', "");
    assert!(digits.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit)), "{id}");
    let bytes = u128::from_str_radix(&digits, 16).unwrap().to_be_bytes();
    assert_eq!((bytes[6] >> 4, bytes[8] >> 6), (4, 0b10), "{id}");
    bytes
}

/// The bits of a version 4 UUID that are random: all but version and variant.
fn random_bits(bytes: &[u8]) -> u128 {
    u128::from_be_bytes(bytes.try_into().unwrap()) & !(0xf << 76) & !(0b11 << 62)
}

#[tokio::test]
async fn an_id_on_the_wire_has_the_injected_bits_and_no_others() {
    let randomness = Seeded::new(1);
    let server = server_with(&randomness).await;
    for client in [server.v2025("ann"), server.v2026("ann")] {
        for _ in 0..50 {
            let id = client.start("required").await;
            let drawn = randomness.take();
            assert_eq!(drawn.len(), 1);
            assert_eq!(random_bits(&bytes_of(&id)), random_bits(&drawn[0]));
            client.until(&id, "completed").await;
        }
    }
}

#[tokio::test]
async fn a_handle_of_a_waiting_call_is_its_hidden_task_and_sixteen_random_bytes() {
    let randomness = Seeded::new(2);
    let server = server_with(&randomness).await;
    server.world.on("plain", |_, cx| async move {
        cx.tool().list_roots().await?;
        cx.tool().list_roots().await?;
        Ok(ToolResult::default())
    });
    let client = server.v2026("ann");
    let asked = client.call("plain", json!({})).await.unwrap();
    let handle = |asked: &Value| BASE64_URL_SAFE_NO_PAD.decode(asked["requestState"].as_str().unwrap()).unwrap();
    let (first, drawn) = (handle(&asked), randomness.take());
    assert_eq!((first.len(), drawn.len()), (32, 2));
    assert_eq!((random_bits(&first[..16]), &first[16..]), (random_bits(&drawn[0]), &drawn[1][..]));
    bytes_of(&hidden_id(&asked));
    // Each reply has one of its own.
    let retry = json!({
        "name": "plain", "arguments": {}, "requestState": asked["requestState"],
        "inputResponses": { "input-1": { "roots": [] } },
    });
    let again = handle(&client.ok("tools/call", retry).await);
    assert_eq!((&again[..16], &again[16..]), (&first[..16], &randomness.take()[0][..]));
}

#[tokio::test]
async fn ten_thousand_ids_of_the_system_are_different() {
    const COUNT: usize = 10_000;
    let server = Server::with(Limits { tasks_per_owner: u32::MAX, ..Limits::default() });
    let client = server.v2026("ann");
    let mut ids = HashSet::new();
    // Which of the random bits were ever set, and ever clear.
    let (mut set, mut clear) = (0, 0);
    for _ in 0..COUNT {
        let id = client.start("required").await;
        let bits = u128::from_be_bytes(bytes_of(&id));
        (set, clear) = (set | bits, clear | !bits);
        ids.insert(id);
    }
    assert_eq!(ids.len(), COUNT);
    assert_eq!(random_bits(&(set & clear).to_be_bytes()), random_bits(&[0xff; 16]));
}

#[tokio::test]
async fn one_seed_gives_the_same_ids_and_another_gives_others() {
    let ids = async |seed| {
        let server = server_with(&Seeded::new(seed)).await;
        let mut ids = Vec::new();
        for client in [server.v2025("ann"), server.v2026("bob")] {
            for _ in 0..3 {
                ids.push(client.start("required").await);
            }
        }
        asks(&server);
        let asked = server.v2026("ann").call("plain", json!({})).await.unwrap();
        ids.push(asked["requestState"].as_str().unwrap().to_owned());
        ids
    };
    let (one, again, other) = (ids(7).await, ids(7).await, ids(8).await);
    assert_eq!(one, again);
    assert!(one.iter().all(|id| !other.contains(id)));
}

#[tokio::test]
async fn without_randomness_nothing_is_created_and_the_error_names_no_detail() {
    let randomness = Seeded::new(3);
    let server = server_with(&randomness).await;
    let (old, new) = (server.v2025("ann"), server.v2026("ann"));
    let id = new.start("required").await;
    let before = new.until(&id, "completed").await;
    asks(&server);

    randomness.fail(true);
    for client in [&old, &new] {
        let error = client.create("required").await.unwrap_err();
        assert_eq!((error.code, error.message.as_str(), error.data), (-32603, "the task store failed", None));
    }
    // What needs none goes on.
    assert_eq!((new.get(&id).await, old.page(None).await.0), (before.clone(), vec![id.clone()]));
    new.cancel(&id).await.unwrap();

    randomness.fail(false);
    assert_eq!((new.get(&id).await, old.page(None).await.0), (before, vec![id]));
    let id = new.start("required").await;
    new.until(&id, "completed").await;
}

#[tokio::test]
async fn a_question_without_randomness_is_an_error_and_leaves_no_task_behind() {
    for drawn in [0, 1] {
        let randomness = Seeded::new(4);
        let store = TaskStore::new(MemoryBackend::new()).with_randomness(randomness.clone());
        let limits = Limits { tasks_per_owner: 1, ..Limits::default() };
        let server = Server::in_store(ManualClock::new(), store, |router| router.limits(limits));
        let client = server.v2026("ann");
        let id = client.start("required").await;
        client.until(&id, "completed").await;
        asks(&server);
        // No id for the task that would keep the call, or no handle to it.
        randomness.fail_after(drawn);
        let answer = client.call("plain", json!({})).await;
        let is_refused = answer.as_ref().map_or_else(|error| error.code == -32603, |result| result["isError"] == true);
        assert!(is_refused && !format!("{answer:?}").contains("no randomness is left"), "{answer:?}");
        randomness.fail(false);
        // Its place is free.
        settle().await;
        let id = client.start("required").await;
        client.until(&id, "completed").await;
    }
}

#[test]
fn a_server_without_randomness_is_not_built() {
    let randomness = Seeded::new(5);
    randomness.fail(true);
    let store = TaskStore::memory().with_randomness(randomness);
    assert!(matches!(TaskRouter::builder().build(store), Err(BuildError::Store(_))));
}
