//! Principals: callers as an authenticator found them.

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
    /// Anything else an authenticator wants tools to know. Never sent to clients.
    pub claims: Map<String, Value>,
}

impl Principal {
    /// A user with nothing else known.
    pub fn subject(subject: impl Into<String>) -> Self {
        Self { issuer: String::new(), subject: Some(subject.into()), client: None, claims: Map::new() }
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
