//! `tools/list`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::TaskRouter;
use crate::{
    call::Revision,
    protocol::{RpcError, params, v2025, v2026},
};

#[derive(Default, Deserialize)]
struct ListParams {
    #[serde(default)]
    cursor: Option<String>,
}

impl TaskRouter {
    /// A page of tools in the order of their registration. The cursor is the name of the last tool of the page before.
    pub(super) fn list_tools(&self, request: &Value, revision: Revision) -> Result<Value, RpcError> {
        let ListParams { cursor } = if request.is_null() { ListParams::default() } else { params(request)? };
        let start = match cursor {
            None => 0,
            Some(cursor) => {
                let last = self.order.iter().position(|name| *name == cursor);
                last.ok_or_else(|| RpcError::invalid_params("unknown cursor"))? + 1
            }
        };
        let size = usize::from(self.limits().page_size.max(1));
        let page: Vec<Value> = self
            .definitions()
            .skip(start)
            .take(size)
            .map(|tool| match revision {
                Revision::V2026 => v2026::tool(tool),
                Revision::V2025 => v2025::tool(tool),
                Revision::Plain => v2025::plain_tool(tool),
            })
            .collect();
        let mut result = json!({ "tools": page });
        if start + page.len() < self.order.len() {
            result["nextCursor"] = self.order[start + page.len() - 1].as_str().into();
        }
        if revision == Revision::V2026 {
            result["resultType"] = "complete".into();
        }
        Ok(result)
    }
}
