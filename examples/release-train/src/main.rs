//! Run with `cargo run -p release-train`.
//!
//! Serves a workflow that releases the crates of a Cargo workspace, and its twin written by hand. Without arguments it starts itself as a
//! server, begins the workflow on a copy of a small workspace, and plays the client: it kills the server twice, decides, writes the
//! notes, and shows what came of it.

mod by_hand;
mod demo;
mod disk;
mod propose;
mod sample;
#[cfg(test)]
mod tests;
mod train;
mod verify;
mod workspace;
mod write;

use std::{process::ExitCode, time::Duration};

use pmcp_server::{Server, Transport, log};
use pmcp_tasks::TaskStore;
use train::ReleaseTrain;
use write::Pace;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "\
Usage: release-train [--stdio | --http ADDR] [--store URL] [--lease MS] [--pace MS]

Without arguments: releases a copy of a small workspace, with a server that is killed twice and a client that decides and writes.

  --stdio      serve on standard input and output
  --http ADDR  serve at http://ADDR/mcp, such as 127.0.0.1:8080
  --store URL  where the runs are: memory: (the default), sqlite:PATH, or a service this was built for, such as redis://HOST with
               `--features redis`
  --lease MS   how long a server may be silent before another one goes on with its runs (10000)
  --pace MS    how long to wait after each file that is written, to watch it (0)
  -h, --help   print this
";

struct Arguments {
    transport: Option<Transport>,
    store: String,
    lease: Duration,
    pace: Pace,
}

/// What the command line says; `None` if it asks for help.
fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    use lexopt::prelude::{Long, Short, ValueExt as _};
    let mut arguments = Arguments {
        transport: None,
        store: "memory:".to_owned(),
        lease: Duration::from_secs(10),
        pace: Pace(Duration::ZERO),
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("stdio") => arguments.transport = Some(Transport::Stdio),
            Long("http") => arguments.transport = Some(Transport::Http(parser.value()?.parse()?)),
            Long("store") => arguments.store = parser.value()?.string()?,
            Long("lease") => arguments.lease = Duration::from_millis(parser.value()?.parse()?),
            Long("pace") => arguments.pace = Pace(Duration::from_millis(parser.value()?.parse()?)),
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
    log::init();
    let ran = match arguments.transport.clone() {
        Some(transport) => serve(transport, arguments).await,
        None => demo::run().await,
    };
    log::exit_code(ran)
}

async fn serve(transport: Transport, arguments: Arguments) -> Outcome<()> {
    let store = TaskStore::connect(&arguments.store).await?;
    Ok(server(arguments.pace).store(store).lease(arguments.lease).serve(transport).await?)
}

/// The workflow and its twin.
fn server(pace: Pace) -> Server<Pace> {
    Server::new("release-train", env!("CARGO_PKG_VERSION"))
        .state(pace)
        .workflow::<ReleaseTrain>()
        .tool::<by_hand::release_by_hand>()
        .prompt_with(by_hand::prompt(), async |arguments, _| Ok(by_hand::words(&arguments)))
}
