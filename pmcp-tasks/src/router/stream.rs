//! The stream of a call, which is let go of when the call is answered.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::Value;

use super::request::RequestCx;
use crate::{
    call::{CallContext, Peer, PeerError},
    engine::Engine,
    protocol::{LogLevel, meta},
    run::Way,
    store::backend::TaskKey,
};

/// The stream of a call, until the call is answered: what comes later has no request to belong to, and a connection may wait
/// for its streams to be let go.
#[derive(Debug)]
struct CallStream {
    session: String,
    stream: Mutex<Option<Arc<dyn Peer>>>,
}

impl CallStream {
    fn stream(&self) -> Option<Arc<dyn Peer>> {
        self.stream.lock().clone()
    }
}

#[async_trait]
impl Peer for CallStream {
    fn session(&self) -> &str {
        &self.session
    }

    fn notify(&self, method: &str, params: Value) {
        if let Some(stream) = self.stream() {
            stream.notify(method, params);
        }
    }

    fn log_level(&self) -> Option<LogLevel> {
        self.stream()?.log_level()
    }

    async fn request(&self, method: &str, params: Value) -> Result<Value, PeerError> {
        let Some(stream) = self.stream() else { return Err(PeerError::Gone) };
        stream.request(method, params).await
    }

    async fn closed(&self) {
        if let Some(stream) = self.stream() {
            stream.closed().await;
        }
    }
}

/// Lets go of the stream of a call when it is dropped.
pub(super) struct Unanswered(Arc<CallStream>);

impl Drop for Unanswered {
    fn drop(&mut self) {
        *self.0.stream.lock() = None;
    }
}

/// The way of what the runs of a task tell ends here when it is dropped.
pub(super) struct ToldHere {
    engine: Arc<Engine>,
    key: TaskKey,
    peer: Arc<dyn Peer>,
    _unanswered: Unanswered,
}

impl Drop for ToldHere {
    fn drop(&mut self) {
        self.engine.leave(&self.key, &self.peer);
    }
}

/// What the runs of a task tell goes to this call, under its progress token, until the guard is dropped.
pub(super) fn told_here(rq: RequestCx<'_>, key: &TaskKey) -> ToldHere {
    let (peer, unanswered) = until_answered(rq.cx);
    rq.engine.lead(key, Way { peer: Some(peer.clone()), token: meta::progress_token(rq.params) });
    ToldHere { engine: rq.engine.clone(), key: key.clone(), peer, _unanswered: unanswered }
}

/// The stream of this call until the guard is dropped.
pub(super) fn until_answered(cx: &CallContext) -> (Arc<dyn Peer>, Unanswered) {
    let stream = CallStream { session: cx.peer.session().to_owned(), stream: Mutex::new(Some(cx.peer.clone())) };
    let stream = Arc::new(stream);
    (stream.clone(), Unanswered(stream))
}
