//! The report for programs.

use serde_json::{Value, json};

use super::Report;
use crate::check::{hosts::Evidence, rule::Severity};

/// The report as JSON. `format` changes when something of it goes or means something else; more may come.
pub(crate) fn json(report: &Report<'_>) -> Value {
    let findings = report.findings.iter().map(|finding| {
        json!({
            "rule": finding.rule.name,
            "group": finding.rule.group.name(),
            "severity": finding.severity.name(),
            "message": finding.message,
            "help": finding.help,
            "reason": finding.rule.reason,
        })
    });
    let hosts = report.hosts.iter().map(|host| {
        let reasons =
            host.reasons.iter().map(|reason| json!({ "text": reason.text, "evidence": evidence(&reason.evidence) }));
        json!({
            "id": host.id,
            "title": host.title,
            "verdict": host.verdict.name(),
            "reasons": reasons.collect::<Vec<_>>(),
            "evidence": evidence(&host.evidence),
        })
    });
    let (tools, companions) = report.tools();
    json!({
        "format": 1,
        "server": {
            "name": report.seen.server["name"],
            "version": report.seen.server["version"],
            "protocols": report.versions(),
        },
        "widgets": report.seen.documents.iter().map(|document| &document.uri).collect::<Vec<_>>(),
        "tools": tools,
        "companions": companions,
        "errors": report.count(Severity::Error),
        "warnings": report.count(Severity::Warning),
        "allowed": report.allowed.iter().map(|rule| rule.name).collect::<Vec<_>>(),
        "findings": findings.collect::<Vec<_>>(),
        "hosts": hosts.collect::<Vec<_>>(),
    })
}

/// Evidence: its kind, and its day if it has one.
fn evidence(evidence: &Evidence) -> Value {
    match &evidence.date {
        Some(date) => json!({ "kind": evidence.kind.name(), "date": date }),
        None => json!({ "kind": evidence.kind.name() }),
    }
}
