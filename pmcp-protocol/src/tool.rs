//! Tools: what is told of one, and what a call gives.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Content, Icon};

/// Support of a tool for calls that become tasks (tasks, "Tool-Level Negotiation").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskSupport {
    /// Never: an ordinary tool.
    #[default]
    Forbidden,
    /// When the client asks for it (2025-11-25) or understands it (2026-07-28).
    Optional,
    /// Always.
    Required,
}

/// Hints about a tool's behaviour (schema, `ToolAnnotations`). `None` leaves the protocol's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolAnnotations {
    /// It changes nothing.
    #[serde(rename = "readOnlyHint", skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// It may destroy something.
    #[serde(rename = "destructiveHint", skip_serializing_if = "Option::is_none")]
    pub destructive: Option<bool>,
    /// Calling it again with the same arguments changes nothing more.
    #[serde(rename = "idempotentHint", skip_serializing_if = "Option::is_none")]
    pub idempotent: Option<bool>,
    /// It deals with things outside the server.
    #[serde(rename = "openWorldHint", skip_serializing_if = "Option::is_none")]
    pub open_world: Option<bool>,
}

/// Everything a list says of a tool.
#[derive(Clone, Copy, Debug)]
pub struct ToolView<'a> {
    /// Its name.
    pub name: &'a str,
    /// A name for people.
    pub title: Option<&'a str>,
    /// Description of what it does, for the model.
    pub description: Option<&'a str>,
    /// Support of tasks: never, on request or always.
    pub support: TaskSupport,
    /// Hints about its behaviour.
    pub annotations: &'a ToolAnnotations,
    /// The JSON Schema of its arguments, an object.
    pub input_schema: &'a Value,
    /// The JSON Schema of its structured result.
    pub output_schema: Option<&'a Value>,
    /// Its pictures.
    pub icons: &'a [Icon],
    /// `_meta` of the tool.
    pub meta: &'a Map<String, Value>,
}

/// The result of a tool call, independent of the protocol's revision (tools, "Tool Result").
///
/// Most tools return a plain type; build one of these for images, audio, embedded resources or several parts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The parts, in order.
    pub content: Vec<Content>,
    /// Set if the tool failed in a way the model may read about.
    #[serde(default)]
    pub is_error: bool,
    /// `_meta` of the result.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub meta: Map<String, Value>,
    /// The value for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured: Option<Value>,
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

    /// The same result with a value for programs. Some hosts show their model this instead of the content: what a model has to
    /// know belongs into both, or into the content alone.
    #[must_use]
    pub fn with_structured(mut self, value: Value) -> Self {
        self.structured = Some(value);
        self
    }

    /// What the tool gave, for a program: the structured content; without one the only text; `null` of no content; else all of the
    /// result.
    #[must_use]
    pub fn value(&self) -> Value {
        if let Some(value) = &self.structured {
            return value.clone();
        }
        match (self.content.as_slice(), self.first_text()) {
            ([], _) => Value::Null,
            ([_], Some(text)) => text.into(),
            _ => serde_json::to_value(self).unwrap_or_default(),
        }
    }

    /// The first text of the content, if any.
    #[must_use]
    pub fn first_text(&self) -> Option<&str> {
        self.content.iter().find_map(|part| part.as_value().get("text").and_then(Value::as_str))
    }
}

impl From<Content> for ToolResult {
    fn from(content: Content) -> Self {
        Self { content: vec![content], ..Self::default() }
    }
}
