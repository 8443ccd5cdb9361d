//! The steps of `test` that only compute, in a process of their own that gets what processors the others leave: most tests wait,
//! for leases that run out and for processes that are killed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use anyhow::{Context as _, bail};

use crate::bench;
use crate::command::{program, target_directory};
use crate::features;
use crate::guide;
use crate::report::{Counts, Report};
use crate::simulate::Simulation;

pub(crate) const HELP: &str = "\
Run the steps of `test` that only compute: the lints of the benchmarks, each feature alone, both ends of rusqlite's range, the guide as a
book, and the simulation. `test` runs them with the least priority beside its other steps, in a target directory of their own.

Usage: cargo xtask beside
";

/// The steps themselves.
pub(crate) fn steps(report: &mut Report) {
    report.step("lint of bench", |_| bench::lint());
    report.step("features", features::check_each_alone);
    report.step("services' crates", |_| features::check_services());
    report.step("sqlite", features::check_sqlite);
    report.step("guide", |_| guide::build());
    report.step("simulation", |counts| Simulation::default().run(counts));
}

/// The process that runs them, which ends with this.
pub(crate) struct Beside {
    process: Child,
    log: PathBuf,
}

impl Beside {
    pub(crate) fn start() -> anyhow::Result<Self> {
        // Cargo lets one at a time into a target directory.
        let directory = target_directory()?.join("beside");
        fs::create_dir_all(&directory)?;
        let log = directory.join("log");
        let output = File::create(&log)?;
        let mut command = with_least_priority(&std::env::current_exe()?);
        command.arg("beside").env("CARGO_TARGET_DIR", &directory);
        let process = command.stdout(output.try_clone()?).stderr(output).spawn();
        Ok(Self { process: process.context("could not start the steps beside")?, log })
    }

    /// Waits for its end, and tells what it told.
    pub(crate) fn finish(mut self, counts: &mut Counts) -> anyhow::Result<()> {
        let status = self.process.wait()?;
        let told = String::from_utf8_lossy(&fs::read(&self.log)?).into_owned();
        print!("{told}");
        counts.add_closing_lines(&told);
        if !status.success() {
            bail!("xtask beside ended with {status}");
        }
        Ok(())
    }
}

/// A command that runs a program with the least priority on Unix, elsewhere with that of the others.
fn with_least_priority(executable: &Path) -> Command {
    if !cfg!(unix) {
        return program(executable);
    }
    let mut command = program("nice");
    command.args(["-n", "19"]).arg(executable);
    command
}

impl Drop for Beside {
    fn drop(&mut self) {
        // It has ended, or nobody waits for it any more.
        let _ = self.process.kill();
    }
}
