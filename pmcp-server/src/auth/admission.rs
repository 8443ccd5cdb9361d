//! Everything that decides who is let in over HTTP, put together.

use std::sync::Arc;

use axum::http::HeaderValue;
use pmcp_tasks::{security::Principal, time::Clock};

use super::{Authenticator, Challenge, ProtectedResource};

/// The rules of who is let in. The default lets in everybody.
#[derive(Clone, Debug, Default)]
pub(crate) struct Admission {
    pub(crate) authenticator: Option<Arc<dyn Authenticator>>,
    /// The metadata that clients are told of; the authenticator's if nothing is said.
    pub(crate) resource: Option<ProtectedResource>,
    /// The scopes that every request needs.
    pub(crate) scopes: Vec<String>,
}

impl Admission {
    /// The same for a server with this clock.
    ///
    /// # Errors
    /// What does not fit, as a text without secrets.
    pub(crate) fn checked(mut self, clock: &Arc<dyn Clock>) -> Result<Self, String> {
        let Some(authenticator) = &self.authenticator else {
            return match self.scopes.first() {
                // Else everybody would be let in.
                Some(scope) => Err(format!("callers need the scope `{scope}`, and no authenticator finds any")),
                None => Ok(self),
            };
        };
        authenticator.check()?;
        authenticator.go_by(clock);
        self.resource = self.resource.or_else(|| authenticator.resource());
        if let Some(resource) = &self.resource {
            resource.check()?;
        }
        Ok(self)
    }

    /// Refuses a caller without the scopes that every request needs.
    pub(crate) fn check(&self, principal: &Principal) -> Result<(), Challenge> {
        if self.scopes.iter().all(|scope| principal.has_scope(scope)) {
            return Ok(());
        }
        Err(Challenge::insufficient_scope(&self.scopes))
    }

    /// The value of `WWW-Authenticate` for a refusal, if it has one.
    pub(crate) fn header(&self, challenge: &Challenge) -> Option<HeaderValue> {
        let metadata = self.resource.as_ref().map(ProtectedResource::url);
        challenge.header(metadata.as_deref(), &self.scopes)
    }
}
