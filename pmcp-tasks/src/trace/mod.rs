//! Traces: the life of a task as one tree of spans, whatever processes it is worked on in.
//!
//! A request says in `_meta` which trace it is a part of, in the three texts of a [`TraceContext`]. That place is kept with the task,
//! and each of its runs goes on from it: after a wait in the queue, after a crash, in another process. Functions read it with
//! [`trace`](crate::ToolContext::trace), to hand it on to what they call.
//!
//! What happens is told in spans of [`tracing`], under the target [`TARGET`]. These know parents of their own process alone, and
//! nothing here depends on OpenTelemetry, whose crates change their versions together and several times a year: a library that named one would
//! choose it for the whole program. So the program that sets up a system of tracing says in a [`Bridge`] how a span gets a remote
//! parent, and how its own place is told: some twenty lines, which the example `observed` has for `tracing-opentelemetry`. Names,
//! kinds and states of spans are fields that such layers read (`otel.name`, `otel.kind`, `otel.status_code`). Without a bridge the spans
//! have the field `traceparent`, by which a log is found again beside the caller's, and a context is handed on as it came.
//!
//! A span holds no argument, variable, question, answer, result, text of an error or name of a step; of sessions a digest. The spans and
//! their attributes are listed in `pmcp_server::observing`.

mod spans;

use std::sync::OnceLock;

use tracing::Span;

pub use pmcp_protocol::TraceContext;

use crate::protocol::Outcome;
pub(crate) use spans::{Doing, Failed, Operation, question, queued, run, step, taken};

/// The target of all spans, by which filters let them through or not: `RUST_LOG=info,pmcp::spans=off`.
pub const TARGET: &str = "pmcp::spans";

/// A system of tracing that spans are handed on to, as far as `tracing` does not know how.
///
/// Every method is called with spans that are enabled.
pub trait Bridge: Send + Sync + 'static {
    /// Makes a span, which has no parent in this process and was never entered, a child of a remote one.
    fn join(&self, span: &Span, parent: &TraceContext);

    /// Links a span to another one that led to it and is not its parent.
    fn link(&self, span: &Span, other: &TraceContext) {
        let _ = (span, other);
    }

    /// The place of a span, for its children elsewhere: `None` if the system does not know the span.
    fn context(&self, span: &Span) -> Option<TraceContext>;

    /// Tells whether spans of steps bear the names that functions give to steps, in the attribute `pmcp.step.name`. They do not
    /// unless this says so: a name may hold what a user typed.
    fn names_steps(&self) -> bool {
        false
    }
}

static BRIDGE: OnceLock<Box<dyn Bridge>> = OnceLock::new();

/// There is a bridge already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is a bridge to a system of tracing already")]
pub struct AlreadyBridged;

/// Hands spans on to a system of tracing, from now on and in all of this process: as the subscriber of [`tracing`], it is the
/// program's to choose, once.
///
/// # Errors
/// There is one already.
pub fn bridge(bridge: impl Bridge) -> Result<(), AlreadyBridged> {
    BRIDGE.set(Box::new(bridge)).map_err(|_| AlreadyBridged)
}

/// The bridge, for a span that is enabled.
fn bridge_of(span: &Span) -> Option<&'static dyn Bridge> {
    BRIDGE.get().filter(|_| !span.is_disabled()).map(|bridge| &**bridge)
}

/// The place in a trace of what runs now, where `given` is what was told of it: the span it is in, if a system of tracing knows that.
pub(crate) fn here(given: Option<&TraceContext>) -> Option<TraceContext> {
    // Without a bridge it is not even asked for.
    if BRIDGE.get().is_some() { of(&Span::current(), given) } else { given.cloned() }
}

/// The place of this span, if a system of tracing knows it; else what was told of it.
pub(crate) fn of(span: &Span, given: Option<&TraceContext>) -> Option<TraceContext> {
    let known = bridge_of(span).and_then(|bridge| bridge.context(span));
    match known.filter(|known| known.traceparent().is_some()) {
        Some(known) => Some(known.or_baggage_of(given)),
        None => given.cloned(),
    }
}

/// Makes a span that begins in this process go on from a remote one, and links others that led to it.
#[doc(hidden)]
pub fn go_on(span: &Span, parent: Option<&TraceContext>, link: Option<&TraceContext>) {
    let Some(bridge) = bridge_of(span) else { return };
    if let Some(parent) = parent {
        bridge.join(span, parent);
    }
    if let Some(link) = link {
        bridge.link(span, link);
    }
}

/// Tells in a span how what it is about ended.
pub(crate) fn tell(span: &Span, outcome: &Outcome) {
    if let Some(failed) = Failed::of(outcome) {
        failed.tell(span);
    }
}

/// The field `traceparent` of a span: where no system of tracing has it as its parent.
#[doc(hidden)]
#[must_use]
pub fn field(trace: Option<&TraceContext>) -> Option<&str> {
    trace.filter(|_| BRIDGE.get().is_none())?.traceparent()
}
