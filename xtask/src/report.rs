//! What ran, how it ended, how long it took, and the closing line.

use std::fmt;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Tests, or checks of the conformance suite, by how they ended.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
    /// The failed ones by name, as far as their lines tell.
    pub(crate) failures: Vec<String>,
}

impl Counts {
    /// Adds a `test result:` line, and the name in a line `test NAME ... FAILED`; other lines change nothing.
    ///
    /// A test that is filtered out counts as skipped: the only filter we pass leaves out what cannot run here.
    pub(crate) fn add_test_line(&mut self, line: &str) {
        let line = without_colours(line);
        if let Some(name) = line.strip_prefix("test ").and_then(|line| line.strip_suffix(" ... FAILED")) {
            self.failures.push(name.to_owned());
        }
        let Some(result) = line.trim().strip_prefix("test result: ") else { return };
        let (_, numbers) = result.split_once(". ").unwrap_or(("", result));
        for part in numbers.split(';') {
            let Some((number, what)) = part.trim().split_once(' ') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" | "filtered out" => self.skipped += number,
                _ => {}
            }
        }
    }

    /// Adds a line `ok CASE` or `not ok CASE`; other lines change nothing. A case that is still `TODO` counts as skipped, as
    /// one does that says `SKIP`.
    pub(crate) fn add_case_line(&mut self, line: &str) {
        if line.starts_with("ok ") {
            if line.contains(" # SKIP ") { self.skipped += 1 } else { self.passed += 1 }
        } else if let Some(case) = line.strip_prefix("not ok ") {
            if line.contains(" # TODO ") {
                self.skipped += 1;
            } else {
                self.failed += 1;
                self.failures.push(case.to_owned());
            }
        }
    }

    /// Adds what another process of this program tells at its end: its totals, and the names of what failed.
    pub(crate) fn add_closing_lines(&mut self, told: &str) {
        for part in told.lines().next_back().unwrap_or_default().split(", ") {
            let Some((number, what)) = part.split_once(' ') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "skipped" => self.skipped += number,
                _ => {}
            }
        }
        self.failures.extend(told.lines().filter_map(|line| line.strip_prefix("failed in ")).map(str::to_owned));
    }

    pub(crate) fn add(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.failures.extend(other.failures);
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// `line` without its escape sequences for colours.
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            let _ = characters.find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    plain
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Ok,
    Failed,
    /// A step it builds on failed.
    NotRun,
}

#[derive(Debug)]
struct Step {
    name: &'static str,
    outcome: Outcome,
    counts: Counts,
    took: Duration,
}

/// The steps of one run of a command.
#[derive(Debug, Default)]
pub(crate) struct Report {
    steps: Vec<Step>,
}

impl Report {
    /// Runs a step. A failure is recorded, and the next step may run all the same.
    pub(crate) fn step(&mut self, name: &'static str, run: impl FnOnce(&mut Counts) -> anyhow::Result<()>) {
        println!("\n=== {name} ===");
        let started = Instant::now();
        let mut counts = Counts::default();
        let outcome = match run(&mut counts) {
            Ok(()) => Outcome::Ok,
            Err(error) => {
                eprintln!("error: {error:#}");
                // What failed may not have come as far as counting: lints, a build, a server that does not start.
                counts.failed = counts.failed.max(1);
                Outcome::Failed
            }
        };
        self.steps.push(Step { name, outcome, counts, took: started.elapsed() });
    }

    /// Runs a step, unless the earlier step it builds on did not end well.
    pub(crate) fn step_after(
        &mut self,
        needed: &str,
        name: &'static str,
        run: impl FnOnce(&mut Counts) -> anyhow::Result<()>,
    ) {
        if self.steps.iter().any(|step| step.name == needed && step.outcome == Outcome::Ok) {
            return self.step(name, run);
        }
        println!("\n=== {name} ===\nnot run, because {needed} failed");
        let counts = Counts { skipped: 1, ..Counts::default() };
        self.steps.push(Step { name, outcome: Outcome::NotRun, counts, took: Duration::ZERO });
    }

    /// Prints the summary, and last the totals; the exit code says whether everything ended well.
    pub(crate) fn finish(&self) -> ExitCode {
        if self.steps.len() > 1 {
            print!("\n{self}");
        }
        let counts = self.totals();
        if counts != Counts::default() || self.steps.len() > 1 {
            println!("\n{counts}");
        }
        if self.steps.iter().all(|step| step.outcome == Outcome::Ok) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn totals(&self) -> Counts {
        let mut total = Counts::default();
        self.steps.iter().for_each(|step| total.add(step.counts.clone()));
        total
    }
}

/// The summary: one line a step, and then one each for what failed.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Step { name, outcome, counts, took } in &self.steps {
            let outcome = match outcome {
                Outcome::Ok => "ok",
                Outcome::Failed => "FAILED",
                Outcome::NotRun => "not run",
            };
            write!(f, "{name:<24} {outcome:<8} {:>7.1} s", took.as_secs_f64())?;
            if counts != &Counts::default() {
                write!(f, "   {counts}")?;
            }
            writeln!(f)?;
        }
        for Step { name, counts, .. } in &self.steps {
            counts.failures.iter().try_for_each(|failure| writeln!(f, "failed in {name}: {failure}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_add_up() {
        let mut counts = Counts::default();
        counts.add_test_line("running 3 tests");
        counts.add_test_line(
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        );
        counts.add_test_line(
            "test result: \u{1b}[31mFAILED\u{1b}(B\u{1b}[m. 1 passed; 2 failed; 0 ignored; 0 measured; 4 filtered out",
        );
        counts.add_test_line("test queue::is_fair ... FAILED");
        let failures = vec!["queue::is_fair".to_owned()];
        assert_eq!(counts, Counts { passed: 4, failed: 2, skipped: 5, failures });
    }

    #[test]
    fn case_lines_add_up() {
        let mut counts = Counts::default();
        for line in ["# client 1", "ok create", "not ok list: -32601", "not ok cancel # TODO no header", "okay", ""] {
            counts.add_case_line(line);
        }
        let failures = vec!["list: -32601".to_owned()];
        assert_eq!(counts, Counts { passed: 1, failed: 1, skipped: 1, failures });
    }

    #[test]
    fn what_another_process_told_at_its_end_adds_up() {
        let mut counts = Counts { passed: 1, ..Counts::default() };
        counts.add_closing_lines(
            "=== a ===\ntest result: ok. 9 passed\nfailed in a: this\n\n4 passed, 2 failed, 1 skipped\n",
        );
        let failures = vec!["a: this".to_owned()];
        assert_eq!(counts, Counts { passed: 5, failed: 2, skipped: 1, failures });
        counts.add_closing_lines("killed");
        assert_eq!(counts.passed, 5);
    }

    #[test]
    fn a_failed_step_counts_and_those_that_need_it_do_not_run() {
        let mut report = Report::default();
        report.step("setup", |_| anyhow::bail!("no network"));
        report.step("lint", |_| Ok(()));
        report.step_after("setup", "conformance", |_| unreachable!());
        report.step_after("lint", "tests", |counts| {
            counts.passed = 7;
            Ok(())
        });
        report.step("peers", |counts| {
            counts.add_case_line("not ok 2 - a question");
            anyhow::bail!("1 case failed")
        });
        assert_eq!(report.totals().to_string(), "7 passed, 2 failed, 1 skipped");
        assert_eq!(report.finish(), ExitCode::FAILURE);
        report.steps.iter_mut().for_each(|step| step.took = Duration::ZERO);
        expect_test::expect![[r"
            setup                    FAILED       0.0 s   0 passed, 1 failed, 0 skipped
            lint                     ok           0.0 s
            conformance              not run      0.0 s   0 passed, 0 failed, 1 skipped
            tests                    ok           0.0 s   7 passed, 0 failed, 0 skipped
            peers                    FAILED       0.0 s   0 passed, 1 failed, 0 skipped
            failed in peers: 2 - a question
        "]]
        .assert_eq(&report.to_string());
    }

    #[test]
    fn a_run_without_failures_succeeds() {
        let mut report = Report::default();
        report.step("lint", |_| Ok(()));
        assert_eq!(report.finish(), ExitCode::SUCCESS);
    }
}
