//! End of a run, as its client is to learn it.

use super::Engine;
use crate::{
    error::{AskError, Mistake, ToolError, ToolErrorKind},
    panics::harmless,
    protocol::{IDEMPOTENCY_KEY, Revision, RpcError},
    run::Run,
    task::{Ending, NotCreated, Outcome, TaskId},
    tool::{ToolResult, WorkKind},
};

/// The answer to a panic.
pub(crate) const PANICKED: &str = "the tool failed unexpectedly";

/// The answer to a run that took too long.
pub(super) const TIMED_OUT: &str = "the tool took longer than it may";

impl Engine {
    /// The outcome of a failure.
    pub(super) fn failure(&self, run: &Run, kind: WorkKind, error: ToolError) -> Outcome {
        self.outcome_of(error, kind, (run.name(), run.id(), run.revision()))
    }

    /// What a client may see of a failure without a run; all of it goes to the log.
    pub(crate) fn told(&self, error: ToolError, whose: (&str, Option<TaskId>, Revision)) -> String {
        match self.outcome_of(error, WorkKind::Tool, whose) {
            Outcome::Result(result) => result.first_text().unwrap_or_default().to_owned(),
            Outcome::Error(error) => error.message,
            Outcome::Raw(_) | Outcome::Cancelled => "it was cancelled".to_owned(),
        }
    }

    fn outcome_of(
        &self,
        error: ToolError,
        kind: WorkKind,
        (name, task, revision): (&str, Option<TaskId>, Revision),
    ) -> Outcome {
        let text = match error.0 {
            ToolErrorKind::Visible(text) => text,
            ToolErrorKind::NotFound => "not found".to_owned(),
            ToolErrorKind::Rpc(error) => return Outcome::Error(error),
            ToolErrorKind::Cancelled => return Outcome::Cancelled,
            ToolErrorKind::Unsupported(what) => match revision.missing_capability(&serde_json::json!({ what: {} })) {
                Some(error) => return Outcome::Error(error),
                None => AskError::Unsupported { what }.to_string(),
            },
            ToolErrorKind::Internal { source, context } => {
                let reference = self.reference();
                let mistake = Mistake::behind(&*source).map(Mistake::told);
                let error = ToolError(ToolErrorKind::Internal { source, context: context.clone() });
                harmless(|| crate::heard::error!(tool = name, ?task, reference, %error, "the tool failed"));
                match (self.expose_errors, context, mistake) {
                    (true, _, _) => error.to_string(),
                    (false, Some(context), Some(mistake)) => format!("{context}: {mistake}"),
                    (false, None, Some(mistake)) => mistake,
                    (false, Some(context), None) => format!("{context} (the server's log has more: ref {reference})"),
                    (false, None, None) => format!("internal error (ref {reference})"),
                }
            }
        };
        match kind {
            WorkKind::Tool | WorkKind::Workflow => Outcome::Result(ToolResult::error(text)),
            WorkKind::Request => Outcome::Error(RpcError::internal(text)),
        }
    }

    /// A short random text that ties what the client sees to what the log says.
    fn reference(&self) -> String {
        let [a, b, c, d, ..] = self.store().random().unwrap_or_default();
        format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
    }

    /// The end with this outcome, or with what stands for it if it is too large to store.
    pub(super) async fn bounded(&self, outcome: Outcome) -> Ending {
        let max = self.limits().max_result as usize;
        let error = match Ending::written(outcome).await {
            Ok((ending, length)) if length <= max => return ending,
            Ok((_, length)) => {
                RpcError::internal(format!("the result has {length} bytes, more than the {max} that are allowed"))
            }
            Err(_) => RpcError::internal("the result cannot be written as JSON"),
        };
        Outcome::Error(error).into()
    }

    /// The error of a call whose task was not stored.
    pub(crate) fn not_created(&self, refused: &NotCreated) -> RpcError {
        match refused {
            NotCreated::Quota => {
                let max = self.limits().tasks_per_owner;
                RpcError::internal(format!("{max} tasks are still running; wait for one or cancel one"))
                    .with_data(serde_json::json!({ "reason": "quota" }))
            }
            NotCreated::NoRoom => {
                let max = self.limits().stored_bytes;
                RpcError::internal(format!(
                    "tasks that are still running leave too few of {max} bytes; wait for one or cancel one"
                ))
                .with_data(serde_json::json!({ "reason": "stored_bytes" }))
            }
            NotCreated::Store(error) => {
                harmless(|| crate::heard::error!(error = error as &dyn std::error::Error, "the store failed"));
                RpcError::internal("the task store failed")
            }
            NotCreated::Same(_) | NotCreated::Differs => {
                RpcError::invalid_params(format!("`{IDEMPOTENCY_KEY}` was used for a call with other arguments"))
            }
        }
    }
}
