//! Everything the handlers of the endpoint share.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, FromRequestParts, State},
    http::{
        HeaderName,
        header::{COOKIE, PROXY_AUTHORIZATION},
        request::Parts,
    },
};
use pmcp_protocol::TraceContext;
use pmcp_tasks::security::Principal;

use super::{allowed::Allowed, sessions::Sessions};
use crate::{
    auth::Admission,
    outbox::Budget,
    service::Service,
    shares::{Share, Sharer},
};

/// The header that names the protocol version.
pub(super) const PROTOCOL_VERSION: &str = "mcp-protocol-version";
/// The header that names a session.
pub(super) const SESSION_ID: &str = "mcp-session-id";
/// The header that names the last event which the client saw of a stream.
pub(super) const LAST_EVENT_ID: &str = "last-event-id";

/// Everything the handlers share.
pub(super) struct Http {
    pub(super) service: Arc<Service>,
    pub(super) sessions: Sessions,
    pub(super) admission: Admission,
    pub(super) allowed: Allowed,
}

pub(super) type Shared = State<Arc<Http>>;

impl Http {
    /// A place for a request of this sender until it is answered.
    pub(super) fn place(&self, from: &From) -> Option<Share> {
        self.service.requests.take(from.sharer, 1)
    }

    /// The part of the buffered bytes that this sender may have.
    pub(super) fn budget(&self, from: &From) -> Budget {
        self.service.budget(from.sharer)
    }
}

/// The sender of a request.
#[derive(Clone, Debug)]
pub(super) struct From {
    pub(super) principal: Option<Principal>,
    pub(super) sharer: Sharer,
    /// The trace that its headers tell of.
    pub(super) trace: Option<TraceContext>,
    /// The request without its body, for functions that look at it.
    pub(super) parts: Arc<Parts>,
}

impl<S: Sync> FromRequestParts<S> for From {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let principal = parts.extensions.remove::<Principal>();
        let address = || parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
        let sharer = match &principal {
            Some(principal) => Sharer::principal(principal),
            // On loopback, and behind a proxy there, nobody can be told apart.
            None => address().filter(|ip| !ip.is_loopback()).map_or(Sharer::EVERYBODY, Sharer::address),
        };
        let single = |name| {
            let mut values = parts.headers.get_all(name).iter();
            values.next().filter(|_| values.next().is_none())?.to_str().ok()
        };
        let trace = TraceContext::read(single);
        let mut seen = parts.clone();
        // With them whoever sees them could call in the sender's name.
        for name in [COOKIE, PROXY_AUTHORIZATION, HeaderName::from_static(SESSION_ID)] {
            seen.headers.remove(name);
        }
        Ok(Self { principal, sharer, trace, parts: Arc::new(seen) })
    }
}
