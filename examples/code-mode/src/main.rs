//! Run with `cargo run -p code-mode`.
//!
//! Serves a tool that runs scripts, which get their data by calling other tools of the server. Each call is a recorded step. Without
//! arguments it starts itself as a server, kills that in the middle of a script, starts it again, and shows that the script went on with
//! the results it had, and that no query was made twice.

mod demo;
mod queries;
mod run;
mod script;

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use pmcp_server::{Server, Transport, log};
use pmcp_tasks::TaskStore;
use queries::{Queries, rentals, stations};
use run::run_script;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "\
Usage: code-mode [--stdio | --http ADDR] [--store URL] [--lease MS] [--pace MS] [--log FILE]

Without arguments: runs a script on a server that is killed in its middle, and shows which queries were made.

  --stdio      serve on standard input and output
  --http ADDR  serve at http://ADDR/mcp, such as 127.0.0.1:8080
  --store URL  where the tasks are: memory: (the default), sqlite:PATH, or a service this was built for, such as redis://HOST with
               `--features redis`
  --lease MS   how long a server may be silent before another one goes on with its tasks (10000)
  --pace MS    how long a query takes, to watch it (0)
  --log FILE   write a line for each query that is made
  -h, --help   print this
";

struct Arguments {
    transport: Option<Transport>,
    store: String,
    lease: Duration,
    queries: Queries,
}

/// What the command line says; `None` if it asks for help.
fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    use lexopt::prelude::{Long, Short, ValueExt as _};
    let mut arguments = Arguments {
        transport: None,
        store: "memory:".to_owned(),
        lease: Duration::from_secs(10),
        queries: Queries::default(),
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("stdio") => arguments.transport = Some(Transport::Stdio),
            Long("http") => arguments.transport = Some(Transport::Http(parser.value()?.parse()?)),
            Long("store") => arguments.store = parser.value()?.string()?,
            Long("lease") => arguments.lease = Duration::from_millis(parser.value()?.parse()?),
            Long("pace") => arguments.queries.pace = Duration::from_millis(parser.value()?.parse()?),
            Long("log") => arguments.queries.log = Some(Arc::new(PathBuf::from(parser.value()?))),
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
    let server = Server::new("code-mode", env!("CARGO_PKG_VERSION"))
        .state(arguments.queries)
        .tool::<run_script>()
        .tool::<stations>()
        .tool::<rentals>()
        .store(TaskStore::connect(&arguments.store).await?)
        .lease(arguments.lease);
    Ok(server.serve(transport).await?)
}
