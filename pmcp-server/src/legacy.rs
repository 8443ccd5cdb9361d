//! The versions that begin with `initialize`: 2025-11-25 and before.

use std::sync::{Arc, OnceLock};

use pmcp_protocol::{
    LogLevel, RpcError, code,
    message::{self, Malformed, Message, Request, RequestId},
    params as parse,
    params::ReadParams,
};
use pmcp_tasks::{
    call::{CallContext, Caller, Peer},
    offer::ResourceUpdates,
    router::Handled,
    security::Principal,
    time::Millis,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    agreement::Agreement,
    answered::Answered,
    lists,
    outbox::{Budget, Outbox},
    passing::{Passing, note},
    peer::{RequestPeer, SessionPeer},
    resumable::{Begun, Reader, Resumables},
    service::{Call, Service, unknown_method},
    session::{InFlight, Session},
};

/// The memory that a subscription takes beside its URI, in bytes.
const SUBSCRIPTION: usize = 128;

/// A message that its session has to answer.
#[derive(Debug)]
pub(crate) enum Entered {
    /// A request that is to be answered.
    Request(Request, InFlight),
    /// Something that is answered with this error at once.
    Refused(Value),
    /// The answer to a question of another process.
    Passing(Box<Passing>),
}

/// A session of these versions, with whose it is.
#[derive(Debug)]
pub(crate) struct LegacySession {
    pub(crate) session: Arc<Session>,
    /// The caller who began it; nobody else may use it.
    pub(crate) principal: Option<Principal>,
    agreement: OnceLock<Agreement>,
    /// Its id on the wire; empty where it has none.
    pub(crate) id: String,
    /// The time from which on its id is taken no more.
    pub(crate) expires: Millis,
    /// The streams that its client may come back to; none where it has one alone.
    pub(crate) resumables: Option<Resumables>,
}

#[derive(Deserialize)]
struct SetLevelParams {
    level: LogLevel,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CancelledParams {
    request_id: RequestId,
}

impl LegacySession {
    /// That of a connection, which is its identity; `initialize` comes on it, from this caller if the server's author names one.
    pub(crate) fn of_connection(session: Arc<Session>, principal: Option<Principal>) -> Self {
        Self {
            session,
            principal,
            agreement: OnceLock::new(),
            id: String::new(),
            expires: Millis(u64::MAX),
            resumables: None,
        }
    }

    /// One that was begun, here or elsewhere, with this agreement: its id tells.
    pub(crate) fn sealed(
        session: Arc<Session>,
        principal: Option<Principal>,
        agreement: Agreement,
        (id, expires): (String, Millis),
        resumables: Resumables,
    ) -> Self {
        Self { session, principal, agreement: agreement.into(), id, expires, resumables: Some(resumables) }
    }

    /// Makes a stream one that the client may come back to, where there is room for it.
    pub(crate) fn begin_stream(&self, begun: Begun) -> Result<Reader, Box<Begun>> {
        match &self.resumables {
            Some(resumables) => resumables.begin(begun),
            None => Err(begun.into()),
        }
    }

    pub(crate) fn agreement(&self) -> Option<Agreement> {
        self.agreement.get().copied()
    }

    /// The context of a request that came over this stream. `answered` is `None` if its client knows the task it is about.
    pub(crate) fn context(
        &self,
        service: &Service,
        agreement: Agreement,
        principal: Option<Principal>,
        stream: Outbox,
        cancellation: CancellationToken,
        answered: Option<Answered>,
    ) -> CallContext {
        let peer: Arc<dyn Peer> =
            Arc::new(RequestPeer { stream, session: Some(self.session.clone()), log_level: None });
        let session: Arc<dyn Peer> = Arc::new(SessionPeer { session: self.session.clone(), answered });
        service.context(Call {
            revision: agreement.version.revision(),
            principal,
            session_id: Some(self.session.id.clone()),
            client: agreement.client,
            peer,
            session: Some(session),
            cancellation,
        })
    }

    /// Answers `initialize` on a connection (lifecycle, "Initialization").
    pub(crate) fn initialize(&self, service: &Service, agreement: Agreement) -> Result<Value, RpcError> {
        if self.agreement.set(agreement).is_err() {
            return Err(RpcError::new(code::INVALID_REQUEST, "this session has been initialized already"));
        }
        Ok(self.welcome(service, agreement))
    }

    /// The result of `initialize`.
    pub(crate) fn welcome(&self, service: &Service, Agreement { version, client }: Agreement) -> Value {
        let mut capabilities = service.capabilities();
        self.follow_lists(service);
        if version.revision().has_tasks() {
            let caller = service.access.caller(self.principal.clone(), Some(&self.session.id));
            capabilities.extend(tasks_capability(service, &caller));
        }
        service.widgets.declare(client, &mut capabilities);
        let mut info = service.info.clone();
        if !version.revision().has_icons()
            && let Some(info) = info.as_object_mut()
        {
            info.remove("icons");
        }
        let mut result = json!({
            "protocolVersion": version.as_str(),
            "capabilities": capabilities,
            "serverInfo": info,
        });
        if let Some(instructions) = &service.instructions {
            result["instructions"] = instructions.as_str().into();
        }
        result
    }

    /// Tells its client of lists that change from now on.
    pub(crate) fn follow_lists(&self, service: &Service) {
        lists::follow(service, &self.session, &service.access.caller(self.principal.clone(), Some(&self.session.id)));
    }

    /// Handles a request of an initialized session. What is kept of it is taken from the budget.
    pub(crate) async fn handle(
        &self,
        service: &Service,
        request: &Request,
        cx: &CallContext,
        budget: &Budget,
    ) -> Result<Value, RpcError> {
        match request.method.as_str() {
            "ping" => return Ok(json!({})),
            "logging/setLevel" => {
                let SetLevelParams { level } = parse(&request.params)?;
                self.session.set_log_level(level);
                self.session.tell_others(note::LEVEL, json!(level)).await;
                return Ok(json!({}));
            }
            "resources/subscribe" | "resources/unsubscribe" => {
                if let Some(updates) = service.offers.updates() {
                    return self.subscribe(service, updates, request, cx, budget);
                }
            }
            _ => {}
        }
        if cx.revision.has_task_method(&request.method) {
            self.session.look();
        }
        match service.handle(&request.method, &request.params, cx).await {
            Handled::Answer(answer) => {
                if let Some(task) = answer.as_ref().ok().and_then(|result| result.pointer("/task/taskId")?.as_str()) {
                    // Wherever its client listens.
                    self.session.tell_others(&format!("{}{task}", note::TASK), json!({})).await;
                }
                answer
            }
            Handled::NotMine => Err(unknown_method(&request.method)),
        }
    }

    /// Changes which resources the client is told about (resources, "Subscriptions").
    fn subscribe(
        &self,
        service: &Service,
        updates: &ResourceUpdates,
        request: &Request,
        CallContext { revision, caller, .. }: &CallContext,
        budget: &Budget,
    ) -> Result<Value, RpcError> {
        let ReadParams { uri } = parse(&request.params)?;
        if request.method == "resources/unsubscribe" {
            self.session.subscribed.remove(&uri);
            return Ok(json!({}));
        }
        if !service.has_resource(&uri, caller) {
            return Err(revision.unknown_resource(&uri));
        }
        let share = budget.bytes.take(budget.sharer, uri.len() + SUBSCRIPTION);
        let share = share.ok_or_else(|| {
            RpcError::internal("there is no room for the subscription: too much is kept for clients; try again later")
        })?;
        let max = service.limits.subscribed_resources;
        if !self.session.subscribed.add(&uri, max, share) {
            return Err(RpcError::internal(format!("{max} resources are subscribed to; unsubscribe from one")));
        }
        self.session.follow(updates);
        Ok(json!({}))
    }

    /// Begins a request, or takes a notification or an answer; of those it ignores what it does not know.
    pub(crate) fn enter(&self, message: Result<Message, Malformed>) -> Option<Entered> {
        self.session.touch();
        match message {
            Ok(Message::Request(request)) => Some(match self.session.begin(&request.id) {
                Ok(in_flight) => Entered::Request(request, in_flight),
                Err(refused) => Entered::Refused(message::response(Some(&request.id), Err(refused.into()))),
            }),
            Err(malformed) => Some(Entered::Refused(message::response(malformed.id.as_ref(), Err(malformed.error)))),
            Ok(Message::Notification { method, params }) => {
                if method == "notifications/cancelled"
                    && let Ok(CancelledParams { request_id }) = parse::<CancelledParams>(&params)
                {
                    self.session.cancel(&request_id);
                }
                None
            }
            Ok(Message::Response { id, result }) => {
                let passing = id.and_then(|id| self.session.answered(&id, result).err());
                passing.map(Entered::Passing)
            }
        }
    }
}

/// The tasks capability of 2025-11-25, where tasks are possible (tasks, "Server Capabilities").
fn tasks_capability(service: &Service, caller: &Caller) -> Option<(String, Value)> {
    let Caller::Known { may_list, .. } = caller else { return None };
    if !service.router.has_tasks() {
        return None;
    }
    let mut tasks =
        Map::from_iter([("cancel".to_owned(), json!({})), ("requests".to_owned(), json!({ "tools": { "call": {} } }))]);
    if *may_list {
        tasks.insert("list".into(), json!({}));
    }
    Some(("tasks".into(), tasks.into()))
}
