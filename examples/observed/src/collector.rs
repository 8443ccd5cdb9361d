//! A collector that keeps the spans it is sent, by OTLP over HTTP with protocol buffers.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{Router, extract::State, http::StatusCode, routing::post};
use bytes::Bytes;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value},
    trace::v1::Span,
};
use processes::Outcome;
use prost::Message as _;
use tokio::net::TcpListener;

/// Longest time that a span is waited for; only a failing run does.
const PATIENCE: Duration = Duration::from_secs(60);

/// A span, and the instance of the service that it is of.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) instance: String,
    pub(crate) span: Span,
}

impl Received {
    /// The text of an attribute.
    pub(crate) fn attribute(&self, key: &str) -> Option<String> {
        attribute(&self.span.attributes, key)
    }
}

fn attribute(all: &[KeyValue], key: &str) -> Option<String> {
    let value = all.iter().find(|one| one.key == key)?.value.as_ref()?.value.as_ref()?;
    Some(match value {
        any_value::Value::StringValue(text) => text.clone(),
        any_value::Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    })
}

/// The spans that came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Collector(Arc<Mutex<Vec<Received>>>);

impl Collector {
    /// Begins to listen.
    pub(crate) async fn start() -> Outcome<(Self, SocketAddr)> {
        let collector = Self::default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let routes = Router::new().route("/v1/traces", post(take)).with_state(collector.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok((collector, address))
    }

    /// Everything so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until something came for which this is true.
    pub(crate) async fn until(&self, what: &str, is_it: impl Fn(&Received) -> bool) -> Outcome<()> {
        let began = Instant::now();
        while !self.received().iter().any(&is_it) {
            if began.elapsed() > PATIENCE {
                return Err(format!("no span came of {what}").into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

async fn take(State(collector): State<Collector>, body: Bytes) -> StatusCode {
    let Ok(request) = ExportTraceServiceRequest::decode(body) else { return StatusCode::BAD_REQUEST };
    let mut received = collector.0.lock().unwrap_or_else(PoisonError::into_inner);
    for resource in request.resource_spans {
        let attributes = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
        let instance = attribute(&attributes, "service.instance.id").unwrap_or_default();
        let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        received.extend(spans.map(|span| Received { instance: instance.clone(), span }));
    }
    StatusCode::OK
}
