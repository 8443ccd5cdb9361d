//! Callers by the signed access tokens of an OAuth authorization server (RFC 9068).
//!
//! A token is read in this order: its length, its header, its signature, its claims. Nothing of it is believed before its signature
//! holds, and nothing of it but the header's key id and algorithm decides which key that is: the key does.

mod algorithm;
mod claims;
mod keys;
mod refused;
mod source;

use std::{collections::HashSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::http::request::Parts;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use pmcp_tasks::{security::Principal, time::Clock};
use serde::Deserialize as _;
use serde_json::Value;

pub use algorithm::JwtAlgorithm;

use self::{
    algorithm::Key,
    claims::Expected,
    keys::Keys,
    refused::Refused,
    source::{Place, Set, Source, secure},
};
use super::{Authenticator, Challenge, ProtectedResource, bearer};

/// The longest token that is read, in bytes.
const LONGEST: usize = 16 << 10;
/// The longest id of a key, in bytes.
const LONGEST_ID: usize = 256;

/// Lets in who has an access token of one authorization server, for this server.
///
/// ```
/// use pmcp_server::{JwtAuthenticator, Server};
///
/// let server = Server::new("notes", "1.0.0")
///     .authenticator(JwtAuthenticator::new("https://auth.example.com", "https://mcp.example.com/mcp"))
///     .required_scopes(["notes:read"]);
/// ```
///
/// A token is a signed JWT whose `iss` is the issuer and whose `aud` has the resource. It has an `exp` to come and no `nbf` to
/// come, within the [leeway](Self::leeway), and a `sub` or a client (`client_id`, `azp`). The caller's [`Principal`] has the scopes of
/// `scope` (or `scp`), and all claims for tools to read.
///
/// The issuer's keys are found by its metadata (RFC 8414, `OpenID` Connect), or at a URL of [yours](Self::jwks_url), over `https` or
/// on this machine; or they are [given](Self::jwks). Those of a URL are fetched when the first token comes, beside requests every five minutes, and when a token names a key
/// that is not there, but by one request at a time, and not more often than every ten seconds. A fetch takes at most five seconds
/// and 256 KiB. A key that its issuer withdraws is good for at most ten minutes; where the issuer is away, its keys are used for an
/// hour. Then, and before there are any, requests are answered 503, which keeps clients from logging their users in again.
///
/// The [metadata](ProtectedResource) of the resource follow from it: clients find the authorization server by them.
#[derive(Debug)]
pub struct JwtAuthenticator {
    resource: String,
    expected: Expected,
    algorithms: HashSet<JwtAlgorithm>,
    keys: Arc<Keys>,
}

impl JwtAuthenticator {
    /// Lets in tokens of this issuer, as it writes itself in `iss`, for this resource: the URL that clients have of this server's
    /// endpoint, such as `https://mcp.example.com/mcp`.
    pub fn new(issuer: impl Into<String>, resource: impl Into<String>) -> Self {
        let (issuer, resource) = (issuer.into(), resource.into());
        let mut audiences = HashSet::from([resource.clone()]);
        // A host alone has the path `/`: clients write it either way.
        let other = resource.strip_suffix('/').map_or_else(|| format!("{resource}/"), str::to_owned);
        if resource.parse().is_ok_and(|uri: axum::http::Uri| uri.path() == "/") {
            audiences.insert(other);
        }
        Self {
            resource,
            expected: Expected { issuer: issuer.clone(), audiences, leeway: Duration::from_secs(30) },
            algorithms: JwtAlgorithm::ALL.into(),
            keys: Keys::new(Source::new(Place::Discovered { issuer })),
        }
    }

    /// Lets in tokens for this audience, too: some authorization servers know a resource by another name than its URL.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.expected.audiences.insert(audience.into());
        self
    }

    /// Fetches the keys here, and looks for no metadata of the issuer.
    #[must_use]
    pub fn jwks_url(self, url: impl Into<String>) -> Self {
        Self { keys: Keys::new(Source::new(Place::Known { url: url.into() })), ..self }
    }

    /// Has the keys from this set (RFC 7517, 5), such as `{"keys": […]}`, and fetches none: for an issuer that is not reached from here, or one in the
    /// same process. Keys change with the next start alone; of more than 100 the first are read. A set without any that checks signatures is told when a server is built.
    #[must_use]
    pub fn jwks(self, set: &Value) -> Self {
        let keys = Set::deserialize(set).map(|set| Key::read_all(set.keys)).unwrap_or_default();
        Self { keys: Keys::new(Source::new(Place::Given { keys: keys.into() })), ..self }
    }

    /// Takes only signatures of these algorithms. By default all of [`JwtAlgorithm`]: each is bound to the kind of key that its issuer
    /// publishes.
    #[must_use]
    pub fn algorithms(self, algorithms: impl IntoIterator<Item = JwtAlgorithm>) -> Self {
        Self { algorithms: algorithms.into_iter().collect(), ..self }
    }

    /// Sets how far the clocks of issuer and server may be apart. Default 30 seconds.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.expected.leeway = leeway;
        self
    }

    /// The caller with this token.
    async fn read(&self, token: &str) -> Result<Principal, Refused> {
        if token.len() > LONGEST {
            return Err(Refused::Long);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(Refused::Malformed)?;
        let (_, payload) = message.split_once('.').ok_or(Refused::Malformed)?;
        let header = jsonwebtoken::decode_header(token).map_err(|_| Refused::Malformed)?;
        let algorithm = JwtAlgorithm::of(header.alg).filter(|algorithm| self.algorithms.contains(algorithm));
        let algorithm = algorithm.ok_or(Refused::Algorithm)?;
        // Whatever it is, nothing of it is understood here (RFC 7515, 4.1.11).
        if header.crit.is_some() {
            return Err(Refused::Critical);
        }
        let is_access_token = |kind: &str| {
            let kind = kind.strip_prefix("application/").unwrap_or(kind);
            kind.eq_ignore_ascii_case("at+jwt") || kind.eq_ignore_ascii_case("jwt")
        };
        if !header.typ.as_deref().is_none_or(is_access_token) {
            return Err(Refused::Type);
        }
        let id = header.kid.as_deref();
        if id.is_some_and(|id| id.len() > LONGEST_ID) {
            return Err(Refused::Key);
        }
        let decoded = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| Refused::Malformed);
        let (signature, payload) = (decoded(signature)?, decoded(payload)?);
        self.keys.verify((id, algorithm), message.as_bytes(), &signature).await?;
        let claims = serde_json::from_slice(&payload).map_err(|_| Refused::Malformed)?;
        self.expected.read(claims, self.keys.clock().now())
    }
}

#[async_trait]
impl Authenticator for JwtAuthenticator {
    async fn authenticate(&self, request: &Parts) -> Result<Principal, Challenge> {
        let token = bearer::token(&request.headers).ok_or_else(Challenge::default)?;
        self.read(token).await.map_err(|refused| {
            tracing::debug!(reason = %refused, "a token is refused");
            refused.into()
        })
    }

    fn check(&self) -> Result<(), String> {
        let url = match &self.keys.source().place {
            Place::Discovered { issuer } => Some(issuer),
            Place::Known { url } => Some(url),
            Place::Given { keys } if keys.is_empty() => {
                return Err("the set of keys that is given has none that checks signatures".into());
            }
            Place::Given { .. } => None,
        };
        if let Some(url) = url.filter(|url| secure(url).is_none()) {
            return Err(format!("keys are fetched over `https`, or from this machine: `{url}` is neither"));
        }
        if self.algorithms.is_empty() {
            return Err("no algorithm is allowed, so no token would hold".into());
        }
        Ok(())
    }

    fn go_by(&self, clock: &Arc<dyn Clock>) {
        self.keys.go_by(clock);
    }

    fn resource(&self) -> Option<ProtectedResource> {
        Some(ProtectedResource::new(&*self.resource).authorization_server(&*self.expected.issuer))
    }
}
