//! The server as it was built: what it answers, whatever the version and the transport.

use std::{borrow::Cow, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use pmcp_protocol::{ClientCapabilities, Revision, RpcError, bounds::shortened, message::Request};
use pmcp_tasks::{
    TaskRouter,
    call::{CallContext, Caller, Peer},
    changes::{List, Lists},
    heard::tell,
    offer::Offers,
    router::Handled,
    security::Principal,
};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    access::Access,
    outbox::Budget,
    panics::told,
    process::hurried,
    resumable::Keeping,
    seal::Seals,
    shares::{Sharer, Shares},
    widgets::Widgets,
};

/// A server as it was built.
#[derive(Debug)]
pub(crate) struct Service {
    /// `Implementation`: name, version, and what the server shows of itself.
    pub(crate) info: Value,
    pub(crate) instructions: Option<String>,
    pub(crate) router: TaskRouter,
    pub(crate) offers: Offers,
    pub(crate) widgets: Widgets,
    pub(crate) access: Access,
    /// The caller of every request, on streams whose caller the author names.
    pub(crate) caller: Option<Principal>,
    pub(crate) limits: ServeLimits,
    /// A place for each request over HTTP.
    pub(crate) requests: Arc<Shares>,
    /// A place for each `subscriptions/listen`.
    pub(crate) subscriptions: Arc<Shares>,
    /// The bytes that are buffered for clients.
    pub(crate) buffered: Arc<Shares>,
    /// The bytes that are kept for clients that come back to a stream.
    pub(crate) kept: Arc<Shares>,
    /// The keys that seal the ids of sessions.
    pub(crate) seals: Seals,
    pub(crate) shutdown_grace: Duration,
    /// Fires when everything has ended.
    pub(crate) stopped: CancellationToken,
}

/// Bounds on what clients can make the transports hold.
///
/// Places of requests, subscriptions, sessions and buffered bytes are shared by all callers. As long as half of them are left,
/// anybody takes as many as they want; beyond that nobody gets more than a fair share, the whole divided by the number of callers
/// that have any, and one alone leaves an eighth to whoever comes next. A caller is whoever owns the tasks of an authenticated
/// request (the subject, else the client, of an issuer); where nobody authenticates, the address a connection comes from (of IPv6 the
/// /64), if the server listens itself or axum was told to keep it (`into_make_service_with_connect_info::<SocketAddr>`). On loopback,
/// behind a proxy on it, and on stdio everybody is one caller, who may take the whole.
///
/// The transports take `buffered` bytes, 32 KiB for each of `requests` and 16 KiB for each of `connections` beside it, and the
/// buffers of the connections: some 750 MiB where all the defaults are used up. To that comes one state of a task for each of
/// `subscriptions` that waits because `buffered` is used up, and what a client on stdio sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServeLimits {
    /// Size of a message, in bytes: an HTTP body, a line on stdio. More is answered with 413, on stdio with an error. Default
    /// 4 MiB.
    pub message: usize,
    /// Memory for what is buffered, in bytes, of all clients together: HTTP bodies as they come in, messages while they are worked on
    /// (up to three times, as what was read, as what a retry is compared with, and as the arguments of the tool), responses
    /// and other messages until they have been written, and the URIs that sessions follow. Requests it has no room for are answered with
    /// 503 and `Retry-After`, large responses with an error in their place; progress and log messages are dropped; states of tasks
    /// and questions wait, and a state that waits is the latest one. Default 256 MiB. One message of 100,000 values may take 130
    /// MiB of it.
    pub buffered: usize,
    /// Connections over TCP at once, where the server listens itself. One more takes the place of the one that has waited for a
    /// request, or the rest of one, for longest; while all are being answered it waits. The log tells it. Default 10,000.
    pub connections: usize,
    /// The time for the head of a request, from its first byte or from the connection's beginning: one that does not come is
    /// closed, where the server listens itself. Default 30 seconds.
    pub header_timeout: Duration,
    /// The time for the rest of a body, once it is waited for; then the answer is 408 and the connection closed. Default 30 seconds.
    pub body_timeout: Duration,
    /// The time a connection may wait for its next request, where the server listens itself. Longer than a load balancer in front
    /// keeps connections, which else meets closed ones. Answers and streams may take as long as they like. Default 2 minutes.
    pub connection_idle: Duration,
    /// Requests over HTTP at once, of all clients together; a batch is one, and so is a session's open stream. More are answered with 503 and `Retry-After`. Default
    /// 10,000. A session, and a client on stdio, has at most 1,000 of its own.
    pub requests: usize,
    /// Sessions (2025-11-25 and earlier, over HTTP). At the limit, or at its fair share, the caller's own session that is idle
    /// for longest gives way; another's only if that one has more than its fair share. If none is idle the answer is 503. Default
    /// 10,000, of some 2 KiB each.
    pub sessions: usize,
    /// The time a session may be idle before its place is given up. It is made anew if its client comes back, unless it followed
    /// resources or had chosen a log level. Default 30 minutes.
    pub session_idle: Duration,
    /// The time from `initialize` to when the id of a session is taken no more, wherever: its client begins another. Default 24 hours.
    pub session_lifetime: Duration,
    /// JSON values in a message, each object, array, text, number and so on: its cost in memory goes by them. More are refused
    /// with -32600 before any is built. Default 100,000, which take some 35 MiB at worst, and as much again in each copy that
    /// handling makes of them.
    pub values: usize,
    /// Messages in a batch (2025-03-26). More are refused with an error. Default 100.
    pub batch: usize,
    /// `subscriptions/listen` streams at once. More are refused with an error. Default 1,000. One that nobody reads holds the
    /// latest state of one task.
    pub subscriptions: usize,
    /// Memory for what is kept of streams to which a client may come back (2025-11-25 and before, over HTTP), in bytes, of all clients
    /// together: their latest messages, and 1 KiB for each stream. A session has at most 4 MiB of messages, in 64 streams. What there is no
    /// room for cannot be sent again; nothing else changes. Default 32 MiB.
    pub resumable: usize,
    /// The time for a client to come back to a stream that was cut; the answer of a call waits there for so long. Zero has streams end with
    /// their connection. Default 2 minutes; what is kept is looked through every 30 seconds.
    pub resume_time: Duration,
    /// Resources a session or one `subscriptions/listen` may follow. More are refused with an error. The URIs of a session take part of
    /// `buffered`. Default 1,000.
    pub subscribed_resources: usize,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            message: 4 << 20,
            buffered: 256 << 20,
            connections: 10_000,
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(30),
            connection_idle: Duration::from_secs(2 * 60),
            requests: 10_000,
            sessions: 10_000,
            session_idle: Duration::from_secs(30 * 60),
            session_lifetime: Duration::from_secs(24 * 60 * 60),
            values: 100_000,
            batch: 100,
            subscriptions: 1000,
            resumable: 32 << 20,
            resume_time: Duration::from_secs(2 * 60),
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

impl Service {
    /// Name, version and title, which go with every result (2026-07-28): the rest is told once.
    pub(crate) fn identity(&self) -> Value {
        let told = ["name", "version", "title"];
        told.into_iter()
            .filter_map(|key| Some((key.to_owned(), self.info.get(key)?.clone())))
            .collect::<Map<_, _>>()
            .into()
    }

    /// A caller's part of the bytes that are buffered.
    pub(crate) fn budget(&self, sharer: Sharer) -> Budget {
        Budget { bytes: self.buffered.clone(), sharer }
    }

    /// The bounds of what is kept for a caller that comes back to a stream.
    pub(crate) fn keeping(&self, sharer: Sharer) -> Keeping {
        Keeping { time: self.limits.resume_time, budget: Budget { bytes: self.kept.clone(), sharer } }
    }

    pub(crate) fn context(&self, call: Call) -> CallContext {
        CallContext {
            revision: call.revision,
            caller: self.access.caller(call.principal, call.session_id.as_deref()),
            client: self.widgets.client(call.client),
            peer: call.peer,
            session: call.session,
            cancellation: call.cancellation,
            trace: None,
            request: None,
        }
    }

    /// Tells whether there is a resource with this URI that the caller may use.
    pub(crate) fn has_resource(&self, uri: &str, caller: &Caller) -> bool {
        self.offers.has_resource(uri, |target| self.router.permits(caller, target))
    }

    /// The scopes that the caller of this request lacks for what it is about, and could get.
    pub(crate) async fn lacking_scopes(&self, request: &Request, caller: &Caller) -> Option<Cow<'_, [String]>> {
        let Request { method, params, .. } = request;
        let of_offers = || self.offers.lacking_scopes(&self.router, method, params, caller);
        if let Some(scopes) = self.router.lacking_scopes(method, params, caller).or_else(of_offers) {
            return Some(scopes.into());
        }
        // A source is the author's code, which may panic.
        let asked = AssertUnwindSafe(self.router.lacking_scopes_of_dynamic(method, params, caller)).catch_unwind();
        asked.await.ok().flatten().map(Cow::Owned)
    }

    /// Tells whether a tool has this name, be it one of a workflow or a companion of a task's.
    pub(crate) fn has_tool(&self, name: &str) -> bool {
        self.router.has_tool(name)
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
            told(panic, |panic| tell(|| tracing::error!(method, panic, "handling a request panicked")));
            Handled::Answer(Err(RpcError::internal("the request failed unexpectedly")))
        })
    }

    /// The capabilities beside tasks, which each revision declares in its own way.
    pub(crate) fn capabilities(&self) -> Map<String, Value> {
        // Tools, prompts and resources may write to the client's log.
        let mut capabilities = Map::from_iter([("logging".to_owned(), json!({}))]);
        capabilities.extend(self.offered());
        for list in self.changing_lists().iter() {
            if let Some(Value::Object(capability)) = capabilities.get_mut(list.capability()) {
                capability.insert("listChanged".into(), true.into());
            }
        }
        capabilities
    }

    /// The capabilities that follow from what is offered.
    fn offered(&self) -> Map<String, Value> {
        let mut capabilities = self.offers.capabilities();
        if self.router.definitions().next().is_some() || self.router.has_dynamic_tools() {
            capabilities.insert("tools".into(), json!({}));
        }
        capabilities
    }

    /// The lists of what is offered that may change while the server runs.
    pub(crate) fn changing_lists(&self) -> Lists {
        let changing = self.router.changing_lists();
        if changing.is_empty() {
            return changing;
        }
        let offered = self.offered();
        let offered: Lists = List::ALL.into_iter().filter(|list| offered.contains_key(list.capability())).collect();
        changing.among(offered)
    }

    /// Stops admitting work and lets running work finish; then ends whatever waits.
    pub(crate) async fn shut_down(&self) {
        self.shut_down_within(self.shutdown_grace).await;
    }

    /// The same, where the grace may have run for a while. It is over, too, when the process is told to end once more.
    pub(crate) async fn shut_down_within(&self, grace: Duration) {
        let hurrying = async {
            hurried().await;
            tell(|| tracing::info!("told to end once more: the grace is over"));
            self.router.shut_down(Duration::ZERO).await;
        };
        let stopping = async {
            tokio::select! {
                biased;
                () = self.router.shut_down(grace) => {}
                () = hurrying => {}
            }
        };
        if let Err(panic) = AssertUnwindSafe(stopping).catch_unwind().await {
            told(panic, |panic| tell(|| tracing::error!(panic, "stopping the work panicked")));
        }
        self.stopped.cancel();
    }

    /// What is left of the grace that began at this time of the monotonic clock.
    pub(crate) fn grace_since(&self, began: Duration) -> Duration {
        let gone = self.router.store().clock().monotonic().saturating_sub(began);
        self.shutdown_grace.saturating_sub(gone)
    }
}

/// An unknown method, or one that the version of the request does not have.
pub(crate) fn unknown_method(method: &str) -> RpcError {
    RpcError::method_not_found(format!("unknown method `{}`", shortened(method, 80)))
}
