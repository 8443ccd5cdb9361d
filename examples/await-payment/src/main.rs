//! Run with `cargo run -p await-payment`.
//!
//! A task waits for a payment that a webhook tells of, while its server is stopped and another one goes on.

use std::{io::Write as _, process::ExitCode, time::Duration};

use pmcp_client::{Client, TaskHandle};
use pmcp_server::{Running, Server, log};
use pmcp_tasks::{TaskStore, operate::Delivery, prelude::*, task::Owner};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A payment, as the webhook tells of it.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Payment {
    cents: u64,
    by: String,
}

/// Order goods: they are sent once they are paid.
#[task_tool(support = "required", ttl = "24h", on_crash = "restart")]
async fn order(goods: String, task: TaskContext) -> Result<String, ToolError> {
    let paid = tokio::select! {
        paid = task.signal::<Payment>("paid") => paid?,
        over = task.timer("patience", Duration::from_secs(20 * 60 * 60)) => {
            over?;
            return Err(ToolError::new("nobody paid in time"));
        }
    };
    task.step("send", async || {
        say(format_args!("{goods} are sent"));
        Ok::<_, ToolError>(())
    })
    .await?;
    Ok(format!("{} paid {} cents; the {goods} are on their way.", paid.by, paid.cents))
}

/// One line on standard output; one that nobody reads is not an error.
fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

#[tokio::main]
async fn main() -> ExitCode {
    log::exit_code(run().await)
}

async fn run() -> Outcome<()> {
    let place = tempfile::tempdir()?;
    let url = format!("sqlite:{}", place.path().join("tasks.db").display());
    let id = {
        let (running, task) = ordered(&url).await?;
        say(format_args!("task {}: {}", task.id(), task.get().await?.status.as_str()));
        running.shut_down().await?;
        say(format_args!("the server is stopped"));
        task.id().to_owned()
    };
    webhook(&url, &id).await?;
    let running = serve(&url).await?;
    say(format_args!("another server: {}", serde_json::to_string(&running.status().await)?));
    let client = Client::builder("shopper", "1.0.0").connect_http(&running.url()).await?;
    let result = client.task(id).wait().await?;
    let text = result.first_text().unwrap_or_default().to_owned();
    say(format_args!("{text}"));
    assert_eq!(text, "Ann paid 1999 cents; the pears are on their way.");
    client.close().await?;
    Ok(running.shut_down().await?)
}

/// A server on this store.
async fn serve(url: &str) -> Outcome<Running> {
    let server = Server::new("shop", env!("CARGO_PKG_VERSION")).tool::<order>();
    let server = server.store(TaskStore::connect(url).await?).lease(Duration::from_secs(1));
    Ok(server.start(([127, 0, 0, 1], 0).into()).await?)
}

/// A server with a task that waits.
async fn ordered(url: &str) -> Outcome<(Running, TaskHandle)> {
    let running = serve(url).await?;
    let client = Client::builder("shopper", "1.0.0").connect_http(&running.url()).await?;
    let called = client.call_tool("order", json!({ "goods": "pears" })).await?;
    Ok((running, called.into_task().ok_or("the call did not become a task")?))
}

/// What the handler of a webhook does: it is told of a payment for a task, and it is told twice.
async fn webhook(url: &str, id: &str) -> Outcome<()> {
    let store = TaskStore::connect(url).await?;
    let task = store.task(&Owner::local(), id.parse()?);
    let payment = Payment { cents: 1999, by: "Ann".into() };
    assert!(task.signal("paid", &payment).await?.is_first());
    assert_eq!(task.signal("paid", &payment).await?, Delivery::Again);
    let look = task.look().await?.ok_or("the task is gone")?;
    say(format_args!("the webhook has told of a payment, twice: {}", serde_json::to_string(&look.signals)?));
    Ok(())
}
