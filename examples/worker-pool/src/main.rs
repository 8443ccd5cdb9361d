//! Run with `cargo run -p worker-pool`.
//!
//! One program in three roles that share a store: a front end that answers clients and leaves their tasks in a queue,
//! and workers that run what is queued. Without arguments it starts a front end and two workers, submits a batch of tasks, and
//! shows which worker ran which. With `--functions` it shows the same where processes live for one invocation.

mod functions;
mod pool;
mod primes;

use std::{io::Write as _, net::SocketAddr, process::ExitCode, time::Duration};

use pmcp_server::{Server, Transport, log};
use pmcp_tasks::{TaskStore, router::Execution};
use primes::{Worker, count_primes};
use processes::Outcome;

const USAGE: &str = "\
Usage: worker-pool [--functions | --front ADDR | --worker NAME | --invoke WHAT] [--store URL]

Without arguments: starts a front end and two workers, submits tasks, and shows which worker ran which.

  --functions    the same with processes that live for one invocation each
  --front ADDR   serve at http://ADDR/mcp and leave the tasks in the queue
  --worker NAME  run queued tasks
  --invoke call  answer one call, whose task is left in the queue, and end
  --invoke work  run what is queued, and end
  --store URL    where the tasks are: sqlite:PATH (default sqlite:tasks.db, in a directory that goes with it where processes are
                 started), or a service this was built for, such as redis://HOST with `--features redis`
  -h, --help     print this
";

/// Time a process may be silent before others take its tasks over. Longer in earnest: this is for watching.
const LEASE: Duration = Duration::from_secs(2);

/// Number of tasks a worker runs at the same time.
const AT_ONCE: usize = 2;

enum Role {
    Pool,
    Functions,
    Front(SocketAddr),
    Worker(String),
    Call,
    Work,
}

/// Reads the command line; `None` if it asks for help.
fn arguments() -> Result<Option<(Role, Option<String>)>, lexopt::Error> {
    use lexopt::prelude::{Long, Short, ValueExt as _};
    let (mut role, mut store) = (Role::Pool, None);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("functions") => role = Role::Functions,
            Long("front") => role = Role::Front(parser.value()?.parse()?),
            Long("worker") => role = Role::Worker(parser.value()?.string()?),
            Long("invoke") => {
                role = parser.value()?.parse_with(|what| match what {
                    "call" => Ok(Role::Call),
                    "work" => Ok(Role::Work),
                    _ => Err("write `call` or `work`"),
                })?;
            }
            Long("store") => store = Some(parser.value()?.string()?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some((role, store)))
}

#[tokio::main]
async fn main() -> ExitCode {
    let (role, store) = match serving::wanted(arguments(), USAGE) {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    log::init();
    log::exit_code(run(role, store).await)
}

async fn run(role: Role, store: Option<String>) -> Outcome<()> {
    let is_started_alone = !matches!(role, Role::Pool | Role::Functions);
    let (store, _directory) = match store {
        Some(store) => (store, None),
        None if is_started_alone => ("sqlite:tasks.db".to_owned(), None),
        None => {
            let directory = tempfile::tempdir()?;
            (format!("sqlite:{}", directory.path().join("tasks.db").display()), Some(directory))
        }
    };
    let store = store.as_str();
    if store.starts_with("memory:") {
        return Err("tasks in memory are of one process: name a store that processes share".into());
    }
    match role {
        Role::Pool => pool::run(store).await,
        Role::Functions => functions::run(store).await,
        Role::Front(address) => {
            let front = server(store, "front end").await?.execution(Execution::Queued);
            Ok(front.serve(Transport::Http(address)).await?)
        }
        Role::Worker(name) => {
            let worker = server(store, &name).await?.worker(AT_ONCE);
            let _ = writeln!(log::stderr(), "{name} works");
            Ok(worker.work().await?)
        }
        Role::Call => functions::call(store).await,
        Role::Work => functions::work(store).await,
    }
}

/// The same tools for every role: the front end describes them and checks arguments, the workers run them.
async fn server(store: &str, name: &str) -> Outcome<Server<Worker>> {
    Ok(Server::new("worker-pool", env!("CARGO_PKG_VERSION"))
        .state(Worker(name.into()))
        .tool::<count_primes>()
        .store(TaskStore::connect(store).await?)
        .lease(LEASE))
}
