//! `tools/list`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{TaskRouter, companions::Companions};
use crate::{
    call::{CallContext, Revision},
    protocol::{RpcError, params, v2025, v2026},
    tool::ToolDefinition,
};

#[derive(Default, Deserialize)]
struct ListParams {
    #[serde(default)]
    cursor: Option<String>,
}

impl TaskRouter {
    /// A page of tools in the order of their registration. The cursor is the name of the last tool of the page before.
    pub(super) fn list_tools(&self, request: &Value, cx: &CallContext) -> Result<Value, RpcError> {
        let ListParams { cursor } = if request.is_null() { ListParams::default() } else { params(request)? };
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
        let page: Vec<Value> = all
            .iter()
            .skip(start)
            .take(size)
            .map(|tool| match cx.revision {
                Revision::V2026 => v2026::tool(tool),
                Revision::V2025 => v2025::tool(tool),
                Revision::Plain => v2025::plain_tool(tool),
            })
            .collect();
        let end = start + page.len();
        let mut result = json!({ "tools": page });
        if end < all.len() {
            result["nextCursor"] = all[end - 1].name.as_str().into();
        }
        if cx.revision == Revision::V2026 {
            result["resultType"] = "complete".into();
            if self.companions.is_some() {
                // What is listed depends on what the client declares (caching, "Cache Scope").
                result["cacheScope"] = "private".into();
            }
        }
        Ok(result)
    }
}
