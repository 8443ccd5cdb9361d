//! Run with `cargo run -p dataviz`.
//!
//! Serves charts of a small database as a widget, with a task that describes its tables.

mod columns;
mod database;
mod show;

use std::process::ExitCode;

use columns::{Pace, profile};
use database::Database;
use pmcp_server::Server;
use pmcp_tasks::{TaskStore, prelude::*};
use serving::{Arguments, Example, Outcome};
use show::{Chart, query, show_chart};

#[tokio::main]
async fn main() -> ExitCode {
    let example = Example { name: "dataviz", port: 8083, part: "each column of a table", pace: 300 };
    example.run(serve).await
}

/// The state that tools take parts of.
#[derive(Clone, Debug, FromRef)]
struct Data {
    database: Database,
    pace: Pace,
}

async fn serve(arguments: Arguments) -> Outcome<()> {
    let data = Data { database: Database::write()?, pace: Pace(arguments.pace) };
    let server = Server::new("dataviz", env!("CARGO_PKG_VERSION"))
        .state(data)
        .tool::<show_chart>()
        .tool::<query>()
        .tool::<profile>()
        .widget::<Chart>()
        .store(TaskStore::connect(&arguments.store).await?);
    Ok(server.serve(arguments.transport).await?)
}
