//! The services that stores stand on, for as long as something needs them: on loopback, with their data in a directory that
//! goes with them.

mod dynamodb;
mod postgres;
mod redis;

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tempfile::TempDir;

use crate::command::end_within;

pub(crate) const HELP: &str = "\
Start the services that stores stand on, and print the environment in which their tests find them.
They end with the input of this command (Ctrl-D).

Usage: cargo xtask services [name...]

Without names all of them start. Then, in another shell:

  export PMCP_TEST_...   (as printed)
  cargo test -p pmcp-tasks --all-features --test stores -- --include-ignored
";

/// The time a service may take until it answers.
const STARTS_WITHIN: Duration = Duration::from_secs(60);
/// The time a service may take to end once it was told to.
const ENDS_WITHIN: Duration = Duration::from_secs(10);
/// The ports tried: below those the system gives to clients.
const PORTS: std::ops::Range<u16> = 21_000..31_000;

/// Starts a service and tells the environment of what it serves.
type Start = fn(&mut Services) -> anyhow::Result<()>;

/// Every service by name.
pub(crate) const ALL: &[(&str, Start)] =
    &[("dynamodb", dynamodb::start), ("postgres", postgres::start), ("redis", redis::start)];

/// Services that run. Dropping them ends them, in the opposite order.
#[derive(Debug)]
pub(crate) struct Services {
    processes: Vec<Process>,
    environment: Vec<(&'static str, String)>,
    next_port: u16,
    /// Declared last: it goes when nobody writes there any more.
    directory: TempDir,
}

#[derive(Debug)]
struct Process {
    name: String,
    child: Child,
}

impl Services {
    /// Starts the named services; all of them if none is named.
    pub(crate) fn start(names: &[String]) -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new().prefix("pmcp-services-").tempdir()?;
        let mut services = Self { processes: Vec::new(), environment: Vec::new(), next_port: PORTS.start, directory };
        for (name, start) in ALL {
            if names.is_empty() || names.iter().any(|wanted| wanted == name) {
                let started = Instant::now();
                start(&mut services).with_context(|| format!("could not start {name}"))?;
                println!("{name}: started in {:.1} s", started.elapsed().as_secs_f64());
            }
        }
        Ok(services)
    }

    /// The environment in which tests find them.
    pub(crate) fn environment(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.environment.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// The stores on them that the conformance suite is run on: the name of the step, and the URL of a part that is new.
    pub(crate) fn stores(&self) -> impl Iterator<Item = (&'static str, String)> {
        let of =
            |variable: &str| self.environment.iter().find(|(name, _)| *name == variable).map(|(_, url)| url.clone());
        let parts = [
            ("conformance tasks, redis", "PMCP_TEST_REDIS_URL", "?prefix=conformance"),
            ("conformance tasks, redis cluster", "PMCP_TEST_REDIS_CLUSTER_URL", "?prefix=conformance"),
            ("conformance tasks, postgres", "PMCP_TEST_POSTGRES_URL", "?schema=conformance"),
            ("conformance tasks, dynamodb", "PMCP_TEST_DYNAMODB_URL", "&prefix=conformance"),
        ];
        parts.into_iter().filter_map(move |(name, variable, part)| Some((name, of(variable)? + part)))
    }

    /// Notes where tests find something.
    pub(crate) fn export(&mut self, name: &'static str, value: impl Into<String>) {
        self.environment.push((name, value.into()));
    }

    /// An empty directory of its own.
    pub(crate) fn directory(&self, name: &str) -> anyhow::Result<PathBuf> {
        let directory = self.directory.path().join(name);
        fs::create_dir_all(&directory)?;
        Ok(directory)
    }

    /// A port nobody listens on.
    pub(crate) fn port(&mut self) -> anyhow::Result<u16> {
        while self.next_port < PORTS.end {
            let port = self.next_port;
            self.next_port += 1;
            if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Ok(port);
            }
        }
        bail!("no port of {PORTS:?} is free")
    }

    /// Starts a process that ends with the services; what it writes goes to a file, whose end is told if it fails.
    pub(crate) fn spawn(&mut self, name: &str, command: &mut Command) -> anyhow::Result<()> {
        let log = self.log_of(name);
        let output = File::create(&log)?;
        command.stdout(output.try_clone()?).stderr(output);
        let child = command.spawn().with_context(|| format!("could not start {name}"))?;
        self.processes.push(Process { name: name.to_owned(), child });
        Ok(())
    }

    /// Waits until something holds, as long as the process started last lives.
    pub(crate) fn wait_until(&mut self, mut ready: impl FnMut() -> bool) -> anyhow::Result<()> {
        let started = Instant::now();
        let last = self.processes.last_mut().context("nothing was started")?;
        while !ready() {
            let ended = last.child.try_wait()?;
            if ended.is_some() || started.elapsed() > STARTS_WITHIN {
                let log = fs::read_to_string(self.directory.path().join(format!("{}.log", last.name)));
                let state = ended.map_or("does not answer".to_owned(), |status| format!("ended with {status}"));
                bail!("{} {state}:\n{}", last.name, log.unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn log_of(&self, name: &str) -> PathBuf {
        self.directory.path().join(format!("{name}.log"))
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        while let Some(mut process) = self.processes.pop() {
            terminate(&process.child);
            if let Err(error) = end_within(&mut process.child, ENDS_WITHIN) {
                eprintln!("{}: {error:#}", process.name);
            }
        }
    }
}

/// Asks a process to end.
fn terminate(child: &Child) {
    // What does not end is killed in the end.
    let _ = Command::new("kill").arg(child.id().to_string()).status();
}

/// Tells whether somebody listens on a port.
pub(crate) fn listens(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Runs until this process is told to end.
pub(crate) fn serve(names: &[String]) -> anyhow::Result<()> {
    let services = Services::start(names)?;
    for (name, value) in services.environment() {
        println!("export {name}='{value}'");
    }
    println!("ready; the end of input (Ctrl-D) ends the services");
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}
