//! A widget for tests.

use pmcp_tasks::tool::ToolWidget;
use serde_json::{Map, Value};

use crate::{Csp, Permissions, Widget, WidgetDefinition};

/// A widget with nothing that it need not have.
pub(crate) const fn board() -> WidgetDefinition {
    WidgetDefinition {
        package: "chess",
        version: "1.2.3",
        name: "board",
        title: None,
        description: None,
        csp: Csp { connect: &[], resource: &[], frame: &[], base_uri: &[], redirect: &[] },
        permissions: Permissions { camera: false, microphone: false, geolocation: false, clipboard_write: false },
        domain: None,
        border: None,
        tools: &["move_piece"],
        modes: &["inline"],
        invoking: None,
        invoked: None,
        bridge: true,
        budget: 512 * 1024,
        document: "<!doctype html><title>Board</title>",
        source: None,
    }
}

/// The type of that widget.
pub(crate) struct Board;

impl ToolWidget for Board {
    fn fill(meta: &mut Map<String, Value>) {
        Self::definition().fill_tool(meta);
    }
}

impl Widget for Board {
    fn definition() -> &'static WidgetDefinition {
        static BOARD: WidgetDefinition = board();
        &BOARD
    }
}
