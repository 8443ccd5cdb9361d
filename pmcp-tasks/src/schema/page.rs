//! URLs of pages that users are sent to.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest URL, in bytes: what browsers and logs take without a word.
const MAX: usize = 2048;

/// The text of every refusal.
const REFUSED: &str = "a user is sent to URLs of `https`, or `http` on this machine, without a user's name in them, in ASCII, and of at most \
                       2048 bytes";

/// Checks the URL of a page ("Safe URL Handling"). It is sent as it is, so nothing is taken that readers might take for something else.
///
/// # Errors
/// What a URL has to be.
pub(crate) fn check(url: &str) -> Result<(), &'static str> {
    if is_fit(url) { Ok(()) } else { Err(REFUSED) }
}

fn is_fit(url: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !br#""<>\^`{|}"#.contains(&byte);
    if url.len() > MAX || !url.bytes().all(is_plain) {
        return false;
    }
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some(host) = host(authority) else { return false };
    scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http") && is_loopback(host)
}

/// The host of an authority that has nothing but that and a port.
fn host(authority: &str) -> Option<&str> {
    let in_brackets = authority.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (host, port) =
        in_brackets.unwrap_or_else(|| authority.split_at(authority.find(':').unwrap_or(authority.len())));
    let is_named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let is_host = match in_brackets {
        Some((address, _)) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(is_named),
    };
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    (is_host && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || host.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_safe_to_go_to() {
        for url in [
            "https://example.com",
            "HTTPS://example.com:8443/a/b?c=d&e=%20#f",
            "https://xn--bcher-kva.example/",
            "https://[2001:db8::1]:1/",
            "https://user.example/@name?mail=a@b.c",
            "http://localhost:3000/x",
            "http://127.0.0.1/",
            "http://[::1]:80/",
        ] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
        for url in [
            "",
            "example.com",
            "https://",
            "https:///path",
            "https:example.com",
            "http://example.com",
            "http://localhost.example.com/",
            "http://127.0.0.1.example.com/",
            "http://0x7f.1/",
            "http://[::2]/",
            "https://user@example.com/",
            "https://user:secret@example.com/",
            "https://example.com:port/",
            "https://example.com:65536/",
            "https://example.com:+1/",
            "https://example.com\\@other.example/",
            "https://example.com/a b",
            "https://example.com/\n",
            "https://bücher.example/",
            "https://exa%6dple.com/",
            "https://[::1/",
            "javascript://example.com/%0aalert(1)",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
        ] {
            assert!(check(url).is_err(), "{url}");
        }
        let long = |length: usize| format!("https://example.com/{}", "x".repeat(length - 20));
        assert!(check(&long(MAX)).is_ok() && check(&long(MAX + 1)).is_err());
    }
}
