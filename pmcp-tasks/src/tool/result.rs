//! What a tool returns.

use std::any::{Any, TypeId};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::ToolError;

/// The result of a tool call, independent of the protocol's revision (tools, "Tool Result").
///
/// Most tools return a plain type; build one of these for images, audio, embedded resources or several parts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToolResult {
    /// The parts, in order.
    pub content: Vec<Content>,
    /// Whether the tool failed in a way the model may read about.
    #[serde(default)]
    pub is_error: bool,
    /// `_meta` of the result.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub meta: Map<String, Value>,
    /// The value for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured: Option<Value>,
}

/// A part of a result: a content block exactly as MCP writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Content(Value);

impl Content {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self(json!({ "type": "text", "text": text.into() }))
    }

    /// An image from its bytes.
    pub fn image(bytes: impl AsRef<[u8]>, mime_type: impl Into<String>) -> Self {
        Self(json!({ "type": "image", "data": BASE64_STANDARD.encode(bytes), "mimeType": mime_type.into() }))
    }

    /// Audio from its bytes.
    pub fn audio(bytes: impl AsRef<[u8]>, mime_type: impl Into<String>) -> Self {
        Self(json!({ "type": "audio", "data": BASE64_STANDARD.encode(bytes), "mimeType": mime_type.into() }))
    }

    /// A resource with its text.
    pub fn resource_text(uri: impl Into<String>, mime_type: impl Into<String>, text: impl Into<String>) -> Self {
        Self(
            json!({ "type": "resource", "resource": { "uri": uri.into(), "mimeType": mime_type.into(), "text": text.into() } }),
        )
    }

    /// A resource with its bytes.
    pub fn resource_bytes(uri: impl Into<String>, mime_type: impl Into<String>, bytes: impl AsRef<[u8]>) -> Self {
        Self(json!({
            "type": "resource",
            "resource": { "uri": uri.into(), "mimeType": mime_type.into(), "blob": BASE64_STANDARD.encode(bytes) }
        }))
    }

    /// A link to a resource the client can read.
    pub fn resource_link(uri: impl Into<String>, name: impl Into<String>) -> Self {
        Self(json!({ "type": "resource_link", "uri": uri.into(), "name": name.into() }))
    }

    /// Any content block, as MCP writes it.
    #[must_use]
    pub fn raw(block: Value) -> Self {
        Self(block)
    }

    /// The content block as MCP writes it.
    #[must_use]
    pub fn into_value(self) -> Value {
        self.0
    }

    /// The content block as MCP writes it.
    #[must_use]
    pub fn as_value(&self) -> &Value {
        &self.0
    }
}

impl ToolResult {
    /// A result of one text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::from(Content::text(text))
    }

    /// A result of one text with `isError`, for the model to read.
    pub fn error(text: impl Into<String>) -> Self {
        Self { is_error: true, ..Self::text(text) }
    }

    /// The same result with one more part.
    #[must_use]
    pub fn with(mut self, content: Content) -> Self {
        self.content.push(content);
        self
    }

    /// The same result with a value for programs.
    #[must_use]
    pub fn with_structured(mut self, value: Value) -> Self {
        self.structured = Some(value);
        self
    }

    /// The first text of the content, if any.
    #[must_use]
    pub fn first_text(&self) -> Option<&str> {
        self.content.iter().find_map(|part| part.0.get("text").and_then(Value::as_str))
    }
}

impl From<Content> for ToolResult {
    fn from(content: Content) -> Self {
        Self { content: vec![content], ..Self::default() }
    }
}

/// What a tool may return: any type that serialises and has a schema.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a tool",
    label = "not a tool's result",
    note = "derive `Serialize` and `JsonSchema` for `{Self}`, or return `ToolResult`"
)]
pub trait ToolOutput: Serialize + JsonSchema + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema + Send + 'static> ToolOutput for T {}

/// The result made of a tool's return value: a [`ToolResult`] as it is, text for `String` and `&'static str`, nothing for `()`, and
/// structured content with its text for everything else.
///
/// # Errors
/// The value does not serialise.
pub(crate) fn tool_result<T: ToolOutput>(value: T) -> Result<ToolResult, ToolError> {
    let any: Box<dyn Any> = Box::new(value);
    let any = match any.downcast::<ToolResult>() {
        Ok(result) => return Ok(*result),
        Err(any) => any,
    };
    let any = match any.downcast::<String>() {
        Ok(text) => return Ok(ToolResult::text(*text)),
        Err(any) => any,
    };
    let any = match any.downcast::<&'static str>() {
        Ok(text) => return Ok(ToolResult::text(*text)),
        Err(any) => any,
    };
    if any.is::<()>() {
        return Ok(ToolResult::default());
    }
    let Ok(value) = any.downcast::<T>() else {
        return Err(ToolError::new("the result has no value"));
    };
    let value = serde_json::to_value(*value)?;
    Ok(ToolResult::text(value.to_string()).with_structured(value))
}

/// The schema of a return type, if its value becomes structured content.
pub(crate) fn output_schema<T: ToolOutput>() -> Option<Value> {
    let plain = [TypeId::of::<ToolResult>(), TypeId::of::<String>(), TypeId::of::<&'static str>(), TypeId::of::<()>()];
    (!plain.contains(&TypeId::of::<T>())).then(|| super::schema::of_output::<T>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_text_and_an_object_is_structured_with_text() {
        assert_eq!(tool_result(String::from("hi")).unwrap(), ToolResult::text("hi"));
        assert_eq!(tool_result("hi").unwrap(), ToolResult::text("hi"));
        assert_eq!(tool_result(()).unwrap(), ToolResult::default());
        let list = tool_result(vec![1, 2]).unwrap();
        assert_eq!((list.first_text(), &list.structured), (Some("[1,2]"), &Some(json!([1, 2]))));
        let built = ToolResult::error("no").with(Content::image([1], "image/png"));
        assert_eq!(tool_result(built.clone()).unwrap(), built);
    }

    #[test]
    fn only_structured_results_have_a_schema() {
        assert!(output_schema::<String>().is_none() && output_schema::<()>().is_none());
        assert!(output_schema::<ToolResult>().is_none());
        assert_eq!(output_schema::<Vec<u8>>().unwrap()["type"], "array");
    }
}
