//! Spans of `tracing` as parts of traces of OpenTelemetry: the part that every program has for its version of these crates.

use std::collections::HashMap;

use opentelemetry::{propagation::TextMapPropagator as _, trace::TraceContextExt as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use pmcp_tasks::{call::TraceContext, trace::Bridge};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// For the layer of `tracing-opentelemetry`.
pub(crate) struct ToOpenTelemetry;

/// A context as OpenTelemetry has it.
fn context(trace: &TraceContext) -> opentelemetry::Context {
    let texts: HashMap<String, String> = trace.pairs().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    TraceContextPropagator::new().extract(&texts)
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
        let mut texts = HashMap::<String, String>::new();
        TraceContextPropagator::new().inject_context(&span.context(), &mut texts);
        TraceContext::read(|name| texts.get(name).map(String::as_str))
    }

    fn names_steps(&self) -> bool {
        // Those of this program hold nothing that a user typed.
        true
    }
}
