//! Tools that become tasks.

use std::{io::Write as _, time::Duration};

use pmcp_server::Server;
use pmcp_tasks::{ResultExt as _, prelude::*};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    App,
    answers::{Confirmation, Named},
};

pub(crate) fn add_to(server: Server<App>) -> Server<App> {
    server
        .tool::<slow_compute>()
        .tool::<failing_job>()
        .tool::<protocol_error_job>()
        .tool::<confirm_delete>()
        .tool::<multi_input>()
        .tool::<test_tool_with_task>()
        .tool::<tally>()
        .tool::<append_lines>()
        .tool::<import_rows>()
        .tool::<await_release>()
}

/// Takes its time.
#[task_tool(support = "optional", read_only)]
async fn slow_compute(
    /// How long it takes.
    seconds: f64,
    /// What the result is called.
    label: Option<&str>,
    task: TaskContext,
) -> Result<String, ToolError> {
    let duration = Duration::try_from_secs_f64(seconds).map_err(|_| ToolError::new("`seconds` is not a duration"))?;
    task.sleep(duration).await?;
    Ok(format!("Computed {} in {seconds} s.", label.unwrap_or("an answer")))
}

/// Fails after a second, in a way the model may read about.
#[task_tool(support = "required", read_only)]
async fn failing_job(task: TaskContext) -> Result<String, ToolError> {
    task.sleep(Duration::from_secs(1)).await?;
    Err(ToolError::new("This job always fails."))
}

/// Ends in a JSON-RPC error.
#[task_tool(support = "optional", inline = "0", read_only)]
async fn protocol_error_job() -> Result<String, ToolError> {
    Err(ToolError::rpc(-32000, "This job always ends in a protocol error."))
}

/// Deletes a file that does not exist, if the user agrees.
#[task_tool(support = "optional", destructive)]
async fn confirm_delete(
    /// The file to delete.
    filename: &str,
    task: TaskContext,
) -> Result<String, ToolError> {
    match task.elicit::<Confirmation>(format!("Delete {filename}?")).await {
        Ok(Confirmation { confirm: true }) => Ok(format!("Deleted {filename}")),
        Ok(_) | Err(AskError::Declined | AskError::Cancelled) => Ok(format!("Kept {filename}: not confirmed")),
        Err(error) => Err(error.into()),
    }
}

/// Asks two questions at once.
#[task_tool(support = "optional", read_only)]
async fn multi_input(task: TaskContext) -> Result<String, ToolError> {
    let (named, confirmation) =
        tokio::join!(task.elicit::<Named>("What is your name?"), task.elicit::<Confirmation>("Shall we go on?"),);
    let (Named { name }, Confirmation { confirm }) = (named?, confirmation?);
    Ok(format!("{name} said {}", if confirm { "yes" } else { "no" }))
}

/// Asks for a name before the task exists.
#[task_tool(support = "required", read_only)]
async fn test_tool_with_task(
    #[ask("What is your name?")] user_name: Named,
    task: TaskContext,
) -> Result<String, ToolError> {
    task.sleep(Duration::from_millis(100)).await?;
    Ok(format!("Hello, {}!", user_name.name))
}

/// Variables that `tally` shares with the client.
#[derive(TaskVariables, Default)]
struct Tally {
    /// How far it has counted.
    rows: u64,
    /// The client's own.
    #[variable(client_writable)]
    note: String,
    /// Never leaves the server.
    #[variable(hidden)]
    secret: String,
}

#[derive(Serialize, JsonSchema)]
struct Tallied {
    rows: u64,
}

/// Counts in a variable that the client sees.
#[task_tool(support = "optional", inline = "0")]
async fn tally(
    /// How far to count.
    n: u64,
    task: TaskContext<Tally>,
) -> Result<Tallied, ToolError> {
    task.variables().secret.set("not for clients".into()).await?;
    for _ in 0..n {
        task.check_cancelled()?;
        task.variables().rows.add(1).await?;
    }
    Ok(Tallied { rows: task.variables().rows.get().await? })
}

#[derive(Serialize, JsonSchema)]
struct Appended {
    lines: u32,
    attempt: u32,
}

/// Appends lines to a file, each once, even if the server dies meanwhile.
#[task_tool(support = "optional", inline = "0", on_crash = "restart")]
async fn append_lines(
    /// The file, on the server.
    path: &str,
    /// How many lines.
    n: u32,
    /// How long to wait before each line.
    delay_ms: u64,
    task: TaskContext,
) -> Result<Appended, ToolError> {
    for line in 1..=n {
        let name = format!("line-{line}");
        task.step(&name, || async {
            task.sleep(Duration::from_millis(delay_ms)).await?;
            append(path, &name).await
        })
        .await?;
    }
    Ok(Appended { lines: n, attempt: task.attempt() })
}

/// Variables that `import_rows` shares with the client.
#[derive(TaskVariables, Default)]
struct Import {
    /// How many rows are imported.
    rows: u32,
}

/// Imports rows into a file, one a second, and asks the user halfway whether to go on.
#[task_tool(support = "optional", inline = "0", on_crash = "restart")]
async fn import_rows(
    /// The file, on the server.
    path: &str,
    /// How many rows.
    #[arg(default = 60)]
    rows: u32,
    task: TaskContext<Import>,
) -> Result<String, ToolError> {
    let half = rows / 2;
    import(path, 1..=half, &task).await?;
    let question = format!("{half} of {rows} rows are imported. Import the rest, too?");
    match task.elicit::<Confirmation>(question).await {
        Ok(Confirmation { confirm: true }) => {}
        Ok(_) | Err(AskError::Declined | AskError::Cancelled) => {
            return Ok(format!("Imported {half} of {rows} rows: the rest was not wanted."));
        }
        Err(error) => return Err(error.into()),
    }
    import(path, half + 1..=rows, &task).await?;
    Ok(format!("Imported {rows} rows."))
}

/// Each row is a recorded step: after a crash it goes on with the one it was at.
async fn import(path: &str, rows: std::ops::RangeInclusive<u32>, task: &TaskContext<Import>) -> Result<(), ToolError> {
    for row in rows {
        let name = format!("row-{row}");
        task.step(&name, || async {
            task.sleep(Duration::from_secs(1)).await?;
            append(path, &name).await
        })
        .await?;
        task.variables().rows.set(row).await?;
    }
    Ok(())
}

#[derive(Serialize, JsonSchema)]
struct Released {
    by: String,
    attempt: u32,
}

/// Waits for the signal `release`, which somebody outside delivers, and for a while after that, even if the server dies meanwhile.
#[task_tool(support = "optional", inline = "0", on_crash = "restart")]
async fn await_release(
    /// How long to wait after the signal.
    pause_ms: u64,
    task: TaskContext,
) -> Result<Released, ToolError> {
    let by = task.signal("release").await?;
    task.timer("pause", Duration::from_millis(pause_ms)).await?;
    Ok(Released { by, attempt: task.attempt() })
}

pub(crate) async fn append(path: &str, line: &str) -> Result<(), ToolError> {
    // One write, so that a line is there whole or not at all.
    let (path, line) = (path.to_owned(), format!("{line}\n"));
    let appended = tokio::task::spawn_blocking(move || {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path)?;
        file.write_all(line.as_bytes())?;
        file.sync_data()
    })
    .await?;
    appended.context("the line could not be appended")
}
