//! Bearer tokens: reading one from a request, and those that are known in advance.

use std::{collections::HashMap, fmt};

use async_trait::async_trait;
use axum::http::{HeaderMap, header::AUTHORIZATION, request::Parts};
use pmcp_tasks::security::Principal;
use sha2::{Digest as _, Sha256};

use super::{Authenticator, Challenge};

/// The bearer token of a request (RFC 6750, 2.1), as it was sent; `None` if there is none.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    let authorization = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
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
    async fn authenticate(&self, request: &Parts) -> Result<Principal, Challenge> {
        let token = token(&request.headers).ok_or_else(Challenge::default)?;
        let digest: [u8; 32] = Sha256::digest(token).into();
        let subject = self.subjects.get(&digest).ok_or_else(Challenge::invalid_token)?;
        Ok(Principal::subject(subject))
    }

    fn check(&self) -> Result<(), String> {
        match &self.ambiguous {
            Some([one, other]) => Err(format!("a token of `{one}` is also one of `{other}`")),
            None => Ok(()),
        }
    }
}
