//! From a request to its response, whatever it came over.
//!
//! The era of a request, the task it waits for, the stream on which that task may ask meanwhile, the moment from which a new
//! task may ask, and the context of the handling are decided here, once. A transport hands over the request with what it alone knows (a [`Passage`]), and keeps what is its own:
//! headers and statuses, batches of bytes, streams.

use std::sync::Arc;

use axum::http::request::Parts;
use futures_util::future::join_all;
use pmcp_protocol::{
    RpcError, Version, code,
    message::{self, Request},
};
use pmcp_tasks::security::Principal;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::{
    agreement::Agreement,
    answered::Answered,
    legacy::{Entered, LegacySession},
    modern::{self, RequestMeta},
    outbox::Outbox,
    service::Service,
    session::InFlight,
    spans::{self, Came, Spoken},
};

/// The era of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    /// 2025-11-25 and before: it belongs to a session, or begins one.
    Handshake,
    /// 2026-07-28: it says itself what it needs.
    Stateless,
}

impl Era {
    /// The era of a message with this method, where there are no headers.
    pub(crate) fn of(method: &str, params: &Value) -> Self {
        // `server/discover` is how a client finds out which era a server is of.
        if method == "server/discover" || modern::is_modern(params) { Self::Stateless } else { Self::Handshake }
    }

    /// The era of a message beside which a header names this version, or might have.
    pub(crate) fn with_header(params: Option<&Value>, version: Option<&str>) -> Self {
        let is_handshake = match version {
            // A message that claims another version than its header is refused as one of the era that compares the two.
            Some(version) => {
                Version::parse(version).is_some_and(Version::has_handshake)
                    && params.and_then(modern::claimed_version).is_none_or(|claimed| claimed == version)
            }
            None => !params.is_some_and(modern::is_modern),
        };
        if is_handshake { Self::Handshake } else { Self::Stateless }
    }
}

/// The way a request is handled.
#[derive(Debug)]
pub(crate) enum Handling {
    /// In a session, which `initialize` may have to begin yet.
    Session(Arc<LegacySession>),
    /// By itself.
    Stateless(RequestMeta),
}

impl Handling {
    /// The handling of a request that came without headers, beside this session.
    pub(crate) fn beside(session: &Arc<LegacySession>, request: &Request) -> Result<Self, RpcError> {
        match Era::of(&request.method, &request.params) {
            Era::Handshake => Ok(Self::Session(session.clone())),
            Era::Stateless => RequestMeta::parse(&request.params, |_| Ok(())).map(Self::Stateless),
        }
    }
}

/// Everything that a transport alone knows about a request.
#[derive(Clone, Debug)]
pub(crate) struct Passage {
    pub(crate) principal: Option<Principal>,
    /// The stream on which the response goes out.
    pub(crate) stream: Outbox,
    /// Set if the client can read messages on it beside the response.
    pub(crate) carries_messages: bool,
    /// Set if it is the request's own, so that its end is that of the request.
    pub(crate) is_own: bool,
    /// The moment of the response; `None` where messages may not wait for it.
    pub(crate) answered: Option<Answered>,
    /// Fires when subscriptions have to end.
    pub(crate) closing: CancellationToken,
    pub(crate) came: Came,
    /// The HTTP request that it came in, without its body.
    pub(crate) parts: Option<Arc<Parts>>,
}

/// Answers a request; `None` if it was cancelled, or nobody can read a response any more. When this returns, the request's id
/// is free.
pub(crate) async fn answer(
    service: &Service,
    request: &Request,
    in_flight: Option<InFlight>,
    handling: Result<Handling, RpcError>,
    passage: Passage,
) -> Option<Value> {
    let (span, since) = (spans::request(service, request, spoken(&handling), &passage.came), spans::stopwatch());
    let answering = async {
        let cancellation = in_flight.as_ref().map(|request| request.cancellation.clone()).unwrap_or_default();
        let result = match handling {
            Err(error) => Some(Err(error)),
            Ok(Handling::Stateless(meta)) => Some(stateless(service, request, &meta, passage, &cancellation).await),
            Ok(Handling::Session(session)) => in_session(service, request, &session, passage, &cancellation).await,
        };
        let result = result.filter(|_| !cancellation.is_cancelled());
        // The id is free before the client knows the response.
        drop(in_flight);
        result
    };
    let result = answering.instrument(span.clone()).await;
    spans::answered(&span, result.as_ref());
    spans::count(service, request, since, result.as_ref());
    result.map(|result| message::response(Some(&request.id), result))
}

/// The agreement with the client of a request.
fn spoken(handling: &Result<Handling, RpcError>) -> Spoken<'_> {
    match handling {
        Err(_) => Spoken::default(),
        Ok(Handling::Stateless(meta)) => Spoken { version: Some(meta.version()), session: None },
        Ok(Handling::Session(session)) => {
            let version = session.agreement().map(|agreement| agreement.version);
            Spoken { version, session: Some(&*session.id).filter(|id| !id.is_empty()) }
        }
    }
}

/// Answers what is in a batch; `None` if nothing in it gets a response. The responses come together.
pub(crate) async fn answer_batch(
    service: &Service,
    batch: Vec<Entered>,
    handling: impl Fn(&Request) -> Result<Handling, RpcError> + Send + Sync,
    passage: Passage,
) -> Option<Value> {
    let (handling, passage) = (&handling, &passage);
    let responses = batch.into_iter().map(async |entered| match entered {
        Entered::Request(request, in_flight) => {
            answer(service, &request, Some(in_flight), handling(&request), passage.clone()).await
        }
        Entered::Refused(response) => Some(response),
        Entered::Passing(answer) => {
            // A batch has one status, which tells nothing of what in it is no request.
            if let Err(error) = answer.pass_on().await {
                tracing::warn!(?error, "an answer did not reach the process that asked");
            }
            None
        }
    });
    let responses: Vec<Value> = join_all(responses).await.into_iter().flatten().collect();
    (!responses.is_empty()).then(|| responses.into())
}

/// Refuses a batch of this many messages that the version or the limits do not allow.
pub(crate) fn check_batch(service: &Service, agreement: Option<Agreement>, length: usize) -> Result<(), RpcError> {
    let has_batches = agreement.is_some_and(|agreement| agreement.version.has_batches());
    if has_batches && (1..=service.limits.batch).contains(&length) {
        Ok(())
    } else {
        Err(RpcError::new(code::INVALID_REQUEST, "this is not a batch this version allows"))
    }
}

async fn stateless(
    service: &Service,
    request: &Request,
    meta: &RequestMeta,
    passage: Passage,
    cancellation: &CancellationToken,
) -> Result<Value, RpcError> {
    let Passage { principal, stream, is_own, closing, came, parts, .. } = passage;
    let mut cx = modern::context(service, meta, principal, stream.clone(), cancellation.clone());
    cx.trace = came.trace().cloned();
    cx.request = parts.map(|parts| parts as _);
    let handling = modern::handle(service, request, &cx, &stream, &closing);
    tokio::pin!(handling);
    tokio::select! {
        result = &mut handling => result,
        // Closing the stream cancels the request ("Cancellation"); it is still let to end in its own way.
        () = stream.closed(), if is_own => {
            cancellation.cancel();
            handling.await
        }
    }
}

/// The result in a session; `None` if nobody can read it any more.
async fn in_session(
    service: &Service,
    request: &Request,
    session: &Arc<LegacySession>,
    passage: Passage,
    cancellation: &CancellationToken,
) -> Option<Result<Value, RpcError>> {
    if request.method == "initialize" {
        return Some(Agreement::parse(&request.params).and_then(|agreement| session.initialize(service, agreement)));
    }
    let Some(agreement) = session.agreement() else {
        return Some(match request.method.as_str() {
            "ping" => Ok(json!({})),
            _ => {
                Err(RpcError::new(code::INVALID_REQUEST, "send `initialize` first, or `_meta` with a protocol version"))
            }
        });
    };
    let Passage { principal, stream, carries_messages, is_own, answered, came, parts, .. } = passage;
    let awaited = service.router.awaited_task(&request.method, &request.params);
    // What a task asks while the client waits for its end comes on this stream.
    let _open = awaited.filter(|_| carries_messages).map(|task| session.session.open(stream.waiting_for(task)));
    let answered = answered.filter(|_| awaited.is_none());
    let beside = if carries_messages { stream.clone() } else { Outbox::closed_one(stream.budget().clone()) };
    let mut cx = session.context(service, agreement, principal, beside, cancellation.clone(), answered);
    cx.trace = came.trace().cloned();
    cx.request = parts.map(|parts| parts as _);
    tokio::select! {
        result = session.handle(service, request, &cx, stream.budget()) => Some(result),
        // A result nobody can read any more is not waited for; the client asks again ("tasks/result"). Otherwise, in these
        // versions, a client that disconnects has not cancelled.
        () = stream.lost(), if is_own && awaited.is_some() => None,
    }
}
