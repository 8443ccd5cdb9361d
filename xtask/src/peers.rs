//! Clients of other SDKs, as their registries have them, against the example server with everything in it.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::command::{self, end_within, program, root};
use crate::report::Counts;
use crate::server::Server;
use crate::setup::{self, Tool};

pub(crate) const HELP: &str = "\
Run clients of other SDKs against examples/conformance-server. xtask/peers/README.md tells which, and what they do.

Usage: cargo xtask peers [NAME... | --all]

Without options: one client of each task revision, and one on standard input and output. NAME is a directory of
xtask/peers, or a run of it: `ts-client-2026-http`. Needs npm, and python3 with venv.

Options:
  --all  every client
";

/// One way to run the driver of a client.
struct Run {
    /// The driver's directory in `xtask/peers`, and what it is installed as.
    client: &'static str,
    arguments: &'static [&'static str],
    /// Whether it is part of `cargo xtask test`.
    usual: bool,
}

const RUNS: &[Run] = &[
    Run { client: "ts-sdk", arguments: &["http"], usual: true },
    Run { client: "ts-sdk", arguments: &["stdio"], usual: false },
    Run { client: "ts-sdk-old", arguments: &[], usual: false },
    Run { client: "python-sdk", arguments: &["http"], usual: false },
    Run { client: "python-sdk", arguments: &["stdio"], usual: true },
    Run { client: "ts-client", arguments: &["2026", "http"], usual: true },
    Run { client: "ts-client", arguments: &["2026", "stdio"], usual: false },
    Run { client: "ts-client", arguments: &["2025", "http"], usual: false },
    Run { client: "ts-client", arguments: &["2025", "stdio"], usual: false },
    Run { client: "fastmcp-3", arguments: &[], usual: false },
    Run { client: "fastmcp-4", arguments: &["http"], usual: false },
    Run { client: "fastmcp-4", arguments: &["stdio"], usual: false },
    Run { client: "inspector", arguments: &[], usual: false },
];

/// A driver gives each of its cases twenty seconds; most take less than one.
const LIMIT: Duration = Duration::from_secs(180);

/// What a client's directory is told apart by.
const NPM_LOCK: &str = "package-lock.json";
const PYTHON_LOCK: &str = "requirements.txt";

/// Which clients to run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// Those of `cargo xtask test`.
    Usual,
    All,
    /// Those of these directories or runs.
    Named(Vec<String>),
}

impl Selection {
    pub(crate) fn all(&mut self) -> anyhow::Result<()> {
        if *self != Self::Usual {
            bail!("`--all` is given once, and without names");
        }
        *self = Self::All;
        Ok(())
    }

    pub(crate) fn name(&mut self, name: String) -> anyhow::Result<()> {
        if !RUNS.iter().any(|run| run.is_called(&name)) {
            let names: Vec<_> = RUNS.iter().map(Run::name).collect();
            bail!("there is no client `{name}`; there are {}", names.join(", "));
        }
        match self {
            Self::Usual => *self = Self::Named(vec![name]),
            Self::Named(names) => names.push(name),
            Self::All => bail!("`--all` is given once, and without names"),
        }
        Ok(())
    }

    fn includes(&self, run: &Run) -> bool {
        match self {
            Self::Usual => run.usual,
            Self::All => true,
            Self::Named(names) => names.iter().any(|name| run.is_called(name)),
        }
    }
}

/// Installs the selected clients and runs them one after the other; each case counts.
pub(crate) fn run(selection: &Selection, counts: &mut Counts) -> anyhow::Result<()> {
    let runs: Vec<_> = RUNS.iter().filter(|run| selection.includes(run)).collect();
    let mut clients = runs.clone();
    clients.dedup_by_key(|run| run.client);
    clients.iter().try_for_each(|run| run.install())?;
    let servers = Servers::start()?;
    let mut unfit = Vec::new();
    for run in runs {
        println!("\n{}:", run.name());
        if let Err(error) = run.run(&servers, counts) {
            println!("error: {error:#}");
            unfit.push(run.name());
        }
    }
    if !unfit.is_empty() {
        servers.open.print_log();
        bail!("these clients failed: {}", unfit.join(", "));
    }
    Ok(())
}

/// What the drivers connect to.
struct Servers {
    binary: PathBuf,
    /// Anybody may call, and is the one local owner.
    open: Server,
    /// Callers are told apart by their tokens.
    owners: Server,
}

const ALICE: &str = "alice-secret";
const BOB: &str = "bob-secret";

impl Servers {
    fn start() -> anyhow::Result<Self> {
        let binary = Server::build_example()?;
        let tokens = [format!("alice={ALICE}"), format!("bob={BOB}")];
        Ok(Self {
            open: Server::start_example(&binary, &[])?,
            owners: Server::start_example(&binary, &["--token", &tokens[0], "--token", &tokens[1]])?,
            binary,
        })
    }
}

impl Run {
    fn name(&self) -> String {
        [&[self.client], self.arguments].concat().join("-")
    }

    fn is_called(&self, name: &str) -> bool {
        self.client == name || self.name() == name
    }

    fn sources(&self) -> PathBuf {
        sources(self.client)
    }

    /// Where the client is installed, and its driver runs.
    fn directory(&self) -> PathBuf {
        setup::directory().join(self.tool_name())
    }

    fn tool_name(&self) -> String {
        format!("peers/{}", self.client)
    }

    fn is_python(&self) -> bool {
        self.sources().join(PYTHON_LOCK).exists()
    }

    fn install(&self) -> anyhow::Result<()> {
        let (lock, install): (_, fn(&Path) -> _) =
            if self.is_python() { (PYTHON_LOCK, install_python) } else { (NPM_LOCK, install_npm) };
        let version = read(&self.sources().join(lock))?;
        setup::install_tool(&Tool { name: &self.tool_name(), version: &version, install }, &setup::directory())
    }

    /// Runs the driver with its lines passed through and counted.
    fn run(&self, servers: &Servers, counts: &mut Counts) -> anyhow::Result<()> {
        let log = setup::directory().join(format!("peers/{}.log", self.name()));
        let mut command = self.driver()?;
        command
            .args(self.arguments)
            .current_dir(self.directory())
            .env("PEER_URL", servers.open.url())
            .env("PEER_OWNERS_URL", servers.owners.url())
            .env("PEER_ALICE", ALICE)
            .env("PEER_BOB", BOB)
            .env("PEER_BINARY", &servers.binary)
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?);
        let (seen, ended_well) = run_driver(&mut command, LIMIT)?;
        counts.add(seen);
        if seen.failed > 0 {
            bail!("{} cases failed; its errors are in {}", seen.failed, shown(&log));
        }
        if !ended_well || seen == Counts::default() {
            // What it did not come to is not counted.
            counts.failed += 1;
            bail!("it ended early; its errors are in {}", shown(&log));
        }
        Ok(())
    }

    /// The command that runs the driver, which is copied to where the packages are: there they are found.
    fn driver(&self) -> anyhow::Result<Command> {
        let directory = self.directory();
        let (script, shared) = if self.is_python() { ("run.py", "tap.py") } else { ("run.mjs", "tap.mjs") };
        copy(&self.sources().join(script), &directory.join(script))?;
        copy(&sources(shared), &directory.join(shared))?;
        if self.is_python() {
            let mut command = program(directory.join("bin/python"));
            // Each call of a deprecated interface is a warning, and 2025-11-25's tasks are one.
            command.args(["-W", "ignore", script]);
            return Ok(command);
        }
        let mut command = program(setup::node()?);
        command.arg(script);
        Ok(command)
    }
}

/// Counts the lines of a driver, and tells whether it ended well within the limit.
fn run_driver(command: &mut Command, limit: Duration) -> anyhow::Result<(Counts, bool)> {
    let mut child = command.spawn().context("could not start the driver")?;
    let output = child.stdout.take().context("the driver has no output")?;
    let lines = std::thread::spawn(move || {
        let mut counts = Counts::default();
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            println!("  {line}");
            counts.add_case_line(&line);
        }
        counts
    });
    let status = end_within(&mut child, limit)?;
    let Ok(mut counts) = lines.join() else { bail!("the reader of the output panicked") };
    if status.is_none() {
        println!("  not done within {} s", limit.as_secs());
        counts.failed += 1;
    }
    Ok((counts, status.is_some_and(|status| status.success())))
}

fn install_npm(directory: &Path) -> anyhow::Result<()> {
    let sources = sources_of(directory)?;
    setup::install_locked(directory, &read(&sources.join("package.json"))?, &read(&sources.join(NPM_LOCK))?)
}

fn install_python(directory: &Path) -> anyhow::Result<()> {
    command::run(program("python3").args(["-m", "venv"]).arg(directory)).context("python3 with venv is needed")?;
    let mut pip = program(directory.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"]);
    command::run(pip.arg(sources_of(directory)?.join(PYTHON_LOCK)))
}

fn sources(name: &str) -> PathBuf {
    root().join("xtask/peers").join(name)
}

/// The sources of the client that goes into this directory.
fn sources_of(directory: &Path) -> anyhow::Result<PathBuf> {
    let name = directory.file_name().and_then(|name| name.to_str()).context("a directory without a name")?;
    Ok(sources(name))
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("could not read {}", shown(path)))
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::copy(from, to).with_context(|| format!("could not copy {}", shown(from)))?;
    Ok(())
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn driven(script: &str, limit: Duration) -> (Counts, bool) {
        run_driver(program("sh").args(["-c", script]).stdout(Stdio::piped()), limit).unwrap()
    }

    #[test]
    fn the_cases_of_a_driver_are_counted() {
        let script = "echo '# client 1'; echo ok a; echo 'not ok b: why'; echo 'not ok c # TODO defect'; exit 1";
        assert_eq!(driven(script, Duration::from_secs(20)), (Counts { passed: 1, failed: 1, skipped: 1 }, false));
    }

    #[test]
    fn a_driver_that_hangs_has_failed() {
        let (counts, ended_well) = driven("echo ok a; exec sleep 60", Duration::from_millis(200));
        assert_eq!((counts, ended_well), (Counts { passed: 1, failed: 1, skipped: 0 }, false));
    }

    #[test]
    fn every_client_has_a_driver_and_exact_versions() {
        for run in RUNS {
            let (sources, python) = (run.sources(), run.is_python());
            assert!(sources.join(if python { "run.py" } else { "run.mjs" }).exists(), "{}", run.name());
            let lock = read(&sources.join(if python { PYTHON_LOCK } else { NPM_LOCK })).unwrap();
            assert!(!lock.contains("\"resolved\""), "{} names a registry", run.name());
            assert!(!python || lock.lines().all(|line| line.contains("==")), "{}", run.name());
        }
    }
}
