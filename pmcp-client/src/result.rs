//! Results of tools, read.

use pmcp_protocol::ToolResult;
use serde_json::{Map, Value, json};

use crate::error::ClientError;

/// Reads `CallToolResult`.
pub(crate) fn tool_result(value: Value) -> Result<ToolResult, ClientError> {
    let Value::Object(mut fields) = value else {
        return Err(ClientError::protocol("a tool's result that is not an object"));
    };
    let content = fields.remove("content").unwrap_or_else(|| json!([]));
    let content = serde_json::from_value(content)
        .map_err(|error| ClientError::protocol(format!("a tool's result without content: {error}")))?;
    Ok(ToolResult {
        content,
        structured: fields.remove("structuredContent"),
        is_error: fields.get("isError").and_then(Value::as_bool).unwrap_or_default(),
        meta: match fields.remove("_meta") {
            Some(Value::Object(meta)) => meta,
            _ => Map::new(),
        },
    })
}
