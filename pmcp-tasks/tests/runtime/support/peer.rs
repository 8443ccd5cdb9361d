//! A client's end of a stream that records what it is sent.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use pmcp_tasks::{
    LogLevel, RpcError,
    call::{Peer, PeerError},
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::spec;

type Answer = dyn Fn(&str, &Value) -> Result<Value, RpcError> + Send + Sync;

/// A message of the server.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sent {
    pub(crate) method: String,
    pub(crate) params: Value,
}

/// A peer that collects notifications, and answers requests through a callback or never.
pub(crate) struct FakePeer {
    name: String,
    notified: Mutex<Vec<Sent>>,
    requested: Mutex<Vec<Sent>>,
    abandoned: AtomicUsize,
    answer: Mutex<Option<Arc<Answer>>>,
    log_level: Mutex<Option<LogLevel>>,
    closed: CancellationToken,
}

impl std::fmt::Debug for FakePeer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("FakePeer").field(&self.name).finish()
    }
}

impl FakePeer {
    pub(crate) fn new(name: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            notified: Mutex::default(),
            requested: Mutex::default(),
            abandoned: AtomicUsize::new(0),
            answer: Mutex::default(),
            log_level: Mutex::default(),
            closed: CancellationToken::new(),
        })
    }

    /// Answers every request from now on.
    pub(crate) fn answers(&self, answer: impl Fn(&str, &Value) -> Result<Value, RpcError> + Send + Sync + 'static) {
        *self.answer.lock().unwrap() = Some(Arc::new(answer));
    }

    /// Wants to see log messages from now on, the least grave ones too.
    pub(crate) fn wants_the_log(&self) {
        *self.log_level.lock().unwrap() = Some(LogLevel::Debug);
    }

    /// The session ends.
    pub(crate) fn close(&self) {
        self.closed.cancel();
    }

    /// The parameters of the notifications of a method.
    pub(crate) fn notified(&self, method: &str) -> Vec<Value> {
        let all = self.notified.lock().unwrap();
        all.iter().for_each(spec::assert_notification);
        all.iter().filter(|sent| sent.method == method).map(|sent| sent.params.clone()).collect()
    }

    /// How many notifications came, of any method.
    pub(crate) fn notifications(&self) -> usize {
        let all = self.notified.lock().unwrap();
        all.iter().for_each(spec::assert_notification);
        all.len()
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<Sent> {
        let all = self.requested.lock().unwrap().clone();
        all.iter().for_each(spec::assert_request);
        all
    }

    /// How many requests the server gave up before they were answered.
    pub(crate) fn abandoned(&self) -> usize {
        self.abandoned.load(Ordering::SeqCst)
    }
}

struct Abandoned<'a>(Option<&'a AtomicUsize>);

impl Drop for Abandoned<'_> {
    fn drop(&mut self) {
        if let Some(count) = self.0 {
            count.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[async_trait]
impl Peer for FakePeer {
    fn session(&self) -> &str {
        &self.name
    }

    fn notify(&self, method: &str, params: Value) {
        self.notified.lock().unwrap().push(Sent { method: method.into(), params });
    }

    fn log_level(&self) -> Option<LogLevel> {
        *self.log_level.lock().unwrap()
    }

    async fn request(&self, method: &str, params: Value) -> Result<Value, PeerError> {
        self.requested.lock().unwrap().push(Sent { method: method.into(), params: params.clone() });
        let mut guard = Abandoned(Some(&self.abandoned));
        let answer = self.answer.lock().unwrap().clone();
        let result = if let Some(answer) = answer {
            answer(method, &params).map_err(PeerError::Rpc)
        } else {
            self.closed.cancelled().await;
            Err(PeerError::Gone)
        };
        guard.0 = None;
        result
    }

    async fn closed(&self) {
        self.closed.cancelled().await;
    }
}
