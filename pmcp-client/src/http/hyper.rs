//! HTTP over TCP.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use super::transport::{HttpBody, HttpTransport};
use crate::error::ClientError;

/// The time connecting may take.
const CONNECT: Duration = Duration::from_secs(10);

/// A pool of TCP connections.
#[derive(Debug)]
pub(crate) struct Hyper(Client<HttpConnector, Full<Bytes>>);

impl Hyper {
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT));
        Self(Client::builder(TokioExecutor::new()).build(connector))
    }
}

#[async_trait]
impl HttpTransport for Hyper {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<HttpBody>, ClientError> {
        let response = self.0.request(request.map(Full::new)).await.map_err(ClientError::transport)?;
        Ok(response.map(|body| body.map_err(ClientError::transport).boxed_unsync()))
    }
}
