//! Setting it up: an exporter, a subscriber to `tracing` that hands spans to it, and the bridge.

use std::time::Duration;

use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider},
};
use processes::Outcome;
use tracing::Level;
use tracing_subscriber::{Layer as _, filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use pmcp_tasks::trace::TARGET;

use crate::{bridge::ToOpenTelemetry, sender::Sender};

/// Time that a span waits for others, to be sent with them. Longer in earnest.
const DELAY: Duration = Duration::from_millis(100);

/// Sends the spans of this process to a collector from now on, and its log to standard error.
pub(crate) fn begin(collector: &str, instance: &str) -> Outcome<SdkTracerProvider> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Sender)
        .with_endpoint(format!("{collector}/v1/traces"))
        .build()?;
    let batches = BatchConfigBuilder::default().with_scheduled_delay(DELAY).build();
    let instance = KeyValue::new("service.instance.id", instance.to_owned());
    let provider = SdkTracerProvider::builder()
        .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(batches).build())
        .with_resource(Resource::builder().with_service_name("observed").with_attribute(instance).build())
        .build();
    // Spans of the server, and nothing of what the exporter itself does.
    let spans = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("pmcp"))
        // Where in the source a span begins, on which thread and how long it idles tells nothing of a task, and takes time.
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_target(false)
        // Nothing here asks OpenTelemetry itself for the span that it is in.
        .with_context_activation(false)
        .with_filter(Targets::new().with_target(TARGET, Level::INFO));
    tracing_subscriber::registry().with(spans).with(pmcp_server::log::layer()).try_init()?;
    pmcp_tasks::trace::bridge(ToOpenTelemetry)?;
    Ok(provider)
}
