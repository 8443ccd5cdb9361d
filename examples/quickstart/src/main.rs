//! Run with `cargo run -p quickstart`.
//!
//! Serves a tool that indexes the files of a directory on a loopback port, calls it as a client over that connection, and
//! shows the task: its states as they change, its question, its progress and its result. With `--http ADDR` or `--stdio`
//! it just serves.

mod demo;
mod index;

use std::{io::Write as _, path::PathBuf, process::ExitCode, sync::Arc};

use index::{Root, index_files};
use pmcp_server::{Server, Transport, log};
use pmcp_tasks::TaskStore;

const USAGE: &str = "\
Usage: quickstart [--dir DIR] [--store URL] [--http ADDR | --stdio]

Without a transport: serves on a free loopback port, drives the server with a client, shows what happens, and ends.

  --dir DIR    the directory to index (the current one)
  --store URL  where tasks are kept: memory: or sqlite:PATH (a file in the directory for temporary files)
  --http ADDR  just serve, at http://ADDR/mcp
  --stdio      just serve, on standard input and output
  -h, --help   print this
";

struct Arguments {
    directory: PathBuf,
    store: String,
    /// Transport to serve on; `None` is the demonstration.
    serve: Option<Transport>,
}

/// Reads the command line; `None` if it asks for help.
fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    use lexopt::prelude::{Long, Short, ValueExt as _};
    let file = std::env::temp_dir().join("pmcp-quickstart.db");
    let store = format!("sqlite:{}", file.display());
    let mut arguments = Arguments { directory: PathBuf::from("."), store, serve: None };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("dir") => arguments.directory = parser.value()?.into(),
            Long("store") => arguments.store = parser.value()?.string()?,
            Long("http") => arguments.serve = Some(Transport::Http(parser.value()?.parse()?)),
            Long("stdio") => arguments.serve = Some(Transport::Stdio),
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
    log::exit_code(run(arguments).await)
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let root =
        arguments.directory.canonicalize().map_err(|error| format!("{}: {error}", arguments.directory.display()))?;
    let server = Server::new("quickstart", env!("CARGO_PKG_VERSION"))
        .state(Root(Arc::from(root)))
        .tool::<index_files>()
        .store(TaskStore::connect(&arguments.store).await?);
    match arguments.serve {
        Some(transport) => {
            log::init();
            Ok(server.serve(transport).await?)
        }
        None => demo::run(server, &arguments.store).await,
    }
}
