//! The callers over HTTP, authenticated.

use std::{collections::HashMap, fmt};

use async_trait::async_trait;
use axum::http::{HeaderMap, header::AUTHORIZATION};
use pmcp_tasks::security::Principal;
use sha2::{Digest as _, Sha256};

/// Finds out who sent an HTTP request.
///
/// With an authenticator every request needs a principal: without one it is answered 401 with `WWW-Authenticate`.
#[async_trait]
pub trait Authenticator: fmt::Debug + Send + Sync + 'static {
    /// The caller, from the request's headers.
    ///
    /// # Errors
    /// The request is not authenticated; the error is the challenge for `WWW-Authenticate`.
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Principal, Challenge>;

    /// Checks the authenticator itself, when a server is built with it.
    ///
    /// # Errors
    /// What is wrong with it, as a text without secrets: the server is not built.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// The value of `WWW-Authenticate`, such as `Bearer realm="tasks"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge(pub String);

impl Default for Challenge {
    fn default() -> Self {
        Self("Bearer".into())
    }
}

/// Bearer tokens known in advance, each with its subject.
///
/// Only the SHA-256 of a token is kept, and compared, so that neither memory nor timing tells tokens.
#[derive(Clone, Default)]
pub struct BearerTokens {
    subjects: HashMap<[u8; 32], String>,
    /// The subjects of a token that came twice.
    ambiguous: Option<[String; 2]>,
}

impl fmt::Debug for BearerTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerTokens").field("tokens", &self.subjects.len()).finish_non_exhaustive()
    }
}

impl BearerTokens {
    /// No tokens: nobody is let in.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets this subject in with this token. A subject may have several; a server with a token that came twice is not built,
    /// as nobody could say whose it is.
    #[must_use]
    pub fn with(mut self, subject: impl Into<String>, token: impl AsRef<[u8]>) -> Self {
        let subject = subject.into();
        if let Some(earlier) = self.subjects.insert(Sha256::digest(token).into(), subject.clone()) {
            self.ambiguous.get_or_insert([earlier, subject]);
        }
        self
    }
}

#[async_trait]
impl Authenticator for BearerTokens {
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Principal, Challenge> {
        let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let token = match authorization.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            _ => return Err(Challenge::default()),
        };
        let digest: [u8; 32] = Sha256::digest(token).into();
        let subject = self.subjects.get(&digest).ok_or_else(|| Challenge("Bearer error=\"invalid_token\"".into()))?;
        Ok(Principal::subject(subject))
    }

    fn check(&self) -> Result<(), String> {
        match &self.ambiguous {
            Some([one, other]) => Err(format!("a token of `{one}` is also one of `{other}`")),
            None => Ok(()),
        }
    }
}
