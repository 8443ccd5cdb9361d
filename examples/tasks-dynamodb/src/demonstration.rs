//! The table, a server and a worker as children, and a client that calls.

use std::{io::Write as _, process::Stdio};

use pmcp_client::Client;
use pmcp_tasks::store::{DynamoDbBackend, DynamoDbTable};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::{Outcome, letters::Counted};

const TEXT: &str = "every task outlives the process that began it";

pub(crate) async fn run(url: &str) -> Outcome<()> {
    let table: DynamoDbTable = url.parse()?;
    DynamoDbBackend::create_table(&table).await?;
    say(format_args!("the table {} is there", table.name()));
    let (_server, address) = child(url, ["--serve", "127.0.0.1:0"], "listening on ").await?;
    say(format_args!("the server serves on {address}"));
    let (_worker, _) = child(url, ["--work", "worker-1"], "worker-1").await?;
    say(format_args!("worker-1 works"));

    let client = Client::builder("tasks-dynamodb", env!("CARGO_PKG_VERSION")).connect_http(&address).await?;
    let called = client.call_tool("count_letters", json!({ "text": TEXT })).await?;
    let task = called.into_task().ok_or("the call did not become a task")?;
    let result = task.wait().await?;
    let counted: Counted = serde_json::from_value(result.structured.ok_or("no structured content")?)?;
    assert_eq!((counted.letters, counted.worker.as_str()), (38, "worker-1"), "the worker ran it");
    say(format_args!("{} counted {} letters", counted.worker, counted.letters));
    Ok(())
}

/// Starts this program in a role and waits until it says, on standard error, that it is ready: with a line that begins so. The
/// child, which does not outlive this process, and the rest of that line.
async fn child(url: &str, role: [&str; 2], ready: &str) -> Outcome<(Child, String)> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg(url)
        .args(role)
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

/// One line on standard output; one that nobody reads is not an error.
fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// One line of a child on our standard error, likewise.
fn pass_on(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
