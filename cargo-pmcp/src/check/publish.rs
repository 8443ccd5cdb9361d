//! Limits of the places where apps are published.

use super::{
    rule::{Findings, Group, Rule, Severity},
    seen::{Seen, is_for},
};
use crate::output::string;

/// Characters of a name in a listing, of a text while a tool runs, of a tool's name, and of a description in the registry.
const NAME: usize = 30;
const STATUS: usize = 64;
const TOOL: usize = 64;
const DESCRIPTION: usize = 100;

/// The rules, in the order in which they are told.
pub(super) static RULES: [Rule; 5] = [
    Rule {
        name: "listing-name",
        group: Group::Publish,
        severity: Severity::Warning,
        reason: "stores take names of at most 30 characters",
        check: listing_name,
    },
    Rule {
        name: "listing-text",
        group: Group::Publish,
        severity: Severity::Warning,
        reason: "the registry takes descriptions of at most 100 characters",
        check: listing_text,
    },
    Rule {
        name: "status-texts",
        group: Group::Publish,
        severity: Severity::Error,
        reason: "ChatGPT refuses longer texts than 64 characters while a tool runs",
        check: status_texts,
    },
    Rule {
        name: "tool-names",
        group: Group::Publish,
        severity: Severity::Warning,
        reason: "some hosts take tools by names of 64 letters, digits, `_` and `-` only",
        check: tool_names,
    },
    Rule {
        name: "tool-texts",
        group: Group::Publish,
        severity: Severity::Warning,
        reason: "a model chooses tools by their descriptions, and reviewers read them",
        check: tool_texts,
    },
];

fn listing_name(seen: &Seen, findings: &mut Findings<'_>) {
    let title = string(&seen.server, "title");
    let name = if title.is_empty() { string(&seen.server, "name") } else { title };
    let length = name.chars().count();
    if length > NAME {
        findings.add(
            format!("the server's name `{name}` has {length} characters"),
            format!("give it a title of at most {NAME}"),
        );
    }
}

fn listing_text(seen: &Seen, findings: &mut Findings<'_>) {
    let length = string(&seen.server, "description").chars().count();
    if length > DESCRIPTION {
        let help = format!("say it in {DESCRIPTION}, and the rest in the listing");
        findings.add(format!("the server's description has {length} characters"), help);
    }
}

fn status_texts(seen: &Seen, findings: &mut Findings<'_>) {
    for tool in &seen.shown.tools {
        for when in ["invoking", "invoked"] {
            let length = string(&tool["_meta"], &format!("openai/toolInvocation/{when}")).chars().count();
            if length > STATUS {
                let message =
                    format!("the text `{when}` of the tool `{}` has {length} characters", string(tool, "name"));
                findings.add(message, format!("say it in {STATUS}"));
            }
        }
    }
}

fn tool_names(seen: &Seen, findings: &mut Findings<'_>) {
    for name in seen.shown.tools.iter().map(|tool| string(tool, "name")) {
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if !is_plain || name.is_empty() || name.len() > TOOL {
            findings.add(
                format!("not every host takes the name of the tool `{name}`"),
                "write it in snake case, in 64 letters",
            );
        }
    }
}

fn tool_texts(seen: &Seen, findings: &mut Findings<'_>) {
    for tool in seen.shown.tools.iter().filter(|tool| is_for(tool, "model")) {
        if string(tool, "description").trim().is_empty() {
            findings.add(
                format!("the tool `{}` has no description", string(tool, "name")),
                "say what it does and when to use it; a doc comment of `#[task_tool]` is it",
            );
        }
    }
}
