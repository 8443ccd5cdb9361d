//! Starts the server as a child, kills it in the middle of a script, starts it again, and looks at which queries were made.

use std::{collections::BTreeSet, fs, time::Duration};

use pmcp_client::{CallOutcome, Client, TaskState};
use processes::{Place, Served, Way, say};
use serde_json::{Value, json};

use crate::Outcome;

const SCRIPT: &str = include_str!("../data/busiest.rhai");

async fn start(place: &Place) -> Outcome<Served> {
    let log = place.path().join("queries.log").display().to_string();
    let arguments = ["--lease", "1000", "--pace", "300", "--store", place.store(), "--log", &log];
    let client = Client::builder("code-mode", env!("CARGO_PKG_VERSION"));
    let server = Served::start(std::env::current_exe()?, &arguments, Way::Http, client).await?;
    say(format_args!("process {} serves on {}", server.process().id(), server.process().told()));
    Ok(server)
}

pub(crate) async fn run() -> Outcome<()> {
    let place = Place::sqlite()?;
    let queries = || fs::read_to_string(place.path().join("queries.log"));

    let first = start(&place).await?;
    let task = first.client.call_tool("run_script", json!({ "script": SCRIPT })).await?;
    let task = match task {
        CallOutcome::Task(task) => task,
        CallOutcome::Result(result) => return Err(result.first_text().unwrap_or("the script was too fast").into()),
    };
    let id = task.id().to_owned();
    say(format_args!("task {id} runs this script:\n{SCRIPT}"));
    while calls(&task.get().await?) < 5 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    first.kill().await?;
    let before = queries()?;
    say(format_args!("killed after {} queries", before.lines().count()));

    let second = start(&place).await?;
    let mut told = 0;
    let task = second.client.task(id);
    let result = task.wait_with(|state| {
        if calls(state) > told {
            told = calls(state);
            say(format_args!("  {told} calls are recorded"));
        }
    });
    let result = result.await?;
    if result.is_error {
        return Err(result.first_text().unwrap_or("the script failed").to_owned().into());
    }
    let best = result.structured.ok_or("the result has no structured content")?;
    for (district, station) in best.as_object().ok_or("the result is no object")? {
        let name = station["station"].as_str().unwrap_or_default();
        say(format_args!("{district}: {name}, {} rentals", station["rentals"]));
    }

    let all = queries()?;
    let different: BTreeSet<_> = all.lines().collect();
    assert_eq!(all.lines().count(), different.len(), "no query was made twice");
    assert!(all.starts_with(&before) && all.len() > before.len(), "each process made a part of them");
    assert_eq!(best["Centre"]["station"], Value::from("Market Hall"));
    say(format_args!("{} queries, none twice", different.len()));
    Ok(())
}

/// Calls that are recorded.
fn calls(state: &TaskState) -> u64 {
    state.variables.as_ref().and_then(|all| all.get("calls")?.as_u64()).unwrap_or_default()
}
