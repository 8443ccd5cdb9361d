//! Who may connect: `Origin`, `Host`, authentication.

use std::{panic::AssertUnwindSafe, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{
        HeaderName, HeaderValue, StatusCode, Uri,
        header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN, WWW_AUTHENTICATE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

use futures_util::FutureExt as _;

use super::{Http, Refusal};
use crate::{auth::Challenge, service::panic_text};

/// The headers a browser may send.
pub(super) const REQUEST_HEADERS: [HeaderName; 8] = [
    ACCEPT,
    AUTHORIZATION,
    CONTENT_TYPE,
    HeaderName::from_static("last-event-id"),
    HeaderName::from_static("mcp-method"),
    HeaderName::from_static("mcp-name"),
    HeaderName::from_static("mcp-protocol-version"),
    HeaderName::from_static("mcp-session-id"),
];

/// From where the server may be reached.
#[derive(Clone, Debug, Default)]
pub(crate) struct Allowed {
    /// Browser origins, such as `https://app.example.com`.
    pub(crate) origins: Vec<String>,
    /// Names in `Host`; none means any, unless the server is on loopback.
    pub(crate) hosts: Vec<String>,
    /// The server listens on a loopback address: only names of this machine reach it.
    pub(crate) loopback: bool,
}

/// A host's name without its port; empty if it is none, or has more than a port.
fn host_name(authority: &str) -> &str {
    let (name, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, rest)) => (name, rest.strip_prefix(':').or(rest.is_empty().then_some("0"))),
        None => authority.split_once(':').map_or((authority, Some("0")), |(name, port)| (name, Some(port))),
    };
    if port.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit())) { name } else { "" }
}

fn is_loopback(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Allowed {
    fn host(&self, authority: &str) -> bool {
        let name = host_name(authority);
        let listed =
            self.hosts.iter().any(|host| host.eq_ignore_ascii_case(name) || host.eq_ignore_ascii_case(authority));
        match (self.loopback, self.hosts.is_empty()) {
            (true, _) => listed || is_loopback(name),
            (false, true) => true,
            (false, false) => listed,
        }
    }

    fn origin(&self, origin: &str) -> bool {
        if self.origins.iter().any(|allowed| allowed == origin) {
            return true;
        }
        // A page of this machine, on whatever port, may call a server of this machine.
        let authority = origin.parse::<Uri>().ok().and_then(|uri| Some(uri.authority()?.as_str().to_owned()));
        self.loopback && authority.is_some_and(|authority| is_loopback(host_name(&authority)))
    }
}

/// Refuses what comes from a foreign page (transports, "Security Warning").
pub(super) async fn check_origin_and_host(State(http): State<Arc<Http>>, request: Request, next: Next) -> Response {
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let mut hosts: Vec<_> = request.headers().get_all(HOST).iter().map(text).collect();
    if hosts.is_empty() {
        hosts.push(request.uri().authority().map(|authority| authority.as_str().to_owned()).unwrap_or_default());
    }
    if !hosts.iter().all(|host| http.allowed.host(host)) {
        return Refusal(StatusCode::FORBIDDEN, "this `Host` is not served here").into_response();
    }
    if request.headers().get_all(ORIGIN).iter().map(text).any(|origin| !http.allowed.origin(&origin)) {
        return Refusal(StatusCode::FORBIDDEN, "this `Origin` is not allowed").into_response();
    }
    next.run(request).await
}

/// Finds out who calls, where that is configured.
pub(super) async fn authenticate(State(http): State<Arc<Http>>, mut request: Request, next: Next) -> Response {
    let Some(authenticator) = &http.authenticator else { return next.run(request).await };
    // Of two tokens a proxy may have checked the other one.
    let authenticated = match request.headers().get_all(AUTHORIZATION).iter().count() {
        0 | 1 => AssertUnwindSafe(authenticator.authenticate(request.headers())).catch_unwind().await,
        _ => Ok(Err(Challenge::default())),
    };
    let authenticated = match authenticated {
        Ok(authenticated) => authenticated,
        Err(panic) => {
            tracing::error!(panic = panic_text(&*panic), "the authenticator panicked");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    match authenticated {
        Ok(principal) => {
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        Err(challenge) => {
            let challenge = HeaderValue::from_str(&challenge.0).unwrap_or(HeaderValue::from_static("Bearer"));
            (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, challenge)]).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> Allowed {
        Allowed { loopback: true, ..Allowed::default() }
    }

    #[test]
    fn a_loopback_server_knows_only_names_of_its_machine() {
        for good in ["localhost", "LOCALHOST:1", "127.0.0.1:80", "127.8.8.8", "[::1]", "[::1]:9"] {
            assert!(local().host(good), "{good}");
        }
        for evil in [
            "evil.example.com",
            "localhost.evil.com",
            "127.0.0.1.evil.com:80",
            "[::2]",
            "",
            "0.0.0.0",
            "::1",
            "localhost:80@evil.com",
            "[::1].evil.com",
            "[::1]@evil.com",
        ] {
            assert!(!local().host(evil), "{evil}");
        }
    }

    #[test]
    fn origins_are_those_configured_and_on_loopback_those_of_the_machine() {
        let configured = Allowed { origins: vec!["https://app.example.com".into()], ..Allowed::default() };
        assert!(configured.origin("https://app.example.com"));
        for evil in ["https://app.example.com.evil", "http://app.example.com", "http://localhost", "null", ""] {
            assert!(!configured.origin(evil), "{evil}");
        }
        assert!(local().origin("http://localhost:5173") && local().origin("http://[::1]"));
        for evil in [
            "http://evil.com",
            "null",
            "http://localhost.evil.com",
            "http://127.0.0.1@evil.com",
            "http://localhost:1@evil.com",
        ] {
            assert!(!local().origin(evil), "{evil}");
        }
    }

    #[test]
    fn elsewhere_the_configured_hosts_count() {
        let allowed = Allowed { hosts: vec!["mcp.example.com".into()], ..Allowed::default() };
        assert!(allowed.host("mcp.example.com:443") && !allowed.host("other.example.com"));
        assert!(Allowed::default().host("anything"));
    }
}
