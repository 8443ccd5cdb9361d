//! Runs seeds on all processors, and tells of the one that failed how to repeat it.

use std::{
    env, fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{
    trace::{Counters, Violation},
    weather::{NotYet, Options},
    world,
};

/// How many seeds run if nobody says.
const SEEDS: u64 = 100;
/// How much of the trace of a seed that failed is shown.
const LINES: usize = 80;

/// Which seeds to run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    first: u64,
    seeds: u64,
    instances: usize,
    not_yet: NotYet,
}

/// What came of them.
pub(crate) struct Summary {
    seeds: u64,
    instances: usize,
    counters: Counters,
    took: Duration,
    /// The lowest seed that failed of those that ran.
    pub(crate) failed: Option<u64>,
}

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    let value = env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is not a number: {value}")))
}

impl Request {
    /// What `cargo xtask simulate` asks for.
    pub(crate) fn from_environment() -> Self {
        let seed = number("PMCP_SIMULATION_SEED");
        let not_yet = env::var("PMCP_SIMULATION_NOT_YET").unwrap_or_default();
        Self {
            first: seed.unwrap_or(0),
            seeds: number("PMCP_SIMULATION_SEEDS").unwrap_or(if seed.is_some() { 1 } else { SEEDS }),
            instances: number("PMCP_SIMULATION_INSTANCES").map_or(3, |instances| usize::try_from(instances).unwrap()),
            not_yet: NotYet { late_creates: not_yet.split(',').any(|name| name == "late-creates") },
        }
    }

    fn options(&self, seed: u64) -> Options {
        Options { seed, instances: self.instances, not_yet: self.not_yet }
    }

    /// Runs the seeds until one fails.
    pub(crate) fn run(&self) -> Summary {
        let started = Instant::now();
        let (next, failed) = (AtomicU64::new(self.first), AtomicU64::new(u64::MAX));
        let counters = Counters::default();
        let work = || {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= self.first + self.seeds || failed.load(Ordering::Relaxed) < seed {
                    return;
                }
                if run(self.options(seed), false, &counters).is_some() {
                    failed.fetch_min(seed, Ordering::Relaxed);
                }
            }
        };
        let threads = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(work);
            }
        });
        Summary {
            seeds: self.seeds,
            instances: self.instances,
            counters,
            took: started.elapsed(),
            failed: Some(failed.into_inner()).filter(|seed| *seed < u64::MAX),
        }
    }
}

/// Runs a seed; the promise it broke.
fn run(options: Options, traced: bool, counters: &Counters) -> Option<(Violation, Vec<String>)> {
    let ended = catch_unwind(AssertUnwindSafe(|| world::run(options, traced)));
    let Ok(ended) = ended else {
        let what = "a panic that nobody caught; its message is above".to_owned();
        return Some((Violation { promise: "nothing panics", what }, Vec::new()));
    };
    counters.add(&ended.sim.trace.counters);
    ended.violation.map(|violation| (violation, ended.sim.trace.lines()))
}

/// What a seed that failed has to tell.
pub(crate) fn report(request: &Request, seed: u64) -> String {
    let Some((violation, lines)) = run(request.options(seed), true, &Counters::default()) else {
        return format!("seed {seed} failed, and not when it was repeated: something in it is left to chance");
    };
    // What follows the violation is only how the run was ended.
    let end = lines.iter().position(|line| line.contains("VIOLATED")).map_or(lines.len(), |at| at + 1);
    let tail: Vec<String> =
        lines[end.saturating_sub(LINES)..end].iter().map(|line| line.chars().take(400).collect()).collect();
    let mut command = format!("cargo xtask simulate --seed {seed} --instances {}", request.instances);
    if request.not_yet.late_creates {
        command.push_str(" --not-yet late-creates");
    }
    if let Some(path) = env::var_os("PMCP_SIMULATION_TRACE") {
        std::fs::write(path, lines.join("\n")).unwrap();
    }
    format!(
        "seed {seed} breaks a promise\n\n{}\n\n{}\n\npromise: {}\nbroken: {}\nrepeat it: {command}",
        lines.first().map_or("", String::as_str),
        tail.join("\n"),
        violation.promise,
        violation.what
    )
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "simulation: {} seeds of {} instances in {:.0} s",
            self.seeds,
            self.instances,
            self.took.as_secs_f64()
        )?;
        for (name, number) in self.counters.all() {
            write!(f, ", {number} {name}")?;
        }
        Ok(())
    }
}
