//! What each command runs, and the order in which `test` runs everything.

use anyhow::Context as _;

use crate::bench;
use crate::beside::Beside;
use crate::command::{cargo, run, run_tests};
use crate::conformance::{self, Selection, Subject};
use crate::floors;
use crate::map;
use crate::peers;
use crate::report::{Counts, Report};
use crate::runtime;
use crate::services::Services;
use crate::setup;
use crate::templates;
use crate::ui;
use crate::wasm;
use crate::widgets;

pub(crate) const TEST_HELP: &str = "\
Run everything: setup, fmt --check, floors, lint, the services of stores, the tests, doctests, doc, the templates, the data of
`map`, the runtime of widgets, the page of the preview and the client in it, the widgets of the examples, conformance, peers and
the examples; and beside them what only computes (`cargo xtask beside`).

Usage: cargo xtask test

A step that fails does not stop those that do not need it. The last line adds up all tests and checks.

Environment:
  MCP_SPEC_DIR  the specification's texts and schemas. Tests in a module called `needs_mcp_spec_dir` are
                skipped, and counted as skipped, when it is not set.
";

pub(crate) const FMT_HELP: &str = "\
Format the sources.

Usage: cargo xtask fmt [--check]

Options:
  --check  change nothing, and fail if a file is not formatted
";

pub(crate) const LINT_HELP: &str = "\
Run clippy on all targets with all features; warnings are errors.

Usage: cargo xtask lint
";

pub(crate) const DOC_HELP: &str = "\
Build the documentation; warnings are errors.

Usage: cargo xtask doc
";

pub(crate) const DIAGNOSTICS_HELP: &str = "\
Run the tests of compile errors and macro behaviour (the crate ui-tests).

Usage: cargo xtask diagnostics
";

pub(crate) const BLESS_HELP: &str = "\
Run the tests, accepting the compile errors and expansions they produce as the expected ones.
Read the diff before committing it.

Usage: cargo xtask bless
";

/// The module of the tests that read the specification.
const NEEDS_SPEC: &str = "needs_mcp_spec_dir::";
/// The module of tests that read the schemas of those who list servers.
const NEEDS_SCHEMAS: &str = "needs_publish_schemas::";

/// The steps of `cargo xtask test`. The closing line counts an example as one test.
pub(crate) fn everything(report: &mut Report) {
    report.step("setup", |_| setup::install());
    report.step("fmt", |_| fmt(true));
    report.step("floors", |_| floors::check());
    report.step("lint", |_| lint_workspace());
    let beside = Beside::start();
    let mut services = None;
    report.step_after("setup", "services", |_| {
        services = Some(Services::start(&[])?);
        Ok(())
    });
    report.step("tests", |counts| tests(services.as_ref(), counts));
    report.step("doctests", doctests);
    report.step("doc", |_| doc());
    report.step_after("setup", "templates", templates::check);
    report.step("map", |_| map::run(true));
    report.step_after("setup", "widget-runtime", runtime::check);
    report.step_after("setup", "preview-page", |_| ui::check());
    report.step("wasm", |_| wasm::check());
    report.step_after("setup", "widgets", widgets::test);
    for (step, selection, subject) in [
        ("conformance tasks", Selection::Tasks, Subject::Example),
        ("conformance tasks, sqlite", Selection::Tasks, Subject::ExampleOnSqlite),
        ("conformance 2025-11-25", Selection::Requirements("2025-11-25".to_owned()), Subject::Example),
        ("conformance 2026-07-28", Selection::Requirements("2026-07-28".to_owned()), Subject::Example),
    ] {
        report.step_after("setup", step, |counts| conformance::run(&selection, &subject, counts));
    }
    if let Some(services) = &services {
        let environment: Vec<_> = services.environment().map(|(name, value)| (name, value.to_owned())).collect();
        for (step, url) in services.stores() {
            let subject = Subject::ExampleOn(url, environment.clone());
            report.step_after("setup", step, |counts| conformance::run(&Selection::Tasks, &subject, counts));
        }
    }
    // They are not needed any more.
    drop(services);
    report.step_after("setup", "peers", |counts| peers::run(&peers::Selection::Usual, counts));
    for (step, run) in [
        ("quickstart", "run --package quickstart"),
        ("durable-import", "run --package durable-import"),
        ("await-payment", "run --package await-payment"),
        ("notes", "run --package notes"),
        ("own-store", "run --package own-store"),
        ("worker-pool", "run --package worker-pool"),
        ("functions", "run --package worker-pool -- --functions"),
        ("release-train", "run --package release-train"),
        ("code-mode", "run --package code-mode"),
        ("observed", "run --package observed"),
    ] {
        report.step(step, |counts| example(run, counts));
    }
    report.step_after("setup", "tasks-dynamodb", |counts| on_dynamodb("run --package tasks-dynamodb --", counts));
    report.step("beside", |counts| beside?.finish(counts));
}

pub(crate) fn fmt(check: bool) -> anyhow::Result<()> {
    // The benchmarks are a workspace of their own.
    for workspace in ["fmt --all", "fmt --manifest-path bench/Cargo.toml"] {
        run(cargo(workspace).args(check.then_some("--check")))?;
    }
    Ok(())
}

pub(crate) fn lint() -> anyhow::Result<()> {
    lint_workspace()?;
    bench::lint()
}

fn lint_workspace() -> anyhow::Result<()> {
    run(&mut cargo("clippy --workspace --all-targets --all-features -- -D warnings"))
}

pub(crate) fn doc() -> anyhow::Result<()> {
    run(cargo("doc --workspace --all-features --no-deps").env("RUSTDOCFLAGS", "-D warnings"))
}

/// All tests but the doctests; those that need a service are marked ignored, and run here.
fn tests(services: Option<&Services>, counts: &mut Counts) -> anyhow::Result<()> {
    let mut command = cargo("test --workspace --all-features --lib --bins --tests --examples --no-fail-fast");
    command.envs(services.iter().flat_map(|services| services.environment())).args(["--", "--include-ignored"]);
    if std::env::var_os("MCP_SPEC_DIR").is_none_or(|directory| directory.is_empty()) {
        println!("MCP_SPEC_DIR is not set: skipping the tests that read the specification");
        command.args(["--skip", NEEDS_SPEC]);
    }
    if std::env::var_os("PMCP_PUBLISH_SCHEMAS").is_none_or(|directory| directory.is_empty()) {
        println!("PMCP_PUBLISH_SCHEMAS is not set: skipping the tests that read the schemas of directories");
        command.args(["--skip", NEEDS_SCHEMAS]);
    }
    run_tests(&mut command, counts)
}

fn doctests(counts: &mut Counts) -> anyhow::Result<()> {
    run_tests(&mut cargo("test --workspace --all-features --doc --no-fail-fast"), counts)
}

pub(crate) fn diagnostics(counts: &mut Counts) -> anyhow::Result<()> {
    run_tests(&mut cargo("test --package ui-tests --no-fail-fast"), counts)
}

pub(crate) fn bless(counts: &mut Counts) -> anyhow::Result<()> {
    let mut command = cargo("test --workspace --all-features --lib --bins --tests --no-fail-fast");
    run_tests(command.env("TRYBUILD", "overwrite").env("UPDATE_EXPECT", "1"), counts)
}

/// An example that is given the URL of a table, on an engine of its own.
fn on_dynamodb(command: &str, counts: &mut Counts) -> anyhow::Result<()> {
    let services = Services::start(&["dynamodb".to_owned()])?;
    let endpoint = services.environment().find(|(name, _)| *name == "PMCP_TEST_DYNAMODB_ENDPOINT");
    let (_, endpoint) = endpoint.context("the engine has no address")?;
    let url = format!("dynamodb://tasks?region=local&endpoint={endpoint}");
    run(cargo(command).arg(url).envs(services.environment()))?;
    counts.passed += 1;
    Ok(())
}

/// What the README of an example says first; the example asserts what it claims.
fn example(command: &str, counts: &mut Counts) -> anyhow::Result<()> {
    run(&mut cargo(command))?;
    counts.passed += 1;
    Ok(())
}
