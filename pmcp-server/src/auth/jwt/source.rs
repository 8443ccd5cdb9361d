//! The keys of an issuer, fetched: bounded in size and time, and never by a redirection.

use std::{
    fmt::Write as _,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::http::{Request, StatusCode, Uri, header::ACCEPT};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use pmcp_client::{ClientError, HttpTransport};
use pmcp_tasks::time::Clock;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::algorithm::Key;

/// The time that everything takes at most until the keys are there.
const TIME: Duration = Duration::from_secs(5);
/// The size of a document, in bytes.
const SIZE: usize = 256 << 10;

/// The place of an issuer's keys.
#[derive(Debug)]
pub(super) enum Place {
    /// The issuer's metadata tell it.
    Discovered { issuer: String },
    /// This URL.
    Known { url: String },
    /// Here: they were given, and are not fetched.
    Given { keys: Arc<[Key]> },
}

/// Fetches the keys of an issuer.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) place: Place,
    plain: OnceLock<Arc<dyn HttpTransport>>,
    secure: OnceLock<Arc<dyn HttpTransport>>,
}

/// Reason why keys could not be fetched.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotFetched {
    #[error("the issuer did not answer within five seconds")]
    Late,
    #[error("{url} cannot be reached")]
    Unreachable {
        url: String,
        #[source]
        source: ClientError,
    },
    #[error("{url} answered {status}")]
    Status { url: String, status: StatusCode },
    #[error("the answer of {url} is longer than 256 KiB, or broke off")]
    Body { url: String },
    #[error("the answer of {url} is not the document it should be")]
    Document {
        url: String,
        #[source]
        source: serde_json::Error,
    },
    #[error("{url} is the metadata of another issuer")]
    Issuer { url: String },
    #[error("`{url}` is not an https URL")]
    Insecure { url: String },
    #[error("{url} has no key that checks signatures")]
    NoKeys { url: String },
}

/// `OAuth` or `OpenID` metadata of an issuer (RFC 8414, 2).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

/// A set of keys (RFC 7517, 5).
#[derive(Deserialize)]
pub(super) struct Set {
    pub(super) keys: Vec<Value>,
}

impl Source {
    pub(super) fn new(place: Place) -> Self {
        Self { place, plain: OnceLock::new(), secure: OnceLock::new() }
    }

    /// Fetches the keys.
    pub(super) async fn fetch(&self, clock: &dyn Clock) -> Result<Arc<[Key]>, NotFetched> {
        tokio::select! {
            biased;
            fetched = self.keys() => fetched,
            () = clock.sleep(TIME) => Err(NotFetched::Late),
        }
    }

    async fn keys(&self) -> Result<Arc<[Key]>, NotFetched> {
        let url = match &self.place {
            Place::Given { keys } => return Ok(keys.clone()),
            Place::Known { url } => url.clone(),
            Place::Discovered { issuer } => self.discover(issuer).await?,
        };
        let set: Set = self.document(&url).await?;
        let keys = Key::read_all(set.keys);
        if keys.is_empty() { Err(NotFetched::NoKeys { url }) } else { Ok(keys.into()) }
    }

    /// The URL of the keys, from the first of the issuer's metadata that is there.
    async fn discover(&self, issuer: &str) -> Result<String, NotFetched> {
        let mut first = None;
        for url in metadata_urls(issuer) {
            match self.document::<Metadata>(&url).await {
                // Whoever answers for another issuer could have its own keys taken for ours (RFC 8414, 3.3).
                Ok(metadata) if metadata.issuer != issuer => return Err(NotFetched::Issuer { url }),
                Ok(metadata) => return Ok(metadata.jwks_uri),
                Err(error) => drop(first.get_or_insert(error)),
            }
        }
        Err(first.unwrap_or_else(|| NotFetched::Insecure { url: issuer.to_owned() }))
    }

    async fn document<T: DeserializeOwned>(&self, url: &str) -> Result<T, NotFetched> {
        let url = || url.to_owned();
        let insecure = || NotFetched::Insecure { url: url() };
        let uri = secure(&url()).ok_or_else(insecure)?;
        let unreachable = |source| NotFetched::Unreachable { url: url(), source };
        let transport = self.transport(&uri).await.map_err(unreachable)?;
        let request = Request::get(&uri).header(ACCEPT, "application/json").body(Bytes::new());
        let response = transport.send(request.map_err(|_| insecure())?).await.map_err(unreachable)?;
        let (status, body) = (response.status(), response.into_body());
        if status != StatusCode::OK {
            return Err(NotFetched::Status { url: url(), status });
        }
        let body = Limited::new(body, SIZE).collect().await.map_err(|_| NotFetched::Body { url: url() })?;
        serde_json::from_slice(&body.to_bytes()).map_err(|source| NotFetched::Document { url: url(), source })
    }

    /// The connections to this URI: those with TLS need the certificates of the platform, which takes a moment, once.
    async fn transport(&self, uri: &Uri) -> Result<Arc<dyn HttpTransport>, ClientError> {
        let kept = if uri.scheme_str() == Some("https") { &self.secure } else { &self.plain };
        if let Some(transport) = kept.get() {
            return Ok(transport.clone());
        }
        let url = uri.to_string();
        let made = tokio::task::spawn_blocking(move || pmcp_client::transport_for(&url)).await;
        let made = made.map_err(|error| ClientError::Input(error.to_string()))??;
        Ok(kept.get_or_init(|| made).clone())
    }
}

/// The URL, if nobody on the way can put other keys into the answer: `https`, or this machine.
pub(super) fn secure(url: &str) -> Option<Uri> {
    let uri: Uri = url.parse().ok()?;
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
    let is_here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    match uri.scheme_str() {
        Some("https") => Some(uri),
        Some("http") if is_here => Some(uri),
        _ => None,
    }
}

/// The places of an issuer's metadata, in the order that MCP has them looked at (authorization, "Authorization Server Metadata
/// Discovery").
fn metadata_urls(issuer: &str) -> Vec<String> {
    let Ok(uri) = issuer.parse::<Uri>() else { return Vec::new() };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Vec::new() };
    let (host, path) = (format!("{scheme}://{authority}"), uri.path().trim_end_matches('/'));
    let mut urls: Vec<String> = ["oauth-authorization-server", "openid-configuration"]
        .into_iter()
        .map(|document| format!("{host}/.well-known/{document}{path}"))
        .collect();
    if !path.is_empty() {
        let mut url = host;
        let _ = write!(url, "{path}/.well-known/openid-configuration");
        urls.push(url);
    }
    urls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_looked_for_where_the_protocol_says() {
        assert_eq!(
            metadata_urls("https://auth.example.com/"),
            [
                "https://auth.example.com/.well-known/oauth-authorization-server",
                "https://auth.example.com/.well-known/openid-configuration",
            ]
        );
        assert_eq!(
            metadata_urls("https://auth.example.com/tenant/1"),
            [
                "https://auth.example.com/.well-known/oauth-authorization-server/tenant/1",
                "https://auth.example.com/.well-known/openid-configuration/tenant/1",
                "https://auth.example.com/tenant/1/.well-known/openid-configuration",
            ]
        );
    }

    #[test]
    fn keys_come_over_tls_or_from_this_machine() {
        for good in ["https://a.example/x", "http://localhost:1/x", "http://127.0.0.1/x", "http://[::1]:2/x"] {
            assert!(secure(good).is_some(), "{good}");
        }
        for bad in ["http://a.example/x", "http://localhost.evil.com", "ftp://localhost/x", "file:///x", "/x", "", "x"]
        {
            assert!(secure(bad).is_none(), "{bad}");
        }
    }
}
