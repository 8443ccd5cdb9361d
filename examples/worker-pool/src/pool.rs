//! A front end and two workers as children, and a client that submits a batch.

use std::{collections::BTreeMap, io::Write as _, process::Stdio};

use futures_util::future::try_join_all;
use pmcp_client::Client;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::{
    Outcome,
    primes::{Counted, count},
};

const TASKS: u32 = 12;

/// Starts this program in a role and waits until it says, on standard error, that it is ready: with a line that begins so. The
/// rest of that line, and the child, which does not outlive this process.
async fn child(store: &str, role: [&str; 2], ready: &str) -> Outcome<(Child, String)> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(role)
        .args(["--store", store])
        // What goes well is told by us.
        .env("RUST_LOG", std::env::var_os("RUST_LOG").unwrap_or_else(|| "warn".into()))
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(child.stderr.take().ok_or("its standard error is missing")?).lines();
    let rest = loop {
        let line = lines.next_line().await?.ok_or("a child ended before it was ready")?;
        match line.strip_prefix(ready) {
            Some(rest) => break rest.to_owned(),
            None => pass_on(&line),
        }
    };
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            pass_on(&line);
        }
    });
    Ok((child, rest))
}

pub(crate) async fn run(store: &str) -> Outcome<()> {
    let (_front, url) = child(store, ["--front", "127.0.0.1:0"], "listening on ").await?;
    say(format_args!("the front end serves on {url}"));
    let mut workers = Vec::new();
    for name in ["worker-1", "worker-2"] {
        workers.push(child(store, ["--worker", name], name).await?);
        say(format_args!("{name} works"));
    }

    let client = Client::builder("worker-pool", env!("CARGO_PKG_VERSION")).connect_http(&url).await?;
    let results = try_join_all((1..=TASKS).map(|number| {
        let client = client.clone();
        async move {
            let below = number * 10_000;
            let called = client.call_tool("count_primes", json!({ "below": below })).await?;
            let task = called.into_task().ok_or("the call did not become a task")?;
            let result = task.wait().await?;
            let counted: Counted = serde_json::from_value(result.structured.ok_or("no structured content")?)?;
            say(format_args!("  {} counted {} primes below {below}", counted.worker, counted.primes));
            Outcome::Ok((below, counted))
        }
    }))
    .await?;

    let mut shares = BTreeMap::<_, u32>::new();
    for (below, counted) in &results {
        assert_eq!(counted.primes, count(*below));
        *shares.entry(counted.worker.as_str()).or_default() += 1;
    }
    assert_eq!(shares.keys().copied().collect::<Vec<_>>(), ["worker-1", "worker-2"], "both worked, and nobody else");
    assert_eq!(shares.values().sum::<u32>(), TASKS);
    say(format_args!("{TASKS} tasks: {shares:?}"));
    Ok(())
}

/// One line on standard output; one that nobody reads is not an error.
pub(crate) fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// One line of a child on our standard error, likewise.
fn pass_on(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
