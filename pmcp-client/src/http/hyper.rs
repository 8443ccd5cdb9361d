//! HTTP over TCP, with TLS if it is wanted.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{Connect, HttpConnector},
    },
    rt::TokioExecutor,
};

use super::transport::{HttpBody, HttpTransport};
use crate::error::ClientError;

/// The time connecting may take.
const CONNECT: Duration = Duration::from_secs(10);

/// A pool of connections.
#[derive(Debug)]
pub(crate) struct Hyper<C>(Client<C, Full<Bytes>>);

/// The transport that [`connect_http`](crate::ClientBuilder::connect_http) takes for this URL: a pool of connections, with TLS where the scheme
/// is `https`.
///
/// # Errors
/// It is no URL of HTTP, or TLS is not there.
pub fn transport_for(url: &str) -> Result<Arc<dyn HttpTransport>, ClientError> {
    let uri: Uri = url.parse().map_err(|error| ClientError::Input(format!("`{url}` is not a URL: {error}")))?;
    match uri.scheme_str() {
        Some("http") => Ok(Arc::new(plain())),
        #[cfg(feature = "tls")]
        Some("https") => Ok(Arc::new(secure()?)),
        #[cfg(not(feature = "tls"))]
        Some("https") => Err(ClientError::Input(format!("`{url}` cannot be reached without the feature `tls`"))),
        _ => Err(ClientError::Input(format!("`{url}` is not an http URL"))),
    }
}

/// A pool of TCP connections.
fn plain() -> Hyper<HttpConnector> {
    Hyper(Client::builder(TokioExecutor::new()).build(tcp()))
}

/// A pool of connections with TLS, for servers with certificates that the platform trusts.
///
/// # Errors
/// The platform trusts nobody.
#[cfg(feature = "tls")]
fn secure() -> Result<Hyper<hyper_rustls::HttpsConnector<HttpConnector>>, ClientError> {
    let mut tcp = tcp();
    tcp.enforce_http(false);
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
        .map_err(ClientError::transport)?
        .https_only()
        .enable_http1()
        .wrap_connector(tcp);
    Ok(Hyper(Client::builder(TokioExecutor::new()).build(connector)))
}

fn tcp() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT));
    connector
}

#[async_trait]
impl<C: Connect + Clone + fmt::Debug + Send + Sync + 'static> HttpTransport for Hyper<C> {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<HttpBody>, ClientError> {
        let response = self.0.request(request.map(Full::new)).await.map_err(ClientError::transport)?;
        Ok(response.map(|body| body.map_err(ClientError::transport).boxed_unsync()))
    }
}
