//! The table, a server and a worker as children, and a client that calls.

use pmcp_client::Client;
use pmcp_tasks::store::{DynamoDbBackend, DynamoDbTable};
use processes::{Outcome, Role, say};
use serde_json::json;

use crate::letters::Counted;

const TEXT: &str = "every task outlives the process that began it";

pub(crate) async fn run(url: &str) -> Outcome<()> {
    let table: DynamoDbTable = url.parse()?;
    DynamoDbBackend::create_table(&table).await?;
    say(format_args!("the table {} is there", table.name()));
    let server = Role::of_this_program(&[url, "--serve", "127.0.0.1:0"])?.start("listening on ").await?;
    say(format_args!("the server serves on {}", server.told()));
    let _worker = Role::of_this_program(&[url, "--work", "worker-1"])?.start("worker-1").await?;
    say(format_args!("worker-1 works"));

    let client = Client::builder("tasks-dynamodb", env!("CARGO_PKG_VERSION")).connect_http(server.told()).await?;
    let called = client.call_tool("count_letters", json!({ "text": TEXT })).await?;
    let task = called.into_task().ok_or("the call did not become a task")?;
    let result = task.wait().await?;
    let counted: Counted = serde_json::from_value(result.structured.ok_or("no structured content")?)?;
    assert_eq!((counted.letters, counted.worker.as_str()), (38, "worker-1"), "the worker ran it");
    say(format_args!("{} counted {} letters", counted.worker, counted.letters));
    Ok(())
}
