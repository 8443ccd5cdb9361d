//! Abilities a client declared.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::TASKS_EXTENSION;

/// Abilities a client declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a capability of its own")]
pub struct ClientCapabilities {
    /// It shows forms.
    pub elicitation: bool,
    /// It tells its roots.
    pub roots: bool,
    /// It asks its model.
    pub sampling: bool,
    /// It understands tasks: it declared the extension, or in 2025-11-25 the `tasks` capability.
    pub tasks: bool,
}

impl ClientCapabilities {
    /// Reads a `ClientCapabilities` object. An elicitation capability that names no mode means forms.
    #[must_use]
    pub fn parse(capabilities: &Value) -> Self {
        let elicitation = capabilities.get("elicitation").and_then(Value::as_object);
        Self {
            elicitation: elicitation.is_some_and(|modes| !modes.contains_key("url") || modes.contains_key("form")),
            sampling: capabilities.get("sampling").is_some_and(Value::is_object),
            roots: capabilities.get("roots").is_some_and(Value::is_object),
            tasks: capabilities
                .get("extensions")
                .and_then(|all| all.get(TASKS_EXTENSION))
                .is_some_and(Value::is_object),
        }
    }

    /// The capability the client lacks to be asked with this method; `None` if it can be asked.
    #[must_use]
    pub fn missing_for(&self, method: &str) -> Option<&'static str> {
        let (declared, capability) = match method {
            "elicitation/create" => (self.elicitation, "elicitation"),
            "sampling/createMessage" => (self.sampling, "sampling"),
            "roots/list" => (self.roots, "roots"),
            _ => (false, "this kind of question"),
        };
        (!declared).then_some(capability)
    }
}
