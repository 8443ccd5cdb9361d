//! A run as traces show it.

use tracing::Span;

use crate::{
    run::Run,
    task::{Ending, Outcome},
    tool::WorkKind,
    trace::{self, Failed, Operation},
};

/// A run that is observed from its beginning. One that has not ended when this is dropped was left to others.
pub(super) struct Observed {
    span: Span,
}

impl Observed {
    pub(super) fn begin(run: &Run, kind: WorkKind) -> Self {
        let operation = match kind {
            WorkKind::Tool => Operation::ExecuteTool,
            WorkKind::Workflow => Operation::InvokeWorkflow,
            // It is all that its request does, which has a span.
            WorkKind::Request => return Self { span: Span::none() },
        };
        let span = trace::run(operation, run.name(), (run.id(), run.attempt()), run.kept_trace());
        Self { span }
    }

    /// The span in which it runs.
    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    /// It waits for its client, and nobody works at it.
    pub(super) fn parked(self) {
        self.span.record("pmcp.task.outcome", "parked");
    }

    /// It has ended.
    pub(super) fn ended(self, ending: &Ending) {
        self.span.record("pmcp.task.outcome", outcome(&ending.outcome));
        if let Some(failed) = Failed::of(&ending.outcome) {
            failed.tell(&self.span);
        }
    }

    /// It goes on elsewhere.
    pub(super) fn left(self) {
        self.span.record("pmcp.task.outcome", "left");
        Failed::Lost.tell(&self.span);
    }
}

/// The end of a run in one word.
fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Result(result) if result.is_error => "tool_error",
        Outcome::Result(_) | Outcome::Raw(_) => "completed",
        Outcome::Error(_) => "failed",
        Outcome::Cancelled => "cancelled",
    }
}
