//! Run with `cargo run -p own-store`.
//!
//! A store of one's own, behind a server: SQLite with a journal in front of it, which is shown at the end.

mod journal;

use std::{io::Write as _, process::ExitCode};

use journal::{Entries, Event, Journal};
use pmcp_client::Client;
use pmcp_server::{Server, log};
use pmcp_tasks::{TaskStore, prelude::*, store::SqliteBackend};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Count to a number.
#[task_tool(support = "required")]
async fn count(to: u32, task: TaskContext) -> Result<String, ToolError> {
    task.progress(to, to).await;
    Ok(format!("counted to {to}"))
}

#[tokio::main]
async fn main() -> ExitCode {
    log::exit_code(run().await)
}

async fn run() -> Outcome<()> {
    let place = tempfile::tempdir()?;
    let entries = Entries::default();
    let backend = Journal::new(SqliteBackend::open(place.path().join("tasks.db")).await?, entries.clone());
    let server = Server::new("counter", env!("CARGO_PKG_VERSION")).tool::<count>().store(TaskStore::new(backend));
    let running = server.start(([127, 0, 0, 1], 0).into()).await?;

    let client = Client::builder("person", "1.0.0").connect_http(&running.url()).await?;
    let task =
        client.call_tool("count", CountArgs { to: 3 }).await?.into_task().ok_or("the call did not become a task")?;
    let result = task.wait().await?;
    client.close().await?;
    running.shut_down().await?;

    let noted = entries.lock().clone();
    for (task, event) in &noted {
        let _ = writeln!(std::io::stdout(), "{task} {event:?}");
    }
    assert_eq!(result.first_text(), Some("counted to 3"));
    assert_eq!(noted.iter().map(|(_, event)| *event).collect::<Vec<_>>(), [Event::Created, Event::Ended]);
    Ok(())
}
