//! Metadata for hosts: beside a widget's document, and beside the tools that open it.
//!
//! Both MCP Apps (2026-01-26) and `ChatGPT` are told, each in its own keys. The policy is always written, because hosts differ in what
//! they make of its absence.

use pmcp_protocol::{Content, UI_MIME_TYPE, meta::UI};
use serde_json::{Map, Value, json};

use crate::{Csp, Permissions, Widget, WidgetDefinition};

impl WidgetDefinition {
    /// `_meta` of its document, in lists and where it is read.
    #[must_use]
    pub fn resource_meta(&self) -> Map<String, Value> {
        let Csp { connect, resource, frame, base_uri, redirect } = self.csp;
        let csp = json!({
            "connectDomains": connect,
            "resourceDomains": resource,
            "frameDomains": frame,
            "baseUriDomains": base_uri,
        });
        let for_chatgpt = json!({
            "connect_domains": connect,
            "resource_domains": resource,
            "frame_domains": frame,
            "redirect_domains": redirect,
        });
        let (mut ui, mut meta) = (Map::new(), Map::new());
        ui.insert("csp".into(), csp);
        meta.insert("openai/widgetCSP".into(), for_chatgpt);
        if self.permissions != Permissions::default() {
            ui.insert("permissions".into(), told(self.permissions).into());
        }
        if let Some(domain) = self.domain {
            ui.insert("domain".into(), domain.into());
            meta.insert("openai/widgetDomain".into(), domain.into());
        }
        if let Some(border) = self.border {
            ui.insert("prefersBorder".into(), border.into());
            meta.insert("openai/widgetPrefersBorder".into(), border.into());
        }
        if let Some(description) = self.description {
            meta.insert("openai/widgetDescription".into(), description.into());
        }
        meta.insert(UI.into(), ui.into());
        meta
    }

    /// Adds to `_meta` of a tool that it opens this widget.
    pub fn fill_tool(&self, meta: &mut Map<String, Value>) {
        let uri = self.uri();
        let ui = meta.entry(UI).or_insert_with(|| json!({}));
        if let Some(ui) = ui.as_object_mut() {
            ui.insert("resourceUri".into(), uri.as_str().into());
        }
        meta.insert("openai/outputTemplate".into(), uri.into());
        for (when, text) in [("invoking", self.invoking), ("invoked", self.invoked)] {
            if let Some(text) = text {
                meta.insert(format!("openai/toolInvocation/{when}"), text.into());
            }
        }
    }

    /// The name for people, else the one in its URI.
    #[must_use]
    pub fn shown_name(&self) -> &'static str {
        self.title.unwrap_or(self.name)
    }
}

/// Permissions as MCP Apps writes them: an empty object for each that is asked for.
fn told(permissions: Permissions) -> Map<String, Value> {
    let Permissions { camera, microphone, geolocation, clipboard_write } = permissions;
    let mut told = Map::new();
    for (name, is_asked) in [
        ("camera", camera),
        ("microphone", microphone),
        ("geolocation", geolocation),
        ("clipboardWrite", clipboard_write),
    ] {
        if is_asked {
            told.insert(name.to_owned(), json!({}));
        }
    }
    told
}

/// The widget as a part of a tool's result, for hosts of MCP-UI: they show a document that comes with the result, and read none.
///
/// The document comes without data. In a host that speaks MCP-UI alone there is nobody to answer the bridge: `mcp.ready` is never
/// fulfilled, and the page is told no result. It has to show something by itself, or the tool puts what it has to say into the text
/// beside it.
///
/// In a build for development it reads the widget's files, and blocks while it does.
///
/// ```
/// use pmcp_apps::{Widget, mcp_ui};
/// use pmcp_tasks::tool::{Content, ToolResult};
///
/// fn with_board<W: Widget>(board: &W) -> ToolResult {
///     ToolResult::text("White to move.").with(mcp_ui(board))
/// }
/// ```
#[must_use]
pub fn mcp_ui<W: Widget>(_: &W) -> Content {
    let widget = W::definition();
    Content::raw(json!({
        "type": "resource",
        "resource": { "uri": widget.uri(), "mimeType": "text/html", "text": widget.document() },
    }))
}

/// The MIME type of a widget's document.
pub const MIME_TYPE: &str = UI_MIME_TYPE;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Board, board};

    #[test]
    fn a_policy_is_written_though_it_is_empty() {
        let meta = Value::from(board().resource_meta());
        assert_eq!(
            meta,
            json!({
                "ui": {
                    "csp": { "connectDomains": [], "resourceDomains": [], "frameDomains": [], "baseUriDomains": [] },
                },
                "openai/widgetCSP": {
                    "connect_domains": [], "resource_domains": [], "frame_domains": [], "redirect_domains": [],
                },
            })
        );
    }

    #[test]
    fn each_host_is_told_everything_in_its_own_keys() {
        let widget = WidgetDefinition {
            description: Some("The board."),
            csp: Csp {
                connect: &["https://api.example.com"],
                resource: &["https://cdn.example.com"],
                frame: &["https://frame.example.com"],
                base_uri: &["https://base.example.com"],
                redirect: &["https://shop.example.com"],
            },
            permissions: Permissions { camera: true, clipboard_write: true, ..Permissions::default() },
            domain: Some("chess.example.com"),
            border: Some(false),
            ..board()
        };
        let meta = Value::from(widget.resource_meta());
        assert_eq!(
            meta,
            json!({
                "ui": {
                    "csp": {
                        "connectDomains": ["https://api.example.com"],
                        "resourceDomains": ["https://cdn.example.com"],
                        "frameDomains": ["https://frame.example.com"],
                        "baseUriDomains": ["https://base.example.com"],
                    },
                    "permissions": { "camera": {}, "clipboardWrite": {} },
                    "domain": "chess.example.com",
                    "prefersBorder": false,
                },
                "openai/widgetCSP": {
                    "connect_domains": ["https://api.example.com"],
                    "resource_domains": ["https://cdn.example.com"],
                    "frame_domains": ["https://frame.example.com"],
                    "redirect_domains": ["https://shop.example.com"],
                },
                "openai/widgetDescription": "The board.",
                "openai/widgetDomain": "chess.example.com",
                "openai/widgetPrefersBorder": false,
            })
        );
    }

    #[test]
    fn a_tool_names_the_document_that_is_listed() {
        let widget = WidgetDefinition { invoking: Some("Setting up"), invoked: Some("Set up"), ..board() };
        let mut meta = Map::new();
        widget.fill_tool(&mut meta);
        let uri = widget.uri();
        assert_eq!(
            Value::from(meta),
            json!({
                "ui": { "resourceUri": uri },
                "openai/outputTemplate": uri,
                "openai/toolInvocation/invoking": "Setting up",
                "openai/toolInvocation/invoked": "Set up",
            })
        );
    }

    #[test]
    fn a_host_of_mcp_ui_gets_the_document_itself() {
        let content = mcp_ui(&Board).into_value();
        assert_eq!((&content["type"], &content["resource"]["mimeType"]), (&json!("resource"), &json!("text/html")));
        assert_eq!(content["resource"]["uri"], board().uri());
        assert_eq!(content["resource"]["text"], board().document);
    }
}
