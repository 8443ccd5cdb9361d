//! Clients of other SDKs and whole hosts, as their registries have them, against the example server with everything in it.

mod runs;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use runs::{Driver, RUNS, Run, shown};

use crate::command::{end_within, root};
use crate::report::Counts;
use crate::server::{CONFORMANCE, Server, TRAIN};
use crate::services::Services;
use crate::setup;

pub(crate) const HELP: &str = "\
Run clients of other SDKs, and hosts with a scripted model, against examples/conformance-server, and through the workflow of
examples/release-train. xtask/peers/README.md tells which, and what they do.

Usage: cargo xtask peers [NAME... | --all]

Without options: one client of each task revision, one on standard input and output, clients without tasks, clients whose
server is killed while another one shares its store on Redis, and clients that finish a workflow. NAME is a directory of xtask/peers, or a run of it:
`ts-client-2026-http`. Needs npm, and python3 with venv. With --all, one that cannot be installed or run on this machine is told
and counted as skipped, unless CI is set.

Options:
  --all  every client
";

/// A driver gives each of its cases twenty seconds, of which most take less than one, or 150 if they run together.
const LIMIT: Duration = Duration::from_secs(180);

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
    let successors: Vec<_> = runs.iter().filter_map(|run| run.successor()).map(|run| run.client).collect();
    let is_needed = |run: &&Run| selection.includes(run) || successors.contains(&run.client);
    let mut clients: Vec<_> = RUNS.iter().filter(is_needed).collect();
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
    let servers = Servers::start(runs.iter().any(|run| run.driver == Driver::Takeover))?;
    let played = |run: &Run| {
        let mut seen = Counts::default();
        let result = play(run, &servers, &mut seen);
        seen.failures.iter_mut().for_each(|case| *case = format!("{}: {case}", run.name()));
        (run.name(), seen, result)
    };
    let (beside, alone): (Vec<_>, Vec<_>) = runs.into_iter().partition(|run| run.driver.waits());
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

/// The Python that has a client, which is installed if it was not.
pub(crate) fn python(client: &str) -> anyhow::Result<PathBuf> {
    let run = RUNS.iter().find(|run| run.client == client).with_context(|| format!("there is no client `{client}`"))?;
    run.install()?;
    Ok(run.directory().join("bin/python"))
}

/// What the drivers connect to.
struct Servers {
    binary: PathBuf,
    /// The example with a workflow, which drivers start themselves.
    train: PathBuf,
    /// What it releases.
    workspace: PathBuf,
    /// Anybody may call, and is the one local owner.
    open: Server,
    /// Callers are told apart by their tokens.
    owners: Server,
    /// The store of servers that drivers start themselves, where a driver does so.
    redis: Option<Services>,
}

/// Where a store is found among what services tell.
const REDIS: &str = "PMCP_TEST_REDIS_URL";

const ALICE: &str = "alice-secret";
const BOB: &str = "bob-secret";

impl Servers {
    fn start(with_redis: bool) -> anyhow::Result<Self> {
        let [binary, train] = Server::build_examples([CONFORMANCE, TRAIN])?;
        let tokens = [format!("alice={ALICE}"), format!("bob={BOB}")];
        Ok(Self {
            open: Server::start_example(&binary, &[], &[])?,
            owners: Server::start_example(&binary, &["--token", &tokens[0], "--token", &tokens[1]], &[])?,
            redis: with_redis.then(|| Services::start(&["redis".to_owned()])).transpose()?,
            binary,
            train,
            workspace: root().join("examples/release-train/data"),
        })
    }

    /// The environment in which drivers find them.
    fn environment(&self) -> Vec<(&'static str, &OsStr)> {
        let services = self.redis.iter().flat_map(Services::environment);
        let redis = services.filter(|(name, _)| *name == REDIS).map(|(_, url)| ("PEER_REDIS_URL", OsStr::new(url)));
        let ours = [
            ("PEER_URL", OsStr::new(self.open.url())),
            ("PEER_OWNERS_URL", OsStr::new(self.owners.url())),
            ("PEER_ALICE", OsStr::new(ALICE)),
            ("PEER_BOB", OsStr::new(BOB)),
            ("PEER_BINARY", self.binary.as_os_str()),
            ("PEER_TRAIN", self.train.as_os_str()),
            ("PEER_WORKSPACE", self.workspace.as_os_str()),
        ];
        ours.into_iter().chain(redis).collect()
    }
}

/// Runs the driver with its lines passed through and counted.
fn play(run: &Run, servers: &Servers, counts: &mut Counts) -> anyhow::Result<()> {
    let log = setup::directory().join(format!("peers/{}.log", run.name()));
    let mut command = run.command()?;
    command
        .args(run.arguments)
        .current_dir(run.directory())
        .envs(servers.environment())
        .stdout(Stdio::piped())
        .stderr(File::create(&log)?);
    if let Some(successor) = run.successor() {
        let other = successor.command()?;
        let words = std::iter::once(other.get_program()).chain(other.get_args()).map(OsStr::to_string_lossy);
        command.env("PEER_NEXT", serde_json::to_string(&words.collect::<Vec<_>>())?);
    }
    // Lines of what runs beside others say whose they are.
    let label = if run.driver.waits() { format!("  {}: ", run.name()) } else { "  ".to_owned() };
    if !run.driver.waits() {
        println!("\n{}:", run.name());
    }
    let (seen, ended_well) = run_driver(&mut command, label, LIMIT)?;
    let (failed, is_empty) = (seen.failed, seen == Counts::default());
    counts.add(seen);
    if failed > 0 {
        bail!("{failed} cases failed; its errors are in {}", shown(&log));
    }
    if !ended_well || is_empty {
        // What it did not come to is not counted.
        counts.failed += 1;
        bail!("it ended early; its errors are in {}", shown(&log));
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::program;

    fn driven(script: &str, limit: Duration) -> (Counts, bool) {
        run_driver(program("sh").args(["-c", script]).stdout(Stdio::piped()), String::new(), limit).unwrap()
    }

    #[test]
    fn the_cases_of_a_driver_are_counted() {
        let script = "echo '# client 1'; echo ok a; echo 'not ok b: why'; echo 'not ok c # TODO defect'; echo 'ok d # SKIP not here'; exit 1";
        assert_eq!(
            driven(script, Duration::from_secs(20)),
            (Counts { passed: 1, failed: 1, skipped: 2, failures: vec!["b: why".to_owned()] }, false)
        );
    }

    #[test]
    fn a_driver_that_hangs_has_failed() {
        let (counts, ended_well) = driven("echo ok a; exec sleep 60", Duration::from_millis(200));
        assert_eq!((counts, ended_well), (Counts { passed: 1, failed: 1, ..Counts::default() }, false));
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
}
