//! Content blocks (tools, "Tool Result").

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A part of a result: a content block exactly as MCP writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
