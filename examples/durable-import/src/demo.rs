//! Starts the server as a child, kills it in the middle of the import, starts it again, and looks at what came of it.

use std::path::Path;

use pmcp_client::{Client, TaskState};
use processes::{Child, Outcome, Role, say};
use serde_json::json;

use crate::{
    database,
    import::{Imported, rows_in_file},
};

/// A server of its own process, which does not outlive this one.
struct Server {
    child: Child,
    client: Client,
}

impl Server {
    async fn start(directory: &Path) -> Outcome<Self> {
        let directory = directory.to_str().ok_or("the path of the directory is not UTF-8")?;
        let role = Role::of_this_program(&["--serve", "--http", "127.0.0.1:0", "--dir", directory])?;
        let child = role.start("listening on ").await?;
        say(format_args!("process {} serves on {}", child.id(), child.told()));
        let client = Client::builder("durable-import", env!("CARGO_PKG_VERSION")).connect_http(child.told()).await?;
        Ok(Self { child, client })
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
    first.child.kill().await?;
    say(format_args!("killed process {} after it had told of {seen} of {total} rows", first.child.id()));

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
    assert!(by(first.child.id()) > 0 && by(second.child.id()) > 0, "each process did a part");
    assert_eq!(by(first.child.id()) + by(second.child.id()), batches.len());
    say(format_args!(
        "{count} rows, none twice: {} batches by process {}, {} by process {}",
        by(first.child.id()),
        first.child.id(),
        by(second.child.id()),
        second.child.id()
    ));
    Ok(())
}

fn rows(state: &TaskState) -> u32 {
    let rows = state.variables.as_ref().and_then(|all| all.get("rows")?.as_u64());
    rows.and_then(|rows| u32::try_from(rows).ok()).unwrap_or_default()
}
