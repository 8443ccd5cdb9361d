//! Run with `cargo run -p dataviz`.
//!
//! Serves charts of a small database as a widget, with a task that describes its tables.

mod columns;
mod database;
mod show;

use std::{io::Write as _, process::ExitCode, time::Duration};

use columns::{Pace, profile};
use database::Database;
use pmcp_server::{Server, Transport, log};
use pmcp_tasks::{TaskStore, prelude::*};
use show::{Chart, query, show_chart};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "\
Usage: dataviz [--stdio | --http ADDR] [--store URL] [--pace MS]

Without arguments: serves at http://127.0.0.1:8083/mcp; http://127.0.0.1:8083/ tells how to connect a host.

  --stdio      serve on standard input and output
  --http ADDR  serve at http://ADDR/mcp
  --store URL  where the tasks are: memory: (the default), sqlite:PATH, or a service this was built for, such as redis://HOST with
               `--features redis`
  --pace MS    how long each column of a table takes at least (300)
  -h, --help   print this
";

struct Arguments {
    transport: Transport,
    store: String,
    pace: Pace,
}

/// Reads the command line; `None` if it asks for help.
fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    use lexopt::prelude::{Long, Short, ValueExt as _};
    let mut arguments = Arguments {
        transport: Transport::Http(([127, 0, 0, 1], 8083).into()),
        store: "memory:".to_owned(),
        pace: Pace(Duration::from_millis(300)),
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("stdio") => arguments.transport = Transport::Stdio,
            Long("http") => arguments.transport = Transport::Http(parser.value()?.parse()?),
            Long("store") => arguments.store = parser.value()?.string()?,
            Long("pace") => arguments.pace = Pace(Duration::from_millis(parser.value()?.parse()?)),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(arguments))
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            let _ = write!(std::io::stderr(), "{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            let _ = write!(std::io::stderr(), "error: {error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    log::init();
    log::exit_code(serve(arguments).await)
}

/// The state that tools take parts of.
#[derive(Clone, Debug, FromRef)]
struct Data {
    database: Database,
    pace: Pace,
}

async fn serve(arguments: Arguments) -> Outcome<()> {
    let data = Data { database: Database::write()?, pace: arguments.pace };
    let server = Server::new("dataviz", env!("CARGO_PKG_VERSION"))
        .state(data)
        .tool::<show_chart>()
        .tool::<query>()
        .tool::<profile>()
        .widget::<Chart>()
        .store(TaskStore::connect(&arguments.store).await?);
    Ok(server.serve(arguments.transport).await?)
}
