//! Widgets and tools of one server: they have to name each other rightly.

use std::collections::HashMap;

use pmcp_tasks::tool::{ToolDefinition, Visibility};

use crate::WidgetDefinition;

/// The reason why widgets and tools do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WidgetError {
    /// A tool that a widget calls is not offered.
    #[error(
        "the widget `{widget}` calls the tool `{tool}`, which the server does not have: register it with `.tool::<…>()`"
    )]
    UnknownTool {
        /// The widget.
        widget: &'static str,
        /// The tool, as clients would call it.
        tool: &'static str,
    },
    /// A tool that a widget calls is for models alone.
    #[error(
        "the widget `{widget}` calls the tool `{tool}`, which is for models alone: leave out its `visibility = \"model\"`"
    )]
    HiddenTool {
        /// The widget.
        widget: &'static str,
        /// The tool.
        tool: &'static str,
    },
    /// A tool opens a widget that is not offered.
    #[error(
        "the tool `{tool}` opens a widget that the server does not have: register it with `.widget::<…>()` (`{uri}`)"
    )]
    UnknownWidget {
        /// The tool.
        tool: String,
        /// The URI of the widget's document.
        uri: String,
    },
    /// Two widgets have one name.
    #[error("two widgets of `{package}` are named `{name}`; give one of them another name with `uri = \"…\"`")]
    Duplicate {
        /// The crate.
        package: &'static str,
        /// The part of their URI.
        name: &'static str,
    },
}

/// Checks that the widgets and tools of a server name each other rightly.
///
/// # Errors
/// They do not; the first mistake.
pub fn check<'a>(
    widgets: &[&'static WidgetDefinition],
    tools: impl IntoIterator<Item = &'a ToolDefinition>,
) -> Result<(), WidgetError> {
    let tools: Vec<&ToolDefinition> = tools.into_iter().collect();
    let by_name: HashMap<&str, &ToolDefinition> = tools.iter().map(|tool| (tool.name.as_str(), *tool)).collect();
    for (at, widget) in widgets.iter().enumerate() {
        let is_same = |other: &&'static WidgetDefinition| (other.package, other.name) == (widget.package, widget.name);
        if widgets[..at].iter().any(is_same) {
            return Err(WidgetError::Duplicate { package: widget.package, name: widget.name });
        }
        for tool in widget.tools.iter().copied() {
            match by_name.get(tool) {
                None => return Err(WidgetError::UnknownTool { widget: widget.name, tool }),
                Some(found) if found.ui.visibility == Visibility::Model => {
                    return Err(WidgetError::HiddenTool { widget: widget.name, tool });
                }
                Some(_) => {}
            }
        }
    }
    for tool in tools {
        if let Some(uri) = tool.ui.resource_uri().filter(|uri| !widgets.iter().any(|widget| widget.has_uri(uri))) {
            return Err(WidgetError::UnknownWidget { tool: tool.name.clone(), uri: uri.to_owned() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use pmcp_tasks::tool::ToolUi;

    use super::*;
    use crate::fixture::{Board, board};

    fn tool(name: &str, ui: ToolUi) -> ToolDefinition {
        ToolDefinition { name: name.into(), ui, ..ToolDefinition::default() }
    }

    fn widget() -> &'static WidgetDefinition {
        Box::leak(Box::new(board()))
    }

    #[test]
    fn a_widget_s_tools_are_the_server_s() {
        let moves = tool("move_piece", ToolUi::visible(Visibility::App));
        assert_eq!(check(&[widget()], [&moves]), Ok(()));
        let error = check(&[widget()], []).unwrap_err();
        assert_eq!(error, WidgetError::UnknownTool { widget: "board", tool: "move_piece" });
        assert!(error.to_string().contains("`board`") && error.to_string().contains("`move_piece`"), "{error}");
        let hidden = tool("move_piece", ToolUi::visible(Visibility::Model));
        let expected = WidgetError::HiddenTool { widget: "board", tool: "move_piece" };
        assert_eq!(check(&[widget()], [&hidden]), Err(expected));
    }

    #[test]
    fn a_tool_s_widget_is_the_server_s() {
        let tools = [tool("move_piece", ToolUi::default()), tool("show", ToolUi::opening::<Board>(Visibility::Both))];
        assert_eq!(check(&[widget()], &tools), Ok(()));
        let error = check(&[], &tools).unwrap_err();
        assert_eq!(error, WidgetError::UnknownWidget { tool: "show".into(), uri: board().uri() });
    }

    #[test]
    fn two_widgets_have_two_names() {
        let moves = tool("move_piece", ToolUi::default());
        let error = check(&[widget(), widget()], [&moves]).unwrap_err();
        assert_eq!(error, WidgetError::Duplicate { package: "chess", name: "board" });
    }
}
