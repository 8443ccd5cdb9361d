//! Reading the suite's results, and what counts as passing.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use super::expected::Expected;
use crate::report::Counts;

/// The one scenario that the suite skips for every server.
const SKIPPED_BY_THE_SUITE: &str = "tasks-status-notifications";

/// One check of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) id: String,
    pub(super) status: Status,
    pub(super) message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Success,
    /// Neither good nor bad.
    Info,
    Skipped,
    /// A failure, a warning, or a status this code does not know.
    Bad,
}

/// What the suite recorded of one scenario.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) name: String,
    /// Empty when there is no `checks.json`: the suite stopped early, or skipped the scenario as a whole.
    pub(super) checks: Vec<Check>,
}

impl Scenario {
    /// Reads `DIRECTORY/server-NAME-TIME/checks.json`.
    pub(super) fn read(name: &str, directory: &Path) -> anyhow::Result<Self> {
        let prefix = format!("server-{name}-");
        let mut checks = Vec::new();
        for entry in fs::read_dir(directory).context("could not list the results of the suite")? {
            let entry = entry?;
            let file_name = entry.file_name();
            let is_ours = file_name.to_str().and_then(|file| file.strip_prefix(&prefix)).is_some_and(is_time);
            let file = entry.path().join("checks.json");
            if is_ours && file.exists() {
                let text = fs::read_to_string(&file)?;
                checks.extend(parse(&text).with_context(|| format!("could not read {}", file.display()))?);
            }
        }
        Ok(Self { name: name.to_owned(), checks })
    }
}

/// Tells `2026-11-20T09-29-32-476Z` from the rest of a longer scenario name.
fn is_time(text: &str) -> bool {
    text.len() == 24 && text.ends_with('Z') && text.starts_with(|first: char| first.is_ascii_digit())
}

fn parse(text: &str) -> anyhow::Result<Vec<Check>> {
    let checks: Vec<Value> = serde_json::from_str(text)?;
    let text_of = |check: &Value, key: &str| check[key].as_str().unwrap_or_default().to_owned();
    let read = |check: &Value| {
        let status = text_of(check, "status");
        let mut message = text_of(check, "errorMessage");
        if message.is_empty() {
            message = text_of(check, "description");
        }
        let known = match status.as_str() {
            "SUCCESS" => Status::Success,
            "INFO" => Status::Info,
            "SKIPPED" => Status::Skipped,
            _ => Status::Bad,
        };
        if matches!(known, Status::Bad | Status::Skipped) {
            message = format!("{status}: {message}");
        }
        Check { id: text_of(check, "id"), status: known, message }
    };
    Ok(checks.iter().map(read).collect())
}

/// How a scenario is judged. Its `Display` is the scenario's line, followed by one for each check worth a look.
#[derive(Debug)]
pub(super) struct Verdict<'a> {
    name: &'a str,
    passed: usize,
    failures: Vec<(&'a str, &'a str)>,
    expected: Vec<(&'a str, String)>,
    skipped: Vec<(&'a str, &'a str)>,
}

impl<'a> Verdict<'a> {
    /// Judges a scenario: at least one check, and none that failed or was skipped without being expected to.
    pub(super) fn of(scenario: &'a Scenario, expected: &mut Expected) -> Self {
        let mut verdict =
            Self { name: &scenario.name, passed: 0, failures: Vec::new(), expected: Vec::new(), skipped: Vec::new() };
        if scenario.checks.is_empty() {
            verdict.failures.push(("-", "the suite recorded no check"));
        }
        for Check { id, status, message } in &scenario.checks {
            match status {
                Status::Success => verdict.passed += 1,
                Status::Info => {}
                Status::Skipped if scenario.name == SKIPPED_BY_THE_SUITE => verdict.skipped.push((id, message)),
                Status::Skipped | Status::Bad => match expected.take(&scenario.name, id) {
                    Some(reason) => verdict.expected.push((id, reason)),
                    None => verdict.failures.push((id, message)),
                },
            }
        }
        verdict
    }

    pub(super) fn is_fit(&self) -> bool {
        self.failures.is_empty()
    }

    pub(super) fn counts(&self) -> Counts {
        let skipped = self.skipped.len() + self.expected.len();
        let failures: Vec<_> = self.failures.iter().map(|(check, _)| format!("{}: {check}", self.name)).collect();
        Counts { passed: self.passed as u64, failed: failures.len() as u64, skipped: skipped as u64, failures }
    }
}

impl fmt::Display for Verdict<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            _ if !self.is_fit() => "FAILED",
            Self { passed: 1.., .. } => "ok",
            Self { skipped, expected, .. } if skipped.is_empty() && expected.is_empty() => "info",
            _ => "skip",
        };
        write!(f, "{word:<6} {:<46} {}", self.name, self.counts())?;
        for (id, message) in &self.failures {
            write!(f, "\n       FAILED   {id}: {message}")?;
        }
        for (id, reason) in &self.expected {
            write!(f, "\n       expected {id}: {reason}")?;
        }
        for (id, message) in &self.skipped {
            write!(f, "\n       skipped  {id}: {message}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn scenario(name: &str, checks: &str) -> Scenario {
        Scenario { name: name.to_owned(), checks: parse(checks).unwrap() }
    }

    #[test]
    fn a_warning_is_a_failure_and_so_is_what_we_do_not_know() {
        let scenario = scenario(
            "ping",
            r#"[
                {"id": "one", "status": "SUCCESS"},
                {"id": "two", "status": "WARNING", "errorMessage": "late"},
                {"id": "three", "status": "PONDERING", "description": "what is this"},
                {"id": "four", "status": "INFO"}
            ]"#,
        );
        let verdict = Verdict::of(&scenario, &mut Expected::default());
        assert_eq!(verdict.counts().to_string(), "1 passed, 2 failed, 0 skipped");
        expect![[r"
            FAILED ping                                           1 passed, 2 failed, 0 skipped
                   FAILED   two: WARNING: late
                   FAILED   three: PONDERING: what is this"]]
        .assert_eq(&verdict.to_string());
    }

    #[test]
    fn a_scenario_without_checks_fails() {
        let scenario = scenario("ping", "[]");
        assert!(!Verdict::of(&scenario, &mut Expected::default()).is_fit());
    }

    #[test]
    fn skipping_is_a_failure_except_where_the_suite_always_does() {
        let checks = r#"[{"id": "one", "status": "SKIPPED", "errorMessage": "later"}]"#;
        assert!(!Verdict::of(&scenario("ping", checks), &mut Expected::default()).is_fit());
        let always = scenario(SKIPPED_BY_THE_SUITE, checks);
        expect![[r#"
            skip   tasks-status-notifications                     0 passed, 0 failed, 1 skipped
                   skipped  one: SKIPPED: later"#]]
        .assert_eq(&Verdict::of(&always, &mut Expected::default()).to_string());
    }

    #[test]
    fn an_expected_failure_is_shown_with_its_reason() {
        let scenario = scenario(
            "ping",
            r#"[{"id": "one", "status": "FAILURE"}, {"id": "two", "status": "SUCCESS"}, {"id": "three", "status": "SKIPPED"}]"#,
        );
        let expected = "2025-11-25 ping one # the suite asks twice\n2025-11-25 ping three # only for others";
        let mut expected = Expected::parse(expected, "2025-11-25").unwrap();
        let verdict = Verdict::of(&scenario, &mut expected);
        expect![[r#"
            ok     ping                                           1 passed, 0 failed, 2 skipped
                   expected one: the suite asks twice
                   expected three: only for others"#]]
        .assert_eq(&verdict.to_string());
        assert!(expected.stale().is_empty());
    }

    #[test]
    fn results_are_found_by_the_whole_name() {
        let results = tempfile::tempdir().unwrap();
        for (name, id) in [("tasks", "right"), ("tasks-lifecycle", "wrong")] {
            let directory = results.path().join(format!("server-{name}-2026-11-20T09-29-32-476Z"));
            fs::create_dir(&directory).unwrap();
            fs::write(directory.join("checks.json"), format!(r#"[{{"id": "{id}", "status": "SUCCESS"}}]"#)).unwrap();
        }
        fs::create_dir(results.path().join("server-ping-2026-11-20T09-29-32-476Z")).unwrap();
        assert_eq!(Scenario::read("tasks", results.path()).unwrap().checks[0].id, "right");
        assert!(Scenario::read("ping", results.path()).unwrap().checks.is_empty());
    }
}
