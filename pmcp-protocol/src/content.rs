//! Content blocks (tools, "Tool Result").

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{Annotations, Icon};

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

    /// A link to a resource the client can read; with more than its URI and name it is made of a [`ResourceLink`].
    pub fn resource_link(uri: impl Into<String>, name: impl Into<String>) -> Self {
        ResourceLink::new(uri, name).into()
    }

    /// The same, with hints for whom it is and how much it matters.
    #[must_use]
    pub fn annotated(mut self, annotations: Annotations) -> Self {
        self.set("annotations", annotations);
        self
    }

    /// The same, with this `_meta`.
    #[must_use]
    pub fn with_meta(mut self, meta: Map<String, Value>) -> Self {
        self.set("_meta", meta);
        self
    }

    /// Sets a field of the block; what is no object has none.
    fn set(&mut self, key: &str, value: impl Serialize) {
        if let (Some(fields), Ok(value)) = (self.0.as_object_mut(), serde_json::to_value(value)) {
            fields.insert(key.to_owned(), value);
        }
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

/// A link to a resource the client can read, with all that lists say of one (tools, "Resource Links").
///
/// ```
/// use pmcp_protocol::{Content, ResourceLink};
///
/// let link = ResourceLink::new("file:///report.pdf", "report").title("The report").mime_type("application/pdf").size(81_920);
/// let part = Content::from(link);
/// assert_eq!(part.as_value()["size"], 81_920);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceLink(Content);

impl ResourceLink {
    /// A link to the resource with this URI, and its name for programs.
    pub fn new(uri: impl Into<String>, name: impl Into<String>) -> Self {
        Self(Content(json!({ "type": "resource_link", "uri": uri.into(), "name": name.into() })))
    }

    /// Its name for people.
    #[must_use]
    pub fn title(self, title: impl Into<String>) -> Self {
        self.with("title", title.into())
    }

    /// A text about it.
    #[must_use]
    pub fn description(self, description: impl Into<String>) -> Self {
        self.with("description", description.into())
    }

    /// Its MIME type.
    #[must_use]
    pub fn mime_type(self, mime_type: impl Into<String>) -> Self {
        self.with("mimeType", mime_type.into())
    }

    /// Its size in bytes, before any encoding.
    #[must_use]
    pub fn size(self, bytes: u64) -> Self {
        self.with("size", bytes)
    }

    /// Its pictures.
    #[must_use]
    pub fn icons(self, icons: impl IntoIterator<Item = Icon>) -> Self {
        self.with("icons", icons.into_iter().collect::<Vec<_>>())
    }

    fn with(mut self, key: &str, value: impl Serialize) -> Self {
        self.0.set(key, value);
        self
    }
}

impl From<ResourceLink> for Content {
    fn from(link: ResourceLink) -> Self {
        link.0
    }
}
