//! What fails inside is in the log with its inside, and on the wire without.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use async_trait::async_trait;
use axum::http::request::Parts;
use pmcp_server::{Authenticator, Challenge};
use pmcp_tasks::security::Principal;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tracing::Level;

use crate::support::{LineClient, Log, Modern, SECRET, call, initialize, listening, server, usual};

/// Requests whose tool, prompt or resource fails.
fn failing() -> [(&'static str, Value); 3] {
    [
        ("tools/call", call("fail", json!({}))),
        ("prompts/get", json!({ "name": "fails" })),
        ("resources/read", json!({ "uri": "test://fails" })),
    ]
}

/// The log tells the error, and the client the reference under which to find it.
fn check(log: &Log, message: &Value) {
    let failed = log.called("the tool failed");
    let entry = failed.last().unwrap_or_else(|| panic!("{message}\n{:#?}", log.entries()));
    assert_eq!(entry.level, Level::ERROR);
    assert!(entry.field("error").contains(SECRET), "{entry:?}");
    let text = message.to_string();
    assert!(text.contains(&format!("(ref {})", entry.field("reference"))), "{text} {entry:?}");
    assert!(!text.contains(SECRET), "{text}");
}

#[tokio::test]
async fn the_error_of_a_handler_is_logged_under_the_reference_that_lines_give() {
    let log = Log::begin();
    let mut client = LineClient::begun(server().0, "2025-11-25", json!({})).await;
    for (number, (method, params)) in failing().into_iter().enumerate() {
        check(&log, &client.ask(number, method, params).await);
        assert_eq!(log.called("the tool failed").len(), number + 1);
    }
}

#[tokio::test]
async fn the_error_of_a_handler_is_logged_under_the_reference_that_http_gives() {
    let log = Log::begin();
    let (_running, http, _) = usual().await;
    for (method, params) in failing() {
        check(&log, &Modern::new(method, params).send(&http).await.json().await);
    }
}

#[tokio::test]
async fn a_panic_is_logged() {
    let log = Log::begin();
    let mut client = LineClient::begun(server().0, "2025-11-25", json!({})).await;
    for (method, params, message) in [
        ("tools/call", call("panics", json!({})), "the tool panicked"),
        ("tools/call", call("panics_early", json!({ "it": true })), "reading the arguments panicked"),
        ("resources/read", json!({ "uri": "test://panics" }), "the tool panicked"),
        ("prompts/get", json!({ "name": "panics_early" }), "the tool panicked"),
    ] {
        let before = log.called(message).len();
        let response = client.ask(1, method, params).await;
        let entries = log.called(message);
        assert_eq!((entries.len(), entries[before].level), (before + 1, Level::ERROR), "{message}");
        assert!(!response.to_string().contains(SECRET), "{response}");
    }
}

/// Streams that fail.
struct Broken;

impl AsyncRead for Broken {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::Error::other("the cable is cut")))
    }
}

impl AsyncWrite for Broken {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::Error::other("the cable is cut")))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn streams_that_fail_are_logged_and_end_the_connection() {
    let log = Log::begin();
    server().0.serve_io(Broken, tokio::io::sink()).await.unwrap();
    let entry = log.only("the client cannot be read");
    assert_eq!((entry.level, entry.field("error")), (Level::WARN, "the cable is cut"));

    let begin = format!("{}\n", initialize("2025-11-25", json!({})));
    server().0.serve_io(begin.as_bytes(), Broken).await.unwrap();
    let entry = log.only("the client does not read any more");
    // Clients do that every day.
    assert_eq!((entry.level, entry.field("error")), (Level::DEBUG, "the cable is cut"));
}

#[derive(Debug)]
struct Panics;

#[async_trait]
impl Authenticator for Panics {
    async fn authenticate(&self, _: &Parts) -> Result<Principal, Challenge> {
        panic!("{SECRET}")
    }
}

#[tokio::test]
async fn an_authenticator_that_panics_lets_nobody_in_and_is_logged() {
    let log = Log::begin();
    let (_running, http) = listening(server().0.authenticator(Panics)).await;
    for times in 1..3 {
        let reply = http.modern("tools/list", json!({})).await;
        assert_eq!((reply.status.as_u16(), reply.text().await.as_str()), (500, ""));
        let entries = log.called("the authenticator panicked");
        assert_eq!((entries.len(), entries[0].level, entries[0].field("panic")), (times, Level::ERROR, SECRET));
    }
}
