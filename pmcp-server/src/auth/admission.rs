//! Everything that decides who is let in, put together.

use std::sync::Arc;

use axum::http::HeaderValue;
use pmcp_tasks::{security::Principal, time::Clock};

use super::{Authenticator, Challenge, ProtectedResource};

/// Bytes of the scopes that a caller has which are told again. Proxies refuse longer headers.
const TOLD_AGAIN: usize = 2 << 10;

/// The rules of who is let in. The default lets in everybody.
#[derive(Clone, Debug, Default)]
pub(crate) struct Admission {
    pub(crate) authenticator: Option<Arc<dyn Authenticator>>,
    /// The metadata that clients are told of; the authenticator's if nothing is said.
    pub(crate) resource: Option<ProtectedResource>,
    /// The scopes that every request needs.
    pub(crate) scopes: Vec<String>,
    /// Set if a call of a tool that only lacks scopes is answered with them.
    pub(crate) step_up: bool,
    /// The one caller on stdio, where the server's author says who that is.
    pub(crate) on_stdio: Option<Principal>,
    /// The caller of every request.
    pub(crate) caller: Option<Principal>,
}

impl Admission {
    /// The rules on one pair of streams: nobody authenticates there.
    pub(crate) fn on_streams(self) -> Self {
        Self { caller: self.on_stdio, ..Self::default() }
    }

    /// Tells whether callers are somebody other than the user of this machine.
    pub(crate) fn tells_callers(&self) -> bool {
        self.authenticator.is_some() || self.caller.is_some()
    }

    /// The same for a server with this clock.
    ///
    /// # Errors
    /// What does not fit, as a text without secrets.
    pub(crate) fn checked(mut self, clock: &Arc<dyn Clock>) -> Result<Self, String> {
        if self.caller.as_ref().is_some_and(|caller| caller.owner().is_none()) {
            return Err(
                "the caller on stdio has neither a subject nor a client, so that nobody would own its tasks".into()
            );
        }
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

    /// Refuses a request that needs these scopes beside those that every one needs. Clients of versions with sessions ask for what
    /// they are told and no more, so they are told what they have as well; later ones add to what they have (authorization, "Runtime
    /// Insufficient Scope Errors").
    pub(crate) fn lacking(&self, scopes: &[String], principal: Option<&Principal>, has_sessions: bool) -> Challenge {
        let had = principal.filter(|_| has_sessions).into_iter().flat_map(|principal| &principal.scopes);
        let mut room = TOLD_AGAIN;
        let had = had.take_while(|scope| {
            let left = room.checked_sub(scope.len() + 1);
            room = left.unwrap_or_default();
            left.is_some()
        });
        let mut all: Vec<&String> = Vec::new();
        for scope in self.scopes.iter().chain(scopes).chain(had) {
            if !all.contains(&scope) {
                all.push(scope);
            }
        }
        Challenge::insufficient_scope(all.into_iter().cloned())
    }

    /// The value of `WWW-Authenticate` for a refusal, if it has one.
    pub(crate) fn header(&self, challenge: &Challenge) -> Option<HeaderValue> {
        let metadata = self.resource.as_ref().map(ProtectedResource::url);
        challenge.header(metadata.as_deref(), &self.scopes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_told_again_what_it_has_and_not_without_end() {
        let admission = Admission { scopes: vec!["use".to_owned()], ..Admission::default() };
        let needed = ["write".to_owned()];
        let told = |scopes: Vec<String>, has_sessions| {
            let challenge =
                admission.lacking(&needed, Some(&Principal::subject("ann").with_scopes(scopes)), has_sessions);
            admission.header(&challenge).unwrap().to_str().unwrap().to_owned()
        };
        let few = vec!["read".to_owned(), "use".to_owned()];
        assert_eq!(told(few.clone(), true), "Bearer error=\"insufficient_scope\", scope=\"use write read\"");
        assert_eq!(told(few, false), "Bearer error=\"insufficient_scope\", scope=\"use write\"");
        let many = told((0..10_000).map(|n| format!("scope:{n}")).collect(), true);
        assert!(
            many.starts_with("Bearer error=\"insufficient_scope\", scope=\"use write scope:0 ") && many.len() < 3000
        );
        let odd = vec!["x\", resource_metadata=\"https://evil".to_owned()];
        assert_eq!(told(odd, true), "Bearer error=\"insufficient_scope\", scope=\"use write\"");
    }
}
