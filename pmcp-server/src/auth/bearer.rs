//! Bearer tokens: reading one from a request, and those that are known in advance.

use std::{collections::HashMap, fmt};

use async_trait::async_trait;
use axum::http::{HeaderMap, header::AUTHORIZATION, request::Parts};
use pmcp_tasks::security::Principal;
use sha2::{Digest as _, Sha256};

use super::{Authenticator, Challenge};

/// The bearer token of a request (RFC 6750, 2.1), as it was sent; `None` if there is none, and if there are several: a proxy may have
/// checked the other one.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let authorization = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Bearer tokens known in advance, each with its principal.
///
/// Only the SHA-256 of a token is kept, and compared, so that neither memory nor timing tells tokens.
#[derive(Clone, Default)]
pub struct BearerTokens {
    principals: HashMap<[u8; 32], Principal>,
    /// The names of those whose token came twice.
    ambiguous: Option<[String; 2]>,
    /// The name of one whose token is empty.
    empty: Option<String>,
}

impl fmt::Debug for BearerTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerTokens").field("tokens", &self.principals.len()).finish_non_exhaustive()
    }
}

impl BearerTokens {
    /// No tokens: nobody is let in.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets this subject in with this token. A subject may have several; a server with a token that came twice is not built,
    /// as nobody could say whose it is, and none with an empty one, as where a variable of the environment is not set.
    #[must_use]
    pub fn with(self, subject: impl Into<String>, token: impl AsRef<[u8]>) -> Self {
        self.with_principal(Principal::subject(subject), token)
    }

    /// The same for a principal of which more is known, such as scopes.
    #[must_use]
    pub fn with_principal(mut self, principal: Principal, token: impl AsRef<[u8]>) -> Self {
        let name = |it: &Principal| it.subject.clone().or_else(|| it.client.clone()).unwrap_or_default();
        let later = name(&principal);
        if token.as_ref().trim_ascii().is_empty() {
            self.empty.get_or_insert_with(|| later.clone());
        }
        if let Some(earlier) = self.principals.insert(Sha256::digest(token).into(), principal) {
            self.ambiguous.get_or_insert([name(&earlier), later]);
        }
        self
    }
}

#[async_trait]
impl Authenticator for BearerTokens {
    async fn authenticate(&self, request: &Parts) -> Result<Principal, Challenge> {
        let token = token(&request.headers).ok_or_else(Challenge::default)?;
        let digest: [u8; 32] = Sha256::digest(token).into();
        self.principals.get(&digest).cloned().ok_or_else(Challenge::invalid_token)
    }

    fn check(&self) -> Result<(), String> {
        match (&self.empty, &self.ambiguous) {
            (Some(whose), _) => Err(format!("a token of `{whose}` is empty")),
            (None, Some([one, other])) => Err(format!("a token of `{one}` is also one of `{other}`")),
            (None, None) => Ok(()),
        }
    }
}
