//! The official conformance suite against the example server that has its fixtures.

mod checks;
mod expected;
mod suite;

use anyhow::bail;

use crate::report::Counts;
use crate::server::{CONFORMANCE, Server};
use checks::{Scenario, Verdict};
use expected::Expected;
use suite::Suite;

pub(crate) const HELP: &str = "\
Run the official conformance suite. Without options: the ten scenarios of the tasks extension.

Usage: cargo xtask conformance [--scenario NAME | --requirements REVISION] [--url URL | --sqlite | --store URL]

Options:
  --scenario NAME          run this one scenario of the suite
  --requirements REVISION  run all scenarios required for a protocol revision: 2025-11-25 or 2026-07-28.
                           What xtask/conformance-expected.txt lists may fail or be skipped, and must: an entry
                           that passes is an error.
  --url URL                test the server at this URL instead of examples/conformance-server
  --sqlite                 let the example keep its tasks in a new SQLite file instead of in memory
  --store URL              let the example keep its tasks there
";

/// The scenarios of the tasks extension. They belong to no revision, so the suite runs them only when they are named.
const TASKS: [&str; 10] = [
    "tasks-lifecycle",
    "tasks-capability-negotiation",
    "tasks-wire-fields",
    "tasks-request-state-removal",
    "tasks-mrtr-input",
    "tasks-request-headers",
    "tasks-dispatch-and-envelope",
    "tasks-status-notifications",
    "tasks-required-task-error",
    "tasks-mrtr-composition",
];

/// Which scenarios to run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// Those of the tasks extension.
    Tasks,
    /// The one of this name.
    Scenario(String),
    /// Those required for this protocol revision.
    Requirements(String),
}

/// What is tested.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The example, with its tasks in memory.
    Example,
    /// The example, with its tasks in a new SQLite file.
    ExampleOnSqlite,
    /// The example, with its tasks in the store of a URL, and what the environment says of the store.
    ExampleOn(String, Vec<(&'static str, String)>),
    /// The server at this URL.
    Url(String),
}

/// Runs the selected scenarios.
pub(crate) fn run(selection: &Selection, subject: &Subject, counts: &mut Counts) -> anyhow::Result<()> {
    let suite = Suite::open()?;
    let directory = tempfile::tempdir()?;
    let (store, environment) = match subject {
        Subject::Url(url) => return check(&suite, selection, url, counts),
        Subject::Example => ("memory:".to_owned(), &[][..]),
        Subject::ExampleOn(store, environment) => (store.clone(), &environment[..]),
        Subject::ExampleOnSqlite => (format!("sqlite:{}", directory.path().join("tasks.db").display()), &[][..]),
    };
    let [binary] = Server::build_examples([CONFORMANCE])?;
    let server = Server::start_example(&binary, &["--store", &store], environment)?;
    check(&suite, selection, server.url(), counts).inspect_err(|_| server.print_log())
}

/// Runs the scenarios, prints a line for each, and fails if any of their checks failed.
fn check(suite: &Suite, selection: &Selection, url: &str, counts: &mut Counts) -> anyhow::Result<()> {
    let (scenarios, mut expected) = match selection {
        Selection::Tasks => (suite.run_each(url, &TASKS)?, Expected::default()),
        Selection::Scenario(name) => (suite.run_each(url, &[name])?, Expected::default()),
        Selection::Requirements(revision) => (suite.run_requirements(url, revision)?, Expected::read(revision)?),
    };
    let unfit = judge(&scenarios, &mut expected, counts);
    let stale = expected.stale();
    for entry in &stale {
        println!("STALE  {entry}: passes or is no longer run; remove it from {}", expected::FILE);
        counts.failed += 1;
    }
    if unfit > 0 || !stale.is_empty() {
        println!("the suite's own output is in {}", suite.results().display());
        bail!("{unfit} of {} scenarios failed, {} expectations are stale", scenarios.len(), stale.len());
    }
    Ok(())
}

/// Prints each scenario's line and its unexpected failures; tells how many scenarios had any.
fn judge(scenarios: &[Scenario], expected: &mut Expected, counts: &mut Counts) -> usize {
    let mut unfit = 0;
    for scenario in scenarios {
        let verdict = Verdict::of(scenario, expected);
        println!("{verdict}");
        counts.add(verdict.counts());
        unfit += usize::from(!verdict.is_fit());
    }
    unfit
}
