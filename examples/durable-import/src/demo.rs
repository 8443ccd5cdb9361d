//! Starts the server as a child, kills it in the middle of the import, starts it again, and looks at what came of it.

use std::{io::Write as _, path::Path, process::Stdio};

use pmcp_client::{Client, TaskState};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::{
    Outcome, database,
    import::{Imported, rows_in_file},
};

/// A server of its own process, which does not outlive this one.
struct Server {
    child: Child,
    process: u32,
    client: Client,
}

impl Server {
    async fn start(directory: &Path) -> Outcome<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--serve", "--http", "127.0.0.1:0", "--dir"])
            .arg(directory)
            // What goes well is told by us.
            .env("RUST_LOG", std::env::var_os("RUST_LOG").unwrap_or_else(|| "warn".into()))
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let process = child.id().ok_or("the server ended at once")?;
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
        say(format_args!("process {process} serves on {url}"));
        let client = Client::builder("durable-import", env!("CARGO_PKG_VERSION")).connect_http(&url).await?;
        Ok(Self { child, process, client })
    }
}

pub(crate) async fn run() -> Outcome<()> {
    let directory = tempfile::tempdir()?;
    let total = rows_in_file();

    let mut first = Server::start(directory.path()).await?;
    let task = first.client.call_tool("import_levels", json!({ "batch": 40 })).await?;
    let task = task.into_task().ok_or("the call did not become a task")?;
    let id = task.id().to_owned();
    say(format_args!("task {id}"));
    let mut seen = 0;
    while seen < total / 3 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        seen = rows(&task.get().await?);
    }
    // As abruptly as power fails: SIGKILL, where there are signals.
    first.child.kill().await?;
    say(format_args!("killed process {} after it had told of {seen} of {total} rows", first.process));

    let second = Server::start(directory.path()).await?;
    let mut told = seen;
    let task = second.client.task(id);
    let result = task
        .wait_with(|state| {
            if rows(state) > told {
                told = rows(state);
                say(format_args!("  {told} of {total} rows"));
            }
        })
        .await?;
    if result.is_error {
        return Err(result.first_text().unwrap_or("the import failed").to_owned().into());
    }
    let imported: Imported = serde_json::from_value(result.structured.ok_or("the result has no structured content")?)?;

    let database = database(directory.path());
    let batches = database.batches()?;
    for batch in &batches {
        say(format_args!("  {} ran in process {}: {} rows", batch.step, batch.process, batch.rows));
    }
    let by = |process| batches.iter().filter(|batch| batch.process == process).count();
    let (count, different) = database.count()?;
    assert_eq!((count, different, imported.rows), (total, total, total), "every row is there, once");
    assert_eq!(imported.attempt, 2, "the function was called again once");
    assert!(by(first.process) > 0 && by(second.process) > 0, "each process did a part");
    assert_eq!(by(first.process) + by(second.process), batches.len());
    say(format_args!(
        "{count} rows, none twice: {} batches by process {}, {} by process {}",
        by(first.process),
        first.process,
        by(second.process),
        second.process
    ));
    Ok(())
}

fn rows(state: &TaskState) -> u32 {
    let rows = state.variables.as_ref().and_then(|all| all.get("rows")?.as_u64());
    rows.and_then(|rows| u32::try_from(rows).ok()).unwrap_or_default()
}

/// One line on standard output; one that nobody reads is not an error.
fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// One line of a child on our standard error, likewise.
fn pass_on(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
