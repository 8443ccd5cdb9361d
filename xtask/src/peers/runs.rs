//! The clients, and the ways to run the drivers of each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::command::{program, root};
use crate::setup::{self, Tool};

/// One way to run a driver of a client.
pub(super) struct Run {
    /// The driver's directory in `xtask/peers`, and what it is installed as.
    pub(super) client: &'static str,
    pub(super) driver: Driver,
    pub(super) arguments: &'static [&'static str],
    /// Whether it is part of `cargo xtask test`.
    pub(super) usual: bool,
}

/// The script that drives a client.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Driver {
    /// `run`: what the client can do with our server.
    Abilities,
    /// `fallback`: what is there for it if it declares no tasks.
    Fallback,
    /// `takeover`: two servers on one Redis, of which one is killed while it runs the client's task.
    Takeover,
    /// `workflow`: a workflow to its end, and one that a client of another SDK goes on with.
    Workflow,
}

use Driver::{Abilities, Fallback, Takeover, Workflow};

impl Driver {
    fn script(self) -> &'static str {
        match self {
            Abilities => "run",
            Fallback => "fallback",
            Takeover => "takeover",
            Workflow => "workflow",
        }
    }

    /// Tells whether it waits for a minute, so that it runs beside the others.
    pub(super) fn waits(self) -> bool {
        matches!(self, Fallback | Takeover)
    }
}

pub(super) const RUNS: &[Run] = &[
    Run { client: "ts-sdk", driver: Abilities, arguments: &["http"], usual: true },
    Run { client: "ts-sdk", driver: Abilities, arguments: &["stdio"], usual: false },
    Run { client: "ts-sdk", driver: Fallback, arguments: &[], usual: true },
    Run { client: "ts-sdk", driver: Takeover, arguments: &[], usual: true },
    Run { client: "ts-sdk", driver: Workflow, arguments: &[], usual: true },
    Run { client: "ts-sdk-oauth", driver: Abilities, arguments: &[], usual: true },
    Run { client: "ts-sdk-old", driver: Abilities, arguments: &[], usual: false },
    Run { client: "ts-sdk-old", driver: Fallback, arguments: &[], usual: true },
    Run { client: "ts-sdk-old", driver: Workflow, arguments: &[], usual: true },
    Run { client: "python-sdk", driver: Abilities, arguments: &["http"], usual: false },
    Run { client: "python-sdk", driver: Abilities, arguments: &["stdio"], usual: true },
    Run { client: "python-sdk", driver: Fallback, arguments: &[], usual: true },
    Run { client: "python-sdk", driver: Takeover, arguments: &[], usual: true },
    Run { client: "python-sdk", driver: Workflow, arguments: &[], usual: true },
    Run { client: "ts-client", driver: Abilities, arguments: &["2026", "http"], usual: true },
    Run { client: "ts-client", driver: Abilities, arguments: &["2026", "stdio"], usual: false },
    Run { client: "ts-client", driver: Abilities, arguments: &["2025", "http"], usual: false },
    Run { client: "ts-client", driver: Abilities, arguments: &["2025", "stdio"], usual: false },
    Run { client: "ts-client", driver: Takeover, arguments: &[], usual: true },
    Run { client: "ts-client", driver: Workflow, arguments: &[], usual: true },
    Run { client: "fastmcp-3", driver: Abilities, arguments: &[], usual: false },
    Run { client: "fastmcp-4", driver: Abilities, arguments: &["http"], usual: false },
    Run { client: "fastmcp-4", driver: Abilities, arguments: &["stdio"], usual: false },
    Run { client: "fastmcp-4", driver: Workflow, arguments: &[], usual: false },
    Run { client: "inspector", driver: Abilities, arguments: &[], usual: false },
    Run { client: "mcp-remote", driver: Abilities, arguments: &[], usual: false },
    Run { client: "opencode", driver: Abilities, arguments: &[], usual: false },
    Run { client: "codex", driver: Abilities, arguments: &[], usual: false },
];

/// What a client's directory is told apart by.
const NPM_LOCK: &str = "package-lock.json";
const PYTHON_LOCK: &str = "requirements.txt";

impl Run {
    pub(super) fn name(&self) -> String {
        let driver: &[_] = if self.driver == Abilities { &[] } else { &[self.driver.script()] };
        [&[self.client], driver, self.arguments].concat().join("-")
    }

    pub(super) fn is_called(&self, name: &str) -> bool {
        self.client == name || self.name() == name
    }

    /// The run of another SDK that goes on with a workflow where the client of this one is killed.
    pub(super) fn successor(&self) -> Option<&'static Self> {
        let client = match (self.driver, self.client) {
            (Workflow, "ts-sdk") => "python-sdk",
            (Workflow, "python-sdk") => "ts-client",
            (Workflow, "ts-client") => "ts-sdk",
            _ => return None,
        };
        RUNS.iter().find(|run| run.client == client && run.driver == Workflow)
    }

    fn sources(&self) -> PathBuf {
        sources(self.client)
    }

    /// Where the client is installed, and its driver runs.
    pub(super) fn directory(&self) -> PathBuf {
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
        format!("{}.{}", self.driver.script(), self.language())
    }

    pub(super) fn install(&self) -> anyhow::Result<()> {
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

    /// The command that runs the driver, wherever it is started.
    pub(super) fn command(&self) -> anyhow::Result<Command> {
        let script = self.directory().join(self.script());
        if self.is_python() {
            let mut command = program(self.directory().join("bin/python"));
            // Each call of a deprecated interface is a warning, and 2025-11-25's tasks are one.
            command.args(["-W", "ignore"]).arg(script);
            return Ok(command);
        }
        let mut command = program(setup::node()?);
        command.arg(script);
        Ok(command)
    }
}

fn install_npm(directory: &Path) -> anyhow::Result<()> {
    let sources = sources_of(directory)?;
    setup::install_locked(directory, &read(&sources.join("package.json"))?, &read(&sources.join(NPM_LOCK))?)
}

fn install_python(directory: &Path) -> anyhow::Result<()> {
    setup::install_python(directory, &read(&sources_of(directory)?.join(PYTHON_LOCK))?)
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

pub(super) fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_workflow_is_gone_on_with_by_another_sdk() {
        let all: Vec<_> = RUNS.iter().filter_map(|run| Some((run, run.successor()?))).collect();
        assert_eq!(all.len(), 3);
        for (run, other) in all {
            assert_ne!(run.client, other.client);
            assert!(run.usual && other.usual, "{} is installed for nothing else", other.client);
        }
    }
}
