//! One caller that takes all it can get, and another one beside it.

use std::time::Duration;

use pmcp_server::{BearerTokens, Running, ServeLimits};
use pmcp_tasks::{TaskStore, testing::ManualClock, time::Clock as _};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::support::{
    Http, Modern, Probe, Reply, bad_input_on_purpose, call, initialize, listening, request, server_with, within,
};

const GREEDY: (&str, &str) = ("authorization", "Bearer greedy");
const MODEST: (&str, &str) = ("authorization", "Bearer modest");

/// A server for two callers, on a clock that stands.
async fn shared(limits: ServeLimits) -> (Running, Http, ManualClock, Probe) {
    let clock = ManualClock::new();
    let (server, probe) = server_with(TaskStore::memory().with_clock(clock.clone()));
    let tokens = BearerTokens::new().with("greedy", "greedy").with("modest", "modest");
    let (running, http) = listening(server.authenticator(tokens).serve_limits(limits)).await;
    (running, http, clock, probe)
}

/// A session of a caller: its id.
async fn begin(http: &Http, who: (&str, &str)) -> String {
    let reply = http.post(&[who], &initialize("2025-11-25", json!({}))).await;
    assert_eq!(reply.status, 200);
    let id = reply.header("mcp-session-id").to_owned();
    reply.json().await;
    id
}

async fn in_session(http: &Http, who: (&str, &str), session: &str, message: Value) -> Reply {
    http.post(&[who, ("mcp-session-id", session)], &message).await
}

async fn list(http: &Http, who: (&str, &str)) -> u16 {
    Modern::new("tools/list", json!({})).and(who.0, who.1).send(http).await.status.as_u16()
}

#[tokio::test]
async fn calls_of_a_client_that_has_gone_do_not_take_every_place() {
    let (_running, http, _, probe) = shared(ServeLimits { requests: 8, ..ServeLimits::default() }).await;
    let session = begin(&http, GREEDY).await;
    for id in 1..=7_usize {
        // In this version they go on without their client.
        tokio::select! {
            reply = in_session(&http, GREEDY, &session, request(id, "tools/call", call("block", json!({})))) =>
                panic!("it does not end: {}", reply.status),
            () = probe.noted("block started", id) => {}
        }
    }
    let refused = in_session(&http, GREEDY, &session, request(8, "ping", None)).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (503, "1"));
    refused.expect_error(503, -32603).await;
    assert_eq!([list(&http, GREEDY).await, list(&http, MODEST).await], [503, 200]);
    probe.open(7);
}

#[tokio::test]
async fn subscriptions_of_one_caller_are_not_all_there_are() {
    let (_running, http, _, _) = shared(ServeLimits { subscriptions: 8, ..ServeLimits::default() }).await;
    let listen = async |who: (&str, &str)| {
        let request = Modern::new("subscriptions/listen", json!({ "notifications": {} })).and(who.0, who.1);
        let mut reply = request.send(&http).await;
        let first = if reply.is_stream() { reply.receive().await } else { Value::Null };
        (first["method"] == "notifications/subscriptions/acknowledged").then_some(reply)
    };
    let mut open = Vec::new();
    while let Some(stream) = listen(GREEDY).await {
        open.push(stream);
        assert!(open.len() < 9);
    }
    let modest = listen(MODEST).await;
    assert_eq!((open.len(), modest.is_some()), (7, true));
}

#[tokio::test]
async fn streams_of_one_callers_sessions_leave_places_for_others() {
    let (_running, http, _, _) = shared(ServeLimits { requests: 8, ..ServeLimits::default() }).await;
    let session = begin(&http, GREEDY).await;
    let mut open = Vec::new();
    loop {
        let headers = [GREEDY, ("mcp-session-id", &*session), ("accept", "text/event-stream")];
        let reply = http.send("GET", &headers, String::new()).await;
        if reply.status != 200 {
            assert_eq!(reply.status, 503);
            break;
        }
        open.push(reply);
        assert!(open.len() < 9);
    }
    assert_eq!((open.len(), list(&http, MODEST).await), (7, 200));
}

#[tokio::test]
async fn sessions_of_one_caller_end_nobody_elses() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, clock, _) = shared(ServeLimits { sessions: 8, ..ServeLimits::default() }).await;
    let lives =
        async |who, session: &str| in_session(&http, who, session, request(1, "ping", None)).await.status == 200;
    // No id tells the level, so that these are not made anew once they were given up.
    let begin = async |who| {
        let session = begin(&http, who).await;
        in_session(&http, who, &session, request(1, "logging/setLevel", json!({ "level": "error" }))).await;
        session
    };
    // Idle for longest.
    let modest = [begin(MODEST).await, begin(MODEST).await];
    let mut greedy = Vec::new();
    for _ in 0..20 {
        clock.advance(Duration::from_secs(1)).await;
        greedy.push(begin(GREEDY).await);
    }
    for session in &modest {
        assert!(lives(MODEST, session).await);
    }
    // It loses its own, the one idle for longest first.
    assert!(!lives(GREEDY, &greedy[0]).await && lives(GREEDY, &greedy[19]).await);
    // Who has less than the fair share takes from who has more.
    for _ in 0..2 {
        begin(MODEST).await;
    }
    assert!(lives(MODEST, &modest[0]).await && lives(GREEDY, &greedy[19]).await);
}

#[tokio::test]
async fn a_call_whose_client_has_gone_frees_its_place_whatever_it_sent_ahead() {
    let (_running, http, clock, probe) = shared(ServeLimits { requests: 3, ..ServeLimits::default() }).await;
    let body = Modern::new("tools/call", call("block", json!({}))).body.to_string();
    let head = |length: usize| {
        format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer greedy\r\n\
             Content-Type: application/json\r\nAccept: application/json\r\n\
             MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: block\r\n\
             Content-Length: {length}\r\n\r\n"
        )
    };
    // Alone, and with the next request sent ahead, behind which the end is not read.
    for behind in [String::new(), head(body.len())] {
        let started = probe.count("block started");
        let mut gone = Vec::new();
        for _ in 0..2 {
            let mut stream = TcpStream::connect(http.address).await.unwrap();
            within(stream.write_all((head(body.len()) + &body + &behind).as_bytes())).await.unwrap();
            gone.push(stream);
        }
        probe.noted("block started", started + 2).await;
        assert_eq!(list(&http, GREEDY).await, 503);
        drop(gone);
        // It is seen at once, or with the first look at the connections after the system has told.
        let looking = async {
            while probe.count("block cancelled") < started + 2 {
                clock.advance(Duration::from_secs(1)).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        within(looking).await;
        // Not because of the time they took.
        assert!(clock.monotonic() < Duration::from_secs(20 * 60));
        within(async { while list(&http, GREEDY).await != 200 {} }).await;
    }
}
