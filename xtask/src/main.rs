//! The developer commands: `cargo xtask --help`.
#![expect(clippy::print_stdout, reason = "printing is what a developer command does")]

mod bench;
mod beside;
mod command;
mod conformance;
mod features;
mod floors;
mod guide;
mod map;
mod peers;
mod report;
mod runtime;
mod server;
mod services;
mod setup;
mod simulate;
mod size;
mod steps;
mod templates;
mod ui;
mod wasm;
mod widgets;

use std::process::ExitCode;

use anyhow::bail;
use lexopt::prelude::*;

use crate::conformance::{Selection, Subject};
use crate::report::Report;
use crate::simulate::Simulation;

const HELP: &str = "\
The developer commands of this workspace.

Usage: cargo xtask <command> [options]

Commands:
  test         everything below except bless and bench, then a summary; what CI runs
  ci           the same as test
  setup        install the tools the tests need into .tools/
  fmt          format the sources
  lint         clippy on all targets and features, warnings denied
  doc          rustdoc, warnings denied
  features     compile each feature of each library crate alone
  beside       what only computes, as `test` runs it beside the rest
  floors       check that crates and their rooms name only what is below them
  guide        make the guide a book
  runtime      build what of widget-runtime/ is committed, or check it
  widgets      the widgets of the examples in a browser
  ui           build the page of the preview, or check it
  wasm         build the client in that page, or check it
  size         tell the size of the command line, released and stripped
  diagnostics  the tests of compile errors and macro behaviour
  bless        accept the present compile errors and expansions as expected
  conformance  the official conformance suite against examples/conformance-server
  peers        clients of other SDKs, and hosts, against examples/conformance-server
  services     the services that stores stand on, for tests that are run by hand
  map          the data of examples/map, from Natural Earth
  simulate     many instances over a store that fails, in a simulation that repeats
  bench        our performance budgets, measured beside peers

`cargo xtask <command> --help` tells more.
";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Task {
    Help(&'static str),
    Test,
    Setup,
    Fmt { check: bool },
    Lint,
    Doc,
    Features,
    Beside,
    Floors,
    Guide,
    Runtime { check: bool },
    Ui { check: bool },
    Wasm { check: bool },
    Size,
    Diagnostics,
    Bless,
    Conformance { selection: Selection, subject: Subject },
    Peers(peers::Selection),
    Services(Vec<String>),
    Simulate(Simulation),
    Bench { arguments: Vec<String> },
    Widgets { pictures: bool },
    Map { check: bool },
}

fn main() -> ExitCode {
    let task = match parse(lexopt::Parser::from_env()) {
        Ok(task) => task,
        Err(error) => {
            eprintln!("error: {error:#}\nhelp: `cargo xtask --help` lists the commands");
            return ExitCode::from(2);
        }
    };
    let mut report = Report::default();
    match task {
        Task::Help(text) => print!("{text}"),
        Task::Test => steps::everything(&mut report),
        Task::Setup => report.step("setup", |_| setup::install()),
        Task::Fmt { check } => report.step("fmt", |_| steps::fmt(check)),
        Task::Lint => report.step("lint", |_| steps::lint()),
        Task::Doc => report.step("doc", |_| steps::doc()),
        Task::Features => {
            report.step("features", features::check_each_alone);
            report.step("services' crates", |_| features::check_services());
            report.step("sqlite", features::check_sqlite);
            report.step("neighbours", |_| features::find_neighbours());
        }
        Task::Beside => beside::steps(&mut report),
        Task::Guide => report.step("guide", |_| guide::build()),
        Task::Floors => report.step("floors", |_| floors::check()),
        Task::Runtime { check } => {
            report.step("setup", |_| setup::install());
            report.step_after(
                "setup",
                "widget-runtime",
                |counts| {
                    if check { runtime::check(counts) } else { runtime::build() }
                },
            );
        }
        Task::Ui { check } => {
            report.step("setup", |_| setup::install());
            report.step_after("setup", "preview-page", |_| if check { ui::check() } else { ui::build() });
        }
        Task::Wasm { check } => report.step("wasm", |_| if check { wasm::check() } else { wasm::build() }),
        Task::Size => report.step("size", |_| size::tell()),
        Task::Diagnostics => report.step("diagnostics", steps::diagnostics),
        Task::Bless => report.step("bless", steps::bless),
        Task::Services(names) => {
            report.step("setup", |_| setup::install());
            report.step_after("setup", "services", |_| services::serve(&names));
        }
        Task::Simulate(simulation) => report.step("simulation", |counts| simulation.run(counts)),
        Task::Widgets { pictures } => {
            report.step("setup", |_| setup::install());
            report.step_after("setup", "widgets", if pictures { widgets::picture } else { widgets::test });
        }
        Task::Map { check } => report.step("map", |_| map::run(check)),
        Task::Bench { arguments } => report.step("bench", |_| bench::measure(&arguments)),
        Task::Conformance { selection, subject } => {
            report.step("setup", |_| setup::install());
            report.step_after("setup", "conformance", |counts| conformance::run(&selection, &subject, counts));
        }
        Task::Peers(selection) => {
            report.step("setup", |_| setup::install());
            report.step_after("setup", "peers", |counts| peers::run(&selection, counts));
        }
    }
    report.finish()
}

fn parse(mut arguments: lexopt::Parser) -> anyhow::Result<Task> {
    let name = match arguments.next()? {
        None | Some(Short('h') | Long("help")) => return Ok(Task::Help(HELP)),
        Some(Value(name)) => name.string()?,
        Some(other) => return Err(other.unexpected().into()),
    };
    let (task, help) = match name.as_str() {
        "test" | "ci" => (Task::Test, steps::TEST_HELP),
        "setup" => (Task::Setup, setup::HELP),
        "fmt" => (Task::Fmt { check: false }, steps::FMT_HELP),
        "lint" => (Task::Lint, steps::LINT_HELP),
        "doc" => (Task::Doc, steps::DOC_HELP),
        "features" => (Task::Features, features::HELP),
        "beside" => (Task::Beside, beside::HELP),
        "guide" => (Task::Guide, guide::HELP),
        "floors" => (Task::Floors, floors::HELP),
        "runtime" => (Task::Runtime { check: false }, runtime::HELP),
        "widgets" => (Task::Widgets { pictures: false }, widgets::HELP),
        "ui" => (Task::Ui { check: false }, ui::HELP),
        "wasm" => (Task::Wasm { check: false }, wasm::HELP),
        "size" => (Task::Size, size::HELP),
        "diagnostics" => (Task::Diagnostics, steps::DIAGNOSTICS_HELP),
        "bless" => (Task::Bless, steps::BLESS_HELP),
        "conformance" => {
            (Task::Conformance { selection: Selection::Tasks, subject: Subject::Example }, conformance::HELP)
        }
        "peers" => (Task::Peers(peers::Selection::Usual), peers::HELP),
        "services" => (Task::Services(Vec::new()), services::HELP),
        "simulate" => (Task::Simulate(Simulation::default()), simulate::HELP),
        "map" => (Task::Map { check: false }, map::HELP),
        "bench" => (Task::Bench { arguments: Vec::new() }, bench::HELP),
        "help" => (Task::Help(HELP), HELP),
        unknown => bail!("unknown command `{unknown}`"),
    };
    parse_options(arguments, task, help)
}

fn parse_options(mut arguments: lexopt::Parser, mut task: Task, help: &'static str) -> anyhow::Result<Task> {
    while let Some(argument) = arguments.next()? {
        match (&mut task, argument) {
            (_, Short('h') | Long("help")) => return Ok(Task::Help(help)),
            (Task::Widgets { pictures }, Long("pictures")) => *pictures = true,
            (
                Task::Fmt { check }
                | Task::Map { check }
                | Task::Runtime { check }
                | Task::Ui { check }
                | Task::Wasm { check },
                Long("check"),
            ) => *check = true,
            (Task::Conformance { selection, .. }, Long(option @ ("scenario" | "requirements"))) => {
                if *selection != Selection::Tasks {
                    bail!("`--scenario` and `--requirements` are given once, and not together");
                }
                let of = if option == "scenario" { Selection::Scenario } else { Selection::Requirements };
                *selection = of(arguments.value()?.string()?);
            }
            (Task::Conformance { subject, .. }, Long(option @ ("url" | "sqlite" | "store"))) => {
                if *subject != Subject::Example {
                    bail!("one of `--url`, `--sqlite` and `--store` is given, and once");
                }
                *subject = match option {
                    "url" => Subject::Url(arguments.value()?.string()?),
                    "store" => Subject::ExampleOn(arguments.value()?.string()?, Vec::new()),
                    _ => Subject::ExampleOnSqlite,
                };
            }
            (Task::Peers(selection), Long("all")) => selection.all()?,
            (Task::Peers(selection), Value(name)) => selection.name(name.string()?)?,
            (Task::Services(names), Value(name)) => {
                let name = name.string()?;
                if !services::ALL.iter().any(|(known, _)| *known == name) {
                    bail!("there is no service `{name}`");
                }
                names.push(name);
            }
            (Task::Simulate(simulation), Long(option @ ("seeds" | "seed" | "instances" | "trace" | "not-yet"))) => {
                let option = option.to_owned();
                simulation.option(&option, arguments.value()?.string()?)?;
            }
            (Task::Bench { arguments }, Long(option @ ("quick" | "build-cost"))) => {
                arguments.push(format!("--{option}"));
            }
            (Task::Bench { arguments: given }, Long("flood-seconds")) => {
                let seconds: u64 = arguments.value()?.parse()?;
                given.extend(["--flood-seconds".to_owned(), seconds.to_string()]);
            }
            (Task::Bench { arguments: given }, Long("flood")) => {
                given.extend(["--flood".to_owned(), arguments.value()?.string()?]);
            }
            (Task::Bench { arguments }, Value(name)) => {
                let name = name.string()?;
                if !bench::NAMES.contains(&name.as_str()) {
                    bail!("there is no measurement `{name}`");
                }
                arguments.push(name);
            }
            (_, other) => return Err(other.unexpected().into()),
        }
    }
    Ok(task)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Task, String> {
        parse(lexopt::Parser::from_args(line.split_whitespace())).map_err(|error| error.to_string())
    }

    #[test]
    fn ci_is_test() {
        assert_eq!(parsed("ci"), Ok(Task::Test));
        assert_eq!(parsed("test"), Ok(Task::Test));
    }

    #[test]
    fn every_command_has_help() {
        for line in HELP.lines().filter(|line| line.starts_with("  ")) {
            let name = line.split_whitespace().next().unwrap();
            assert!(
                matches!(parsed(&format!("{name} --help")), Ok(Task::Help(text)) if text.contains("Usage")),
                "{name}"
            );
        }
    }

    #[test]
    fn conformance_takes_one_selection() {
        assert_eq!(
            parsed("conformance --requirements 2025-11-25 --url http://localhost:1/mcp"),
            Ok(Task::Conformance {
                selection: Selection::Requirements("2025-11-25".to_owned()),
                subject: Subject::Url("http://localhost:1/mcp".to_owned()),
            })
        );
        assert!(parsed("conformance --requirements 2025-11-25 --scenario ping").is_err());
    }

    #[test]
    fn peers_are_the_usual_ones_or_all_or_named() {
        use peers::Selection::{All, Named, Usual};
        assert_eq!(parsed("peers"), Ok(Task::Peers(Usual)));
        assert_eq!(parsed("peers --all"), Ok(Task::Peers(All)));
        let named = vec!["fastmcp-3".to_owned(), "ts-sdk".to_owned()];
        assert_eq!(parsed("peers fastmcp-3 ts-sdk"), Ok(Task::Peers(Named(named))));
        assert!(parsed("peers fastmcp-3 --all").is_err());
        assert!(parsed("peers fastmcp").unwrap_err().contains("fastmcp-3"));
    }

    #[test]
    fn simulate_takes_numbers() {
        let Ok(Task::Simulate(simulation)) = parsed("simulate --seed 7 --instances 5 --not-yet late-creates") else {
            panic!("not a simulation");
        };
        let mut expected = Simulation::default();
        for (option, value) in [("seed", "7"), ("instances", "5"), ("not-yet", "late-creates")] {
            expected.option(option, value.to_owned()).unwrap();
        }
        assert_eq!(simulation, expected);
        assert!(parsed("simulate --seeds many").is_err());
        assert!(parsed("simulate --not-yet quotas").unwrap_err().contains("quotas"));
    }

    #[test]
    fn bench_takes_names_and_options_in_any_order() {
        let arguments = vec!["list".to_owned(), "--quick".to_owned(), "push".to_owned()];
        assert_eq!(parsed("bench list --quick push"), Ok(Task::Bench { arguments }));
        assert!(parsed("bench lists").is_err());
    }

    #[test]
    fn what_writes_files_can_check_them() {
        assert_eq!(parsed("fmt --check"), Ok(Task::Fmt { check: true }));
        assert_eq!(parsed("runtime"), Ok(Task::Runtime { check: false }));
        assert_eq!(parsed("runtime --check"), Ok(Task::Runtime { check: true }));
        assert_eq!(parsed("ui --check"), Ok(Task::Ui { check: true }));
        assert_eq!(parsed("wasm --check"), Ok(Task::Wasm { check: true }));
    }

    #[test]
    fn unknown_words_are_refused() {
        assert_eq!(parsed("tset"), Err("unknown command `tset`".to_owned()));
        assert!(parsed("lint --check").is_err());
        assert!(parsed("fmt now").is_err());
    }
}
