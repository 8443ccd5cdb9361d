//! Clients of other SDKs and whole hosts, as their registries have them, against the example server with everything in it.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::command::{self, end_within, program, root};
use crate::report::Counts;
use crate::server::Server;
use crate::setup::{self, Tool};

pub(crate) const HELP: &str = "\
Run clients of other SDKs, and hosts with a scripted model, against examples/conformance-server. xtask/peers/README.md tells
which, and what they do.

Usage: cargo xtask peers [NAME... | --all]

Without options: one client of each task revision, one on standard input and output, and clients without tasks. NAME is
a directory of xtask/peers, or a run of it: `ts-client-2026-http`. Needs npm, and python3 with venv. With --all, one that
cannot be installed or run on this machine is told and counted as skipped, unless CI is set.

Options:
  --all  every client
";

/// One way to run a driver of a client.
struct Run {
    /// The driver's directory in `xtask/peers`, and what it is installed as.
    client: &'static str,
    driver: Driver,
    arguments: &'static [&'static str],
    /// Whether it is part of `cargo xtask test`.
    usual: bool,
}

/// The script that drives a client.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Driver {
    /// `run`: what the client can do with our server.
    Abilities,
    /// `fallback`: what is there for it if it declares no tasks. It waits for a minute, so it runs beside the others.
    Fallback,
}

use Driver::{Abilities, Fallback};

const FALLBACK: &str = "fallback";

const RUNS: &[Run] = &[
    Run { client: "ts-sdk", driver: Abilities, arguments: &["http"], usual: true },
    Run { client: "ts-sdk", driver: Abilities, arguments: &["stdio"], usual: false },
    Run { client: "ts-sdk", driver: Fallback, arguments: &[], usual: true },
    Run { client: "ts-sdk-old", driver: Abilities, arguments: &[], usual: false },
    Run { client: "ts-sdk-old", driver: Fallback, arguments: &[], usual: true },
    Run { client: "python-sdk", driver: Abilities, arguments: &["http"], usual: false },
    Run { client: "python-sdk", driver: Abilities, arguments: &["stdio"], usual: true },
    Run { client: "python-sdk", driver: Fallback, arguments: &[], usual: true },
    Run { client: "ts-client", driver: Abilities, arguments: &["2026", "http"], usual: true },
    Run { client: "ts-client", driver: Abilities, arguments: &["2026", "stdio"], usual: false },
    Run { client: "ts-client", driver: Abilities, arguments: &["2025", "http"], usual: false },
    Run { client: "ts-client", driver: Abilities, arguments: &["2025", "stdio"], usual: false },
    Run { client: "fastmcp-3", driver: Abilities, arguments: &[], usual: false },
    Run { client: "fastmcp-4", driver: Abilities, arguments: &["http"], usual: false },
    Run { client: "fastmcp-4", driver: Abilities, arguments: &["stdio"], usual: false },
    Run { client: "inspector", driver: Abilities, arguments: &[], usual: false },
    Run { client: "mcp-remote", driver: Abilities, arguments: &[], usual: false },
    Run { client: "opencode", driver: Abilities, arguments: &[], usual: false },
    Run { client: "codex", driver: Abilities, arguments: &[], usual: false },
];

/// A driver gives each of its cases twenty seconds, of which most take less than one, or 150 if they run together.
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

    /// Tells whether this run may be left out where its client cannot be installed.
    fn may_skip(&self, run: &Run, is_ci: bool) -> bool {
        let is_part_of_the_tests = RUNS.iter().any(|other| other.client == run.client && other.usual);
        *self == Self::All && !is_part_of_the_tests && !is_ci
    }
}

/// Installs the selected clients and runs them, one after the other but for those that wait; each case counts.
pub(crate) fn run(selection: &Selection, counts: &mut Counts) -> anyhow::Result<()> {
    let is_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    let mut runs: Vec<_> = RUNS.iter().filter(|run| selection.includes(run)).collect();
    let mut clients = runs.clone();
    clients.dedup_by_key(|run| run.client);
    for client in clients {
        let Err(error) = client.install() else { continue };
        if !selection.may_skip(client, is_ci) {
            return Err(error);
        }
        println!("{}: skipped: {error:#}", client.client);
        runs.retain(|run| run.client != client.client);
        counts.skipped += 1;
    }
    let servers = Servers::start()?;
    let played = |run: &Run| {
        let mut seen = Counts::default();
        let result = run.run(&servers, &mut seen);
        (run.name(), seen, result)
    };
    let (beside, alone): (Vec<_>, Vec<_>) = runs.into_iter().partition(|run| run.driver == Fallback);
    let ended = std::thread::scope(|scope| {
        let beside: Vec<_> = beside.into_iter().map(|run| scope.spawn(|| played(run))).collect();
        let mut ended: Vec<_> = alone.into_iter().map(played).collect();
        ended.extend(beside.into_iter().map(|run| run.join().unwrap_or_else(|panic| resume_unwind(panic))));
        ended
    });
    let mut unfit = Vec::new();
    for (name, seen, result) in ended {
        counts.add(seen);
        if let Err(error) = result {
            println!("error: {name}: {error:#}");
            unfit.push(name);
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
        let driver: &[_] = if self.driver == Fallback { &[FALLBACK] } else { &[] };
        [&[self.client], driver, self.arguments].concat().join("-")
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

    /// What the names of its drivers end with.
    fn language(&self) -> &'static str {
        if self.is_python() { "py" } else { "mjs" }
    }

    fn script(&self) -> String {
        format!("{}.{}", if self.driver == Fallback { FALLBACK } else { "run" }, self.language())
    }

    fn install(&self) -> anyhow::Result<()> {
        let (lock, install): (_, fn(&Path) -> _) =
            if self.is_python() { (PYTHON_LOCK, install_python) } else { (NPM_LOCK, install_npm) };
        let version = read(&self.sources().join(lock))?;
        setup::install_tool(&Tool { name: &self.tool_name(), version: &version, install }, &setup::directory())?;
        self.copy_drivers()
    }

    /// Copies the drivers to where the packages are: there they are found.
    fn copy_drivers(&self) -> anyhow::Result<()> {
        for sources in [sources(""), self.sources()] {
            for file in fs::read_dir(&sources).with_context(|| format!("could not read {}", shown(&sources)))? {
                let file = file?.path();
                if let Some(name) = file.file_name().filter(|_| file.extension() == Some(self.language().as_ref())) {
                    fs::copy(&file, self.directory().join(name))
                        .with_context(|| format!("could not copy {}", shown(&file)))?;
                }
            }
        }
        Ok(())
    }

    /// Runs the driver with its lines passed through and counted.
    fn run(&self, servers: &Servers, counts: &mut Counts) -> anyhow::Result<()> {
        let log = setup::directory().join(format!("peers/{}.log", self.name()));
        let mut command = self.command()?;
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
        // Lines of what runs beside others say whose they are.
        let label = if self.driver == Fallback { format!("  {}: ", self.name()) } else { "  ".to_owned() };
        if self.driver == Abilities {
            println!("\n{}:", self.name());
        }
        let (seen, ended_well) = run_driver(&mut command, label, LIMIT)?;
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

    /// The command that runs the driver.
    fn command(&self) -> anyhow::Result<Command> {
        if self.is_python() {
            let mut command = program(self.directory().join("bin/python"));
            // Each call of a deprecated interface is a warning, and 2025-11-25's tasks are one.
            command.args(["-W", "ignore", &self.script()]);
            return Ok(command);
        }
        let mut command = program(setup::node()?);
        command.arg(self.script());
        Ok(command)
    }
}

/// Counts the lines of a driver, and tells whether it ended well within the limit.
fn run_driver(command: &mut Command, label: String, limit: Duration) -> anyhow::Result<(Counts, bool)> {
    let mut child = command.spawn().context("could not start the driver")?;
    let output = child.stdout.take().context("the driver has no output")?;
    let lines = std::thread::spawn(move || {
        let mut counts = Counts::default();
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            println!("{label}{line}");
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

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn driven(script: &str, limit: Duration) -> (Counts, bool) {
        run_driver(program("sh").args(["-c", script]).stdout(Stdio::piped()), String::new(), limit).unwrap()
    }

    #[test]
    fn the_cases_of_a_driver_are_counted() {
        let script = "echo '# client 1'; echo ok a; echo 'not ok b: why'; echo 'not ok c # TODO defect'; echo 'ok d # SKIP not here'; exit 1";
        assert_eq!(driven(script, Duration::from_secs(20)), (Counts { passed: 1, failed: 1, skipped: 2 }, false));
    }

    #[test]
    fn a_driver_that_hangs_has_failed() {
        let (counts, ended_well) = driven("echo ok a; exec sleep 60", Duration::from_millis(200));
        assert_eq!((counts, ended_well), (Counts { passed: 1, failed: 1, skipped: 0 }, false));
    }

    #[test]
    fn only_what_nobody_named_is_skipped() {
        let is_part_of_the_tests = |run: &&Run| RUNS.iter().any(|other| other.client == run.client && other.usual);
        let (needed, others): (Vec<_>, Vec<_>) = RUNS.iter().partition(is_part_of_the_tests);
        assert!(
            needed.iter().any(|run| !run.usual),
            "a run that is left out elsewhere shares its client with the tests"
        );
        assert!(needed.iter().all(|run| !Selection::All.may_skip(run, false)));
        let other = others[0];
        assert!(Selection::All.may_skip(other, false));
        assert!(!Selection::All.may_skip(other, true), "CI lacks something unnoticed");
        assert!(!Selection::Named(vec![other.name()]).may_skip(other, false));
    }

    #[test]
    fn every_client_has_a_driver_and_exact_versions() {
        for run in RUNS {
            let (sources, python) = (run.sources(), run.is_python());
            assert!(sources.join(run.script()).exists(), "{}", run.name());
            let lock = read(&sources.join(if python { PYTHON_LOCK } else { NPM_LOCK })).unwrap();
            assert!(!lock.contains("\"resolved\"") && !lock.contains("--index"), "{} names a registry", run.name());
            assert!(!python || lock.lines().all(|line| line.contains("==")), "{}", run.name());
        }
    }
}
