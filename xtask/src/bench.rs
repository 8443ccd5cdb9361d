//! The benchmarks: a workspace of their own in `bench/`, so that nobody else builds the peers.

use crate::command::{cargo, run, target_directory};
use crate::peers;
use crate::services::Services;

pub(crate) const HELP: &str = "\
Measure our performance budgets beside the peers: rmcp 3.11 and pmcp-tasks 0.2.0 of the registry, and FastMCP 4 of its own,
in the same run.

Usage: cargo xtask bench [--quick] [--build-cost] [--flood-seconds N] [--flood NAME] [NAME...]

Names (all of them unless one is given):
  create     create in memory, with few and with a million tasks stored
  lifecycle  a whole task that does nothing, over an in-process connection
  observed   the same with spans and metrics that somebody takes, beside it without
  list       a page of 50 of 10,000 tasks of one owner
  push       from the end of a task to the client that waits for it
  sqlite     create and complete on SQLite, beside bare SQLite; two processes on one file
  redis      the same on Redis, beside scripts that check nothing; commands on the wire
  postgres   the same on PostgreSQL, beside bare statements; its log, commits and round trips
  dynamodb   the capacity that operations take of DynamoDB
  instances  from the end of a task in another process to the client; recovery after kill -9
  workflows  what runs of workflows cost: parked ones, steps, calls of steps, recovery after kill -9
  crowd      create and complete of one, two and four processes on one service
  fastmcp    tasks in Redis over HTTP, beside those of FastMCP
  http       calls and tasks over HTTP on connections that are kept
  jwt        reading of a token whose key is there
  sealed     sessions at an instance that has only their ids
  memory     the memory of an idle session and of an open stream
  felt       how long a client that polls waits for a task tool: short work, and longer work
  floods     how long other clients wait while one floods the server, in each of eight ways

Options:
  --quick            fewer and smaller samples: under three minutes once it is built
  --build-cost       instead: crates and CPU seconds of a cold build of our default crates, without SQLite, too, and of
                     the peers
  --flood-seconds N  how long each flood lasts: 20 seconds unless given, 3 with --quick
  --flood NAME       one of them: tokens, values, listeners, finished, gone, bodies, places or slow

A budget that is missed is a line that begins with GAP, not an error: times depend on the machine.
";

/// What can be measured alone.
pub(crate) const NAMES: &[&str] = &[
    "create",
    "lifecycle",
    "observed",
    "list",
    "push",
    "sqlite",
    "redis",
    "postgres",
    "dynamodb",
    "instances",
    "workflows",
    "crowd",
    "fastmcp",
    "http",
    "jwt",
    "sealed",
    "memory",
    "felt",
    "floods",
];

/// Services that rows need.
const ON_SERVICES: [(&str, &[&str]); 7] = [
    ("redis", &["redis"]),
    ("postgres", &["postgres"]),
    ("dynamodb", &["dynamodb"]),
    ("instances", &["redis", "postgres"]),
    ("workflows", &["redis"]),
    ("crowd", &["redis", "postgres"]),
    (FASTMCP, &["redis"]),
];

/// Row of `FastMCP`, and the peer that has its servers, too.
const FASTMCP: &str = "fastmcp";
const FASTMCP_PEER: &str = "fastmcp-4";

/// Lints what of the benchmarks is ours: their peers take as long to build as everything else.
pub(crate) fn lint() -> anyhow::Result<()> {
    let mut bench = cargo("clippy --manifest-path bench/Cargo.toml --package bench --package measure --all-targets");
    run(bench.arg("--target-dir").arg(target_directory()?).args(["--", "-D", "warnings"]))
}

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
    for peer in ["peer-rmcp", "peer-registry", "peer-observed"] {
        run(&mut bench("build", peer))?;
    }
    let named = |name: &str| arguments.iter().any(|argument| argument == name);
    let all = !NAMES.iter().any(|name| named(name)) && !named("--build-cost");
    let on_services = ON_SERVICES.into_iter().filter(|(name, _)| all || named(name));
    let needed: Vec<_> = on_services.flat_map(|(_, services)| services).map(|&name| name.to_owned()).collect();
    // None named are all.
    let services = if needed.is_empty() { None } else { Some(Services::start(&needed)?) };
    let environment = services.iter().flat_map(Services::environment);
    let mut measuring = bench("run", "bench");
    if all || named(FASTMCP) {
        measuring.env("PMCP_BENCH_FASTMCP", peers::python(FASTMCP_PEER)?);
    }
    run(measuring.envs(environment).arg("--").args(arguments))
}
