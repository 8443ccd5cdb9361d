//! Tools and views: which of the two callers a tool is for, and the widget that shows its results.
//!
//! A widget is known here by what it adds to `_meta` of a tool, and by nothing else: no document, no host. A router lists that for
//! clients which show widgets, and for no others.

use serde_json::{Map, Value, json};

use crate::protocol::meta::UI;

/// The callers a tool is for (MCP Apps, "Tool Visibility").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Visibility {
    /// The model, and views.
    #[default]
    Both,
    /// The model alone.
    Model,
    /// Views alone: the model is not told of it.
    App,
}

impl Visibility {
    /// The callers as they are listed.
    fn callers(self) -> Value {
        match self {
            Self::Both => json!(["model", "app"]),
            Self::Model => json!(["model"]),
            Self::App => json!(["app"]),
        }
    }
}

/// A widget as tools see it: it adds to the `_meta` of a tool that opens it. `#[widget]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a widget",
    label = "not a widget",
    note = "annotate the struct with `#[widget(dir = \"…\")]`, and name it as it is imported: `widget = Board`"
)]
pub trait ToolWidget: 'static {
    /// Adds the widget's URI and texts to the `_meta` of a tool that opens it.
    fn fill(meta: &mut Map<String, Value>);
}

/// Facts about a tool that are told only to clients that show widgets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolUi {
    /// The callers it is for.
    pub visibility: Visibility,
    /// `_meta` of the widget that it opens; `None` if it opens none.
    pub widget: Option<Map<String, Value>>,
}

impl ToolUi {
    /// That of a tool without a widget.
    #[must_use]
    pub fn visible(visibility: Visibility) -> Self {
        Self { visibility, widget: None }
    }

    /// That of a tool that opens this widget.
    #[must_use]
    pub fn opening<W: ToolWidget + ?Sized>(visibility: Visibility) -> Self {
        let mut meta = Map::new();
        W::fill(&mut meta);
        Self { visibility, widget: Some(meta) }
    }

    /// The URI of the widget's document.
    #[must_use]
    pub fn resource_uri(&self) -> Option<&str> {
        self.widget.as_ref()?.get(UI)?.get("resourceUri")?.as_str()
    }

    /// Tells whether there is anything to list. `is_called` is set if a view names the tool among those it calls.
    pub(crate) fn says_something(&self, is_called: bool) -> bool {
        is_called || self.widget.is_some() || self.visibility != Visibility::Both
    }

    /// The same `_meta` with what clients that show widgets are told, if there is anything.
    pub(crate) fn listed(&self, meta: &Map<String, Value>, is_called: bool) -> Option<Map<String, Value>> {
        if !self.says_something(is_called) {
            return None;
        }
        let mut listed = meta.clone();
        listed.extend(self.widget.clone().unwrap_or_default());
        let ui = listed.entry(UI).or_insert_with(|| json!({}));
        if let Some(ui) = ui.as_object_mut() {
            ui.insert("visibility".into(), self.visibility.callers());
        }
        if self.visibility != Visibility::Model {
            // The same for ChatGPT, which refuses the calls of views otherwise.
            listed.insert("openai/widgetAccessible".into(), true.into());
        }
        Some(listed)
    }
}

/// The types of a tool's arguments and result as JSON Schemas in which types keep their Rust names: the root as `title`, those inside it
/// as `$defs`. What a router lists has no such names.
#[derive(Clone, Copy, Debug)]
pub struct ToolTypes {
    /// The type of the arguments.
    pub arguments: fn() -> Value,
    /// The type of the result's structured content, if it has one.
    pub result: fn() -> Option<Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Board;

    impl ToolWidget for Board {
        fn fill(meta: &mut Map<String, Value>) {
            meta.insert("ui".into(), json!({ "resourceUri": "ui://chess/board/1.html" }));
        }
    }

    fn listed(ui: &ToolUi, is_called: bool) -> Value {
        ui.listed(&Map::from_iter([("own".to_owned(), 1.into())]), is_called).into()
    }

    #[test]
    fn a_tool_says_whose_it_is_only_where_views_matter() {
        assert_eq!(listed(&ToolUi::default(), false), Value::Null);
        let both = json!({ "own": 1, "ui": { "visibility": ["model", "app"] }, "openai/widgetAccessible": true });
        assert_eq!(listed(&ToolUi::default(), true), both);
        let model = json!({ "own": 1, "ui": { "visibility": ["model"] } });
        assert_eq!(listed(&ToolUi::visible(Visibility::Model), false), model);
        let app = json!({ "own": 1, "ui": { "visibility": ["app"] }, "openai/widgetAccessible": true });
        assert_eq!(listed(&ToolUi::visible(Visibility::App), false), app);
    }

    #[test]
    fn a_widget_adds_to_what_the_tool_says() {
        let ui = listed(&ToolUi::opening::<Board>(Visibility::Both), false);
        assert_eq!(ui["ui"], json!({ "resourceUri": "ui://chess/board/1.html", "visibility": ["model", "app"] }));
        assert_eq!((&ui["own"], &ui["openai/widgetAccessible"]), (&json!(1), &json!(true)));
    }
}
