//! The names and pages from which a server may be reached.

use axum::http::Uri;

/// The places from where the server may be reached.
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
    pub(super) fn host(&self, authority: &str) -> bool {
        let name = host_name(authority);
        let listed =
            self.hosts.iter().any(|host| host.eq_ignore_ascii_case(name) || host.eq_ignore_ascii_case(authority));
        match (self.loopback, self.hosts.is_empty()) {
            (true, _) => listed || is_loopback(name),
            (false, true) => true,
            (false, false) => listed,
        }
    }

    pub(super) fn origin(&self, origin: &str) -> bool {
        if self.origins.iter().any(|allowed| allowed == origin) {
            return true;
        }
        // A page of this machine, on whatever port, may call a server of this machine.
        let authority = origin.parse::<Uri>().ok().and_then(|uri| Some(uri.authority()?.as_str().to_owned()));
        self.loopback && authority.is_some_and(|authority| is_loopback(host_name(&authority)))
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
