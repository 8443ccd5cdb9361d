//! References: the kinds of thing that an address in a file may name.

use crate::origin::{Origin, is_loopback};

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Nothing that is loaded: an empty address, a fragment of the page, `mailto:`.
    Nothing,
    /// Something that the address itself holds, or the browser: `data:` or `blob:`, with the scheme.
    Data(String),
    Remote(Origin),
    /// An origin whose scheme hosts block, with the scheme.
    Plain(String),
    ProtocolRelative,
    /// A path from a server's root, or a scheme that has none of ours behind it.
    Absolute,
    Local(Local),
}

/// A path relative to the file that names it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Local {
    /// The path, with its escapes resolved.
    pub(crate) path: String,
    /// The `#` and what follows, or nothing.
    pub(crate) fragment: String,
}

/// Reads an address as browsers do.
pub(crate) fn target(written: &str) -> Target {
    let url: String =
        written.trim_matches(|c: char| c <= ' ').chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    if url.is_empty() || url.starts_with('#') {
        return Target::Nothing;
    }
    if url.starts_with("//") || url.starts_with("\\\\") || url.starts_with("/\\") || url.starts_with("\\/") {
        return Target::ProtocolRelative;
    }
    if url.starts_with(['/', '\\']) {
        return Target::Absolute;
    }
    if let Some(scheme) = scheme(&url) {
        return with_scheme(&scheme, &url);
    }
    let (rest, fragment) = url.split_at(url.find('#').unwrap_or(url.len()));
    let path = rest.split('?').next().unwrap_or_default();
    if path.is_empty() {
        return Target::Nothing;
    }
    Target::Local(Local { path: unescape(path).replace('\\', "/"), fragment: fragment.to_owned() })
}

fn scheme(url: &str) -> Option<String> {
    let (scheme, _) = url.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    is_scheme.then(|| scheme.to_ascii_lowercase())
}

fn with_scheme(scheme: &str, url: &str) -> Target {
    match scheme {
        "https" | "wss" => Origin::of(url).map_or(Target::Absolute, Target::Remote),
        "http" | "ws" => match Origin::of(url) {
            Some(origin) if is_loopback(&origin.host) => Target::Remote(origin),
            _ => Target::Plain(scheme.to_owned()),
        },
        "file" | "ftp" => Target::Absolute,
        "data" | "blob" => Target::Data(scheme.to_owned()),
        _ => Target::Nothing,
    }
}

/// Resolves `%41` and the like. What is no escape, or no UTF-8 afterwards, stays as it is written.
fn unescape(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (first, digit(0), digit(1)) {
            bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| path.to_owned())
}

/// The path below the directory that a relative path leads to from a file. `None` if it leaves the directory.
pub(crate) fn join(from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{Local, Target, join, target};

    fn local(path: &str, fragment: &str) -> Target {
        Target::Local(Local { path: path.to_owned(), fragment: fragment.to_owned() })
    }

    #[test]
    fn addresses_are_read_as_browsers_do() {
        assert_eq!(target(" a%20b.svg?v=1#x \n"), local("a b.svg", "#x"));
        assert_eq!(target("%2e%2e/a%zz"), local("../a%zz", ""));
        assert_eq!(target("a:b"), Target::Nothing);
        assert_eq!(target("./a:b"), local("./a:b", ""));
        assert_eq!(target("//cdn.example/x"), Target::ProtocolRelative);
        assert_eq!(target("/\\cdn.example/x"), Target::ProtocolRelative);
        assert_eq!(target("/x"), Target::Absolute);
        assert_eq!(target("HTTP://a.example"), Target::Plain("http".to_owned()));
        assert_eq!(target("ht\ntp://a.example"), Target::Plain("http".to_owned()));
        assert!(matches!(target("http://localhost:3000/x"), Target::Remote(_)));
        assert_eq!(target("DATA:,x"), Target::Data("data".to_owned()));
        assert_eq!(target("blob:x"), Target::Data("blob".to_owned()));
        for nothing in ["", " ", "#a", "?a", "javascript:x", "mailto:x"] {
            assert_eq!(target(nothing), Target::Nothing, "{nothing:?}");
        }
    }

    #[test]
    fn no_path_leads_out() {
        assert_eq!(join("css/a.css", "../img/./b.png").as_deref(), Some("img/b.png"));
        assert_eq!(join("a.css", "../b.png"), None);
        assert_eq!(join("css/a.css", "../../b/../css/x"), None);
    }
}
