//! Run with `cargo run -p tasks-dynamodb -- URL`, where the URL is `dynamodb://TABLE` and, where needed,
//! `?region=…&endpoint=…`.
//!
//! Makes the table, starts a server that leaves tasks in it and a worker that runs them, calls a tool, and shows that the worker ran
//! it. Both know nothing of each other but the table.

mod demonstration;
mod letters;

use std::{io::Write as _, net::SocketAddr, process::ExitCode, time::Duration};

use letters::{Worker, count_letters};
use pmcp_server::{Server, Transport, log};
use pmcp_tasks::{TaskStore, router::Execution};
use processes::Outcome;

const USAGE: &str = "\
Usage: tasks-dynamodb URL [--serve ADDR | --work NAME]

Makes the table of URL (dynamodb://TABLE[?region=...&endpoint=...]) unless it is there, starts a server and a worker on
it, and shows that the worker runs what the server was asked for.

  --serve ADDR  serve at http://ADDR/mcp and leave the tasks to workers
  --work NAME   run them
  -h, --help    print this

An engine on this machine: `cargo xtask services dynamodb` starts one and tells its address and what else to set.
";

/// Time a process may be silent before others take its tasks over. Longer in earnest: this is for watching.
const LEASE: Duration = Duration::from_secs(4);

/// Number of tasks the worker runs at the same time.
const AT_ONCE: usize = 4;

enum Role {
    Demonstration,
    Server(SocketAddr),
    Worker(String),
}

/// Reads the command line; `None` if it asks for help.
fn arguments() -> Result<Option<(Role, String)>, lexopt::Error> {
    use lexopt::prelude::{Long, Short, Value, ValueExt as _};
    let (mut role, mut url) = (Role::Demonstration, None);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("serve") => role = Role::Server(parser.value()?.parse()?),
            Long("work") => role = Role::Worker(parser.value()?.string()?),
            Value(value) if url.is_none() => url = Some(value.string()?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some((role, url.ok_or("which table? Name one, such as `dynamodb://tasks`")?)))
}

#[tokio::main]
async fn main() -> ExitCode {
    let (role, url) = match serving::wanted(arguments(), USAGE) {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    log::init();
    log::exit_code(run(role, &url).await)
}

async fn run(role: Role, url: &str) -> Outcome<()> {
    match role {
        Role::Demonstration => demonstration::run(url).await,
        Role::Server(address) => {
            let server = server(url, "server").await?.execution(Execution::Queued);
            Ok(server.serve(Transport::Http(address)).await?)
        }
        Role::Worker(name) => {
            let worker = server(url, &name).await?.worker(AT_ONCE);
            let _ = writeln!(log::stderr(), "{name} works");
            Ok(worker.work().await?)
        }
    }
}

/// The same tools for both roles: the server describes them and checks arguments, the worker runs them.
async fn server(url: &str, name: &str) -> Outcome<Server<Worker>> {
    Ok(Server::new("tasks-dynamodb", env!("CARGO_PKG_VERSION"))
        .state(Worker(name.into()))
        .tool::<count_letters>()
        .store(TaskStore::connect(url).await?)
        .lease(LEASE))
}
