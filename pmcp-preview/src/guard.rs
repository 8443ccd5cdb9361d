//! Who may send a request at all: pages of our own, to the name we serve.

use http::{HeaderMap, StatusCode, header};

/// Refuses what another page, or a name that leads here by accident, has sent (DNS rebinding).
pub(crate) fn check(headers: &HeaderMap, host: &str) -> Result<(), StatusCode> {
    let text = |name| headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default());
    let origin = format!("http://{host}");
    let is_ours = text(header::HOST).eq([host])
        && text(header::ORIGIN).all(|given| given == origin)
        && text(header::HeaderName::from_static("sec-fetch-site")).all(|site| site == "same-origin" || site == "none");
    if is_ours { Ok(()) } else { Err(StatusCode::FORBIDDEN) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(headers: &[(&'static str, &'static str)]) -> bool {
        let headers =
            headers.iter().map(|(name, value)| (header::HeaderName::from_static(name), value.parse().unwrap()));
        check(&headers.collect(), "127.0.0.1:6280").is_ok()
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
