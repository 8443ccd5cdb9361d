//! Everything the handlers of the endpoint share.

use std::sync::Arc;

use axum::extract::State;
use tokio::sync::OwnedSemaphorePermit;

use super::{allowed::Allowed, sessions::Sessions};
use crate::{auth::Authenticator, service::Service};

/// The header that names the protocol version.
pub(super) const PROTOCOL_VERSION: &str = "mcp-protocol-version";
/// The header that names a session.
pub(super) const SESSION_ID: &str = "mcp-session-id";

/// Everything the handlers share.
pub(super) struct Http {
    pub(super) service: Arc<Service>,
    pub(super) sessions: Sessions,
    pub(super) authenticator: Option<Arc<dyn Authenticator>>,
    pub(super) allowed: Allowed,
}

pub(super) type Shared = State<Arc<Http>>;

impl Http {
    /// A place for a request until it is answered.
    pub(super) fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.service.requests.clone().try_acquire_owned().ok()
    }
}
