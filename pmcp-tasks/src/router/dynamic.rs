//! The tools that are made while the server runs, as a caller sees them.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use super::{registered::Registered, request::RequestCx};
use crate::{
    protocol::RpcError,
    tool::{DynamicTool, MOST_DYNAMIC_TOOLS, is_name},
};

/// Facts about such tools that are known before there are any.
#[derive(Debug, Default)]
pub(super) struct Dynamic {
    /// The names that views of widgets call.
    pub(super) called_by_views: HashSet<String>,
}

impl Dynamic {
    /// Those for the caller of this request, by name, before the gate; not those whose name is taken.
    pub(super) async fn list(
        &self,
        rq: RequestCx<'_>,
        is_taken: impl Fn(&str) -> bool + Sync,
    ) -> Result<Vec<Registered>, RpcError> {
        let mut all = BTreeMap::new();
        for given in rq.until_cancelled(rq.engine.list_dynamic(&rq.cx.caller)).await? {
            if given.len() > MOST_DYNAMIC_TOOLS {
                let (count, max) = (given.len(), MOST_DYNAMIC_TOOLS);
                tracing::warn!(count, max, "a source has more tools than are listed");
            }
            for tool in given.into_iter().take(MOST_DYNAMIC_TOOLS) {
                let name = tool.definition().name.clone();
                if is_taken(&name) || all.contains_key(&name) {
                    tracing::warn!(tool = name, "a tool made at run time is left out: another one has its name");
                    continue;
                }
                all.insert(name, self.registered(tool));
            }
        }
        Ok(all.into_values().collect())
    }

    /// The one of this name, which nothing else has, for the caller of this request, before the gate.
    pub(super) async fn find(&self, rq: RequestCx<'_>, name: &str) -> Result<Option<Registered>, RpcError> {
        if !is_name(name) {
            return Ok(None);
        }
        let found = rq.until_cancelled(rq.engine.find_dynamic(name, &rq.cx.caller)).await?;
        Ok(found.map(|tool| self.registered(tool)))
    }

    /// The tool as others are registered.
    fn registered(&self, tool: DynamicTool) -> Registered {
        let is_called_by_views = self.called_by_views.contains(&tool.definition().name);
        let with_ui = if is_called_by_views { tool.called_by_views().map(Arc::new) } else { tool.with_ui().cloned() };
        let (definition, work) = tool.into_parts();
        Registered { definition, with_ui, is_called_by_views, work }
    }
}
