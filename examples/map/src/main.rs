//! Run with `cargo run -p map`.
//!
//! Serves a map of the world as a widget, with a task that looks for a short route through its places.

mod places;
mod route;
mod show;

use std::{io::Write as _, process::ExitCode, time::Duration};

use places::Places;
use pmcp_server::{Server, Transport, log};
use pmcp_tasks::{TaskStore, prelude::*};
use route::{Pace, plan_route};
use show::{Map, show_map};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "\
Usage: map [--stdio | --http ADDR] [--store URL] [--pace MS]

Without arguments: serves at http://127.0.0.1:8082/mcp; http://127.0.0.1:8082/ tells how to connect a host.

  --stdio      serve on standard input and output
  --http ADDR  serve at http://ADDR/mcp
  --store URL  where the tasks are: memory: (the default), sqlite:PATH, or a service this was built for, such as redis://HOST with
               `--features redis`
  --pace MS    how long each round of the search for a route takes at least (150)
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
        transport: Transport::Http(([127, 0, 0, 1], 8082).into()),
        store: "memory:".to_owned(),
        pace: Pace(Duration::from_millis(150)),
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
struct World {
    places: Places,
    pace: Pace,
}

async fn serve(arguments: Arguments) -> Outcome<()> {
    let world = World { places: Places::read()?, pace: arguments.pace };
    let server = Server::new("map", env!("CARGO_PKG_VERSION"))
        .state(world)
        .tool::<show_map>()
        .tool::<plan_route>()
        .widget::<Map>()
        .store(TaskStore::connect(&arguments.store).await?);
    Ok(server.serve(arguments.transport).await?)
}
