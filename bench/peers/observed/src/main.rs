//! Our server, observed and not: a process of its own, as the feature `metrics` is to be in no other figure. It measures what it is told on
//! standard input, on one thread, for which alone the subscriber and the recorder are set.

use std::{future::ready, time::Instant};

use anyhow::Context as _;
use measure::{BUFFER, PAYLOAD, Samples, Workers, answer};
use metrics_exporter_prometheus::PrometheusBuilder;
use opentelemetry::{
    SpanId, TraceFlags, TraceId,
    trace::{SpanContext, TraceContextExt as _, TracerProvider as _},
};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{SdkTracerProvider, SpanData, SpanExporter},
};
use pmcp_client::{Client, Version};
use pmcp_server::Server;
use pmcp_tasks::{
    call::TraceContext,
    prelude::*,
    trace::{Bridge, TARGET},
};
use serde_json::json;
use tracing::{Level, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{Layer as _, filter::Targets, layer::SubscriberExt as _};

/// Tasks in which nobody is interested.
const WARM_UP: usize = 20;

fn main() -> anyhow::Result<()> {
    pmcp_tasks::trace::bridge(ToOpenTelemetry)?;
    let provider = SdkTracerProvider::builder().with_batch_exporter(Nowhere).build();
    answer(|workers, command, number| {
        // As the example `observed` has it.
        let layer = || {
            tracing_opentelemetry::layer()
                .with_tracer(provider.tracer("bench"))
                .with_location(false)
                .with_threads(false)
                .with_tracked_inactivity(false)
                .with_target(false)
                .with_context_activation(false)
                .with_filter(Targets::new().with_target(TARGET, Level::INFO))
        };
        let traced = |work: &dyn Fn() -> anyhow::Result<Vec<f64>>| {
            tracing::subscriber::with_default(tracing_subscriber::registry().with(layer()), work)
        };
        // One that counts, and is thrown away with what it counted.
        let counted = |work: &dyn Fn() -> anyhow::Result<Vec<f64>>| {
            metrics::with_local_recorder(&PrometheusBuilder::new().build_recorder(), work)
        };
        let (over, observed) = match command.split_once('-') {
            Some(("http", observed)) => (Over::Http, observed),
            _ => (Over::Pipes, command),
        };
        let work = || tasks(workers, over, number);
        match observed {
            "plain" => work(),
            "spans" => traced(&work),
            "metrics" => counted(&work),
            "both" => counted(&|| traced(&work)),
            other => anyhow::bail!("there is no command `{other}`"),
        }
    })
}

/// The way from client to server.
#[derive(Clone, Copy, Debug)]
enum Over {
    Pipes,
    Http,
}

/// The median time of a task of a fresh server that does nothing.
fn tasks(workers: &Workers, over: Over, number: usize) -> anyhow::Result<Vec<f64>> {
    workers.run(async move {
        let server = Server::new("bench", "1").tool::<echo>();
        let client = Client::builder("bench", "1").revision(Version::V2026_07_28);
        let (client, running) = match over {
            Over::Pipes => {
                let (near, far) = tokio::io::duplex(BUFFER);
                let ((reader, writer), (theirs, ours)) = (tokio::io::split(near), tokio::io::split(far));
                tokio::spawn(server.serve_io(theirs, ours));
                (client.connect_io(reader, writer).await?, None)
            }
            Over::Http => {
                let running = server.start(([127, 0, 0, 1], 0).into()).await?;
                (client.connect_http(&running.url()).await?, Some(running))
            }
        };
        let mut samples = Samples::default();
        for task in 0..WARM_UP + number {
            let started = Instant::now();
            polled(&client).await?;
            if task >= WARM_UP {
                samples.add(started.elapsed());
            }
        }
        client.close().await?;
        if let Some(running) = running {
            running.shut_down().await?;
        }
        Ok(vec![samples.median()])
    })
}

/// A task from the call to its result, asked for until it is there.
async fn polled(client: &Client) -> anyhow::Result<()> {
    let call = client.call_tool("echo", json!({ "text": PAYLOAD })).await?;
    let task = call.into_task().context("our server answered without a task")?;
    while !task.get().await?.status.is_terminal() {}
    Ok(())
}

/// Gives back its text.
#[task_tool(support = "optional", inline = "0")]
async fn echo(text: String) -> Result<String, ToolError> {
    Ok(text)
}

/// Takes the spans, on a thread of its own, and does nothing with them.
#[derive(Debug)]
struct Nowhere;

impl SpanExporter for Nowhere {
    fn export(&self, _: Vec<SpanData>) -> impl Future<Output = OTelSdkResult> + Send {
        ready(Ok(()))
    }
}

/// As the example `observed` has it.
struct ToOpenTelemetry;

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

    fn context(&self, span: &Span) -> Option<TraceContext> {
        let context = span.context();
        let span = context.span();
        let place = span.span_context();
        let (id, span) = (place.trace_id().to_bytes(), place.span_id().to_bytes());
        let trace = TraceContext::new(u128::from_be_bytes(id), u64::from_be_bytes(span), place.is_sampled())?;
        Some(trace.with_tracestate(&place.trace_state().header()))
    }
}
