//! A program without a subscriber to `tracing`: its failures reach standard error, which may be closed.
//!
//! Subscribers are a matter of the whole process, so these run in one of their own: this program again, with one test.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
};

use pmcp_tasks::{ToolError, ToolResult};
use serde_json::json;

use crate::support::*;

const CHILD: &str = "silence::the_process_without_a_subscriber";

fn child() -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([CHILD, "--exact", "--ignored", "--nocapture"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[tokio::test]
#[ignore = "runs in a process of its own, by the others"]
async fn the_process_without_a_subscriber() {
    let server = Server::new();
    server.world.on("plain", |_, _| async {
        Err::<ToolResult, ToolError>(std::io::Error::other("no route to db.internal").into())
    });
    server.world.on("optional", |_, _| async { panic!("out of cheese") });
    for client in [server.v2025("ann"), server.v2026("ann").undeclared()] {
        let result = client.call("plain", json!({})).await.unwrap();
        assert!(!result.to_string().contains("db.internal"));
        client.call("optional", json!({})).await.unwrap_err();
    }
    // Until it was heard.
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn failures_reach_standard_error_where_nobody_listens() {
    let mut process = child();
    let lines = BufReader::new(process.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut expected = vec![
        ("ERROR pmcp_tasks::engine::outcome: the tool failed", "no route to db.internal"),
        ("ERROR pmcp_tasks::engine::runs: the tool panicked", "out of cheese"),
    ];
    for line in lines {
        expected.retain(|(begin, part)| !(line.starts_with(begin) && line.contains(part)));
        if expected.is_empty() {
            break;
        }
    }
    assert!(expected.is_empty(), "{expected:?}");
    drop(process.stdin.take());
    assert!(process.wait().unwrap().success());
}

#[test]
fn a_closed_standard_error_stops_nothing() {
    let mut process = child();
    drop(process.stderr.take());
    drop(process.stdin.take());
    let mut said = String::new();
    process.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(process.wait().unwrap().success(), "{said}");
}
