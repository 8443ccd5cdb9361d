//! The headers that mirror a request's body (2026-07-28, streamable HTTP, "Request Metadata").

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

const PREFIX: &str = "=?base64?";
const SUFFIX: &str = "?=";

/// What `Mcp-Name` says of a request: the tool, prompt, resource or task it is about.
pub(super) fn name(method: &str, params: &Value) -> Option<String> {
    let field = match method {
        "tools/call" | "prompts/get" => "name",
        "resources/read" => "uri",
        "tasks/get" | "tasks/update" | "tasks/cancel" => "taskId",
        _ => return None,
    };
    params.get(field).and_then(Value::as_str).map(encode)
}

/// A value as a header carries it ("Value Encoding").
pub(super) fn encode(value: &str) -> String {
    let is_plain = value.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'))
        && value.trim_matches([' ', '\t']) == value
        && !(value.starts_with(PREFIX) && value.ends_with(SUFFIX));
    if is_plain { value.to_owned() } else { format!("{PREFIX}{}{SUFFIX}", BASE64_STANDARD.encode(value)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_a_header_cannot_carry_are_encoded() {
        for (value, header) in [
            ("us-west1", "us-west1"),
            ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
            (" padded ", "=?base64?IHBhZGRlZCA=?="),
            ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
            ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
            ("", ""),
        ] {
            assert_eq!(encode(value), header);
        }
    }

    #[test]
    fn the_name_is_that_of_what_the_request_is_about() {
        let params = serde_json::json!({ "name": "tool", "uri": "file:///a", "taskId": "t" });
        assert_eq!(name("tools/call", &params).as_deref(), Some("tool"));
        assert_eq!(name("resources/read", &params).as_deref(), Some("file:///a"));
        assert_eq!(name("tasks/cancel", &params).as_deref(), Some("t"));
        assert_eq!(name("tools/list", &params), None);
    }
}
