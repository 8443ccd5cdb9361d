//! The checks we know to fail or to be skipped, each with the reason why that is accepted.

use std::fmt;
use std::fs;

use anyhow::{Context as _, bail};

use crate::command::root;

/// Where they are listed, from the root of the workspace.
pub(super) const FILE: &str = "xtask/conformance-expected.txt";

#[derive(Debug, Clone)]
pub(super) struct Entry {
    scenario: String,
    check: String,
    reason: String,
    met: bool,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.scenario, self.check)
    }
}

/// What is expected at one protocol revision.
#[derive(Debug, Default)]
pub(super) struct Expected {
    entries: Vec<Entry>,
}

impl Expected {
    pub(super) fn read(revision: &str) -> anyhow::Result<Self> {
        let text = fs::read_to_string(root().join(FILE)).with_context(|| format!("could not read {FILE}"))?;
        Self::parse(&text, revision)
    }

    /// Reads lines `REVISION SCENARIO CHECK # REASON`, and keeps those of `revision`.
    pub(super) fn parse(text: &str, revision: &str) -> anyhow::Result<Self> {
        let mut entries = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let (entry, reason) = line.split_once('#').unwrap_or((line, ""));
            match *entry.split_whitespace().collect::<Vec<_>>() {
                [] => {}
                [of, scenario, check] if !reason.trim().is_empty() => {
                    if of == revision {
                        let reason = reason.trim().to_owned();
                        entries.push(Entry {
                            scenario: scenario.to_owned(),
                            check: check.to_owned(),
                            reason,
                            met: false,
                        });
                    }
                }
                _ => bail!("{FILE}:{}: expected `REVISION SCENARIO CHECK # REASON`", number + 1),
            }
        }
        Ok(Self { entries })
    }

    /// The reason why this check is expected not to pass, if it is; the expectation is then met.
    pub(super) fn take(&mut self, scenario: &str, check: &str) -> Option<String> {
        let entry = self.entries.iter_mut().find(|entry| entry.scenario == scenario && entry.check == check)?;
        entry.met = true;
        Some(entry.reason.clone())
    }

    /// The expectations that nothing met.
    pub(super) fn stale(&self) -> Vec<&Entry> {
        self.entries.iter().filter(|entry| !entry.met).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# A comment.

2025-11-25 ping answered # once is enough
2026-07-28 caching ttl   # not yet
";

    #[test]
    fn an_expectation_belongs_to_one_revision() {
        let mut expected = Expected::parse(TEXT, "2025-11-25").unwrap();
        assert_eq!(expected.take("caching", "ttl"), None);
        assert_eq!(expected.take("ping", "answered").as_deref(), Some("once is enough"));
        assert!(expected.stale().is_empty());
    }

    #[test]
    fn what_does_not_happen_is_stale() {
        let mut expected = Expected::parse(TEXT, "2026-07-28").unwrap();
        assert_eq!(expected.take("caching", "scope"), None);
        let stale: Vec<_> = expected.stale().into_iter().map(ToString::to_string).collect();
        assert_eq!(stale, ["caching ttl"]);
    }

    #[test]
    fn a_reason_is_required() {
        for line in ["2025-11-25 ping answered", "2025-11-25 ping answered #", "ping answered # twice"] {
            let error = Expected::parse(line, "2025-11-25").unwrap_err();
            assert_eq!(error.to_string(), format!("{FILE}:1: expected `REVISION SCENARIO CHECK # REASON`"));
        }
    }

    #[test]
    fn the_committed_list_is_well_formed() {
        Expected::read("2025-11-25").unwrap();
    }
}
