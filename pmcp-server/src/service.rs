//! What a server answers, whatever the transport.

use std::{any::Any, collections::BTreeMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use pmcp_tasks::{
    RpcError, TaskRouter,
    call::{CallContext, ClientCapabilities, Peer, Revision},
    protocol::{code, params as parse},
    security::Principal,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    access::Access,
    completion::{CompleteParams, Completer, Reference},
    prompt::{GetParams, RegisteredPrompt},
    resource::RegisteredResource,
    updates::ResourceUpdates,
};

/// A server as it was built.
#[derive(Debug)]
pub(crate) struct Service {
    /// `Implementation`: name, version, title.
    pub(crate) info: Value,
    pub(crate) instructions: Option<String>,
    pub(crate) router: TaskRouter,
    pub(crate) prompts: Vec<RegisteredPrompt>,
    pub(crate) resources: Vec<RegisteredResource>,
    pub(crate) completer: Option<Completer>,
    pub(crate) updates: Option<ResourceUpdates>,
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
    /// How long a session may be idle. Default 30 minutes.
    pub session_idle: Duration,
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
            batch: 100,
            subscriptions: 1000,
            subscribed_resources: 1000,
        }
    }
}

#[derive(Default, Deserialize)]
struct ListParams {
    #[serde(default)]
    cursor: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct ReadParams {
    pub(crate) uri: String,
}

/// There is no such resource, as each revision says it.
pub(crate) fn unknown_resource(uri: &str, revision: Revision) -> RpcError {
    let code = if revision == Revision::V2026 { code::INVALID_PARAMS } else { code::RESOURCE_NOT_FOUND };
    RpcError::new(code, "unknown resource").with_data(json!({ "uri": uri }))
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

/// What a panic said, for the log.
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

    /// Handles what every version has; `None` if the method is not among it.
    pub(crate) async fn handle(
        &self,
        method: &str,
        params: &Value,
        cx: &CallContext,
    ) -> Option<Result<Value, RpcError>> {
        // Even code that prepares a call may panic: a request is answered all the same.
        let handling = AssertUnwindSafe(self.handle_unguarded(method, params, cx)).catch_unwind().await;
        handling.unwrap_or_else(|panic| {
            tracing::error!(method, panic = panic_text(&*panic), "handling a request panicked");
            Some(Err(RpcError::internal("the request failed unexpectedly")))
        })
    }

    async fn handle_unguarded(
        &self,
        method: &str,
        params: &Value,
        cx: &CallContext,
    ) -> Option<Result<Value, RpcError>> {
        if let Some(result) = self.router.handle(method, params, cx).await {
            return Some(result);
        }
        let result = match method {
            "prompts/list" => {
                let prompts = self.prompts.iter().map(|prompt| prompt.prompt.describe());
                self.page("prompts", prompts, params)
            }
            "prompts/get" => self.get_prompt(params, cx).await,
            "resources/list" => self.page("resources", self.described_resources(false), params),
            "resources/templates/list" => self.page("resourceTemplates", self.described_resources(true), params),
            "resources/read" => self.read_resource(params, cx).await,
            "completion/complete" => self.complete(self.completer.as_ref()?, params, cx).await,
            _ => return None,
        };
        Some(result)
    }

    fn described_resources(&self, templates: bool) -> impl Iterator<Item = Value> {
        self.resources
            .iter()
            .filter(move |resource| resource.is_template() == templates)
            .map(RegisteredResource::describe)
    }

    /// A page of a list that does not change; the cursor is the index of its first entry.
    fn page(&self, name: &str, entries: impl Iterator<Item = Value>, params: &Value) -> Result<Value, RpcError> {
        let ListParams { cursor } = if params.is_null() { ListParams::default() } else { parse(params)? };
        let entries: Vec<Value> = entries.collect();
        let start = match cursor {
            None => 0,
            Some(cursor) => {
                let start = cursor.parse().ok().filter(|start| (1..entries.len()).contains(start));
                start.ok_or_else(|| RpcError::invalid_params("unknown cursor"))?
            }
        };
        let size = usize::from(self.router.limits().page_size.max(1));
        let mut result = Map::new();
        if start + size < entries.len() {
            result.insert("nextCursor".into(), (start + size).to_string().into());
        }
        let page: Vec<Value> = entries.into_iter().skip(start).take(size).collect();
        result.insert(name.into(), page.into());
        Ok(result.into())
    }

    async fn get_prompt(&self, params: &Value, cx: &CallContext) -> Result<Value, RpcError> {
        let GetParams { name, arguments } = parse(params)?;
        let prompt = self.prompts.iter().find(|prompt| prompt.prompt.name() == name);
        let prompt = prompt.ok_or_else(|| RpcError::invalid_params("unknown prompt"))?;
        let prepared = prompt.prepare(arguments.clone())?;
        self.router.run(("prompts/get", &name, &arguments), prepared, params, cx).await
    }

    async fn read_resource(&self, params: &Value, cx: &CallContext) -> Result<Value, RpcError> {
        let ReadParams { uri } = parse(params)?;
        let (resource, variables) = self.find_resource(&uri).ok_or_else(|| unknown_resource(&uri, cx.revision))?;
        let prepared = resource.prepare(&uri, variables);
        self.router.run(("resources/read", &uri, &Map::new()), prepared, params, cx).await
    }

    /// The resource with this URI, or the template it fits with the template's variables.
    pub(crate) fn find_resource(&self, uri: &str) -> Option<(&RegisteredResource, BTreeMap<String, String>)> {
        self.resources.iter().find_map(|resource| Some((resource, resource.fits(uri)?)))
    }

    async fn complete(&self, completer: &Completer, params: &Value, cx: &CallContext) -> Result<Value, RpcError> {
        let request: CompleteParams = parse(params)?;
        let (name, has_argument) = match &request.reference {
            Reference::Prompt { name } => {
                let prompt = self.prompts.iter().find(|prompt| prompt.prompt.name() == name);
                let prompt = prompt.ok_or_else(|| RpcError::invalid_params("unknown prompt"))?;
                (name.clone(), prompt.prompt.has_argument(&request.argument.name))
            }
            Reference::Resource { uri } => {
                let resource = self.resources.iter().find(|resource| resource.uri() == uri);
                let resource = resource.ok_or_else(|| RpcError::invalid_params("unknown resource template"))?;
                (uri.clone(), resource.has_variable(&request.argument.name))
            }
        };
        if !has_argument {
            return Err(RpcError::invalid_params("there is no such argument"));
        }
        let prepared = completer.prepare(request.into());
        self.router.run(("completion/complete", &name, &Map::new()), prepared, params, cx).await
    }

    /// What the server offers beside tasks, which each revision declares in its own way.
    pub(crate) fn capabilities(&self) -> Map<String, Value> {
        // Tools, prompts and resources may write to the client's log.
        let mut capabilities = Map::from_iter([("logging".to_owned(), json!({}))]);
        if self.router.definitions().next().is_some() {
            capabilities.insert("tools".into(), json!({}));
        }
        if !self.prompts.is_empty() {
            capabilities.insert("prompts".into(), json!({}));
        }
        if !self.resources.is_empty() {
            let subscribe = self.updates.is_some().then(|| ("subscribe".to_owned(), true.into()));
            capabilities.insert("resources".into(), subscribe.into_iter().collect::<Map<_, _>>().into());
        }
        if self.completer.is_some() {
            capabilities.insert("completions".into(), json!({}));
        }
        capabilities
    }

    /// Stops admitting work and lets running work finish; then ends whatever waits.
    pub(crate) async fn shut_down(&self) {
        self.router.shut_down(self.shutdown_grace).await;
        self.stopped.cancel();
    }
}
