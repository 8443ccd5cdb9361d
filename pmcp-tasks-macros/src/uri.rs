//! URIs as they are written (RFC 3986).

/// The scheme that a text begins with, if it is a URI.
pub(crate) fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    is_scheme.then_some(scheme)
}

/// The first character that no URI contains.
pub(crate) fn forbidden(text: &str) -> Option<char> {
    text.chars().find(|c| !c.is_ascii_graphic() || "\"<>\\^`|".contains(*c))
}

/// The way to write such a character: `%20`.
pub(crate) fn percent(c: char) -> String {
    let mut encoded = [0; 4];
    c.encode_utf8(&mut encoded).bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
}
