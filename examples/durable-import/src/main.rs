//! Run with `cargo run -p durable-import`.
//!
//! Serves a tool that imports a CSV file into a table, a batch a step, and keeps its tasks in SQLite. Without arguments it
//! starts itself as a server, kills that in the middle of the import, starts it again, and shows that the import finished
//! where it stood. With `--serve` it just serves.

mod demo;
mod import;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use import::{Database, import_levels};
use pmcp_server::{Server, Transport, log};
use pmcp_tasks::TaskStore;
use processes::Outcome;

const USAGE: &str = "\
Usage: durable-import [--serve [--http ADDR] [--dir DIR]]

Without arguments: starts a server, kills it in the middle of an import, starts it again, and shows what came of it.

  --serve      just serve
  --http ADDR  serve at http://ADDR/mcp (127.0.0.1:8080)
  --dir DIR    where tasks.db and levels.db are, or will be (the current directory)
  -h, --help   print this
";

/// Time a server may be silent before the next one takes its tasks over. Longer in earnest: this is for watching.
const LEASE: Duration = Duration::from_secs(1);

struct Arguments {
    serve: bool,
    address: SocketAddr,
    directory: PathBuf,
}

/// Reads the command line; `None` if it asks for help.
fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    use lexopt::prelude::{Long, Short, ValueExt as _};
    let mut arguments =
        Arguments { serve: false, address: ([127, 0, 0, 1], 8080).into(), directory: PathBuf::from(".") };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("serve") => arguments.serve = true,
            Long("http") => arguments.address = parser.value()?.parse()?,
            Long("dir") => arguments.directory = parser.value()?.into(),
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
    log::exit_code(if arguments.serve { serve(arguments).await } else { demo::run().await })
}

async fn serve(arguments: Arguments) -> Outcome<()> {
    let tasks = arguments.directory.join("tasks.db");
    let store = TaskStore::connect(&format!("sqlite:{}", tasks.display())).await?;
    let server = Server::new("durable-import", env!("CARGO_PKG_VERSION"))
        .state(database(&arguments.directory))
        .tool::<import_levels>()
        .store(store)
        .lease(LEASE);
    Ok(server.serve(Transport::Http(arguments.address)).await?)
}

fn database(directory: &Path) -> Database {
    Database(Arc::new(directory.join("levels.db")))
}
