//! Our server, observed and not: a process of its own, as the feature `metrics` is to be in no other figure. It measures what it is told on
//! standard input, on one thread, for which alone the subscriber and the recorder are set.

use std::{collections::HashMap, future::ready, time::Instant};

use anyhow::Context as _;
use measure::{BUFFER, PAYLOAD, Samples, Workers, answer};
use metrics_util::debugging::DebuggingRecorder;
use opentelemetry::{propagation::TextMapPropagator as _, trace::TracerProvider as _};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    propagation::TraceContextPropagator,
    trace::{SdkTracerProvider, SpanData, SpanExporter},
};
use pmcp_client::{Client, Version};
use pmcp_server::Server;
use pmcp_tasks::{call::TraceContext, prelude::*, trace::Bridge};
use serde_json::json;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::layer::SubscriberExt as _;

/// Tasks in which nobody is interested.
const WARM_UP: usize = 20;

fn main() -> anyhow::Result<()> {
    pmcp_tasks::trace::bridge(ToOpenTelemetry)?;
    let provider = SdkTracerProvider::builder().with_batch_exporter(Nowhere).build();
    answer(|workers, command, number| {
        // As the example `observed` has it.
        let layer = || {
            let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("bench"));
            layer.with_location(false).with_threads(false).with_tracked_inactivity(false)
        };
        let traced = |work: &dyn Fn() -> anyhow::Result<Vec<f64>>| {
            tracing::subscriber::with_default(tracing_subscriber::registry().with(layer()), work)
        };
        // One that counts, and is thrown away with what it counted.
        let counted =
            |work: &dyn Fn() -> anyhow::Result<Vec<f64>>| metrics::with_local_recorder(&DebuggingRecorder::new(), work);
        let work = || tasks(workers, number);
        match command {
            "plain" => work(),
            "spans" => traced(&work),
            "metrics" => counted(&work),
            "both" => counted(&|| traced(&work)),
            other => anyhow::bail!("there is no command `{other}`"),
        }
    })
}

/// The median time of a task of a fresh server that does nothing.
fn tasks(workers: &Workers, number: usize) -> anyhow::Result<Vec<f64>> {
    workers.run(async move {
        let (near, far) = tokio::io::duplex(BUFFER);
        let (reader, writer) = tokio::io::split(far);
        let serving =
            tokio::spawn(async move { Server::new("bench", "1").tool::<echo>().serve_io(reader, writer).await });
        let (reader, writer) = tokio::io::split(near);
        let client = Client::builder("bench", "1").revision(Version::V2026_07_28).connect_io(reader, writer).await?;
        let mut samples = Samples::default();
        for task in 0..WARM_UP + number {
            let started = Instant::now();
            polled(&client).await?;
            if task >= WARM_UP {
                samples.add(started.elapsed());
            }
        }
        serving.abort();
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

impl Bridge for ToOpenTelemetry {
    fn join(&self, span: &Span, parent: &TraceContext) {
        let texts: HashMap<String, String> =
            parent.pairs().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
        let _ = span.set_parent(TraceContextPropagator::new().extract(&texts));
    }

    fn context(&self, span: &Span) -> Option<TraceContext> {
        let mut texts = HashMap::<String, String>::new();
        TraceContextPropagator::new().inject_context(&span.context(), &mut texts);
        TraceContext::read(|name| texts.get(name).map(String::as_str))
    }
}
