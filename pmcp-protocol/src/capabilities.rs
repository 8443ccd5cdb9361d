//! Abilities a client declared.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{TASKS_EXTENSION, UI_EXTENSION, UI_MIME_TYPE};

/// Abilities a client declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a capability of its own")]
pub struct ClientCapabilities {
    /// It shows forms.
    pub elicitation: bool,
    /// It sends the user to pages (URL mode; 2025-11-25 and later).
    #[serde(default, skip_serializing_if = "is_false")]
    pub elicitation_url: bool,
    /// It tells its roots.
    pub roots: bool,
    /// It asks its model.
    pub sampling: bool,
    /// It understands tasks: it declared the extension, or in 2025-11-25 the `tasks` capability.
    pub tasks: bool,
    /// It shows widgets: it declared MCP Apps with the MIME type of their documents.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ui: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl ClientCapabilities {
    /// Reads a `ClientCapabilities` object. An elicitation capability that names no mode means forms.
    #[must_use]
    pub fn parse(capabilities: &Value) -> Self {
        let extension = |name: &str| capabilities.get("extensions").and_then(|all| all.get(name));
        let elicitation = capabilities.get("elicitation").and_then(Value::as_object);
        Self {
            elicitation: elicitation.is_some_and(|modes| !modes.contains_key("url") || modes.contains_key("form")),
            elicitation_url: elicitation.is_some_and(|modes| modes.get("url").is_some_and(Value::is_object)),
            sampling: capabilities.get("sampling").is_some_and(Value::is_object),
            roots: capabilities.get("roots").is_some_and(Value::is_object),
            tasks: extension(TASKS_EXTENSION).is_some_and(Value::is_object),
            ui: extension(UI_EXTENSION).is_some_and(shows_widgets),
        }
    }

    /// The capability the client lacks to be asked with this method and these parameters; `None` if it can be asked.
    #[must_use]
    pub fn missing_for(&self, method: &str, params: &Value) -> Option<&'static str> {
        let (declared, capability) = match method {
            "elicitation/create" if is_page(params) => (self.elicitation_url, "elicitation.url"),
            "elicitation/create" => (self.elicitation, "elicitation"),
            "sampling/createMessage" => (self.sampling, "sampling"),
            "roots/list" => (self.roots, "roots"),
            _ => (false, "this kind of question"),
        };
        (!declared).then_some(capability)
    }
}

/// Tells whether the parameters of an elicitation send the user to a page ("URL Mode Elicitation Requests").
#[must_use]
pub fn is_page(params: &Value) -> bool {
    params.get("mode").is_some_and(|mode| mode == "url")
}

/// Tells whether these settings of MCP Apps name the type of our documents ("Client<>Server Capability Negotiation").
fn shows_widgets(settings: &Value) -> bool {
    let types = settings.get("mimeTypes").and_then(Value::as_array);
    let is_ours = |name: &str| name.replace([' ', '\t'], "").eq_ignore_ascii_case(UI_MIME_TYPE);
    types.into_iter().flatten().filter_map(Value::as_str).any(is_ours)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn widgets_are_shown_by_who_names_the_type_of_their_documents() {
        let ui = |settings: Value| {
            ClientCapabilities::parse(&json!({ "extensions": { "io.modelcontextprotocol/ui": settings } })).ui
        };
        for shows in ["text/html;profile=mcp-app", "text/html; profile=mcp-app", "Text/HTML;Profile=MCP-App"] {
            assert!(ui(json!({ "mimeTypes": ["text/plain", shows] })), "{shows}");
        }
        for other in
            [json!({}), json!(null), json!({ "mimeTypes": [] }), json!({ "mimeTypes": "text/html;profile=mcp-app" })]
        {
            assert!(!ui(other.clone()), "{other}");
        }
        assert!(!ui(json!({ "mimeTypes": ["text/html", 1] })));
        assert!(!ClientCapabilities::parse(&json!({ "extensions": [] })).ui);
    }

    #[test]
    fn a_mode_is_asked_in_by_who_declared_it() {
        let page = json!({ "mode": "url" });
        for (modes, form, url) in [
            (json!({}), true, false),
            (json!({ "form": {} }), true, false),
            (json!({ "url": {} }), false, true),
            (json!({ "form": {}, "url": {} }), true, true),
            (json!({ "url": true }), false, false),
        ] {
            let client = ClientCapabilities::parse(&json!({ "elicitation": modes }));
            assert_eq!(client.missing_for("elicitation/create", &json!({})).is_none(), form, "{modes}");
            assert_eq!(client.missing_for("elicitation/create", &page).is_none(), url, "{modes}");
        }
    }

    #[test]
    fn abilities_that_were_stored_before_widgets_are_read() {
        let stored = json!({ "elicitation": true, "roots": false, "sampling": false, "tasks": false });
        let read: ClientCapabilities = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!((read.ui, serde_json::to_value(read).unwrap()), (false, stored));
    }
}
