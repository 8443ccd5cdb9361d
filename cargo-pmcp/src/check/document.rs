//! Rules about the text of a document: those of the compiler, applied to what is served.

use pmcp_apps_bundle::{Declared, Kind, Topic};

use super::{
    rule::{Findings, Group, Rule, Severity},
    seen::Seen,
};

/// A rule whose mistakes `pmcp-apps-bundle` finds.
const fn of(name: &'static str, severity: Severity, reason: &'static str, check: fn(&Seen, &mut Findings<'_>)) -> Rule {
    Rule { name, group: Group::Document, severity, reason, check }
}

/// The rules, in the order in which they are told.
pub(super) static RULES: [Rule; 12] = [
    of("markup", Severity::Error, "browsers guess what broken HTML means, each in its own way", |seen, findings| {
        mistakes(seen, findings, Topic::Markup);
    }),
    of("accessible", Severity::Error, "a page is for those who do not see it, too", |seen, findings| {
        mistakes(seen, findings, Topic::Access);
    }),
    of("declared-origins", Severity::Error, "hosts block what a document does not declare", |seen, findings| {
        mistakes(seen, findings, Topic::Origins);
    }),
    of(
        "addresses",
        Severity::Error,
        "a document is served alone, and hosts block plain addresses",
        |seen, findings| {
            mistakes(seen, findings, Topic::Addresses);
        },
    ),
    of(
        "blocked-code",
        Severity::Warning,
        "hosts that follow the specification let some code not run",
        |seen, findings| {
            mistakes(seen, findings, Topic::Code);
        },
    ),
    of("permissions", Severity::Error, "hosts give a view no ability that it does not ask for", |seen, findings| {
        mistakes(seen, findings, Topic::Permissions);
    }),
    of("known-tools", Severity::Error, "hosts refuse calls of tools that are not there for views", |seen, findings| {
        mistakes(seen, findings, Topic::Tools);
    }),
    of("links", Severity::Warning, "a view that leaves its document is removed", |seen, findings| {
        mistakes(seen, findings, Topic::Links);
    }),
    of("secrets", Severity::Error, "whoever has a view can read all of it", |seen, findings| {
        mistakes(seen, findings, Topic::Secrets);
    }),
    of(
        "document",
        Severity::Error,
        "a document that cannot be read whole is shown in part or not at all",
        |seen, findings| {
            mistakes(seen, findings, Topic::Document);
        },
    ),
    of("size", Severity::Warning, "a view is loaded anew whenever it is shown", size),
    of("source-map", Severity::Warning, "a source map tells how the page is made, and makes it larger", source_map),
];

/// Tells the mistakes of one topic.
fn mistakes(seen: &Seen, findings: &mut Findings<'_>, topic: Topic) {
    let all =
        seen.documents.iter().flat_map(|document| document.mistakes.iter().map(move |mistake| (document, mistake)));
    for (document, mistake) in all.filter(|(_, mistake)| mistake.topic == topic) {
        let severity = if mistake.kind == Kind::Error { Severity::Error } else { Severity::Warning };
        // One without a place is about the document as a whole.
        let place = if mistake.place.is_none() { format!("{}: ", document.uri) } else { String::new() };
        findings.weigh(severity, format!("{place}{mistake}"), &mistake.help);
    }
}

fn size(seen: &Seen, findings: &mut Findings<'_>) {
    for document in &seen.documents {
        let Some(text) = document.text().filter(|text| text.len() > Declared::BUDGET) else { continue };
        findings.add(
            format!(
                "{}: the document has {} KiB, more than {}",
                document.uri,
                text.len().div_ceil(1024),
                Declared::BUDGET / 1024
            ),
            "make it smaller, and ask tools for what only some need",
        );
    }
}

fn source_map(seen: &Seen, findings: &mut Findings<'_>) {
    for document in &seen.documents {
        if document.text().is_some_and(|text| {
            ["//# sourceMappingURL=", "/*# sourceMappingURL="].iter().any(|mark| text.contains(mark))
        }) {
            findings.add(
                format!("{}: a script or style sheet has a source map", document.uri),
                "build it without source maps",
            );
        }
    }
}
