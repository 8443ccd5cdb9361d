//! Messages on an event stream.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{
    StreamExt as _, TryStreamExt as _, future,
    stream::{BoxStream, Stream},
};
use serde_json::Value;
use sse_stream::{Sse, SseByteStream};

use crate::error::ClientError;

/// The events of one response.
pub(super) struct Events {
    stream: BoxStream<'static, Result<Sse, sse_stream::Error>>,
    /// Bytes since the last event.
    pending: Arc<AtomicUsize>,
    /// The id to resume the stream after.
    pub(super) last_id: Option<String>,
    /// The time to wait before that.
    pub(super) retry: Option<Duration>,
}

impl Events {
    /// Reads the events of a body, of at most so many bytes each.
    pub(super) fn new(body: impl Stream<Item = Result<Bytes, ClientError>> + Send + 'static, max: usize) -> Self {
        let pending = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&pending);
        let body = body.and_then(move |bytes| {
            let length = counter.fetch_add(bytes.len(), Ordering::Relaxed) + bytes.len();
            future::ready(if length > max {
                Err(ClientError::protocol(format!("an event of more than {max} bytes")))
            } else {
                Ok(bytes)
            })
        });
        Self { stream: SseByteStream::new(body).boxed(), pending, last_id: None, retry: None }
    }

    /// The next message; `None` when the stream ends.
    pub(super) async fn message(&mut self) -> Result<Option<Value>, ClientError> {
        while let Some(event) = self.stream.next().await {
            let event = event.map_err(ClientError::transport)?;
            self.pending.store(0, Ordering::Relaxed);
            if event.id.is_some() {
                self.last_id = event.id.filter(|id| !id.is_empty());
            }
            self.retry = event.retry.map(Duration::from_millis).or(self.retry);
            // An event without data only carries an id to resume from.
            let Some(data) = event.data.filter(|data| !data.is_empty()) else { continue };
            if event.event.is_some_and(|kind| kind != "message") {
                continue;
            }
            return serde_json::from_str(&data)
                .map(Some)
                .map_err(|error| ClientError::protocol(format!("an event that is not JSON: {error}")));
        }
        Ok(None)
    }
}
