//! Refusals of requests whose caller is not known, or may not do that.

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};

/// Refusal of a request, with what its client can do about it.
///
/// The default is the one of a request without a token: 401 with `WWW-Authenticate: Bearer`.
///
/// # On routes of yours
///
/// A route of an application may let in whom the endpoint lets in: both have the same [`Authenticator`](crate::Authenticator) in an `Arc`, and a challenge
/// is a response. What the endpoint checks beside it is the route's to check, the scopes above all:
///
/// ```
/// use std::sync::Arc;
///
/// use axum::{Router, extract::Request, middleware::{Next, from_fn}, response::{IntoResponse as _, Response}, routing::get};
/// use pmcp_server::{Authenticator as _, BearerTokens, Challenge, Server, pmcp_tasks::security::Principal};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let token = "known to Ann";
/// let ann = Principal::subject("ann").with_scopes(["notes:read"]);
/// let callers = Arc::new(BearerTokens::new().with_principal(ann, token));
/// // It checks the tokens, too: that none is empty.
/// let (mcp, embedded) = Server::new("notes", "1.0.0").authenticator(callers.clone()).into_router()?;
/// let guard = from_fn(move |request: Request, next: Next| {
///     let callers = callers.clone();
///     async move {
///         let (parts, body) = request.into_parts();
///         match callers.authenticate(&parts).await {
///             Ok(caller) if caller.has_scope("notes:read") => next.run(Request::from_parts(parts, body)).await,
///             Ok(_) => Challenge::insufficient_scope(["notes:read"]).into_response(),
///             Err(challenge) => challenge.into_response(),
///         }
///     }
/// });
/// let app: Router = Router::new().route("/notes", get(async || "Notes")).route_layer(guard).merge(mcp);
/// # let _ = (app, embedded);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge(Kind);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Kind {
    /// There is no token.
    #[default]
    Missing,
    /// There is one that does not hold.
    InvalidToken,
    /// The token is good, and these scopes are needed.
    InsufficientScope(Vec<String>),
    /// A value of `WWW-Authenticate` that somebody else made.
    Other(String),
    /// Nobody can tell for now.
    Unavailable,
}

impl Challenge {
    /// A challenge of another scheme: the value of `WWW-Authenticate`, such as `Basic realm="tasks"`. The answer is 401; a text that is
    /// no value of a header is `Bearer`.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Kind::Other(value.into()))
    }

    /// The token does not hold: it is unknown, has expired, or is for somebody else. The answer is 401, and does not tell which.
    #[must_use]
    pub fn invalid_token() -> Self {
        Self(Kind::InvalidToken)
    }

    /// The token is good and does not allow this: 403, with the scopes that the request needs, all of them.
    pub fn insufficient_scope<T: Into<String>>(scopes: impl IntoIterator<Item = T>) -> Self {
        Self(Kind::InsufficientScope(scopes.into_iter().map(Into::into).collect()))
    }

    /// Nobody can tell who it is for now, as when the keys of an issuer cannot be fetched: 503 with `Retry-After`. A client keeps its
    /// token then, and does not ask its user to log in again.
    #[must_use]
    pub fn unavailable() -> Self {
        Self(Kind::Unavailable)
    }

    /// The status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        match self.0 {
            Kind::Missing | Kind::InvalidToken | Kind::Other(_) => StatusCode::UNAUTHORIZED,
            Kind::InsufficientScope(_) => StatusCode::FORBIDDEN,
            Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The value of `WWW-Authenticate` (RFC 6750, 3; RFC 9728, 5.1), if the answer has one. `metadata` is the URL of the resource's
    /// metadata, `scopes` what every request needs.
    pub(crate) fn header(&self, metadata: Option<&str>, scopes: &[String]) -> Option<HeaderValue> {
        let (error, scopes) = match &self.0 {
            Kind::Missing => (None, scopes),
            Kind::InvalidToken => (Some("invalid_token"), scopes),
            Kind::InsufficientScope(needed) => (Some("insufficient_scope"), needed.as_slice()),
            Kind::Other(value) => {
                return Some(HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static("Bearer")));
            }
            Kind::Unavailable => return None,
        };
        // What is none would end the list, or the header.
        let scopes = scopes.iter().map(String::as_str).filter(|scope| is_scope(scope)).collect::<Vec<_>>().join(" ");
        let scopes = Some(scopes).filter(|scopes| !scopes.is_empty());
        let parameters = [("error", error), ("scope", scopes.as_deref()), ("resource_metadata", metadata)];
        let parameters = parameters.into_iter().filter_map(|(name, value)| Some(format!("{name}=\"{}\"", value?)));
        let parameters = parameters.collect::<Vec<_>>().join(", ");
        let value = format!("Bearer {parameters}");
        Some(HeaderValue::from_str(value.trim_end()).unwrap_or(HeaderValue::from_static("Bearer")))
    }
}

/// The response with this status and `WWW-Authenticate`, without a body. The endpoint's own names its metadata and the scopes that it needs, too.
impl IntoResponse for Challenge {
    fn into_response(self) -> Response {
        response(self.status(), self.header(None, &[]))
    }
}

/// The response to a request that is refused, with the value of `WWW-Authenticate` if there is one.
pub(crate) fn response(status: StatusCode, challenge: Option<HeaderValue>) -> Response {
    let mut response = status.into_response();
    if let Some(value) = challenge {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// Tells whether it is a scope (RFC 6749, 3.3).
fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_says_what_to_do_about_it() {
        let required = ["mcp:use".to_owned()];
        let value = |challenge: Challenge, metadata: Option<&str>, scopes: &[String]| {
            challenge.header(metadata, scopes).map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(value(Challenge::default(), None, &[]).unwrap(), "Bearer");
        let at = Some("https://mcp.example.com/.well-known/oauth-protected-resource/mcp");
        assert_eq!(
            value(Challenge::invalid_token(), at, &required).unwrap(),
            "Bearer error=\"invalid_token\", scope=\"mcp:use\", \
             resource_metadata=\"https://mcp.example.com/.well-known/oauth-protected-resource/mcp\""
        );
        assert_eq!(
            value(Challenge::insufficient_scope(["a", "b"]), None, &required).unwrap(),
            "Bearer error=\"insufficient_scope\", scope=\"a b\""
        );
        let odd = ["a", "x\", resource_metadata=\"https://evil", "b c", "", "\\", "gr\u{fc}n", "y\r\nz", "d:e/f"];
        assert_eq!(
            value(Challenge::insufficient_scope(odd), None, &[]).unwrap(),
            "Bearer error=\"insufficient_scope\", scope=\"a d:e/f\""
        );
        assert_eq!(value(Challenge::new("Basic realm=\"x\""), at, &required).unwrap(), "Basic realm=\"x\"");
        assert_eq!(value(Challenge::new("Bearer\r\nx-injected: 1"), at, &required).unwrap(), "Bearer");
        assert_eq!(value(Challenge::unavailable(), at, &required), None);
    }
}
