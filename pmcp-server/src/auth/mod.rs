//! The callers over HTTP, authenticated.
//!
//! An [`Authenticator`] is shown a request without its body, and finds the caller or says how to become one. Whoever that is goes
//! with the request as a [`Principal`]; what it may do is decided below, by whoever does it.

mod admission;
mod bearer;
pub(crate) mod challenge;
#[cfg(feature = "jwt")]
mod jwt;
mod resource;

use std::{fmt, net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use axum::{extract::ConnectInfo, http::request::Parts};
use pmcp_tasks::{ToolContext, security::Principal, time::Clock};

pub(crate) use admission::Admission;
pub use bearer::BearerTokens;
pub use challenge::Challenge;
#[cfg(feature = "jwt")]
pub use jwt::{JwtAlgorithm, JwtAuthenticator};
pub use resource::ProtectedResource;
pub(crate) use resource::WELL_KNOWN;

/// Finds out who sent an HTTP request.
///
/// With an authenticator every request needs a principal: without one it is answered with the [`Challenge`].
///
/// It sees everything of a request but its body. So a layer in front may decide, and leave what it found among the extensions:
///
/// ```
/// use async_trait::async_trait;
/// use axum::http::request::Parts;
/// use pmcp_server::{Authenticator, Challenge, pmcp_tasks::security::Principal};
///
/// /// Believes the layer in front, which has put a principal there.
/// #[derive(Debug)]
/// struct ByLayer;
///
/// #[async_trait]
/// impl Authenticator for ByLayer {
///     async fn authenticate(&self, request: &Parts) -> Result<Principal, Challenge> {
///         request.extensions.get::<Principal>().cloned().ok_or_else(Challenge::default)
///     }
/// }
/// ```
#[async_trait]
pub trait Authenticator: fmt::Debug + Send + Sync + 'static {
    /// The caller, from the request's method, URI, headers and extensions. Behind [`nest`](axum::Router::nest) the URI begins where the
    /// routes do. [`peer_address`] tells the address that it came from.
    ///
    /// # Errors
    /// The request is not authenticated; the error says how it would be.
    async fn authenticate(&self, request: &Parts) -> Result<Principal, Challenge>;

    /// Checks the authenticator itself, when a server is built with it.
    ///
    /// # Errors
    /// What is wrong with it, as a text without secrets: the server is not built.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// Goes by the server's clock from now on. It is told before the first request.
    fn go_by(&self, clock: &Arc<dyn Clock>) {
        let _ = clock;
    }

    /// The metadata that tell clients how to get a token, unless the server has [others](crate::Server::protected_resource).
    fn resource(&self) -> Option<ProtectedResource> {
        None
    }
}

/// One that several share: the endpoint, and [routes of the application](Challenge#on-routes-of-yours).
#[async_trait]
impl<T: Authenticator + ?Sized> Authenticator for Arc<T> {
    async fn authenticate(&self, request: &Parts) -> Result<Principal, Challenge> {
        (**self).authenticate(request).await
    }

    fn check(&self) -> Result<(), String> {
        (**self).check()
    }

    fn go_by(&self, clock: &Arc<dyn Clock>) {
        (**self).go_by(clock);
    }

    fn resource(&self) -> Option<ProtectedResource> {
        (**self).resource()
    }
}

/// The HTTP request that brought the call of this function, without its body: method, URI, headers and extensions, as an [`Authenticator`] sees them,
/// but without what lets its sender in.
/// `None` on stdio, and in a run of a task that no request began here: one from the queue, or one that goes on after a crash. Keep what
/// such a run needs as the result of a step, or in a variable.
///
/// A token that an authenticator has checked is not among the headers, nor are `Cookie`, `Proxy-Authorization` and `Mcp-Session-Id`: who calls is
/// told by [`principal`](ToolContext::principal). Other headers are what the client or a proxy says, and may hold secrets of theirs: they belong in no
/// result and no log.
///
/// ```
/// use pmcp_server::request_parts;
/// use pmcp_tasks::prelude::*;
///
/// /// Says hello in the language of the host.
/// #[task_tool(support = "forbidden")]
/// async fn greet(cx: ToolContext) -> &'static str {
///     let language = request_parts(&cx).and_then(|parts| parts.headers.get("accept-language")?.to_str().ok());
///     if language.is_some_and(|language| language.starts_with("it")) { "Ciao!" } else { "Hello!" }
/// }
/// ```
#[must_use]
pub fn request_parts(cx: &ToolContext) -> Option<&Parts> {
    cx.request()
}

/// The address that a request came from, if the server listens itself or axum was told to keep it
/// (`into_make_service_with_connect_info::<SocketAddr>`). Behind a proxy it is the proxy's.
#[must_use]
pub fn peer_address(request: &Parts) -> Option<SocketAddr> {
    request.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| *address)
}
