//! The content policy of a view.

use serde_json::Value;

/// The strict policy of MCP Apps 2026-01-26, opened for what a resource declares in `_meta.ui.csp`. What is no origin is left out: it
/// could end a source or a directive.
#[must_use]
pub fn policy(csp: &Value) -> String {
    let list = |name: &str| {
        let all = csp.get(name).and_then(Value::as_array).into_iter().flatten();
        all.filter_map(Value::as_str).filter(|origin| is_source(origin)).collect::<Vec<_>>().join(" ")
    };
    let or = |name: &str, otherwise: &str| match list(name) {
        all if all.is_empty() => otherwise.to_owned(),
        all => all,
    };
    let resources = list("resourceDomains");
    let with = |before: &str| format!("{before} {resources}").trim_end().to_owned();
    [
        "default-src 'none'".to_owned(),
        with("script-src 'self' 'unsafe-inline'"),
        with("style-src 'self' 'unsafe-inline'"),
        with("img-src 'self' data:"),
        with("media-src 'self' data:"),
        with("font-src 'self'"),
        format!("connect-src {}", or("connectDomains", "'none'")),
        format!("frame-src {}", or("frameDomains", "'none'")),
        format!("base-uri {}", or("baseUriDomains", "'self'")),
        "object-src 'none'".to_owned(),
        "form-action 'none'".to_owned(),
    ]
    .join("; ")
}

/// A scheme of the web, a host that may begin with `*.`, perhaps a port and a plain path.
fn is_source(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = authority.split_once(':').unwrap_or((authority, "1"));
    let host = host.strip_prefix("*.").unwrap_or(host);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    ["http", "https", "ws", "wss"].contains(&scheme.to_ascii_lowercase().as_str())
        && !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
        && !port.is_empty()
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && path.bytes().all(is_plain)
}

/// What the frame of a view may use, from `_meta.ui.permissions`: a `Permissions-Policy` that grants nothing else.
pub(crate) fn permissions(declared: &Value) -> String {
    let features = [
        ("camera", "camera"),
        ("microphone", "microphone"),
        ("geolocation", "geolocation"),
        ("clipboardWrite", "clipboard-write"),
    ];
    let grant = |(name, feature): (&str, &str)| match declared.get(name) {
        Some(_) => format!("{feature}=*"),
        None => format!("{feature}=()"),
    };
    features.map(grant).join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_is_open_that_was_not_declared() {
        let strict = policy(&Value::Null);
        assert!(strict.starts_with("default-src 'none'; script-src 'self' 'unsafe-inline'; "));
        assert!(strict.contains("connect-src 'none'; frame-src 'none'"));
        assert_eq!(permissions(&json!({})), "camera=(), microphone=(), geolocation=(), clipboard-write=()");
    }

    #[test]
    fn what_is_declared_is_open() {
        let open = policy(
            &json!({ "connectDomains": ["https://a.example"], "resourceDomains": ["https://*.b.example:8443"] }),
        );
        assert!(open.contains("connect-src https://a.example;"));
        assert!(open.contains("img-src 'self' data: https://*.b.example:8443;"));
        assert!(permissions(&json!({ "camera": {} })).contains("camera=*"));
    }

    #[test]
    fn what_is_no_origin_opens_nothing() {
        for origin in [
            "https://a.example; script-src *",
            "*",
            "'unsafe-eval'",
            "https://a b",
            "data:",
            "javascript://x",
            "https://",
            "https://*",
            "https://a.example\nframe-src *",
            "https://a,b",
            "https://a:x",
            "https://a:",
            "https://a\"",
        ] {
            assert_eq!(policy(&json!({ "connectDomains": [origin] })), policy(&Value::Null), "{origin}");
        }
    }
}
