//! The report for services that show tests: a suite for each group of rules, and a case for each rule.

use std::fmt::Write as _;

use super::Report;
use crate::{
    check::{
        rule::{Group, Rule, Severity},
        rules::{RULES, all},
    },
    text::is_obeyed,
};

/// The report as XML. A rule with errors has failed; one that is allowed to be broken was skipped; warnings are what a case says.
pub(crate) fn junit(report: &Report<'_>) -> String {
    let failed = |name: &str| {
        report.findings.iter().any(|finding| finding.rule.name == name && finding.severity == Severity::Error)
    };
    let skipped = |rule: &Rule| {
        if report.allowed.iter().any(|allowed| allowed.name == rule.name) {
            Some("allowed by --allow")
        } else {
            (rule.group == Group::Browser && !report.seen.is_browsed).then_some("looked at with --browser only")
        }
    };
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let (tests, failures) = (all().count(), all().filter(|rule| failed(rule.name)).count());
    // Writing to a text does not fail.
    let _ = writeln!(xml, "<testsuites name=\"cargo pmcp app check\" tests=\"{tests}\" failures=\"{failures}\">");
    for (group, rules) in Group::ALL.into_iter().zip(RULES) {
        let failures = rules.iter().filter(|rule| failed(rule.name)).count();
        let skips = rules.iter().filter(|rule| skipped(rule).is_some()).count();
        let name = group.name();
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failures}\" skipped=\"{skips}\">",
            rules.len()
        );
        for rule in rules {
            let _ = writeln!(
                xml,
                "    <testcase classname=\"{name}\" name=\"{}\">{}",
                rule.name,
                outcome(report, rule.name, skipped(rule))
            );
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// What stands within a case, and its end.
fn outcome(report: &Report<'_>, rule: &str, skipped: Option<&str>) -> String {
    let mut within = String::new();
    if let Some(why) = skipped {
        let _ = write!(within, "\n      <skipped message=\"{why}\"/>");
    }
    let of =
        |severity| report.findings.iter().filter(move |found| found.rule.name == rule && found.severity == severity);
    for finding in of(Severity::Error) {
        let text = format!("{}\nhelp: {}", finding.message, finding.help);
        let _ =
            write!(within, "\n      <failure message=\"{}\">{}</failure>", escaped(&finding.message), escaped(&text));
    }
    let warnings: Vec<_> =
        of(Severity::Warning).map(|finding| format!("warning: {}\nhelp: {}", finding.message, finding.help)).collect();
    if !warnings.is_empty() {
        let _ = write!(within, "\n      <system-out>{}</system-out>", escaped(&warnings.join("\n")));
    }
    if within.is_empty() { "</testcase>".to_owned() } else { format!("{within}\n    </testcase>") }
}

/// A text within XML, without the characters that it has no form for, or that a terminal would obey.
fn escaped(text: &str) -> String {
    let has_form = |c: char| !(is_obeyed(c) || matches!(c, '\u{fffe}' | '\u{ffff}'));
    let text: String = text.chars().map(|c| if has_form(c) { c } else { '\u{fffd}' }).collect();
    pmcp_apps_bundle::escape_html(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_an_element_or_a_document() {
        let hostile = "a<b>&\"\u{1b}\u{0}\u{ffff}\u{202e}\tü";
        assert_eq!(escaped(hostile), "a&lt;b&gt;&amp;&quot;\u{fffd}\u{fffd}\u{fffd}\u{fffd}\tü");
    }
}
