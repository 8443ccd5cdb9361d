//! The server as it was built: what it answers, whatever the version and the transport.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use pmcp_protocol::{ClientCapabilities, Revision, RpcError, bounds::shortened};
use pmcp_tasks::{
    TaskRouter,
    call::{CallContext, Peer},
    offer::Offers,
    router::Handled,
    security::Principal,
};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::access::Access;

/// A server as it was built.
#[derive(Debug)]
pub(crate) struct Service {
    /// `Implementation`: name, version, title.
    pub(crate) info: Value,
    pub(crate) instructions: Option<String>,
    pub(crate) router: TaskRouter,
    pub(crate) offers: Offers,
    pub(crate) access: Access,
    pub(crate) limits: ServeLimits,
    /// A place for each request over HTTP.
    pub(crate) requests: Arc<Semaphore>,
    /// A place for each `subscriptions/listen`.
    pub(crate) subscriptions: Semaphore,
    pub(crate) shutdown_grace: Duration,
    /// Fires when everything has ended.
    pub(crate) stopped: CancellationToken,
}

/// Bounds on what clients can make the transports hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServeLimits {
    /// Size of a message, in bytes: an HTTP body, a line on stdio. Default 4 MiB.
    pub message: usize,
    /// Requests over HTTP at once, of all clients together; a batch is one. More are answered with 503. Default 10,000. A
    /// session, and a client on stdio, has at most 1,000 of its own.
    pub requests: usize,
    /// Sessions (2025-11-25 and earlier, over HTTP). At the limit the one idle for longest ends. Default 10,000.
    pub sessions: usize,
    /// The time a session may be idle. Default 30 minutes.
    pub session_idle: Duration,
    /// JSON values in a message, each object, array, text, number and so on: its cost in memory goes by them. More are refused
    /// with -32600 before any is built. Default 100,000, which take some 35 MiB at worst, and as much again in each copy that
    /// handling makes of them.
    pub values: usize,
    /// Messages in a batch (2025-03-26). Default 100.
    pub batch: usize,
    /// `subscriptions/listen` streams at once. Default 1,000.
    pub subscriptions: usize,
    /// Resources a session or one `subscriptions/listen` may follow. Default 1,000.
    pub subscribed_resources: usize,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            message: 4 << 20,
            requests: 10_000,
            sessions: 10_000,
            session_idle: Duration::from_secs(30 * 60),
            values: 100_000,
            batch: 100,
            subscriptions: 1000,
            subscribed_resources: 1000,
        }
    }
}

/// A request's context before its caller is known.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) revision: Revision,
    pub(crate) principal: Option<Principal>,
    pub(crate) session_id: Option<String>,
    pub(crate) client: ClientCapabilities,
    pub(crate) peer: Arc<dyn Peer>,
    pub(crate) session: Option<Arc<dyn Peer>>,
    pub(crate) cancellation: CancellationToken,
}

/// Returns the text of a panic, for the log.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("something that is no text")
}

impl Service {
    pub(crate) fn context(&self, call: Call) -> CallContext {
        CallContext {
            revision: call.revision,
            caller: self.access.caller(call.principal, call.session_id.as_deref()),
            client: call.client,
            peer: call.peer,
            session: call.session,
            cancellation: call.cancellation,
        }
    }

    /// Handles what every version has.
    pub(crate) async fn handle(&self, method: &str, params: &Value, cx: &CallContext) -> Handled {
        let handling = async {
            match self.router.handle(method, params, cx).await {
                Handled::NotMine => self.offers.handle(&self.router, method, params, cx).await,
                answer @ Handled::Answer(_) => answer,
            }
        };
        // Even code that prepares a call may panic: a request is answered all the same.
        AssertUnwindSafe(handling).catch_unwind().await.unwrap_or_else(|panic| {
            tracing::error!(method, panic = panic_text(&*panic), "handling a request panicked");
            Handled::Answer(Err(RpcError::internal("the request failed unexpectedly")))
        })
    }

    /// The capabilities beside tasks, which each revision declares in its own way.
    pub(crate) fn capabilities(&self) -> Map<String, Value> {
        // Tools, prompts and resources may write to the client's log.
        let mut capabilities = Map::from_iter([("logging".to_owned(), json!({}))]);
        if self.router.definitions().next().is_some() {
            capabilities.insert("tools".into(), json!({}));
        }
        capabilities.extend(self.offers.capabilities());
        capabilities
    }

    /// Stops admitting work and lets running work finish; then ends whatever waits.
    pub(crate) async fn shut_down(&self) {
        self.router.shut_down(self.shutdown_grace).await;
        self.stopped.cancel();
    }
}

/// An unknown method, or one that the version of the request does not have.
pub(crate) fn unknown_method(method: &str) -> RpcError {
    RpcError::method_not_found(format!("unknown method `{}`", shortened(method, 80)))
}
