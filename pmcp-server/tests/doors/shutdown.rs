//! The end of a server that still has clients.

use std::time::Duration;

use pmcp_tasks::{TaskStore, testing::ManualClock};
use serde_json::json;

use crate::support::{Legacy, Modern, call, code, listening, server_with, text, usual, within};

#[tokio::test]
async fn open_streams_end_with_the_server() {
    let (running, http, probe) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let mut stream = legacy.listen().await;
    let listen = Modern::new("subscriptions/listen", json!({ "notifications": {} }));
    let mut subscription = listen.send(&http).await;
    assert_eq!(subscription.receive().await["method"], "notifications/subscriptions/acknowledged");
    let call = tokio::spawn({
        let legacy = legacy.clone();
        async move { legacy.ask(1, "tools/call", call("block", json!({}))).await }
    });
    probe.noted("block started", 1).await;
    let address = running.address();
    let ending = tokio::spawn(running.shut_down());
    // What runs may finish, and nothing new begins meanwhile.
    within(async {
        while !Modern::new("tools/call", self::call("echo", json!({ "text": "x" })))
            .send(&http)
            .await
            .json()
            .await
            .to_string()
            .contains("shutting down")
        {}
    })
    .await;
    assert!(!ending.is_finished());
    probe.open(1);
    assert_eq!(text(&call.await.unwrap()), "released");
    assert_eq!(stream.next().await, None);
    while subscription.next().await.is_some() {}
    within(ending).await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn after_the_grace_what_runs_is_cancelled() {
    let clock = ManualClock::new();
    let (server, probe) = server_with(TaskStore::memory().with_clock(clock.clone()));
    let (running, http) = listening(server.shutdown_grace(Duration::from_secs(3))).await;
    let legacy = Legacy::begin(&http).await;
    let stuck = tokio::spawn({
        let legacy = legacy.clone();
        async move { legacy.ask(1, "tools/call", call("stubborn", json!({}))).await }
    });
    let call = tokio::spawn(async move { legacy.ask(2, "tools/call", call("block", json!({}))).await });
    probe.noted("block started", 1).await;
    probe.noted("stubborn started", 1).await;
    let ending = tokio::spawn(running.shut_down());
    let advancing = async {
        loop {
            clock.advance(Duration::from_secs(1)).await;
        }
    };
    tokio::select! {
        () = probe.noted("block cancelled", 1) => {}
        () = advancing => {}
    }
    assert_eq!(text(&call.await.unwrap()), "cancelled");
    let advancing = async {
        loop {
            clock.advance(Duration::from_secs(1)).await;
        }
    };
    tokio::select! {
        stuck = stuck => assert_eq!(code(&stuck.unwrap()), -32603),
        () = advancing => {}
    }
    within(ending).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_that_stays_open_does_not_keep_it() {
    let (running, http, probe) = usual().await;
    let _idle = tokio::net::TcpStream::connect(http.address).await.unwrap();
    let legacy = Legacy::begin(&http).await;
    let mut params = call("flood", json!({ "kilobytes": 30_000 }));
    params["_meta"] = json!({ "progressToken": 1 });
    // A response that nobody reads, more than fits into buffers on the way.
    let _standing = legacy.send(1, "tools/call", params).await;
    probe.noted("flooded", 1).await;
    within(running.shut_down()).await.unwrap();
}
