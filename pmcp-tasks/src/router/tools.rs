//! `tools/list`.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{TaskRouter, companions::Companions};
use crate::{
    call::CallContext,
    protocol::{RpcError, params::ListParams},
    tool::ToolDefinition,
};

impl TaskRouter {
    /// A page of tools in the order of their registration. The cursor is the name of the last tool of the page before.
    pub(super) fn list_tools(&self, request: &Value, cx: &CallContext) -> Result<Value, RpcError> {
        let ListParams { cursor } = ListParams::read(request)?;
        let companions = self.companions_for(cx).map(Companions::definitions).unwrap_or_default();
        let all: Vec<Cow<'_, ToolDefinition>> = self
            .definitions()
            .map(|tool| self.as_seen_by(tool, cx))
            .chain(companions.iter().map(Cow::Borrowed))
            .collect();
        let start = match cursor {
            None => 0,
            Some(cursor) => {
                let last = all.iter().position(|tool| tool.name == cursor);
                last.ok_or_else(|| RpcError::invalid_params("unknown cursor"))? + 1
            }
        };
        let size = usize::from(self.limits().page_size.max(1));
        let page: Vec<Value> = all.iter().skip(start).take(size).map(|tool| cx.revision.tool(&tool.view())).collect();
        let end = start + page.len();
        let mut result = json!({ "tools": page });
        if end < all.len() {
            result["nextCursor"] = all[end - 1].name.as_str().into();
        }
        if cx.revision.has_cache_hints() {
            result["resultType"] = "complete".into();
            if self.companions.is_some() {
                // What is listed depends on what the client declares (caching, "Cache Scope").
                result["cacheScope"] = "private".into();
            }
        }
        Ok(result)
    }
}
