//! The simulation of many instances over one store: `pmcp-tasks/tests/simulation`.

use crate::command::{cargo, run_tests};
use crate::report::Counts;

pub(crate) const HELP: &str = "\
Run many instances of the real router over a store that delays, fails and loses replies, kill and stop them anywhere,
and check every promise of the runtime after each run. A run is made of its seed: it can be repeated.

Usage: cargo xtask simulate [--seeds N] [--seed N] [--instances N] [--trace FILE] [--not-yet NAME]

Options:
  --seeds N      how many seeds to run; 10,000 unless a seed is given
  --seed N       the first seed; alone, the only one
  --instances N  how many instances a run begins with; 3 unless given
  --trace FILE   where to write all that happened in the run that failed
  --not-yet NAME also do what breaks a promise that is not kept yet, to see it broken:
                   late-creates   a create arrives after its caller has given it up

A seed that fails is printed with the promise it breaks, the end of its trace and the command that repeats it.
";

/// What to run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Simulation {
    seeds: Option<u64>,
    seed: Option<u64>,
    instances: Option<u64>,
    trace: Option<String>,
    not_yet: Vec<String>,
}

impl Simulation {
    /// Takes an option of the command line and its value.
    pub(crate) fn option(&mut self, option: &str, value: String) -> anyhow::Result<()> {
        match option {
            "seeds" => self.seeds = Some(value.parse()?),
            "seed" => self.seed = Some(value.parse()?),
            "instances" => self.instances = Some(value.parse()?),
            "trace" => self.trace = Some(value),
            _ if value == "late-creates" => self.not_yet.push(value),
            _ => anyhow::bail!("there is no promise `{value}` that is not kept yet"),
        }
        Ok(())
    }

    /// Builds the simulation with its own profile, since it computes much, and runs it on all processors.
    pub(crate) fn run(&self, counts: &mut Counts) -> anyhow::Result<()> {
        let mut command = cargo("test --profile simulation --package pmcp-tasks --test simulation");
        command.args(["every_promise_is_kept", "--", "--exact", "--nocapture"]);
        let seeds = self.seeds.unwrap_or(if self.seed.is_some() { 1 } else { 10_000 });
        command.env("PMCP_SIMULATION_SEEDS", seeds.to_string());
        for (name, number) in [("SEED", self.seed), ("INSTANCES", self.instances)] {
            command.envs(number.map(|number| (format!("PMCP_SIMULATION_{name}"), number.to_string())));
        }
        // The test runs in the directory of its crate.
        let trace = self.trace.as_ref().map(std::path::absolute).transpose()?;
        command.envs(trace.map(|path| ("PMCP_SIMULATION_TRACE", path)));
        command.env("PMCP_SIMULATION_NOT_YET", self.not_yet.join(","));
        let mut ran = Counts::default();
        let result = run_tests(&mut command, &mut ran);
        // The other tests of the program are left out here and run with all others.
        counts.add(Counts { skipped: 0, ..ran });
        result
    }
}
