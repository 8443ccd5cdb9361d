//! URLs of pages that servers send users to (elicitation, "Safe URL Handling").

use std::net::Ipv4Addr;

/// A URL of a page on the web, in the parts that a user is shown: one that a browser reads as it is written.
///
/// ```
/// use pmcp_protocol::PageUrl;
///
/// let url = PageUrl::parse("https://bank.example:8443/pay?order=7").expect("a page");
/// assert_eq!((url.before, url.host, url.after), ("https://", "bank.example:8443", "/pay?order=7"));
/// // Whose page is it?
/// assert_eq!(PageUrl::parse("https://bank.example@evil.example/"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageUrl<'a> {
    /// The scheme, with what stands before the host: `https://` or `http://`.
    pub before: &'a str,
    /// The host, and its port if one is said: whose page it is.
    pub host: &'a str,
    /// Everything after it.
    pub after: &'a str,
}

impl<'a> PageUrl<'a> {
    /// The parts of a URL; `None` of one that is no page on the web, or that a browser may read otherwise than its user does: with another
    /// scheme, with a user name or a password, with characters beyond the printable ones of ASCII, with `\`, with a host that is
    /// percent-encoded, or with one that is a number, which is an address in another form.
    #[must_use]
    pub fn parse(url: &'a str) -> Option<Self> {
        if !url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return None;
        }
        let scheme = ["https://", "http://"].into_iter().find(|scheme| url.starts_with(scheme))?;
        let (before, rest) = url.split_at(scheme.len());
        let (host, after) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let is_host = !host.is_empty() && !host.starts_with(':') && !host.contains(['@', '%']) && is_as_written(host);
        is_host.then_some(Self { before, host, after })
    }

    /// Tells whether a part of the host's name stands for letters beyond ASCII, which may look like those of another name. It is
    /// shown as it is written.
    #[must_use]
    pub fn is_punycode(&self) -> bool {
        self.host.split('.').any(|label| label.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("xn--")))
    }
}

/// Tells whether a browser takes a host as it is written. One whose last part is a number is an address to it, in any of several forms.
fn is_as_written(host: &str) -> bool {
    if host.starts_with('[') {
        return true;
    }
    let name = host.split(':').next().unwrap_or(host);
    let name = name.strip_suffix('.').unwrap_or(name);
    let last = name.rsplit('.').next().unwrap_or(name);
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x") || last.starts_with("0X");
    !is_number || name.parse::<Ipv4Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_shown_in_parts_and_what_could_deceive_is_none() {
        let parts = |url| PageUrl::parse(url).map(|url| (url.before, url.host, url.after));
        assert_eq!(parts("http://localhost:8080"), Some(("http://", "localhost:8080", "")));
        assert_eq!(parts("https://a.example?b=c@d"), Some(("https://", "a.example", "?b=c@d")));
        assert_eq!(parts("https://[::1]:80/x"), Some(("https://", "[::1]:80", "/x")));
        assert_eq!(parts("http://127.0.0.1:80/"), Some(("http://", "127.0.0.1:80", "/")));
        assert_eq!(parts("https://a.1x.example/"), Some(("https://", "a.1x.example", "/")));
        assert_eq!(parts("https://a.example#/@b"), Some(("https://", "a.example", "#/@b")));
        for wrong in [
            "",
            "https://",
            "https:///a",
            "https://:80/",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "ftp://a.example/",
            "HTTPS://a.example/",
            "https:a.example",
            "https://ann@a.example/",
            "https://ann:secret@a.example/",
            "https://a.example\\@b.example/",
            "https://a%2eexample/",
            "https://a.example/ b",
            "https://a.example/\n",
            "https://\u{430}.example/",
            "http://2130706433:8080/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://127.1./",
        ] {
            assert_eq!(PageUrl::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_name_that_stands_for_other_letters_is_known() {
        let is = |url| PageUrl::parse(url).is_some_and(|url| url.is_punycode());
        assert!(is("https://xn--pple-43d.com/") && is("https://www.XN--pple-43d.com:80"));
        assert!(!is("https://apple.com/xn--a") && !is("https://axn--b.com"));
    }
}
