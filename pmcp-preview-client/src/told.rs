//! Whoever is told what happens.

use serde_json::Value;

/// Whoever is told what happens. It is called in the midst of things, and must not block.
pub trait Told: Send + Sync + 'static {
    /// A server asks: `method`, `params`, and `taskId` if a task does.
    fn question(&self, id: u64, question: &Value);

    /// A question is answered, or nobody waits for its answer any more.
    fn answered(&self, id: u64);

    /// A server tells something. Tasks of every version are told by `notifications/tasks`.
    fn notification(&self, method: &str, params: &Value);
}
