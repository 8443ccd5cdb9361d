//! The spans of a task's life. Each begins where what it tells of begins, and ends with that.
//!
//! Those of a run begin without a parent in the process, even where the call waits for it: a registry of spans keeps a parent open as
//! long as it has children, and the span of a call that was answered with a task would end with the task.

use std::time::Duration;

use tracing::{Span, field::Empty, info_span};

use super::{Bridge, TARGET, TraceContext, bridge_of, field, go_on};
use crate::{
    error::{AskError, ToolError, ToolErrorKind},
    id::TaskId,
    protocol::Outcome,
    time::millis,
};

/// Class of an end that is no success, as `error.type` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    /// A result with `isError`.
    ToolError,
    /// An error of JSON-RPC with this code.
    Rpc(i64),
    /// An error that only the log tells.
    Internal,
    Cancelled,
    /// With a process that died, or stopped.
    Lost,
}

impl Failed {
    /// That of an outcome.
    pub(crate) fn of(outcome: &Outcome) -> Option<Self> {
        match outcome {
            Outcome::Result(result) => result.is_error.then_some(Self::ToolError),
            Outcome::Raw(_) => None,
            Outcome::Error(error) => Some(Self::Rpc(error.code)),
            Outcome::Cancelled => Some(Self::Cancelled),
        }
    }

    /// That of a function.
    pub(crate) fn of_error(error: &ToolError) -> Self {
        match &error.0 {
            ToolErrorKind::Visible(_) | ToolErrorKind::NotFound | ToolErrorKind::Unsupported(_) => Self::ToolError,
            ToolErrorKind::Rpc(error) => Self::Rpc(error.code),
            ToolErrorKind::Cancelled => Self::Cancelled,
            ToolErrorKind::Internal { .. } => Self::Internal,
        }
    }

    /// That of a question.
    pub(crate) fn of_question(error: &AskError) -> Self {
        match error {
            AskError::Stopped => Self::Cancelled,
            AskError::Failed { .. } => Self::Internal,
            _ => Self::ToolError,
        }
    }

    /// Tells it in this span.
    pub(crate) fn tell(self, span: &Span) {
        match self {
            Self::ToolError => span.record("error.type", "tool_error"),
            Self::Rpc(code) => span.record("error.type", tracing::field::display(code)),
            Self::Internal => span.record("error.type", "internal"),
            Self::Cancelled => span.record("error.type", "cancelled"),
            Self::Lost => span.record("error.type", "lost"),
        };
        span.record("otel.status_code", "ERROR");
    }
}

/// Kinds of work, as the conventions for generative AI name operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    ExecuteTool,
    InvokeWorkflow,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::ExecuteTool => "execute_tool",
            Self::InvokeWorkflow => "invoke_workflow",
        }
    }
}

/// One run of a function, the `attempt`-th of its task.
pub(crate) fn run(
    operation: Operation,
    work: &str,
    (task, attempt): (Option<TaskId>, u32),
    trace: Option<&TraceContext>,
) -> Span {
    let tool = (operation == Operation::ExecuteTool).then_some(work);
    let span = info_span!(
        target: TARGET,
        parent: None,
        "run",
        "otel.name" = format_args!("{} {work}", operation.name()),
        "otel.kind" = "internal",
        "otel.status_code" = Empty,
        "gen_ai.operation.name" = operation.name(),
        "gen_ai.tool.name" = tool,
        "pmcp.task.work" = task.map(|_| work),
        "pmcp.task.id" = task.map(tracing::field::display),
        "pmcp.task.attempt" = task.map(|_| attempt),
        "pmcp.task.outcome" = Empty,
        "error.type" = Empty,
        "traceparent" = field(trace),
    );
    go_on(&span, trace, None);
    span
}

/// Leaving a task to workers.
pub(crate) fn queued(work: &str, task: TaskId, trace: Option<&TraceContext>) -> Span {
    let span = info_span!(
        target: TARGET,
        "queue",
        "otel.name" = format_args!("queue {work}"),
        "otel.kind" = "producer",
        "otel.status_code" = Empty,
        "pmcp.task.id" = %task,
        "pmcp.task.work" = work,
    );
    inside(span, trace)
}

/// Taking a task from the queue, where it was for so long, or from a worker that died.
pub(crate) fn taken(work: &str, task: TaskId, queued: Option<Duration>, trace: Option<&TraceContext>) -> Span {
    let what = if queued.is_some() { "dequeue" } else { "take_over" };
    let span = info_span!(
        target: TARGET,
        parent: None,
        "take",
        "otel.name" = format_args!("{what} {work}"),
        "otel.kind" = "consumer",
        "otel.status_code" = Empty,
        "pmcp.task.id" = %task,
        "pmcp.task.work" = work,
        "pmcp.task.queued_ms" = queued.map(millis),
        "error.type" = Empty,
        "traceparent" = field(trace),
    );
    go_on(&span, trace, None);
    span
}

/// Kinds of steps.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Doing<'a> {
    /// Code of a function under a name that it chose while it ran, and that may hold anything.
    Code(&'a str),
    /// Code of a workflow's step.
    Step(&'a str),
    /// A call of a tool, in a workflow's step.
    Call(&'a str, Option<&'a str>),
}

/// A step of a run that goes on from this place, if nothing in this process tells of a nearer one.
pub(crate) fn step(doing: Doing<'_>, trace: Option<&TraceContext>) -> Span {
    let (step, tool) = match doing {
        Doing::Code(_) => (None, None),
        Doing::Step(step) => (Some(step), None),
        Doing::Call(tool, step) => (step, Some(tool)),
    };
    let span = info_span!(
        target: TARGET,
        "step",
        "otel.name" = Empty,
        "otel.kind" = "internal",
        "otel.status_code" = Empty,
        "gen_ai.operation.name" = tool.map(|_| Operation::ExecuteTool.name()),
        "gen_ai.tool.name" = tool,
        "pmcp.step.name" = step,
        "error.type" = Empty,
    );
    match (tool, step) {
        (Some(tool), _) => span.record("otel.name", tracing::field::display(format_args!("execute_tool {tool}"))),
        (None, Some(step)) => span.record("otel.name", tracing::field::display(format_args!("step {step}"))),
        (None, None) => &span,
    };
    if let Doing::Code(name) = doing
        && bridge_of(&span).is_some_and(Bridge::names_steps)
    {
        span.record("pmcp.step.name", name);
    }
    inside(span, trace)
}

/// A question to the client by this method, until it is answered.
pub(crate) fn question(method: &'static str, trace: Option<&TraceContext>) -> Span {
    let span = info_span!(
        target: TARGET,
        "question",
        "otel.name" = method,
        "otel.kind" = "client",
        "otel.status_code" = Empty,
        "mcp.method.name" = method,
        "error.type" = Empty,
    );
    inside(span, trace)
}

/// A span inside a run, or a request. Where a function went on in a task of its own, or the request has none, it has no parent in
/// this process.
fn inside(span: Span, trace: Option<&TraceContext>) -> Span {
    if !span.is_disabled() && Span::current().is_none() {
        go_on(&span, trace, None);
    }
    span
}
