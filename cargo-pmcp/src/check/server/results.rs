//! Results and errors of tools, as far as they could be seen without doing any harm, and what tools promise of them.

use serde_json::Value;

use super::promised;
use crate::{
    check::{
        rule::Findings,
        seen::{Call, Seen, is_for, is_of_runtime},
    },
    output::string,
};

/// The beginnings of what only a programmer should read, each with its name.
const INNER: [(&str, &str); 9] = [
    ("panicked at", "a panic"),
    ("stack backtrace", "a trace of calls"),
    ("Traceback (most recent call last)", "a trace of calls"),
    ("    at ", "a trace of calls"),
    (".rs:", "a line of its source"),
    ("/home/", "a path"),
    ("/Users/", "a path"),
    ("node_modules/", "a path"),
    ("site-packages/", "a path"),
];

pub(super) fn text(seen: &Seen, findings: &mut Findings<'_>) {
    for Call { tool, result } in &seen.calls {
        let name = string(tool, "name");
        match result {
            Ok(result) if has_text(result) => {}
            Ok(_) => findings.add(
                format!("a result of the tool `{name}` has no text"),
                "say in `content` what the widget shows, as somebody would read it aloud",
            ),
            Err(error) => findings.add(
                format!("a call of the tool `{name}` without arguments has no result: {error}"),
                "give a result, or say in `inputSchema` which arguments are required",
            ),
        }
    }
}

/// Set if a result says something to those who see no widget.
pub(crate) fn has_text(result: &Value) -> bool {
    let blocks = result["content"].as_array().into_iter().flatten();
    blocks.filter(|block| block["type"] == "text").any(|block| !string(block, "text").trim().is_empty())
}

pub(super) fn schema(seen: &Seen, findings: &mut Findings<'_>) {
    for promised in promised::look(seen, promised::PATIENCE) {
        findings.add(promised.message, promised.help);
    }
}

pub(super) fn annotations(seen: &Seen, findings: &mut Findings<'_>) {
    for tool in seen.shown.tools.iter().filter(|tool| is_for(tool, "model") && !is_of_runtime(tool)) {
        let says = |hint: &str| tool["annotations"][hint].is_boolean();
        if !says("readOnlyHint") && !says("destructiveHint") {
            findings.add(
                format!("the tool `{}` does not say whether it changes anything", string(tool, "name")),
                "add `readOnlyHint` or `destructiveHint`, as `read_only` or `destructive = false` of `#[task_tool]` and `annotations` of a \
                 `ToolDefinition` do",
            );
        }
    }
}

pub(super) fn inner_errors(seen: &Seen, findings: &mut Findings<'_>) {
    let help = "tell who calls what they can do about it, and keep the rest in the log";
    let mut tell = |what: &str, text: &str| {
        if let Some((_, inner)) = INNER.iter().find(|(begin, _)| text.contains(begin)) {
            findings.add(format!("the error of {what} has {inner} in it"), help);
        }
    };
    for (what, text) in &seen.errors {
        tell(what, text);
    }
    for Call { tool, result } in &seen.calls {
        let text = match result {
            Ok(result) if result["isError"] == true => result["content"].to_string(),
            Ok(_) => continue,
            Err(error) => error.clone(),
        };
        tell(&format!("a call of `{}`", string(tool, "name")), &text);
    }
    for document in &seen.documents {
        if let Err(error) = &document.read {
            tell(&format!("a read of `{}`", document.uri), error);
        }
    }
}
