//! Principals: callers as an authenticator found them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::owner::{Owner, OwnerKind};

/// An authenticated caller, as an authenticator found it.
#[derive(Clone, Debug, PartialEq)]
pub struct Principal {
    /// Authority that vouches for it, such as the `iss` of a token; empty for static tokens.
    pub issuer: String,
    /// The user; `None` if a client acts for itself.
    pub subject: Option<String>,
    /// The client.
    pub client: Option<String>,
    /// The scopes that it was granted.
    pub scopes: BTreeSet<String>,
    /// Anything else an authenticator wants tools to know. Never sent to clients.
    pub claims: Map<String, Value>,
}

impl Principal {
    /// A user with nothing else known.
    pub fn subject(subject: impl Into<String>) -> Self {
        let (scopes, claims) = (BTreeSet::new(), Map::new());
        Self { issuer: String::new(), subject: Some(subject.into()), client: None, scopes, claims }
    }

    /// The same with these scopes beside those that it has.
    #[must_use]
    pub fn with_scopes<T: Into<String>>(mut self, scopes: impl IntoIterator<Item = T>) -> Self {
        self.scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// Tells whether it was granted this scope.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.contains(scope)
    }

    /// The owner of this caller's tasks: the subject, else the client; `None` if it has neither.
    #[must_use]
    pub fn owner(&self) -> Option<Owner> {
        match (&self.subject, &self.client) {
            (Some(subject), _) => Some(Owner::new(OwnerKind::Subject, &self.issuer, subject)),
            (None, Some(client)) => Some(Owner::new(OwnerKind::Client, &self.issuer, client)),
            (None, None) => None,
        }
    }
}
