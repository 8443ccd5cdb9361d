//! Everything that a check found, and the forms in which it is written.

mod json;
mod junit;
mod text;

pub(crate) use json::json;
pub(crate) use junit::junit;
pub(crate) use text::tell;

use super::{
    hosts::{Host, hosts},
    rule::{Finding, Rule, Severity},
    rules::check,
    seen::{Seen, is_companion},
};

/// A server that was checked.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) seen: &'a Seen,
    pub(crate) findings: Vec<Finding>,
    pub(crate) hosts: Vec<Host>,
    /// The rules that were allowed to be broken, and so not looked at.
    pub(crate) allowed: Vec<&'static Rule>,
}

impl<'a> Report<'a> {
    /// Checks a server that was looked at.
    pub(crate) fn new(seen: &'a Seen, allowed: Vec<&'static Rule>) -> Self {
        Self { seen, findings: check(seen, &allowed), hosts: hosts(seen), allowed }
    }

    /// The number of findings of this weight.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Set if something was found that fails in a host.
    pub(crate) fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// The number of tools, and of those by which clients without tasks follow them.
    fn tools(&self) -> (usize, usize) {
        let companions = self.seen.shown.tools.iter().filter(|tool| is_companion(tool)).count();
        (self.seen.shown.tools.len() - companions, companions)
    }

    /// The versions of the protocol that the server was spoken with.
    fn versions(&self) -> Vec<&str> {
        let listings = [Some(&self.seen.shown), self.seen.other.as_ref()];
        listings.into_iter().flatten().map(|listing| listing.version.as_str()).collect()
    }
}
