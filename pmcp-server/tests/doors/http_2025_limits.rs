//! How many sessions and requests there may be, and for how long.

use std::time::Duration;

use pmcp_server::{ResourceUpdates, ServeLimits, Server};
use pmcp_tasks::{TaskStore, testing::ManualClock};
use serde_json::{Value, json};

use crate::support::{
    App, Http, Legacy, Modern, bad_input_on_purpose, call, code, initialize, listening, request, server, server_with,
    text, usual, within,
};

const MINUTE: Duration = Duration::from_secs(60);

/// A server with room for so many sessions, on a clock that stands.
fn small(sessions: usize) -> (Server<App>, ManualClock, crate::support::Probe) {
    let clock = ManualClock::new();
    let (server, probe) = server_with(TaskStore::memory().with_clock(clock.clone()));
    let limits = ServeLimits { sessions, session_idle: 30 * MINUTE, ..ServeLimits::default() };
    (server.serve_limits(limits), clock, probe)
}

/// A session that is not made anew once it was given up: no id tells the level that its client chose.
async fn begin(http: &Http) -> Legacy {
    let legacy = Legacy::begin(http).await;
    legacy.ask("level", "logging/setLevel", json!({ "level": "error" })).await;
    legacy
}

async fn lives(legacy: &Legacy) -> bool {
    match legacy.send("lives?", "ping", None).await.status.as_u16() {
        200 => true,
        404 => false,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn at_the_limit_the_session_idle_for_longest_makes_room() {
    let (server, clock, _) = small(3);
    let (_running, http) = listening(server).await;
    let oldest = begin(&http).await;
    clock.advance(MINUTE).await;
    let middle = begin(&http).await;
    clock.advance(MINUTE).await;
    let newest = begin(&http).await;
    clock.advance(MINUTE).await;
    assert!(lives(&oldest).await);
    clock.advance(MINUTE).await;
    let another = begin(&http).await;
    assert_eq!([lives(&oldest).await, lives(&middle).await], [true, false]);
    assert_eq!([lives(&newest).await, lives(&another).await], [true, true]);
}

#[tokio::test]
async fn a_session_with_an_open_stream_or_a_running_call_stays() {
    let _spoilt = bad_input_on_purpose();
    let (server, clock, probe) = small(2);
    let (_running, http) = listening(server).await;
    let (listens, works) = (begin(&http).await, begin(&http).await);
    let stream = listens.listen().await;
    let call = tokio::spawn({
        let works = works.clone();
        async move { works.ask(1, "tools/call", call("block", json!({}))).await }
    });
    probe.noted("block started", 1).await;
    clock.advance(20 * MINUTE).await;
    http.post(&[], &initialize("2025-11-25", json!({}))).await.expect_error(503, -32603).await;
    // Nor does what cannot begin make anything end.
    http.post(&[], &request(1, "initialize", json!({}))).await.expect_error(200, -32602).await;
    assert!(lives(&listens).await && lives(&works).await);
    probe.open(1);
    assert_eq!(text(&call.await.unwrap()), "released");
    clock.advance(MINUTE).await;
    let third = begin(&http).await;
    assert_eq!([lives(&listens).await, lives(&works).await, lives(&third).await], [true, false, true]);
    drop(stream);
}

#[tokio::test]
async fn a_malformed_initialize_takes_nobodys_place() {
    let _spoilt = bad_input_on_purpose();
    let (server, _, _) = small(1);
    let (_running, http) = listening(server).await;
    let only = begin(&http).await;
    for params in [json!({}), json!({ "protocolVersion": [] }), Value::Null] {
        http.post(&[], &request(1, "initialize", params)).await.expect_error(200, -32602).await;
    }
    assert!(lives(&only).await);
}

#[tokio::test]
async fn racing_initializes_keep_the_limit() {
    let _spoilt = bad_input_on_purpose();
    let (server, _, _) = small(5);
    let (_running, http) = listening(server).await;
    let mut begun = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let http = http.clone();
        begun.spawn(async move { Legacy::begin(&http).await });
    }
    // What is held has a stream now, and gives no way to one that comes back.
    let mut streams = Vec::new();
    for legacy in begun.join_all().await {
        let [session, version] = legacy.headers();
        streams.push(http.send("GET", &[session, version, ("accept", "text/event-stream")], "").await);
    }
    streams.retain(|stream| stream.status != 503);
    assert_eq!(streams.iter().map(|stream| stream.status.as_u16()).collect::<Vec<_>>(), [200; 5]);
}

#[tokio::test]
async fn an_idle_session_is_given_up() {
    let (server, clock, _) = small(10);
    let (_running, http) = listening(server).await;
    let (idle, used, listens) = (begin(&http).await, begin(&http).await, begin(&http).await);
    let _stream = listens.listen().await;
    clock.advance(20 * MINUTE).await;
    assert!(lives(&used).await);
    clock.advance(15 * MINUTE).await;
    assert_eq!([lives(&idle).await, lives(&used).await, lives(&listens).await], [false, true, true]);
}

#[tokio::test]
async fn a_session_that_was_given_up_is_made_anew_within_the_limit_when_its_client_comes_back() {
    let (server, clock, probe) = small(2);
    let (_running, http) = listening(server).await;
    let (idle, listens) = (Legacy::begin(&http).await, Legacy::begin(&http).await);
    let stream = listens.listen().await;
    clock.advance(31 * MINUTE).await;
    let works = Legacy::begin(&http).await;
    let call = tokio::spawn({
        let works = works.clone();
        async move { works.ask(1, "tools/call", call("block", json!({}))).await }
    });
    probe.noted("block started", 1).await;
    // Nobody gives way.
    let refused = idle.send(1, "ping", None).await;
    assert_eq!(refused.header("retry-after"), "1");
    refused.expect_error(503, -32603).await;
    probe.open(1);
    assert_eq!(text(&call.await.unwrap()), "released");
    assert!(lives(&idle).await && lives(&works).await && lives(&listens).await);
    // It still is what was agreed.
    assert!(idle.ask(2, "tasks/list", None).await["result"]["tasks"].is_array());
    drop(stream);
}

#[tokio::test]
async fn an_id_is_taken_for_the_lifetime_of_a_session_and_no_longer() {
    let _spoilt = bad_input_on_purpose();
    let (server, clock, _) = small(10);
    let (_running, http) = listening(server).await;
    let (used, idle, listens) = (begin(&http).await, Legacy::begin(&http).await, Legacy::begin(&http).await);
    let mut stream = listens.listen().await;
    for _ in 0..24 * 3 - 1 {
        clock.advance(20 * MINUTE).await;
        assert!(lives(&used).await);
    }
    assert!(lives(&idle).await);
    clock.advance(20 * MINUTE).await;
    assert_eq!([lives(&used).await, lives(&idle).await, lives(&listens).await], [false; 3]);
    // Who reads a stream is not cut off; it is told with the next request.
    let quiet = tokio::time::timeout(Duration::from_millis(50), stream.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    assert!(lives(&begin(&http).await).await);
}

#[tokio::test]
async fn a_session_has_only_so_many_requests_at_once() {
    let (_running, http, probe) = usual().await;
    let legacy = Legacy::begin_in(&http, "2025-03-26", json!({})).await;
    let mut batches = Vec::new();
    for batch in 0..10 {
        let requests: Vec<_> =
            (0..100).map(|id| request(batch * 100 + id, "tools/call", call("block", json!({})))).collect();
        let legacy = legacy.clone();
        batches.push(tokio::spawn(async move { legacy.post(&requests.into()).await.response().await }));
    }
    probe.noted("block started", 1000).await;
    assert_eq!(code(&legacy.ask("one more", "ping", None).await), -32603);
    assert!(lives(&Legacy::begin(&http).await).await);
    probe.open(1000);
    for batch in batches {
        assert_eq!(batch.await.unwrap().as_array().unwrap().len(), 100);
    }
    assert_eq!(legacy.ask("one more", "ping", None).await["result"], json!({}));
}

#[tokio::test]
async fn all_clients_together_have_only_so_many_requests_at_once() {
    let (server, probe) = server();
    let limits = ServeLimits { requests: 2, ..ServeLimits::default() };
    let (_running, http) = listening(server.serve_limits(limits)).await;
    let legacy = Legacy::begin(&http).await;
    let old = tokio::spawn({
        let legacy = legacy.clone();
        async move { legacy.ask(1, "tools/call", call("block", json!({}))).await }
    });
    let new = tokio::spawn({
        let http = http.clone();
        async move { Modern::new("tools/call", call("block", json!({}))).send(&http).await.json().await }
    });
    probe.noted("block started", 2).await;
    legacy.send(2, "ping", None).await.expect_error(503, -32603).await;
    Modern::new("tools/list", json!({})).send(&http).await.expect_error(503, -32603).await;
    // What is no request gets through: it may be what the others wait for.
    let cancelled = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 7 } });
    assert_eq!(legacy.post(&cancelled).await.status, 202);
    probe.open(2);
    assert_eq!([text(&old.await.unwrap()), text(&new.await.unwrap())], ["released"; 2]);
    assert_eq!(legacy.ask(2, "ping", None).await["result"], json!({}));
}

#[tokio::test]
async fn a_thousand_sessions_open_quickly() {
    let (_running, http) = listening(server().0).await;
    let begun = std::time::Instant::now();
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let http = http.clone();
        all.spawn(async move {
            for _ in 0..100 {
                Legacy::begin(&http).await;
            }
        });
    }
    within(all.join_all()).await;
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_stream_ends_with_its_client_even_if_a_body_came_with_the_request() {
    let (server, _clock, _) = small(1);
    let (_running, http) = listening(server).await;
    let legacy = Legacy::begin(&http).await;
    let [session, version] = legacy.headers();
    // More than is read together with the head.
    let body = vec![b' '; 1 << 20];
    let stream = http.send("GET", &[session, version, ("accept", "text/event-stream")], body).await;
    assert_eq!((stream.status.as_u16(), stream.is_stream()), (200, true));
    let next = initialize("2025-11-25", json!({}));
    http.post(&[], &next).await.expect_error(503, -32603).await;
    drop(stream);
    // Before a keep-alive could find out.
    let room = async { while http.post(&[], &next).await.status != 200 {} };
    tokio::time::timeout(Duration::from_secs(10), room).await.expect("the session makes room");
}

#[tokio::test]
async fn a_session_follows_only_so_many_resources() {
    let limits = ServeLimits { subscribed_resources: 2, ..ServeLimits::default() };
    let server = server().0.resource_updates(&ResourceUpdates::new()).serve_limits(limits);
    let (_running, http) = listening(server).await;
    let (legacy, other) = (Legacy::begin(&http).await, Legacy::begin(&http).await);
    let ask = async |legacy: &Legacy, method, item: u32| {
        legacy.ask(1, method, json!({ "uri": format!("test://item/{item}/data") })).await
    };
    for item in [1, 2, 1] {
        assert_eq!(ask(&legacy, "resources/subscribe", item).await["result"], json!({}));
    }
    assert_eq!(code(&ask(&legacy, "resources/subscribe", 3).await), -32603);
    assert_eq!(ask(&other, "resources/subscribe", 3).await["result"], json!({}));
    assert_eq!(ask(&legacy, "resources/unsubscribe", 1).await["result"], json!({}));
    assert_eq!(ask(&legacy, "resources/subscribe", 3).await["result"], json!({}));
}
