//! A server without a subscriber to `tracing`: its failures reach standard error.
//!
//! Subscribers are a matter of the whole process, so this runs in one of its own: this program again, with one test.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, Stdio},
};

use axum::http::request::Parts;
use pmcp_server::{Authenticator, Challenge};
use pmcp_tasks::security::Principal;
use serde_json::json;

use crate::support::{Modern, listening, server};

#[derive(Debug)]
struct Panics;

#[async_trait::async_trait]
impl Authenticator for Panics {
    async fn authenticate(&self, _: &Parts) -> Result<Principal, Challenge> {
        panic!("out of keys")
    }
}

#[tokio::test]
#[ignore = "runs in a process of its own, by the other"]
async fn the_process_without_a_subscriber() {
    let (_running, http) = listening(server().0.authenticator(Panics)).await;
    assert_eq!(Modern::new("tools/list", json!({})).send(&http).await.status, 500);
    // Until it was heard.
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn failures_of_the_server_reach_standard_error_where_nobody_listens() {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["silence::the_process_without_a_subscriber", "--exact", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map(Result::unwrap);
    let told = "ERROR pmcp_server::http::guard: the authenticator panicked";
    assert!(lines.any(|line| line.starts_with(told) && line.contains("out of keys")));
    drop(process.stdin.take());
    assert!(process.wait().unwrap().success());
}
