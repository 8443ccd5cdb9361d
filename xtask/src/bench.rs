//! The benchmarks: a workspace of their own in `bench/`, so that nobody else builds the peers.

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::Value;

use crate::command::{cargo, output, run};

pub(crate) const HELP: &str = "\
Measure our performance budgets beside the peers: rmcp 3.8 and pmcp-tasks 0.2.0 of the registry, in the same run.

Usage: cargo xtask bench [--quick] [--build-cost] [NAME...]

Names (all of them unless one is given):
  create     create in memory, with few and with a million tasks stored
  lifecycle  a whole task that does nothing, over an in-process connection
  list       a page of 50 of 10,000 tasks of one owner
  push       from the end of a task to the client that waits for it

Options:
  --quick       fewer and smaller samples: under two minutes once it is built
  --build-cost  instead: crates and CPU seconds of a cold build of our default crates, and of the peers

A budget that is missed is a line that begins with GAP, not an error: times depend on the machine.
";

/// What can be measured alone.
pub(crate) const NAMES: [&str; 4] = ["create", "lifecycle", "list", "push"];

/// Builds and runs the benchmarks. The profile is theirs, the target directory below ours.
pub(crate) fn measure(arguments: &[String]) -> anyhow::Result<()> {
    let target = target_directory()?.join("bench");
    let bench = |command: &str, package: &str| {
        let mut command = cargo(command);
        command.args(["--release", "--manifest-path", "bench/Cargo.toml", "--package", package]);
        command.env("CARGO_TARGET_DIR", &target);
        command
    };
    // One by one: built together, each would get the features that any of them asks for.
    for peer in ["peer-rmcp", "peer-registry"] {
        run(&mut bench("build", peer))?;
    }
    run(bench("run", "bench").arg("--").args(arguments))
}

fn target_directory() -> anyhow::Result<PathBuf> {
    let metadata = output(&mut cargo("metadata --no-deps --format-version 1"))?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata is not JSON")?;
    let directory = metadata["target_directory"].as_str().context("cargo metadata names no target directory")?;
    Ok(directory.into())
}
