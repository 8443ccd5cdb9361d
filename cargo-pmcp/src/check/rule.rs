//! A rule: data and a function, and what it finds.

use std::fmt;

use super::seen::Seen;
use crate::text::line;

/// The most findings of one rule that are told, and the characters of one.
const MOST: usize = 100;
const LONGEST: usize = 600;

/// A rule that a server, or a document of it, keeps or breaks.
#[derive(Clone, Copy)]
pub(crate) struct Rule {
    /// Its name, by which it is allowed to be broken.
    pub(crate) name: &'static str,
    pub(crate) group: Group,
    /// The weight of most of what it finds.
    pub(crate) severity: Severity,
    /// The reason for it, in one line.
    pub(crate) reason: &'static str,
    /// Finds what breaks it.
    pub(crate) check: fn(&Seen, &mut Findings<'_>),
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The groups of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// The answers of the server.
    Server,
    /// The documents that it serves.
    Document,
    /// The limits of places where it is published.
    Publish,
    /// The views in a browser, where one was asked.
    Browser,
}

impl Group {
    pub(crate) const ALL: [Self; 4] = [Self::Server, Self::Document, Self::Publish, Self::Browser];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Document => "document",
            Self::Publish => "publish",
            Self::Browser => "browser",
        }
    }
}

/// The weight of something that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// It works, though not everywhere or not well.
    Warning,
    /// Something fails in a host.
    Error,
}

impl Severity {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Something that breaks a rule.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) rule: &'static Rule,
    pub(crate) severity: Severity,
    /// One line, lower case, without a full stop.
    pub(crate) message: String,
    pub(crate) help: String,
}

/// Collects what one rule finds.
#[derive(Debug)]
pub(crate) struct Findings<'a> {
    rule: &'static Rule,
    found: &'a mut Vec<Finding>,
}

impl<'a> Findings<'a> {
    /// What this rule finds goes there.
    pub(super) fn of(rule: &'static Rule, found: &'a mut Vec<Finding>) -> Self {
        Self { rule, found }
    }

    /// Adds something of the rule's own weight. Texts of servers may be in it, of which nothing reaches a terminal as it is.
    pub(crate) fn add(&mut self, message: impl AsRef<str>, help: impl AsRef<str>) {
        self.weigh(self.rule.severity, message, help);
    }

    /// Adds something of another weight.
    pub(crate) fn weigh(&mut self, severity: Severity, message: impl AsRef<str>, help: impl AsRef<str>) {
        let known = self.found.iter().rev().take_while(|found| found.rule.name == self.rule.name).count();
        let (message, help) = match known {
            ..MOST => (short(message.as_ref()), short(help.as_ref())),
            MOST => {
                (format!("there are more than {MOST} of these; the others are not told"), "mend these first".to_owned())
            }
            _ => return,
        };
        self.found.push(Finding { rule: self.rule, severity, message, help });
    }
}

/// A text in one line, without its end if it is long.
fn short(text: &str) -> String {
    let text = line(text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static RULE: Rule =
        Rule { name: "a", group: Group::Server, severity: Severity::Warning, reason: "b", check: |_, _| {} };

    #[test]
    fn a_server_cannot_have_anything_told_without_end() {
        let mut found = Vec::new();
        let mut findings = Findings::of(&RULE, &mut found);
        for _ in 0..1_000 {
            findings.add("ü".repeat(5_000), "");
        }
        assert_eq!(found.len(), MOST + 1);
        assert_eq!(found[0].message.chars().count(), LONGEST + 1);
        assert!(found[MOST].message.starts_with("there are more than 100"));
    }
}
