//! The report for people: each finding, then the hosts, then the numbers.

use super::Report;
use crate::{
    check::{
        hosts::{Host, Verdict},
        rule::Severity,
    },
    shell::Shell,
};

/// Tells a report.
pub(crate) fn tell(report: &Report<'_>, shell: &Shell) {
    for finding in &report.findings {
        shell.finding(finding.severity == Severity::Error, finding.rule.name, &finding.message, &finding.help);
    }
    if !report.hosts.is_empty() {
        shell.status("Hosts", &report.hosts.iter().map(host).collect::<Vec<_>>().join(" · "));
    }
    let widgets = report.seen.documents.len();
    let (tools, companions) = report.tools();
    let (errors, warnings) = (report.count(Severity::Error), report.count(Severity::Warning));
    let allowed = match report.allowed.len() {
        0 => String::new(),
        allowed => format!(" ({} allowed)", number(allowed, "rule")),
    };
    let more = match companions {
        0 => String::new(),
        companions => format!(" (and {companions} for clients without tasks)"),
    };
    let what = format!("{}, {}{more}", number(widgets, "widget"), number(tools, "tool"));
    let found = format!("{}, {}", number(errors, "error"), number(warnings, "warning"));
    shell.status("Checked", &format!("{what}: {found}{allowed}"));
}

/// A host in a few words: what becomes of the views, why, and how that is known.
fn host(host: &Host) -> String {
    let mut why: Vec<_> = host.reasons.iter().map(|reason| reason.text.as_str()).collect();
    if host.verdict != Verdict::Unknown || why.is_empty() {
        why.push(host.evidence.kind.name());
    }
    format!("{} {} ({})", host.title.replace(',', ""), host.verdict.name(), why.join(", "))
}

fn number(number: usize, of: &str) -> String {
    format!("{number} {of}{}", if number == 1 { "" } else { "s" })
}
