//! Servers of their own processes that are killed in the middle of a script, over HTTP in both revisions and over stdio: the calls that
//! were recorded are not made again.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant},
};

use pmcp_client::{Client, TaskHandle};
use processes::{Place, Served, Way};
use serde_json::json;

const SCRIPT: &str = include_str!("../data/busiest.rhai");

/// Queries of the script: the stations, and the rentals of each.
const QUERIES: u64 = 13;

/// Time a test waits on a machine that does much else; only a failing one waits that long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client's transport and revision.
type Host = (Way, &'static str);

async fn start(place: &Place, (way, revision): Host) -> Served {
    let log = place.path().join("queries.log");
    let arguments = ["--lease", "500", "--pace", "100", "--store", place.store(), "--log", log.to_str().unwrap()];
    let client = Client::builder("host", "1").revision(revision);
    Served::start(env!("CARGO_BIN_EXE_code-mode"), &arguments, way, client).await.unwrap()
}

/// Begins the script as a task.
async fn begin(server: &Served, (_, revision): Host) -> TaskHandle {
    let script = json!({ "script": SCRIPT });
    let called = if revision == "2026-07-28" {
        server.client.call_tool("run_script", script).await
    } else {
        server.client.call_tool_as_task("run_script", script, None).await
    };
    called.unwrap().into_task().expect("the script was too fast to be a task")
}

/// Calls that are recorded.
async fn recorded(task: &TaskHandle) -> u64 {
    let state = task.get().await.unwrap();
    state.variables.as_ref().and_then(|all| all.get("calls")?.as_u64()).unwrap_or_default()
}

/// The queries that were made, each with how often.
fn queries(place: &Place) -> BTreeMap<String, u64> {
    let mut made = BTreeMap::new();
    for line in fs::read_to_string(place.path().join("queries.log")).unwrap_or_default().lines() {
        *made.entry(line.to_owned()).or_default() += 1;
    }
    made
}

/// Kills the server once so many calls are recorded, and has another one end the script.
async fn killed_after(calls: u64, host: Host) {
    let place = Place::sqlite().unwrap();
    let first = start(&place, host).await;
    let task = begin(&first, host).await;
    let give_up = Instant::now() + PATIENCE;
    while recorded(&task).await < calls {
        assert!(Instant::now() < give_up, "the script stands still");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let before = recorded(&task).await;
    let id = task.id().to_owned();
    first.kill().await.unwrap();
    let made: u64 = queries(&place).values().sum();
    assert!(made >= before && made < QUERIES, "{made} queries, and {before} are recorded");

    let second = start(&place, host).await;
    let task = second.client.task(id);
    let result = tokio::time::timeout(PATIENCE, task.wait()).await.unwrap().unwrap();
    let best = result.structured.unwrap_or_else(|| panic!("the script failed: {:?}", result.content));
    assert_eq!(best["Centre"]["station"], "Market Hall");
    assert_eq!(recorded(&task).await, QUERIES);
    // That of the moment may have been made and not recorded; no other is made again.
    let all = queries(&place);
    let again: u64 = all.values().map(|times| times - 1).sum();
    assert_eq!(all.len() as u64, QUERIES, "{all:?}");
    assert!(again <= made - before && again <= 1, "{again} were made again, of {made} of which {before} were recorded");
}

async fn killed(host: Host) {
    for calls in [1, 4, 8] {
        killed_after(calls, host).await;
    }
}

#[tokio::test]
async fn recorded_calls_are_not_made_again_by_servers_of_2026_07_28() {
    killed((Way::Http, "2026-07-28")).await;
}

#[tokio::test]
async fn recorded_calls_are_not_made_again_by_servers_of_2025_11_25() {
    killed((Way::Http, "2025-11-25")).await;
}

#[tokio::test]
async fn recorded_calls_are_not_made_again_by_servers_on_stdio() {
    killed((Way::Stdio, "2025-11-25")).await;
}
