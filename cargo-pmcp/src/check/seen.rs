//! Everything that a look at a server has seen.

use std::collections::BTreeSet;

use pmcp_apps_bundle::{Csp, Declared, Mistake, Permissions};
use pmcp_protocol::UI_MIME_TYPE;
use serde_json::{Value, json};

use crate::{
    output::string,
    stage::{Barrier, Violation},
};

/// The most origins of a list that a document is held against: no policy of a page has as many.
const ORIGINS: usize = 200;

/// A server as hosts saw it.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Its name, title and version.
    pub(crate) server: Value,
    /// What a client that shows widgets is told, in the version that the server was first spoken with.
    pub(crate) shown: Listing,
    /// The same in a version of the other era, if it speaks one.
    pub(crate) other: Option<Listing>,
    /// What clients without widgets are told, in each of these versions.
    pub(crate) plain: Vec<Listing>,
    pub(crate) documents: Vec<Document>,
    pub(crate) calls: Vec<Call>,
    /// Texts of errors, each with what was asked.
    pub(crate) errors: Vec<(&'static str, String)>,
    /// The views as a browser showed them, each under each host.
    pub(crate) views: Vec<Viewed>,
    /// Set if a browser was asked.
    pub(crate) is_browsed: bool,
}

/// A view as a browser showed it under one host.
#[derive(Debug, Default)]
pub(crate) struct Viewed {
    pub(crate) uri: String,
    pub(crate) tool: String,
    /// The title of the host.
    pub(crate) host: &'static str,
    /// The reason why it did not get ready.
    pub(crate) unready: Option<String>,
    /// Errors on its console.
    pub(crate) errors: Vec<String>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) answers_farewell: bool,
    pub(crate) is_ready_again: bool,
    /// Errors that came when it was loaded anew.
    pub(crate) errors_again: Vec<String>,
    /// It is wider than 320 pixels.
    pub(crate) is_too_wide: bool,
    pub(crate) barriers: Vec<Barriers>,
}

/// Barriers of a view in one theme.
#[derive(Debug)]
pub(crate) struct Barriers {
    pub(crate) theme: &'static str,
    pub(crate) found: Vec<Barrier>,
    /// The reason why nothing could be found.
    pub(crate) trouble: Option<String>,
}

/// The lists of a server, as one client sees them.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// The version of the protocol.
    pub(crate) version: String,
    pub(crate) tools: Vec<Value>,
    pub(crate) resources: Vec<Value>,
}

/// A document of a widget.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) uri: String,
    /// The tools that open it.
    pub(crate) tools: Vec<String>,
    /// Its entry in the list of resources.
    pub(crate) listed: Option<Value>,
    /// The result of `resources/read`, or why there is none.
    pub(crate) read: Result<Value, String>,
    /// An address that it had before, of a server that changes it with the content, and why that is not answered.
    pub(crate) old: Option<(String, Option<String>)>,
    /// The mistakes of its text.
    pub(crate) mistakes: Vec<Mistake>,
}

/// A call of a tool that only reads, without arguments.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) tool: Value,
    /// The result, or why there is none.
    pub(crate) result: Result<Value, String>,
}

impl Document {
    /// The content that was read.
    pub(crate) fn item(&self) -> Option<&Value> {
        self.read.as_ref().ok()?["contents"].as_array()?.first()
    }

    /// Its text.
    pub(crate) fn text(&self) -> Option<&str> {
        self.item()?["text"].as_str()
    }

    /// What its metadata says under a key. What is read counts more than what is listed.
    pub(crate) fn meta(&self, key: &str) -> &Value {
        let places = [self.item(), self.listed.as_ref()].into_iter().flatten();
        places.map(|place| &place["_meta"][key]).find(|value| !value.is_null()).unwrap_or(&Value::Null)
    }

    /// What it declares for hosts of MCP Apps, with the tools that its page may call.
    pub(crate) fn declared(&self, tools: &[Value]) -> Declared {
        let ui = self.meta("ui");
        let asks = |name: &str| !ui["permissions"][name].is_null();
        // Each address of a document is held against each.
        let origins = |of: &Value, key: &str| {
            let mut origins = texts(of, key);
            origins.truncate(ORIGINS);
            origins
        };
        let callable = tools.iter().filter(|tool| is_for(tool, "app")).map(|tool| string(tool, "name").to_owned());
        Declared {
            csp: Csp {
                connect: origins(&ui["csp"], "connectDomains"),
                resource: origins(&ui["csp"], "resourceDomains"),
                frame: origins(&ui["csp"], "frameDomains"),
                base_uri: origins(&ui["csp"], "baseUriDomains"),
                redirect: origins(self.meta("openai/widgetCSP"), "redirect_domains"),
            },
            permissions: Permissions {
                camera: asks("camera"),
                microphone: asks("microphone"),
                geolocation: asks("geolocation"),
                clipboard_write: asks("clipboardWrite"),
            },
            tools: Some(callable.collect()),
            bridge: None,
            budget: usize::MAX,
        }
    }
}

/// The texts of a list, such as origins, as far as it is one.
pub(crate) fn texts(of: &Value, key: &str) -> Vec<String> {
    of[key].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The document that a tool opens, by the key of today or that of drafts.
pub(crate) fn opens(tool: &Value) -> Option<&str> {
    let meta = &tool["_meta"];
    meta["ui"]["resourceUri"].as_str().or_else(|| meta["ui/resourceUri"].as_str())
}

/// Set if a tool is for the model, or for the app, as its visibility says.
pub(crate) fn is_for(tool: &Value, who: &str) -> bool {
    tool["_meta"]["ui"]["visibility"].as_array().is_none_or(|all| all.iter().any(|one| one == who))
}

/// Set for a tool that opens a widget, only reads, and needs no arguments.
pub(crate) fn is_harmless(tool: &Value) -> bool {
    let needs_none = tool["inputSchema"]["required"].as_array().is_none_or(Vec::is_empty);
    opens(tool).is_some() && tool["annotations"]["readOnlyHint"] == true && needs_none
}

/// Set of a tool by which clients without tasks follow them: its author has not written it, and it needs the id of a task alone, under a name
/// that the runtime gives it.
pub(crate) fn is_companion(tool: &Value) -> bool {
    tool["inputSchema"]["required"] == json!(["task_id"]) && string(tool, "name").starts_with("task_")
}

/// Set of a tool that the runtime adds, so that its author can say no more of it: a companion, or the one that goes on with workflows.
pub(crate) fn is_of_runtime(tool: &Value) -> bool {
    let goes_on = || tool["inputSchema"]["required"] == json!(["_task_id"]);
    is_companion(tool) || string(tool, "name") == "workflow_continue" && goes_on()
}

/// Set if a resource is the document of a widget.
pub(crate) fn is_widget(resource: &Value) -> bool {
    is_mime_type(string(resource, "mimeType"))
}

/// Set if this is the MIME type of documents of widgets, however it is spaced.
pub(crate) fn is_mime_type(text: &str) -> bool {
    text.replace([' ', '\t'], "").eq_ignore_ascii_case(UI_MIME_TYPE)
}

impl Listing {
    /// The addresses of all documents of widgets, those that tools open first.
    pub(crate) fn documents(&self) -> Vec<&str> {
        let listed = self.resources.iter().filter(|resource| is_widget(resource));
        let all = self.tools.iter().filter_map(opens).chain(listed.filter_map(|resource| resource["uri"].as_str()));
        let mut known = BTreeSet::new();
        all.filter(|uri| known.insert(*uri)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_document_is_looked_at_once_however_often_it_is_named() {
        let listing = Listing {
            tools: vec![
                json!({ "name": "a", "_meta": { "ui": { "resourceUri": "ui://x/1" } } }),
                json!({ "name": "b", "_meta": { "ui/resourceUri": "ui://x/2" } }),
                json!({ "name": "c", "_meta": { "ui": { "resourceUri": "ui://x/1" } } }),
            ],
            resources: vec![
                json!({ "uri": "ui://x/2", "mimeType": "text/html;profile=mcp-app" }),
                json!({ "uri": "ui://x/3", "mimeType": "Text/HTML; profile=mcp-app" }),
                json!({ "uri": "ui://x/4", "mimeType": "text/html" }),
            ],
            ..Listing::default()
        };
        assert_eq!(listing.documents(), ["ui://x/1", "ui://x/2", "ui://x/3"]);
    }

    #[test]
    fn a_tool_is_for_both_unless_it_says_so() {
        let tool = |visibility: Value| json!({ "_meta": { "ui": { "visibility": visibility } } });
        assert!(is_for(&json!({}), "model") && is_for(&json!({}), "app"));
        assert!(!is_for(&tool(json!(["app"])), "model") && is_for(&tool(json!(["app"])), "app"));
    }

    #[test]
    fn tools_of_the_runtime_are_told_apart() {
        let tool = |name: &str, required: &str| json!({ "name": name, "inputSchema": { "required": [required] } });
        assert!(is_companion(&tool("task_status", "task_id")));
        assert!(
            is_of_runtime(&tool("task_status", "task_id")) && is_of_runtime(&tool("workflow_continue", "_task_id"))
        );
        for (name, required) in [("task_board", "board"), ("show", "task_id"), ("workflow_continue", "workflow")] {
            assert!(!is_of_runtime(&tool(name, required)), "{name}");
        }
    }

    #[test]
    fn only_tools_that_do_no_harm_are_called() {
        let tool = |required: Value, reads: bool| {
            json!({ "inputSchema": { "required": required }, "annotations": { "readOnlyHint": reads },
                "_meta": { "ui": { "resourceUri": "ui://x/y" } } })
        };
        assert!(is_harmless(&tool(json!(null), true)) && is_harmless(&tool(json!([]), true)));
        assert!(!is_harmless(&tool(json!(["a"]), true)) && !is_harmless(&tool(json!([]), false)));
        assert!(!is_harmless(&json!({ "annotations": { "readOnlyHint": true } })));
    }
}
