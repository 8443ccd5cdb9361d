//! The version without sessions: 2026-07-28. Every request says in `_meta` what it speaks and what its client can do.

use std::sync::Arc;

use futures_util::StreamExt;
use pmcp_protocol::{
    ClientCapabilities, LogLevel, RpcError, TASKS_EXTENSION, Version, bounds, code,
    message::{self, Request, RequestId},
    meta::{self, CLIENT_CAPABILITIES, LOG_LEVEL, PROTOCOL_VERSION, SERVER_INFO, SUBSCRIPTION_ID},
    params as parse,
    params::ListenParams,
};
use pmcp_tasks::{
    call::CallContext,
    changes::{FollowedLists, List, Lists},
    measure::server::Stream,
    offer::{Subscribed, Updates},
    router::Handled,
    security::Principal,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    outbox::Outbox,
    peer::RequestPeer,
    service::{Call, Service, unknown_method},
};

/// The time clients may keep lists: one minute. Where the server tells of changes, they hear of one before.
const LIST_TTL_MS: u64 = 60_000;

/// Everything a request says of itself.
#[derive(Clone, Debug)]
pub(crate) struct RequestMeta {
    version: Version,
    client: ClientCapabilities,
    /// Without one the request wants no log messages.
    log_level: Option<LogLevel>,
}

impl RequestMeta {
    /// The version it speaks.
    pub(crate) fn version(&self) -> Version {
        self.version
    }
}

/// The version a message claims in `_meta`, if it does.
pub(crate) fn claimed_version(params: &Value) -> Option<&str> {
    params.get("_meta")?.get(PROTOCOL_VERSION)?.as_str()
}

/// Tells whether a message means this era, with what it needs or without.
pub(crate) fn is_modern(params: &Value) -> bool {
    let meta = params.get("_meta").and_then(Value::as_object);
    meta.is_some_and(|meta| meta.contains_key(PROTOCOL_VERSION) || meta.contains_key(CLIENT_CAPABILITIES))
}

impl RequestMeta {
    /// Reads the protocol's fields of `_meta` (overview, "Per-request protocol fields"). `compare` is shown the version that is
    /// claimed before it is known to be spoken here.
    pub(crate) fn parse(params: &Value, compare: impl FnOnce(&str) -> Result<(), RpcError>) -> Result<Self, RpcError> {
        let missing = |key: &str| RpcError::invalid_params(format!("`_meta` has no valid `{key}`"));
        // One that is not known is repeated in the refusal.
        let claimed = claimed_version(params).filter(|version| version.len() <= bounds::VERSION);
        let claimed = claimed.ok_or_else(|| missing(PROTOCOL_VERSION))?;
        let field = |key| params.get("_meta").and_then(|meta| meta.get(key));
        let capabilities = field(CLIENT_CAPABILITIES).filter(|value| value.is_object());
        let capabilities = capabilities.ok_or_else(|| missing(CLIENT_CAPABILITIES))?;
        let log_level = field(LOG_LEVEL).map(LogLevel::deserialize).transpose().map_err(|_| missing(LOG_LEVEL))?;
        compare(claimed)?;
        let version = Version::parse(claimed).filter(|version| !version.has_handshake());
        let version = version.ok_or_else(|| unsupported(claimed))?;
        Ok(Self { version, client: ClientCapabilities::parse(capabilities), log_level })
    }
}

/// Every version we speak, newest first.
fn supported() -> [&'static str; Version::ALL.len()] {
    Version::ALL.map(Version::as_str)
}

/// A version we do not speak: -32022 (versioning, "Protocol Version Negotiation").
pub(crate) fn unsupported(requested: &str) -> RpcError {
    let requested = bounds::shortened(requested, bounds::VERSION);
    RpcError::new(code::UNSUPPORTED_PROTOCOL_VERSION, "unsupported protocol version")
        .with_data(json!({ "supported": supported(), "requested": requested }))
}

/// Tells whether this version has the method, and the server what it is about.
pub(crate) fn has_method(service: &Service, method: &str) -> bool {
    let optional = method == "completion/complete" && service.offers.has_completions();
    optional
        || matches!(
            method,
            "server/discover"
                | "subscriptions/listen"
                | "tools/list"
                | "tools/call"
                | "tasks/get"
                | "tasks/update"
                | "tasks/cancel"
                | "prompts/list"
                | "prompts/get"
                | "resources/list"
                | "resources/templates/list"
                | "resources/read"
        )
}

/// The context of a request that came over this stream.
pub(crate) fn context(
    service: &Service,
    meta: &RequestMeta,
    principal: Option<Principal>,
    stream: Outbox,
    cancellation: CancellationToken,
) -> CallContext {
    service.context(Call {
        revision: meta.version.revision(),
        principal,
        session_id: None,
        client: meta.client,
        peer: Arc::new(RequestPeer { stream, session: None, log_level: meta.log_level }),
        session: None,
        cancellation,
    })
}

/// Handles a request whose version was checked. Notifications of a subscription go out on `stream` before this returns;
/// it ends when `closing` fires.
pub(crate) async fn handle(
    service: &Service,
    request: &Request,
    cx: &CallContext,
    stream: &Outbox,
    closing: &CancellationToken,
) -> Result<Value, RpcError> {
    let result = match request.method.as_str() {
        "server/discover" => Ok(discover(service, cx)),
        "subscriptions/listen" => listen(service, request, cx, stream, closing).await,
        method if has_method(service, method) => match service.handle(method, &request.params, cx).await {
            Handled::Answer(answer) => answer,
            Handled::NotMine => Err(unknown_method(method)),
        },
        method => Err(unknown_method(method)),
    };
    result.map(|result| completed(service, &request.method, result))
}

/// The result with what every result of this version has.
fn completed(service: &Service, method: &str, mut result: Value) -> Value {
    let Some(fields) = result.as_object_mut() else { return result };
    let kind = fields.entry("resultType").or_insert_with(|| "complete".into());
    if kind == "complete" {
        // Lists are the same for all, unless something says otherwise; what is read may be anything (caching).
        let caching = match method {
            // Whether there are tasks depends on the caller, and of widgets only those are told who show them.
            "server/discover" if service.access.authenticated || !service.widgets.is_empty() => {
                Some((LIST_TTL_MS, "private"))
            }
            "tools/list" | "prompts/list" | "resources/list" | "resources/templates/list"
                if service.router.is_selective() || service.offers.is_selective() =>
            {
                Some((LIST_TTL_MS, "private"))
            }
            "server/discover" | "tools/list" | "prompts/list" | "resources/list" | "resources/templates/list" => {
                Some((LIST_TTL_MS, "public"))
            }
            "resources/read" => Some((0, "private")),
            _ => None,
        };
        if let Some((ttl, scope)) = caching {
            fields.entry("ttlMs").or_insert_with(|| ttl.into());
            fields.entry("cacheScope").or_insert_with(|| scope.into());
        }
    }
    // What a server shows of itself is told once, and not with every result.
    let info = if method == "server/discover" { service.info.clone() } else { service.identity() };
    meta::insert(&mut result, SERVER_INFO, info);
    result
}

/// `DiscoverResult` (discovery, "Response").
fn discover(service: &Service, cx: &CallContext) -> Value {
    let mut capabilities = service.capabilities();
    if service.router.has_tasks() && cx.caller.owner().is_some() {
        capabilities.insert("extensions".into(), json!({ TASKS_EXTENSION: {} }));
    }
    service.widgets.declare(cx.client, &mut capabilities);
    let mut result = json!({ "supportedVersions": supported(), "capabilities": capabilities });
    if let Some(instructions) = &service.instructions {
        result["instructions"] = instructions.as_str().into();
    }
    result
}

/// Sends a notification that names its subscription.
async fn tell(stream: &Outbox, id: &RequestId, method: &str, mut params: Value) -> bool {
    meta::insert(&mut params, SUBSCRIPTION_ID, json!(id));
    stream.send(&message::notification(method, params)).await
}

/// The resources that can be listened to among those a client names; `None` if it names none or nothing tells of them.
fn resources(service: &Service, params: &Value, cx: &CallContext) -> Result<Option<(Subscribed, Updates)>, RpcError> {
    let ListenParams { notifications } = parse(params)?;
    let (Some(uris), Some(updates)) = (notifications.resource_subscriptions, service.offers.updates()) else {
        return Ok(None);
    };
    let (max, subscribed) = (service.limits.subscribed_resources, Subscribed::default());
    for uri in uris.iter().filter(|uri| service.has_resource(uri, &cx.caller)) {
        if !subscribed.add(uri, max, ()) {
            return Err(RpcError::invalid_params(format!("more than the {max} resources that are allowed are named")));
        }
    }
    Ok(Some((subscribed, updates.follow())))
}

/// The lists whose changes a client wants to be told of, of those that may change.
fn lists(service: &Service, params: &Value) -> Result<Lists, RpcError> {
    let ListenParams { notifications: wanted } = parse(params)?;
    let wanted = [
        (wanted.tools_list_changed, List::Tools),
        (wanted.prompts_list_changed, List::Prompts),
        (wanted.resources_list_changed, List::Resources),
    ];
    let wanted: Lists = wanted.into_iter().filter_map(|(is_wanted, list)| is_wanted.then_some(list)).collect();
    Ok(wanted.among(service.changing_lists()))
}

/// Tells a subscription of each change of these lists, until its client is gone.
async fn tell_lists(stream: &Outbox, id: &RequestId, mut followed: FollowedLists, lists: Lists) {
    // What is told is taken when it can be sent: what a slow reader has missed are at most these lists.
    while stream.has_room().await
        && let Some(changed) = followed.next(lists).await
    {
        for list in changed.iter() {
            if !tell(stream, id, list.notification(), json!({})).await {
                return;
            }
        }
    }
}

/// `subscriptions/listen`: acknowledges, then tells each change, until the client or the server ends it.
async fn listen(
    service: &Service,
    request: &Request,
    cx: &CallContext,
    stream: &Outbox,
    closing: &CancellationToken,
) -> Result<Value, RpcError> {
    let place = service.subscriptions.take(stream.budget().sharer, 1);
    let _place = place.ok_or_else(|| RpcError::internal("too many subscriptions are open; close one"))?;
    let _counted = Stream::open();
    let subscription = service.router.listen(&request.params, cx).await?;
    let mut accepted = Map::new();
    if let Some(subscription) = &subscription {
        accepted.insert("taskIds".into(), json!(subscription.accepted()));
    }
    let resources = resources(service, &request.params, cx)?;
    if let Some((subscribed, _)) = &resources {
        accepted.insert("resourceSubscriptions".into(), json!(subscribed.all()));
    }
    let lists = lists(service, &request.params)?;
    accepted.extend(lists.iter().map(|list| (format!("{}ListChanged", list.capability()), true.into())));
    // Before the acknowledgement, so that no change after it is missed.
    let followed = service.router.follow_lists(&cx.caller);
    let id = &request.id;
    let acknowledged = json!({ "notifications": accepted });
    if !tell(stream, id, "notifications/subscriptions/acknowledged", acknowledged).await {
        return Ok(ended(id));
    }
    let tasks = async {
        if let Some(mut subscription) = subscription {
            // A state is read when it can be sent: what a slow reader has missed is not kept.
            while stream.has_room().await
                && let Some(task) = subscription.next().await
            {
                if !tell(stream, id, "notifications/tasks", task).await {
                    return;
                }
            }
        }
        // Every task has ended; the client closes the stream when it wants.
        std::future::pending::<()>().await;
    };
    let resources = async {
        if let Some((subscribed, mut updates)) = resources {
            while let Some(changed) = updates.next(&subscribed).await {
                for uri in changed {
                    if !tell(stream, id, "notifications/resources/updated", json!({ "uri": uri })).await {
                        return;
                    }
                }
            }
        }
        std::future::pending::<()>().await;
    };
    let changed_lists = async {
        if !lists.is_empty() {
            tell_lists(stream, id, followed, lists).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = tasks => {}
        () = resources => {}
        () = changed_lists => {}
        () = stream.closed() => {}
        () = cx.cancellation.cancelled() => {}
        () = closing.cancelled() => {
            // At teardown the server cancels the request, then answers it (cancellation, "Behavior Requirements").
            tell(stream, id, "notifications/cancelled", json!({ "requestId": id, "reason": "the server is shutting down" })).await;
        }
    }
    Ok(ended(id))
}

fn ended(id: &RequestId) -> Value {
    json!({ "_meta": { SUBSCRIPTION_ID: id } })
}
