//! Starts the server as a child, kills it in the middle of a script, starts it again, and looks at which queries were made.

use std::{collections::BTreeSet, fs, io::Write as _, path::Path, process::Stdio, time::Duration};

use pmcp_client::{CallOutcome, Client, TaskState};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::Outcome;

const SCRIPT: &str = include_str!("../data/busiest.rhai");

/// A server of its own process, which does not outlive this one.
struct Server {
    child: Child,
    client: Client,
}

impl Server {
    async fn start(directory: &Path) -> Outcome<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--http", "127.0.0.1:0", "--lease", "1000", "--pace", "300", "--store"])
            .arg(format!("sqlite:{}", directory.join("tasks.db").display()))
            .arg("--log")
            .arg(directory.join("queries.log"))
            // What goes well is told by us.
            .env("RUST_LOG", std::env::var_os("RUST_LOG").unwrap_or_else(|| "warn".into()))
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = BufReader::new(child.stderr.take().ok_or("its standard error is missing")?).lines();
        let url = loop {
            let line = lines.next_line().await?.ok_or("the server ended before it listened")?;
            match line.strip_prefix("listening on ") {
                Some(url) => break url.to_owned(),
                None => pass_on(&line),
            }
        };
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                pass_on(&line);
            }
        });
        say(format_args!("process {} serves on {url}", child.id().unwrap_or_default()));
        let client = Client::builder("code-mode", env!("CARGO_PKG_VERSION")).connect_http(&url).await?;
        Ok(Self { child, client })
    }
}

pub(crate) async fn run() -> Outcome<()> {
    let directory = tempfile::tempdir()?;
    let queries = || fs::read_to_string(directory.path().join("queries.log"));

    let mut first = Server::start(directory.path()).await?;
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
    // As abruptly as power fails: SIGKILL, where there are signals.
    first.child.kill().await?;
    let before = queries()?;
    say(format_args!("killed after {} queries", before.lines().count()));

    let second = Server::start(directory.path()).await?;
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

/// One line on standard output; one that nobody reads is not an error.
fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// One line of a child on our standard error, likewise.
fn pass_on(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
