//! A tool of the router, as clients see it.

use std::sync::Arc;

use crate::{
    call::CallContext,
    gate::{Gate, Target, TargetKind},
    tool::{TaskSupport, ToolDefinition, Visibility, Work},
};

/// A tool as it was registered.
#[derive(Clone, Debug)]
pub(super) struct Registered {
    pub(super) definition: Arc<ToolDefinition>,
    /// The same for clients that show widgets; `None` if they are told nothing more.
    pub(super) with_ui: Option<Arc<ToolDefinition>>,
    /// Set if a view names it among the tools it calls.
    pub(super) is_called_by_views: bool,
    pub(super) work: Arc<Work>,
}

impl Registered {
    /// The tool as it is listed to a client, which may not be told of it at all; without its widget where the caller may not use that.
    pub(super) fn seen_by(&self, cx: &CallContext, gate: &Gate) -> Option<&ToolDefinition> {
        let is_permitted = |uri| gate.permits(&cx.caller, &Target::new(TargetKind::Resource, uri, &[]));
        if cx.client.ui && self.definition.ui.resource_uri().is_none_or(is_permitted) {
            return Some(self.with_ui.as_deref().unwrap_or(&self.definition));
        }
        Some(&*self.definition).filter(|tool| tool.ui.visibility != Visibility::App)
    }

    /// Tells whether a view may ask for its task: where the client knows none, it goes on with companions.
    pub(super) fn may_run_for_views(&self) -> bool {
        let ToolDefinition { support, ui, .. } = &*self.definition;
        self.is_called_by_views && *support != TaskSupport::Forbidden && ui.visibility != Visibility::Model
    }
}
