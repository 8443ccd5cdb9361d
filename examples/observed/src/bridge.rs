//! Spans of `tracing` as parts of traces of OpenTelemetry: the part that every program has for its version of these crates.

use opentelemetry::{
    SpanId, TraceFlags, TraceId,
    trace::{SpanContext, TraceContextExt as _},
};
use pmcp_tasks::{call::TraceContext, trace::Bridge};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// For the layer of `tracing-opentelemetry`.
pub(crate) struct ToOpenTelemetry;

/// A context as OpenTelemetry has it.
fn context(trace: &TraceContext) -> opentelemetry::Context {
    let Some((id, span, is_sampled)) = trace.ids() else { return opentelemetry::Context::new() };
    let flags = if is_sampled { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
    let state = trace.tracestate().and_then(|states| states.parse().ok()).unwrap_or_default();
    let place = SpanContext::new(TraceId::from(id), SpanId::from(span), flags, true, state);
    opentelemetry::Context::new().with_remote_span_context(place)
}

impl Bridge for ToOpenTelemetry {
    fn join(&self, span: &Span, parent: &TraceContext) {
        // It fails where the layer does not see the span: then nobody misses it.
        let _ = span.set_parent(context(parent));
    }

    fn link(&self, span: &Span, other: &TraceContext) {
        span.add_link(context(other).span().span_context().clone());
    }

    fn context(&self, span: &Span) -> Option<TraceContext> {
        let context = span.context();
        let span = context.span();
        let place = span.span_context();
        let (id, span) = (place.trace_id().to_bytes(), place.span_id().to_bytes());
        let trace = TraceContext::new(u128::from_be_bytes(id), u64::from_be_bytes(span), place.is_sampled())?;
        Some(trace.with_tracestate(&place.trace_state().header()))
    }

    fn names_steps(&self) -> bool {
        // Those of this program hold nothing that a user typed.
        true
    }
}
