//! The features that a view may use, and how a host shows that it has them.

use std::collections::{BTreeSet, HashSet};

use super::profile::{Part, Profile};
use crate::check::{
    seen::{Document, Seen, texts},
    server::LISTS,
};

/// The characters of a call in which the name of a mode is looked for.
const WINDOW: usize = 100;

/// Something that a view uses, and a host has or has not.
#[derive(Debug)]
pub(super) struct Feature {
    /// Its name, after "no".
    pub(super) name: &'static str,
    /// The part of a profile that tells.
    pub(super) part: Part,
    /// Set if a view is of no use without it.
    pub(super) is_vital: bool,
    is_used: fn(&Document) -> bool,
    /// Tells whether a host has it.
    pub(super) is_there: fn(Profile<'_>) -> bool,
}

/// The features, the vital ones first.
static FEATURES: [Feature; 13] = [
    Feature {
        name: "tool calls",
        part: Part::Capabilities,
        is_vital: true,
        is_used: |document| calls(document, &["callTool", "callServerTool"]),
        is_there: |host| host.can("serverTools"),
    },
    Feature {
        name: "frames",
        part: Part::Sandbox,
        is_vital: true,
        is_used: |document| document.meta("ui")["csp"]["frameDomains"].as_array().is_some_and(|all| !all.is_empty()),
        is_there: |host| host.0["sandbox"]["nestedFrames"] == true,
    },
    Feature {
        name: "resources",
        part: Part::Capabilities,
        is_vital: false,
        is_used: |document| calls(document, &["readResource", "readServerResource"]),
        is_there: |host| host.can("serverResources"),
    },
    Feature {
        name: "links",
        part: Part::Capabilities,
        is_vital: false,
        is_used: |document| calls(document, &["openLink", "openExternal"]),
        is_there: |host| host.can("openLinks"),
    },
    Feature {
        name: "messages",
        part: Part::Capabilities,
        is_vital: false,
        is_used: |document| calls(document, &["sendMessage", "sendFollowUpMessage"]),
        is_there: |host| host.takes_text("message"),
    },
    Feature {
        name: "context for the model",
        part: Part::Capabilities,
        is_vital: false,
        is_used: |document| calls(document, &["updateModelContext"]),
        is_there: |host| host.takes_text("updateModelContext"),
    },
    Feature {
        name: "downloads",
        part: Part::Capabilities,
        is_vital: false,
        is_used: |document| calls(document, &["download", "downloadFile"]),
        is_there: |host| host.can("downloadFile"),
    },
    Feature {
        name: "fullscreen",
        part: Part::Context,
        is_vital: false,
        is_used: |document| asks_for_mode(document, "fullscreen"),
        is_there: |host| host.lists("/host/context/availableDisplayModes", "fullscreen"),
    },
    Feature {
        name: "picture-in-picture",
        part: Part::Context,
        is_vital: false,
        is_used: |document| asks_for_mode(document, "pip"),
        is_there: |host| host.lists("/host/context/availableDisplayModes", "pip"),
    },
    Feature {
        name: "camera",
        part: Part::Sandbox,
        is_vital: false,
        is_used: |document| asks_permission(document, "camera"),
        is_there: |host| host.lists("/sandbox/permissions", "camera"),
    },
    Feature {
        name: "microphone",
        part: Part::Sandbox,
        is_vital: false,
        is_used: |document| asks_permission(document, "microphone"),
        is_there: |host| host.lists("/sandbox/permissions", "microphone"),
    },
    Feature {
        name: "geolocation",
        part: Part::Sandbox,
        is_vital: false,
        is_used: |document| asks_permission(document, "geolocation"),
        is_there: |host| host.lists("/sandbox/permissions", "geolocation"),
    },
    Feature {
        name: "clipboard",
        part: Part::Sandbox,
        is_vital: false,
        is_used: |document| asks_permission(document, "clipboardWrite"),
        is_there: |host| host.lists("/sandbox/permissions", "clipboardWrite"),
    },
];

/// The features that the documents of a server use.
pub(super) fn used(seen: &Seen) -> Vec<&'static Feature> {
    FEATURES.iter().filter(|feature| seen.documents.iter().any(feature.is_used)).collect()
}

/// The origins that a document needs and a host that reads this form of its policy would block: those that only the other form
/// declares.
pub(super) fn missing_origins(document: &Document, in_apps: bool) -> BTreeSet<String> {
    let (ui, openai) = (&document.meta("ui")["csp"], document.meta("openai/widgetCSP"));
    let lists = LISTS.iter().flat_map(|(ours, theirs)| {
        let (apps, chatgpt) = (texts(ui, ours), texts(openai, theirs));
        let (has, wants) = if in_apps { (apps, chatgpt) } else { (chatgpt, apps) };
        let has: HashSet<_> = has.into_iter().collect();
        wants.into_iter().filter(move |origin| !has.contains(origin))
    });
    lists.collect()
}

/// Set if a document declares an origin to load from, in either form.
pub(super) fn declares_origins(document: &Document) -> bool {
    let (ui, openai) = (&document.meta("ui")["csp"], document.meta("openai/widgetCSP"));
    LISTS.iter().any(|(ours, theirs)| !texts(ui, ours).is_empty() || !texts(openai, theirs).is_empty())
}

/// Set if scripts of a document call one of these methods of the bridge, ours or another.
fn calls(document: &Document, methods: &[&str]) -> bool {
    methods.iter().any(|method| arguments(document, method).next().is_some())
}

/// The text behind each call of a method. The bridge itself, which a document carries along, defines the methods and calls none.
fn arguments<'a>(document: &'a Document, method: &'a str) -> impl Iterator<Item = &'a str> {
    let text = document.text().unwrap_or_default();
    text.match_indices(method).filter_map(move |(at, _)| {
        let after = text[at + method.len()..].trim_start_matches("?.");
        (text[..at].ends_with('.') && after.starts_with('(')).then_some(after)
    })
}

/// Set if scripts ask for a display mode by its name, soon after the call begins.
fn asks_for_mode(document: &Document, mode: &str) -> bool {
    let names = |after: &str| {
        let call: String = after.chars().take(WINDOW).collect();
        ['"', '\'', '`'].into_iter().any(|quote| call.contains(&format!("{quote}{mode}{quote}")))
    };
    arguments(document, "requestDisplayMode").any(names)
}

fn asks_permission(document: &Document, name: &str) -> bool {
    !document.meta("ui")["permissions"][name].is_null()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(script: &str) -> Document {
        let item = json!({ "contents": [{ "text": format!("<script>{script}</script>") }] });
        Document {
            uri: "ui://x/y".to_owned(),
            tools: Vec::new(),
            listed: None,
            read: Ok(item),
            old: None,
            mistakes: Vec::new(),
        }
    }

    fn names(script: &str) -> Vec<&'static str> {
        let seen = Seen { documents: vec![document(script)], ..Seen::default() };
        used(&seen).iter().map(|feature| feature.name).collect()
    }

    #[test]
    fn what_is_called_is_used_and_what_is_defined_is_not() {
        assert_eq!(names("await mcp.callTool('x'); mcp?.openLink(url)"), ["tool calls", "links"]);
        assert_eq!(names("app.callServerTool({}); app.sendMessage?.({})"), ["tool calls", "messages"]);
        assert_eq!(names("class App { sendMessage(a) {} } const x = { openLink: 1 }; mcp.callTools()"), [""; 0]);
        assert_eq!(names("mcp.requestDisplayMode('fullscreen')"), ["fullscreen"]);
        assert_eq!(names("app.requestDisplayMode({ mode: is ? `inline` : \"pip\" })"), ["picture-in-picture"]);
        // Names of modes that a library lists are no wish.
        assert_eq!(names("mcp.requestDisplayMode(mode)"), [""; 0]);
        assert_eq!(names("enum([\"inline\", \"fullscreen\", \"pip\"]); app.requestDisplayMode(mode)"), [""; 0]);
    }
}
