//! Who may send a request at all: pages of our own, to the name we serve.

use http::{HeaderMap, StatusCode, header};

/// Refuses what another page, or a name that leads here by accident, has sent (DNS rebinding). Where the door is open, people may be led
/// here from elsewhere: a document that is shown to them, and nothing that a page can read or call.
pub(crate) fn check(headers: &HeaderMap, host: &str, is_open: bool) -> Result<(), StatusCode> {
    let text = |name| headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default());
    let origin = format!("http://{host}");
    let fetch = |part| text(header::HeaderName::from_static(part));
    let is_led_here = is_open && fetch("sec-fetch-mode").eq(["navigate"]) && fetch("sec-fetch-dest").eq(["document"]);
    let is_ours = text(header::HOST).eq([host])
        && text(header::ORIGIN).all(|given| given == origin)
        && (is_led_here || fetch("sec-fetch-site").all(|site| site == "same-origin" || site == "none"));
    if is_ours { Ok(()) } else { Err(StatusCode::FORBIDDEN) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(headers: &[(&'static str, &'static str)]) -> bool {
        let headers =
            headers.iter().map(|(name, value)| (header::HeaderName::from_static(name), value.parse().unwrap()));
        check(&headers.collect(), "127.0.0.1:6280", false).is_ok()
    }

    #[test]
    fn people_are_led_to_an_open_door_only_and_nothing_else_is() {
        let led = |is_open, host, mode, dest| {
            let headers =
                [("host", host), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", mode), ("sec-fetch-dest", dest)];
            let headers = headers.map(|(name, value)| (header::HeaderName::from_static(name), value.parse().unwrap()));
            check(&headers.into_iter().collect(), "127.0.0.1:6280", is_open).is_ok()
        };
        assert!(led(true, "127.0.0.1:6280", "navigate", "document"));
        assert!(!led(false, "127.0.0.1:6280", "navigate", "document"));
        assert!(!led(true, "evil.example:6280", "navigate", "document"));
        assert!(!led(true, "127.0.0.1:6280", "navigate", "iframe"));
        assert!(!led(true, "127.0.0.1:6280", "no-cors", "script"));
    }

    #[test]
    fn only_our_own_page_is_answered() {
        let ours = ("host", "127.0.0.1:6280");
        assert!(checked(&[ours]));
        assert!(checked(&[ours, ("origin", "http://127.0.0.1:6280"), ("sec-fetch-site", "same-origin")]));
        assert!(!checked(&[]));
        assert!(!checked(&[("host", "evil.example:6280")]));
        assert!(!checked(&[("host", "localhost:6280")]));
        assert!(!checked(&[ours, ("origin", "http://127.0.0.1:6281")]));
        assert!(!checked(&[ours, ("origin", "null")]));
        assert!(!checked(&[ours, ("sec-fetch-site", "cross-site")]));
        assert!(!checked(&[ours, ("sec-fetch-site", "same-site")]));
    }
}
