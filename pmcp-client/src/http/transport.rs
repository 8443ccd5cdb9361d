//! The way a single HTTP request travels.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;

use crate::error::ClientError;

/// The body of a response, as it comes.
pub type HttpBody = UnsyncBoxBody<Bytes, ClientError>;

/// The way a single HTTP request travels: a connection pool, or `fetch` in a page.
#[async_trait]
pub trait HttpTransport: fmt::Debug + Send + Sync + 'static {
    /// Sends a request. The response is there once its head is; dropping its body ends the stream that it may be.
    ///
    /// A redirection is a response: hand it back and do not follow it, as many HTTP clients do unless they are told not to. It may
    /// lead to another server, to which the request, its token and its content are not to go.
    ///
    /// # Errors
    /// There is no response. One that refuses is no error here.
    async fn send(&self, request: Request<Bytes>) -> Result<Response<HttpBody>, ClientError>;
}
