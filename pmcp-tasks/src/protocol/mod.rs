//! The wire: what MCP calls things, and each revision's shapes.

mod error;
pub mod v2025;
pub mod v2026;

pub use error::{RpcError, code};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The tasks extension (2026-07-28).
pub const TASKS_EXTENSION: &str = "io.modelcontextprotocol/tasks";
/// The `_meta` key that ties a message to a task (2025-11-25).
pub const RELATED_TASK: &str = "io.modelcontextprotocol/related-task";
/// The `_meta` key of a text for the model while a task runs (2025-11-25).
pub const MODEL_IMMEDIATE_RESPONSE: &str = "io.modelcontextprotocol/model-immediate-response";
/// Our `_meta` key: a task's variables.
pub const VARIABLES: &str = "run.pmcp/variables";
/// Our `_meta` key of a call: the same key from the same owner for the same tool gives the same task, so that a client can
/// repeat a call whose response was lost. 1 to 256 bytes; forgotten when the task expires.
pub const IDEMPOTENCY_KEY: &str = "run.pmcp/idempotency-key";

/// Reads a method's parameters; fields nobody asked for are tolerated.
///
/// # Errors
/// They do not fit: -32602 with what is wrong.
pub fn params<T: DeserializeOwned>(params: &Value) -> Result<T, RpcError> {
    // Serde would read an array as a struct, field by field.
    if !params.is_object() {
        return Err(RpcError::invalid_params("invalid params: expected an object"));
    }
    T::deserialize(params).map_err(|error| RpcError::invalid_params(format!("invalid params: {error}")))
}
