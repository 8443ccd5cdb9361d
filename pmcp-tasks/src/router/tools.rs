//! The tools a server has, and `tools/list`.

use std::{borrow::Cow, collections::HashMap};

use serde_json::{Value, json};

use super::{dynamic::Dynamic, fallback::Companions, registered::Registered, request::RequestCx, workflow::Flows};
use crate::{
    call::CallContext,
    protocol::{RpcError, params::ListParams},
    tool::{ToolDefinition, is_name},
};

/// The tools, and those that clients without tasks go on with.
#[derive(Debug)]
pub(super) struct Tools {
    /// By name.
    pub(super) all: HashMap<String, Registered>,
    /// Their names in the order of their registration.
    pub(super) order: Vec<String>,
    /// `None` if no tool has the fallback.
    pub(super) companions: Option<Companions>,
    pub(super) flows: Flows,
    pub(super) dynamic: Dynamic,
}

impl Tools {
    pub(super) fn find(&self, name: &str) -> Option<&Registered> {
        self.all.get(name)
    }

    /// Tells whether a name is that of something else than a tool made at run time, for whichever caller.
    pub(super) fn is_taken(&self, name: &str) -> bool {
        let is_companion = || self.companions.as_ref().is_some_and(|companions| companions.find(name).is_some());
        self.all.contains_key(name) || self.flows.has_tool(name) || is_companion()
    }

    /// The tool of this name that is made at run time, if the caller may use it. A name that is taken is nobody else's, even for those who
    /// may not use what has it.
    pub(super) async fn find_dynamic(&self, rq: RequestCx<'_>, name: &str) -> Result<Option<Registered>, RpcError> {
        if rq.engine.sources.is_empty() || self.is_taken(name) {
            return Ok(None);
        }
        let found = self.dynamic.find(rq, name).await?;
        Ok(found.filter(|tool| rq.engine.permits(&rq.cx.caller, &tool.work)))
    }

    /// The definitions, in the order of their registration.
    pub(super) fn definitions(&self) -> impl Iterator<Item = &ToolDefinition> {
        self.order.iter().filter_map(|name| self.all.get(name)).map(|tool| &*tool.definition)
    }

    /// The tools to go on with tasks, if this client needs and may use them.
    pub(super) fn companions_for(&self, cx: &CallContext) -> Option<&Companions> {
        self.companions.as_ref().filter(|companions| companions.serve(cx))
    }

    /// A page of tools in the order of their registration, and then of those that are made at run time, by name. The cursor is the name of
    /// the last tool of the page before.
    pub(super) async fn list(&self, rq: RequestCx<'_>) -> Result<Value, RpcError> {
        let ListParams { cursor } = ListParams::read(rq.params)?;
        let dynamic = self.dynamic.list(rq, |name| self.is_taken(name)).await?;
        let mut result = self.page(rq, cursor, &dynamic)?;
        if rq.cx.revision.has_cache_hints() && !rq.engine.sources.is_empty() {
            // They may be others for each caller, and at any time.
            result["cacheScope"] = "private".into();
            if !rq.engine.sources.tell_of_changes() {
                result["ttlMs"] = 0.into();
            }
        }
        Ok(result)
    }

    fn page<'a>(
        &'a self,
        rq: RequestCx<'_>,
        cursor: Option<String>,
        dynamic: &'a [Registered],
    ) -> Result<Value, RpcError> {
        let companions = self.companions_for(rq.cx);
        let as_seen = |tool: &'a Registered| {
            if !rq.engine.shows(&rq.cx.caller, &tool.work) {
                return None;
            }
            let seen = tool.seen_by(rq.cx, &rq.engine.gate)?;
            let is_for_views = rq.cx.client.ui && tool.may_run_for_views();
            Some(match companions {
                Some(companions) => companions.as_seen(seen, is_for_views),
                None => Cow::Borrowed(seen),
            })
        };
        let more = companions.map(|companions| companions.definitions(rq.cx)).unwrap_or_default();
        let own = self.order.iter().filter_map(|name| self.all.get(name)).filter_map(as_seen);
        let of_flows = self.flows.tools().iter().filter(|tool| self.flows.shows(rq, &tool.name));
        let mut all: Vec<Cow<'_, ToolDefinition>> = own.chain(of_flows.chain(more).map(Cow::Borrowed)).collect();
        let fixed = all.len();
        all.extend(dynamic.iter().filter_map(as_seen));
        let start = match cursor {
            None => 0,
            Some(cursor) => {
                let last = all.iter().position(|tool| tool.name == cursor);
                match last {
                    Some(last) => last + 1,
                    // It may have gone meanwhile: those that come after it are not lost.
                    None if !rq.engine.sources.is_empty() && is_name(&cursor) => {
                        fixed + all[fixed..].partition_point(|tool| tool.name <= cursor)
                    }
                    None => return Err(RpcError::invalid_params("unknown cursor")),
                }
            }
        };
        let size = usize::from(rq.engine.limits().page_size.max(1));
        let revision = rq.cx.revision;
        let page: Vec<Value> = all.iter().skip(start).take(size).map(|tool| revision.tool(&tool.view())).collect();
        let end = start + page.len();
        let mut result = json!({ "tools": page });
        if end < all.len() {
            result["nextCursor"] = all[end - 1].name.as_str().into();
        }
        if revision.has_cache_hints() {
            result["resultType"] = "complete".into();
            if rq.engine.is_selective()
                || self.companions.is_some()
                || self.all.values().any(|tool| tool.with_ui.is_some())
            {
                // What is listed depends on the caller, and on what the client declares (caching, "Cache Scope").
                result["cacheScope"] = "private".into();
            }
        }
        Ok(result)
    }
}
