//! A server with test tools on a clock moved by hand, and its clients.

mod backend;
mod cluster;
mod logged;
mod peer;
mod random;
mod shared;
mod spans;
mod spec;
mod tools;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

pub(crate) use backend::{Fault, FaultyBackend};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
pub(crate) use cluster::{Cluster, LEASE, Log, gated};
pub(crate) use logged::Logged;
pub(crate) use peer::FakePeer;
pub(crate) use pmcp_tasks::testing::CountingBackend;
use pmcp_tasks::{
    Limits, RpcError, TaskRouter, TaskStore,
    call::{CallContext, Caller, ClientCapabilities, Revision},
    protocol::VARIABLES,
    router::{Handled, Subscription, TaskRouterBuilder},
    security::Principal,
    store::{MemoryBackend, StorageBackend},
    task::{Owner, OwnerKind, TaskId},
    testing::ManualClock,
};
pub(crate) use random::Seeded;
use serde_json::{Value, json};
pub(crate) use shared::Connection;
pub(crate) use spans::Spans;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
pub(crate) use tools::*;

/// A server with every test tool.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) router: TaskRouter,
    pub(crate) clock: ManualClock,
    pub(crate) world: World,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        Self::on(MemoryBackend::new(), limits)
    }

    pub(crate) fn on(backend: impl StorageBackend, limits: Limits) -> Self {
        Self::build(backend, limits, false)
    }

    pub(crate) fn exposing_errors() -> Self {
        Self::build(MemoryBackend::new(), Limits::default(), true)
    }

    fn build(backend: impl StorageBackend, limits: Limits, expose_errors: bool) -> Self {
        let settings = |router: TaskRouterBuilder<World>| router.limits(limits).expose_errors(expose_errors);
        Self::on_clock(ManualClock::new(), backend, settings)
    }

    /// One of several processes that share a clock and a store.
    pub(crate) fn on_clock(
        clock: ManualClock,
        backend: impl StorageBackend,
        settings: impl FnOnce(TaskRouterBuilder<World>) -> TaskRouterBuilder<World>,
    ) -> Self {
        Self::in_store(clock, TaskStore::new(backend), settings)
    }

    /// A server in a store, which gets the clock.
    pub(crate) fn in_store(
        clock: ManualClock,
        store: TaskStore,
        settings: impl FnOnce(TaskRouterBuilder<World>) -> TaskRouterBuilder<World>,
    ) -> Self {
        let world = World::default();
        let router = TaskRouter::builder()
            .state(world.clone())
            .tool::<Plain>()
            .tool::<Optional>()
            .tool::<Required>()
            .tool::<Swift>()
            .tool::<Timed>()
            .tool::<WithVariables>()
            .tool::<WithWide>()
            .tool::<AskName>()
            .tool::<AskBoth>();
        let router = settings(router).build(store.with_clock(clock.clone())).unwrap();
        Self { router, clock, world }
    }

    /// A client of 2025-11-25 that can be asked anything, in a session of its own.
    pub(crate) fn v2025(&self, user: &str) -> Client {
        Client::new(self, Revision::V2025, user_owner(user))
    }

    /// A client of 2026-07-28 that declares the tasks extension and can be asked anything.
    pub(crate) fn v2026(&self, user: &str) -> Client {
        Client::new(self, Revision::V2026, user_owner(user))
    }

    /// A client of the revision whose tasks belong to this owner.
    pub(crate) fn client(&self, revision: Revision, owner: Owner) -> Client {
        Client::new(self, revision, owner)
    }

    pub(crate) async fn advance(&self, duration: Duration) {
        self.clock.advance(duration).await;
    }
}

pub(crate) fn user_owner(user: &str) -> Owner {
    Owner::new(OwnerKind::Subject, "", user)
}

/// A client with one session.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) router: TaskRouter,
    pub(crate) cx: CallContext,
    /// The stream of its requests.
    pub(crate) stream: Arc<FakePeer>,
    /// Its session; unused in 2026-07-28.
    pub(crate) session: Arc<FakePeer>,
}

impl Client {
    fn new(server: &Server, revision: Revision, owner: Owner) -> Self {
        static SESSIONS: AtomicUsize = AtomicUsize::new(0);
        let number = SESSIONS.fetch_add(1, Ordering::Relaxed);
        let (stream, session) = (FakePeer::new(format!("stream {number}")), FakePeer::new(format!("session {number}")));
        let principal = Principal::subject(owner.subject.clone());
        let cx = CallContext {
            revision,
            caller: Caller::Known { owner, principal: Some(principal), may_list: true },
            client: ClientCapabilities {
                elicitation: true,
                elicitation_url: false,
                sampling: true,
                roots: true,
                tasks: revision == Revision::V2026,
                ui: false,
            },
            peer: stream.clone(),
            session: (revision != Revision::V2026).then(|| session.clone() as _),
            cancellation: CancellationToken::new(),
            trace: None,
            request: None,
        };
        Self { router: server.router.clone(), cx, stream, session }
    }

    /// The same client without the tasks extension.
    pub(crate) fn undeclared(mut self) -> Self {
        self.cx.client.tasks = false;
        self
    }

    /// The same client, which cannot show forms.
    pub(crate) fn without_elicitation(mut self) -> Self {
        self.cx.client.elicitation = false;
        self
    }

    /// The same client, authenticated by nobody.
    pub(crate) fn unknown(mut self) -> Self {
        self.cx.caller = Caller::Unknown { reason: "configure authentication" };
        self
    }

    /// The same client with a request that can be cancelled by itself.
    pub(crate) fn cancellable(mut self) -> (Self, CancellationToken) {
        let token = CancellationToken::new();
        self.cx.cancellation = token.clone();
        (self, token)
    }

    pub(crate) async fn request(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let answer = match self.router.handle(method, &params, &self.cx).await {
            Handled::Answer(answer) => answer,
            Handled::NotMine => panic!("`{method}` is not a method of the router"),
        };
        spec::assert_answer(self.cx.revision, method, &params, &answer);
        answer
    }

    pub(crate) async fn ok(&self, method: &str, params: Value) -> Value {
        self.request(method, params).await.unwrap()
    }

    pub(crate) async fn err(&self, method: &str, params: Value) -> RpcError {
        self.request(method, params).await.unwrap_err()
    }

    /// Whether the router has the method in this revision.
    pub(crate) async fn has(&self, method: &str) -> bool {
        self.router.handle(method, &json!({ "taskId": "x" }), &self.cx).await != Handled::NotMine
    }

    pub(crate) fn spawn(&self, method: &'static str, params: Value) -> JoinHandle<Result<Value, RpcError>> {
        let client = self.clone();
        tokio::spawn(async move { client.request(method, params).await })
    }

    /// Calls a tool inside the request.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Result<Value, RpcError> {
        self.request("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }

    /// Calls a tool as a task; what creates one in this revision.
    pub(crate) async fn create(&self, tool: &str) -> Result<Value, RpcError> {
        self.create_with(json!({ "name": tool, "arguments": {} })).await
    }

    pub(crate) async fn create_with(&self, mut params: Value) -> Result<Value, RpcError> {
        if self.cx.revision == Revision::V2025 && params.get("task").is_none() {
            params["task"] = json!({});
        }
        self.request("tools/call", params).await
    }

    /// Calls a tool as a task; the task's id.
    pub(crate) async fn start(&self, tool: &str) -> String {
        id_of(&self.create(tool).await.unwrap())
    }

    pub(crate) async fn get(&self, id: &str) -> Value {
        self.ok("tasks/get", json!({ "taskId": id })).await
    }

    pub(crate) async fn status(&self, id: &str) -> String {
        self.get(id).await["status"].as_str().unwrap().to_owned()
    }

    /// Waits until the task has this status; the task then.
    pub(crate) async fn until(&self, id: &str, status: &str) -> Value {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let task = self.get(id).await;
            if task["status"] == status {
                return task;
            }
            assert!(Instant::now() < give_up, "waited for {status}, but: {task}");
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn result(&self, id: &str) -> Result<Value, RpcError> {
        self.request("tasks/result", json!({ "taskId": id })).await
    }

    pub(crate) async fn cancel(&self, id: &str) -> Result<Value, RpcError> {
        self.request("tasks/cancel", json!({ "taskId": id })).await
    }

    pub(crate) async fn update(&self, id: &str, responses: Value) -> Result<Value, RpcError> {
        self.request("tasks/update", json!({ "taskId": id, "inputResponses": responses })).await
    }

    pub(crate) async fn set(&self, id: &str, variables: Value) -> Result<Value, RpcError> {
        let params = json!({ "taskId": id, "inputResponses": {}, "_meta": { VARIABLES: variables } });
        self.request("tasks/update", params).await
    }

    pub(crate) async fn listen(&self, ids: &[&str]) -> Result<Option<Subscription>, RpcError> {
        self.router.listen(&json!({ "notifications": { "taskIds": ids } }), &self.cx).await
    }

    /// The ids of a page of `tasks/list`, and the next cursor.
    pub(crate) async fn page(&self, cursor: Option<&str>) -> (Vec<String>, Option<String>) {
        let params = cursor.map_or_else(|| json!({}), |cursor| json!({ "cursor": cursor }));
        let page = self.ok("tasks/list", params).await;
        let ids = page["tasks"].as_array().unwrap().iter().map(|task| task["taskId"].as_str().unwrap().to_owned());
        (ids.collect(), page["nextCursor"].as_str().map(str::to_owned))
    }
}

/// How long a test waits for what has to come: only a failing one does.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until the condition holds.
pub(crate) async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < give_up, "waited in vain: {what}");
        tokio::task::yield_now().await;
    }
}

/// Lets everything that is ready have many turns.
pub(crate) async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

/// The id of the task in a create result.
pub(crate) fn id_of(created: &Value) -> String {
    let id = created.pointer("/task/taskId").or_else(|| created.get("taskId"));
    id.and_then(Value::as_str).unwrap_or_else(|| panic!("no task: {created}")).to_owned()
}

/// The first text of a tool's result.
pub(crate) fn text_of(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {result}"))
}

/// An answer that accepts a form.
pub(crate) fn accept(content: Value) -> Value {
    json!({ "action": "accept", "content": content })
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

/// The id of the hidden task behind an `input_required` answer, which no client is supposed to know.
pub(crate) fn hidden_id(input_required: &Value) -> String {
    let state = input_required["requestState"].as_str().unwrap_or_else(|| panic!("no state: {input_required}"));
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(state).unwrap();
    TaskId::from_bytes(bytes[..16].try_into().unwrap()).to_string()
}
