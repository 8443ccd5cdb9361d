//! Origins: what `csp(…)` accepts, and which of them a URL is covered by.

use std::{borrow::Cow, fmt, iter};

/// A refusal of an origin: what is wrong with it, and the edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The fault, in one line.
    pub message: String,
    /// The edit to make.
    pub help: String,
}

/// Checks an origin as `csp(…)` takes it: `https` or `wss`, or `http` or `ws` on a loopback name; a host, perhaps a port, nothing else.
/// The host may begin with `*.`.
///
/// # Errors
/// The fault and the edit, for a compiler's error at the origin.
pub fn check_origin(text: &str) -> Result<(), Refused> {
    let refuse = |message: String, help: String| Err(Refused { message, help });
    // Hosts write the entries into a header and leave out those that could end it.
    if let Some(bad) = text.chars().find(|c| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | ';' | ','))
    {
        return refuse(
            format!("hosts drop the origin `{text}`, because it has a `{}`", bad.escape_debug()),
            "write one origin a string, as in `https://api.example.com`".to_owned(),
        );
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return refuse(format!("`{text}` has no scheme"), format!("write `https://{text}`"));
    };
    if !matches!(scheme, "https" | "wss" | "http" | "ws") {
        return refuse(format!("`{scheme}` is no scheme of an origin"), "use `https` or `wss`".to_owned());
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    if !tail.is_empty() {
        return refuse(format!("`{text}` is more than an origin"), format!("write `{scheme}://{authority}`"));
    }
    if authority.contains('@') {
        return refuse(format!("`{text}` names a user"), "write the host only".to_owned());
    }
    let Some((host, port)) = host_and_port(authority) else {
        return refuse(format!("`{text}` has no valid port"), "write a number from 1 to 65535, or none".to_owned());
    };
    if let Err(message) = check_host(host) {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let meant = if host == "[::1]" {
            format!("write `{scheme}://localhost{port}`")
        } else {
            "write a host name, as in `https://api.example.com`".to_owned()
        };
        return refuse(format!("`{text}` {message}"), meant);
    }
    if matches!(scheme, "http" | "ws") && !is_loopback(host) {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        return refuse(
            format!("hosts refuse plain `{scheme}` except on a loopback name"),
            format!("write `{scheme}s://{host}{port}`"),
        );
    }
    Ok(())
}

/// Splits a port off. `None` if there is one that is no number of a port.
fn host_and_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let from = authority.rfind(']').map_or(0, |end| end + 1);
    match authority[from..].find(':') {
        None => Some((authority, None)),
        Some(colon) => {
            let (host, port) = (&authority[..from + colon], &authority[from + colon + 1..]);
            if !port.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            port.parse().ok().filter(|port| *port > 0).map(|port| (host, Some(port)))
        }
    }
}

fn check_host(host: &str) -> Result<(), &'static str> {
    if host.starts_with('[') {
        return Err("has an IPv6 address, which no content policy can name");
    }
    let name = host.strip_prefix("*.").unwrap_or(host);
    if name.is_empty() {
        return Err("has no host");
    }
    if name.contains('*') {
        return Err("has a `*` that is not its whole first label");
    }
    if name != host && !name.contains('.') {
        return Err("would cover a whole top-level domain");
    }
    if host.len() > 253 {
        return Err("has a host of more than 253 characters");
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err("has capital letters, which browsers write small");
    }
    if name.contains('_') {
        return Err("has a `_`, which no content policy has in a host");
    }
    if !name.is_ascii() {
        return Err("has letters that browsers write as `xn--…`");
    }
    if name.split('.').all(is_label) { Ok(()) } else { Err("has no valid host") }
}

pub(crate) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost") || host == "127.0.0.1"
}

/// The origin of a URL that a file names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) scheme: String,
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://{}", self.scheme, self.host)?;
        self.port.map_or(Ok(()), |port| write!(out, ":{port}"))
    }
}

impl Origin {
    /// The origin of an absolute URL with an authority, as browsers read it: small letters, no port that goes without saying.
    pub(crate) fn of(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once(':')?;
        let scheme = scheme.to_ascii_lowercase();
        let rest = rest.trim_start_matches(['/', '\\']);
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let authority = rest[..end].rsplit('@').next()?.to_ascii_lowercase();
        let (host, port) = host_and_port(authority.trim_end_matches(':'))?;
        let port = port.filter(|port| Some(*port) != usual_port(&scheme));
        (!host.is_empty()).then(|| Self { host: host.to_owned(), scheme, port })
    }

    /// The hosts of declarations that may cover it: its own, and each with `*` in place of its first labels.
    pub(crate) fn covering(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let suffixes = self.host.match_indices('.').map(|(at, _)| Cow::Owned(format!("*{}", &self.host[at..])));
        iter::once(Cow::Borrowed(self.host.as_str())).chain(suffixes)
    }

    /// Compares with a declared origin by the rules of content policies.
    pub(crate) fn is_covered_by(&self, other: &Self) -> bool {
        // A policy that allows the plain scheme allows the safe one; `https` does not cover `wss`.
        let scheme = self.scheme == other.scheme
            || matches!((other.scheme.as_str(), self.scheme.as_str()), ("http", "https") | ("ws", "wss"));
        let host = match other.host.strip_prefix('*') {
            Some(suffix) => self.host.len() > suffix.len() && self.host.ends_with(suffix),
            None => self.host == other.host,
        };
        scheme && host && self.port == other.port
    }
}

fn usual_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Origin, check_origin};

    #[test]
    fn origins_are_those_that_a_policy_can_name() {
        for origin in origins("accepted") {
            assert_eq!(check_origin(&origin), Ok(()), "{origin}");
        }
        for origin in origins("refused") {
            assert!(check_origin(&origin).is_err(), "{origin}");
        }
    }

    /// Origins of the table that hosts' policies are held against, too: what is accepted here has to be what they let through.
    fn origins(kind: &str) -> Vec<String> {
        let table: serde_json::Value = serde_json::from_str(include_str!("../tests/origins.json")).unwrap();
        table[kind].as_array().unwrap().iter().map(|origin| origin.as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn everything_else_is_refused_with_the_edit() {
        for (origin, message, help) in [
            ("api.example.com", "`api.example.com` has no scheme", "write `https://api.example.com`"),
            ("https://a.example/", "`https://a.example/` is more than an origin", "write `https://a.example`"),
            ("https://a.example/x?y", "`https://a.example/x?y` is more than an origin", "write `https://a.example`"),
            (
                "http://a.example:81",
                "hosts refuse plain `http` except on a loopback name",
                "write `https://a.example:81`",
            ),
            ("ftp://a.example", "`ftp` is no scheme of an origin", "use `https` or `wss`"),
            (
                "https://a.example; script-src *",
                "hosts drop the origin `https://a.example; script-src *`, because it has a `;`",
                "write one origin a string, as in `https://api.example.com`",
            ),
            (
                "https://a.*.example",
                "`https://a.*.example` has a `*` that is not its whole first label",
                "write a host name, as in `https://api.example.com`",
            ),
            (
                "https://*.com",
                "`https://*.com` would cover a whole top-level domain",
                "write a host name, as in `https://api.example.com`",
            ),
            (
                "https://a.example:0",
                "`https://a.example:0` has no valid port",
                "write a number from 1 to 65535, or none",
            ),
            ("https://me@a.example", "`https://me@a.example` names a user", "write the host only"),
            ("https://", "`https://` has no host", "write a host name, as in `https://api.example.com`"),
            (
                "http://[::1]:8080",
                "`http://[::1]:8080` has an IPv6 address, which no content policy can name",
                "write `http://localhost:8080`",
            ),
            (
                "https://a_b.example",
                "`https://a_b.example` has a `_`, which no content policy has in a host",
                "write a host name, as in `https://api.example.com`",
            ),
            (
                "https://Api.example",
                "`https://Api.example` has capital letters, which browsers write small",
                "write a host name, as in `https://api.example.com`",
            ),
        ] {
            let refused = check_origin(origin).unwrap_err();
            assert_eq!((refused.message.as_str(), refused.help.as_str()), (message, help), "{origin}");
        }
    }

    #[test]
    fn urls_are_covered_as_content_policies_say() {
        let covered =
            |url: &str, declared: &str| Origin::of(url).unwrap().is_covered_by(&Origin::of(declared).unwrap());
        assert!(covered("https://a.example/x", "https://a.example"));
        assert!(covered("HTTPS://A.example:443/x", "https://a.example"));
        assert!(covered("https://b.a.example", "https://*.a.example"));
        assert!(!covered("https://a.example", "https://*.a.example"));
        assert!(!covered("https://a.example:8443", "https://a.example"));
        assert!(!covered("wss://a.example", "https://a.example"));
        assert!(covered("https://localhost:1", "http://localhost:1"));
        assert!(!covered("https://evil-a.example", "https://*.a.example"));
    }
}
