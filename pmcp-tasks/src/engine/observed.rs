//! A run as traces and metrics show it.

use std::{sync::Arc, time::Duration};

use tracing::Span;

use crate::{
    measure::{self, AtWork},
    run::Run,
    task::Ending,
    time::Clock,
    tool::WorkKind,
    trace::{self, Operation},
};

/// A run that is observed from its beginning.
pub(super) struct Observed {
    span: Span,
    /// `None` of what is all that its request does, which is observed itself.
    at_work: Option<AtWork>,
    work: Arc<str>,
    clock: Arc<dyn Clock>,
    began: Duration,
}

impl Observed {
    pub(super) fn begin(run: &Run, kind: WorkKind) -> Self {
        let operation = match kind {
            WorkKind::Tool => Some(Operation::ExecuteTool),
            WorkKind::Workflow => Some(Operation::InvokeWorkflow),
            WorkKind::Request => None,
        };
        let span = operation.map_or_else(Span::none, |operation| {
            trace::run(operation, run.name(), (run.id(), run.attempt()), run.kept_trace())
        });
        let clock = run.clock().clone();
        let (at_work, began) = (operation.map(|_| AtWork::begin()), clock.monotonic());
        Self { span, at_work, work: run.work().clone(), clock, began }
    }

    /// The span in which it runs.
    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    /// It waits for its client, and nobody works at it.
    pub(super) fn parked(self) {
        self.over("parked");
    }

    /// It has ended.
    pub(super) fn ended(self, ending: &Ending) {
        trace::tell(&self.span, &ending.outcome);
        self.over(measure::outcome(&ending.outcome));
    }

    /// It goes on elsewhere, or its task has ended without it.
    pub(super) fn left(self) {
        self.over("left");
    }

    fn over(self, outcome: &'static str) {
        self.span.record("pmcp.task.outcome", outcome);
        if let Some(at_work) = self.at_work {
            measure::ran(&self.work, self.clock.monotonic().saturating_sub(self.began), outcome);
            drop(at_work);
        }
    }
}
