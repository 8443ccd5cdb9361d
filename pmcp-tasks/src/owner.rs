//! Owners of tasks.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The one a task belongs to, resolved from the authenticated principal and never from parameters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// Authority that vouches for the subject; empty where nobody does.
    pub issuer: String,
    /// Kind of the subject.
    pub kind: OwnerKind,
    /// The subject, unique within its issuer and kind.
    pub subject: String,
}

/// Kind of an owner's subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OwnerKind {
    /// An authenticated user.
    Subject,
    /// An authenticated client that acts for itself.
    Client,
    /// The one user of a local server: stdio, or HTTP on a loopback address.
    Local,
    /// Everybody who does not authenticate, together.
    Anonymous,
    /// A session of a client that does not authenticate.
    Session,
}

impl Owner {
    /// An owner of the given kind.
    pub fn new(kind: OwnerKind, issuer: impl Into<String>, subject: impl Into<String>) -> Self {
        Self { kind, issuer: issuer.into(), subject: subject.into() }
    }

    /// The one user of a local server.
    #[must_use]
    pub fn local() -> Self {
        Self::new(OwnerKind::Local, "", "")
    }

    /// The key this owner's tasks are stored under.
    #[must_use]
    pub fn key(&self) -> OwnerKey {
        let kind: &[u8] = match self.kind {
            OwnerKind::Subject => b"subject",
            OwnerKind::Client => b"client",
            OwnerKind::Local => b"local",
            OwnerKind::Anonymous => b"anonymous",
            OwnerKind::Session => b"session",
        };
        let mut hash = Sha256::new();
        for part in [kind, self.issuer.as_bytes(), self.subject.as_bytes()] {
            // Length first: no choice of strings makes two owners one.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        OwnerKey(hash.finalize().into())
    }
}

/// The SHA-256 of an owner: what stores index by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerKey(pub [u8; 32]);

impl fmt::Display for OwnerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for OwnerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnerKey({self})")
    }
}
