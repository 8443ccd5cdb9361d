//! The shape of `_meta`, of tools and documents.

use serde_json::Value;

use crate::{
    check::{rule::Findings, seen::Seen},
    output::string,
    text::{meant, quoted},
};

/// The lists of a policy, for MCP Apps and for `ChatGPT`.
const UI_CSP: [&str; 4] = ["connectDomains", "resourceDomains", "frameDomains", "baseUriDomains"];
const OPENAI_CSP: [&str; 4] = ["connect_domains", "resource_domains", "frame_domains", "redirect_domains"];
const PERMISSIONS: [&str; 4] = ["camera", "microphone", "geolocation", "clipboardWrite"];

pub(super) fn shape(seen: &Seen, findings: &mut Findings<'_>) {
    for tool in &seen.shown.tools {
        check_tool(tool, findings);
    }
    for document in &seen.documents {
        let of = format!("`{}`", document.uri);
        if !document.uri.starts_with("ui://") {
            findings.add(format!("{of} is no address of a document"), "begin it with `ui://`");
        }
        let ui = document.meta("ui");
        if is_other_than(ui, Value::is_object) {
            findings.add(format!("`_meta.ui` of {of} is no object"), "write an object, such as `{ \"csp\": {} }`");
            continue;
        }
        check_lists(&ui["csp"], "_meta.ui.csp", &UI_CSP, &of, findings);
        check_lists(document.meta("openai/widgetCSP"), "_meta[\"openai/widgetCSP\"]", &OPENAI_CSP, &of, findings);
        check_permissions(&ui["permissions"], &of, findings);
        for (key, is_right, kind) in [
            ("domain", Value::is_string as fn(&Value) -> bool, "a text"),
            ("prefersBorder", Value::is_boolean, "true or false"),
        ] {
            if is_other_than(&ui[key], is_right) {
                findings.add(format!("`_meta.ui.{key}` of {of} is not {kind}"), format!("write {kind}"));
            }
        }
    }
}

fn check_tool(tool: &Value, findings: &mut Findings<'_>) {
    let (of, ui) = (format!("the tool `{}`", string(tool, "name")), &tool["_meta"]["ui"]);
    if is_other_than(ui, Value::is_object) {
        return findings.add(format!("`_meta.ui` of {of} is no object"), "write `{ \"resourceUri\": \"ui://…\" }`");
    }
    if is_other_than(&ui["resourceUri"], Value::is_string) {
        findings.add(format!("`_meta.ui.resourceUri` of {of} is not a text"), "write the address of its document");
    }
    if ui["resourceUri"].is_null() && tool["_meta"]["ui/resourceUri"].is_string() {
        findings.add(
            format!("{of} names its document under a key of old, `ui/resourceUri`"),
            "write `_meta.ui.resourceUri`",
        );
    }
    let is_visibility = |value: &Value| {
        value.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(|who| who == "model" || who == "app"))
    };
    if is_other_than(&ui["visibility"], is_visibility) {
        findings.add(
            format!("`_meta.ui.visibility` of {of} is not a list of `model` and `app`"),
            "write `[\"model\", \"app\"]`, or leave it out",
        );
    }
}

fn check_lists(csp: &Value, path: &str, keys: &[&str], of: &str, findings: &mut Findings<'_>) {
    if is_other_than(csp, Value::is_object) {
        return findings.add(
            format!("`{path}` of {of} is no object"),
            format!("write an object with {}", quoted(keys.iter().copied())),
        );
    }
    for (key, list) in csp.as_object().into_iter().flatten() {
        if !keys.contains(&key.as_str()) {
            unknown(key, path, keys, of, findings);
        } else if !list.as_array().is_some_and(|all| all.iter().all(Value::is_string)) {
            findings
                .add(format!("`{path}.{key}` of {of} is no list of texts"), "write `[\"https://api.example.com\"]`");
        }
    }
}

fn check_permissions(permissions: &Value, of: &str, findings: &mut Findings<'_>) {
    const PATH: &str = "_meta.ui.permissions";
    if is_other_than(permissions, Value::is_object) {
        return findings.add(format!("`{PATH}` of {of} is no object"), "write `{ \"camera\": {} }`");
    }
    for (key, value) in permissions.as_object().into_iter().flatten() {
        if !PERMISSIONS.contains(&key.as_str()) {
            unknown(key, PATH, &PERMISSIONS, of, findings);
        } else if !value.is_object() {
            findings.add(format!("`{PATH}.{key}` of {of} is no object"), format!("write `\"{key}\": {{}}`"));
        }
    }
}

fn unknown(key: &str, path: &str, keys: &[&str], of: &str, findings: &mut Findings<'_>) {
    let help = match meant(key, keys.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("there are {}", quoted(keys.iter().copied())),
    };
    findings.add(format!("`{path}` of {of} has no key `{key}`"), help);
}

/// Set if there is a value, and not of the right kind.
fn is_other_than(value: &Value, is_right: impl Fn(&Value) -> bool) -> bool {
    !value.is_null() && !is_right(value)
}
