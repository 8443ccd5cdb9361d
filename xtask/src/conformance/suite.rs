//! Calling the suite's command line.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::checks::Scenario;
use crate::command::{end_within, output, program, root};
use crate::setup;

/// The suite gives a scenario thirty seconds.
const ONE_SCENARIO: Duration = Duration::from_secs(60);
const ALL_REQUIREMENTS: Duration = Duration::from_secs(15 * 60);

/// The installed suite and where its results go.
#[derive(Debug)]
pub(super) struct Suite {
    node: PathBuf,
    results: PathBuf,
}

impl Suite {
    /// The suite that `cargo xtask setup` installed.
    pub(super) fn open() -> anyhow::Result<Self> {
        Ok(Self { node: setup::node()?, results: root().join("target/conformance") })
    }

    /// The directory of the results, from the root of the workspace.
    pub(super) fn results(&self) -> &Path {
        self.results.strip_prefix(root()).unwrap_or(&self.results)
    }

    /// Runs scenarios one by one, each at the revision the suite has it for.
    pub(super) fn run_each(&self, url: &str, names: &[&str]) -> anyhow::Result<Vec<Scenario>> {
        let run = |name: &&str| {
            // No `--spec-version`: with one, a scenario of an extension is skipped and the exit code is 0.
            let directory = self.server(url, &["--scenario", name], name, ONE_SCENARIO)?;
            Scenario::read(name, &directory)
        };
        names.iter().map(run).collect()
    }

    /// Runs what a revision of the protocol requires, together with what the suite runs beside it without scoring.
    pub(super) fn run_requirements(&self, url: &str, revision: &str) -> anyhow::Result<Vec<Scenario>> {
        let mut list = self.suite();
        let list = output(list.args(["list", "--server", "--requirements", revision]))?;
        let names = server_scenarios(&list);
        if names.is_empty() {
            bail!("the suite lists no server scenarios for {revision}");
        }
        let directory = self.server(url, &["--requirements", revision], revision, ALL_REQUIREMENTS)?;
        names.into_iter().map(|name| Scenario::read(name, &directory)).collect()
    }

    /// Runs `server` with its output in a log beside the results, and tells where the results are.
    ///
    /// The exit code says nothing: it is 0 for warnings, for what is skipped, and for some scenarios without a server.
    fn server(&self, url: &str, selection: &[&str], label: &str, limit: Duration) -> anyhow::Result<PathBuf> {
        let directory = self.results.join(label);
        if directory.exists() {
            fs::remove_dir_all(&directory).context("could not remove the results of an earlier run")?;
        }
        fs::create_dir_all(&directory)?;
        let log = File::create(directory.join("output.log"))?;
        let mut command = self.suite();
        command.args(["server", "--url", url]).args(selection).arg("-o").arg(&directory);
        command.stdout(log.try_clone()?).stderr(log);
        let mut child = command.spawn().context("could not start the conformance suite")?;
        if end_within(&mut child, limit)?.is_none() {
            println!("the suite did not finish {label} within {} s", limit.as_secs());
        }
        Ok(directory)
    }

    fn suite(&self) -> Command {
        let mut command = program(&self.node);
        command.arg(setup::conformance_suite()).env("NO_COLOR", "1");
        command
    }
}

/// The server scenarios in what `list --server --requirements` prints: its first section, and the entries below it
/// that end with `[server]`.
fn server_scenarios(list: &str) -> Vec<&str> {
    let mut in_section = false;
    let mut names = Vec::new();
    for line in list.lines() {
        let line = line.trim_end();
        match line.trim_start().strip_prefix("- ") {
            Some(entry) => match entry.strip_suffix(" [server]") {
                Some(name) => names.push(name),
                None if in_section => names.push(entry),
                None => {}
            },
            None => in_section = line.starts_with("Server scenarios"),
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_scored_and_unscored_server_scenarios() {
        let list = "\
Required for 2025-11-25 (48 scenarios, frozen; run at the 2025-11-25 wire):

Server scenarios (test against a server):
  - ping
  - tools-list

Client scenarios (test against a client):
  - sse-retry

Run and reported, but never scored:
  pending (2):
    - json-schema-2020-12 [server]
    - auth/dpop [client]
";
        assert_eq!(server_scenarios(list), ["ping", "tools-list", "json-schema-2020-12"]);
    }
}
