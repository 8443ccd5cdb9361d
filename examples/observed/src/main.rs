//! Run with `cargo run -p observed`.
//!
//! Serves a tool whose tasks take a while, and exports its spans over OTLP. Without arguments it is the collector of these spans
//! itself: it starts the server, kills it in the middle of a task, starts it again, and shows the life of that task as one tree. With
//! `--serve` it just serves.

mod bread;
mod bridge;
mod collector;
mod demo;
mod health;
mod sender;
mod telemetry;
mod tree;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use bread::bake;
use pmcp_server::{Server, log};
use pmcp_tasks::TaskStore;
use processes::Outcome;

const USAGE: &str = "\
Usage: observed [--serve [--http ADDR] [--health ADDR] [--dir DIR] [--otlp URL] [--name NAME]]

Without arguments: starts a server, kills it in the middle of a task, starts it again, and shows the trace of the task.

  --serve        just serve
  --http ADDR    serve at http://ADDR/mcp (127.0.0.1:8080)
  --health ADDR  answer at http://ADDR/healthz whether calls can be sent here (127.0.0.1:8081)
  --dir DIR      where tasks.db is, or will be (the current directory)
  --otlp URL     send spans to this collector (http://127.0.0.1:4318)
  --name NAME    be this instance of the service (server)
  -h, --help     print this
";

/// Time a server may be silent before the next one takes its tasks over. Longer in earnest: this is for watching.
const LEASE: Duration = Duration::from_secs(1);

struct Arguments {
    serve: bool,
    address: SocketAddr,
    health: SocketAddr,
    directory: PathBuf,
    otlp: String,
    name: String,
}

/// Reads the command line; `None` if it asks for help.
fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    use lexopt::prelude::{Long, Short, ValueExt as _};
    let mut arguments = Arguments {
        serve: false,
        address: ([127, 0, 0, 1], 8080).into(),
        health: ([127, 0, 0, 1], 8081).into(),
        directory: PathBuf::from("."),
        otlp: "http://127.0.0.1:4318".into(),
        name: "server".into(),
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("serve") => arguments.serve = true,
            Long("http") => arguments.address = parser.value()?.parse()?,
            Long("health") => arguments.health = parser.value()?.parse()?,
            Long("dir") => arguments.directory = parser.value()?.into(),
            Long("otlp") => arguments.otlp = parser.value()?.parse()?,
            Long("name") => arguments.name = parser.value()?.parse()?,
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(arguments))
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match serving::wanted(arguments(), USAGE) {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    log::exit_code(if arguments.serve { serve(arguments).await } else { demo::run().await })
}

async fn serve(arguments: Arguments) -> Outcome<()> {
    let telemetry = telemetry::begin(&arguments.otlp, &arguments.name)?;
    let store = TaskStore::connect(&format!("sqlite:{}", arguments.directory.join("tasks.db").display())).await?;
    let server = Server::new("observed", env!("CARGO_PKG_VERSION")).tool::<bake>().store(store).lease(LEASE);
    let outcome = health::serve(server, arguments.address, arguments.health).await;
    // The last spans.
    telemetry.shutdown()?;
    outcome
}
