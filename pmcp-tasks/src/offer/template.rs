//! URIs of which parts are left open.

use std::collections::BTreeMap;

use fluent_uri::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::error::OfferError;

/// Everything that RFC 6570 encodes in a value: what is not unreserved.
const EXPANDED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Everything that has to be encoded in a value: reserved characters may stand as they are, but for the slash, which ends it.
const PLAIN: &AsciiSet = &EXPANDED
    .remove(b':')
    .remove(b'?')
    .remove(b'#')
    .remove(b'[')
    .remove(b']')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=');

/// A URI with variables in braces, each one non-empty part without a slash: `test://item/{id}/data` (RFC 6570, level 1).
///
/// The RFC says how to fill templates in, and so do the crates for it. The one that fits URIs to them (`uri-template-ex`) takes
/// unreserved characters alone, so that `ann@example.com` is no value, and brings an engine of regular expressions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Variable(String),
}

impl Template {
    pub(super) fn parse(template: &str) -> Result<Self, OfferError> {
        let wrong = |reason| OfferError::Template { template: template.to_owned(), reason };
        let mut parts = Vec::new();
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            let (literal, after) = rest.split_at(open);
            let close = after.find('}').ok_or_else(|| wrong("a `{` has no `}`"))?;
            let name = &after[1..close];
            if name.starts_with(['+', '#', '.', '/', ';', '?', '&']) {
                return Err(wrong("a variable is a name in braces, without an operator before it"));
            }
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return Err(wrong("a variable's name is letters, digits and `_`"));
            }
            if literal.is_empty() && matches!(parts.last(), Some(Part::Variable(_))) {
                return Err(wrong("two variables need something between them"));
            }
            if parts.iter().any(|part| matches!(part, Part::Variable(earlier) if earlier == name)) {
                return Err(wrong("two variables have the same name"));
            }
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.to_owned()));
            }
            parts.push(Part::Variable(name.to_owned()));
            rest = &after[close + 1..];
        }
        if !parts.iter().any(|part| matches!(part, Part::Variable(_))) {
            return Err(wrong("it has no variable; register it as a resource"));
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        let filled: String = parts.iter().map(|part| if let Part::Literal(text) = part { text } else { "x" }).collect();
        if Uri::parse(filled.as_str()).is_err() {
            return Err(wrong("with its variables filled in it is not a URI"));
        }
        Ok(Self(parts))
    }

    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Literal(_) => None,
        })
    }

    pub(super) fn has_variable(&self, name: &str) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Variable(variable) if variable == name))
    }

    /// The ways to write the URI with these values that somebody may mean by it: as plainly as a URI can be, and as RFC 6570 does.
    ///
    /// Clients may encode what needs no encoding (`s%65cret`): a rule about a URI is one about what it names.
    pub(super) fn spellings(&self, variables: &BTreeMap<String, String>) -> [String; 2] {
        [PLAIN, EXPANDED].map(|encoded| {
            let parts = self.0.iter().map(|part| match part {
                Part::Literal(literal) => literal.clone(),
                Part::Variable(name) => {
                    let value = variables.get(name).map(String::as_str).unwrap_or_default();
                    utf8_percent_encode(value, encoded).to_string()
                }
            });
            parts.collect()
        })
    }

    /// The variables' values without their percent-encoding, if the URI fits. One with a value that would lead out of a directory fits
    /// none: too many are joined to one.
    ///
    /// A variable ends where what follows it comes first, but for the last one, which may hold that, too. No variable has a
    /// slash, so a later end would never do where the first does not, and the whole takes one look at each byte.
    pub(super) fn fit(&self, uri: &str) -> Option<BTreeMap<String, String>> {
        let mut variables = BTreeMap::new();
        let mut rest = uri;
        let mut parts = self.0.as_slice();
        while let [part, following @ ..] = parts {
            parts = following;
            match part {
                Part::Literal(literal) => rest = rest.strip_prefix(literal.as_str())?,
                Part::Variable(name) => {
                    let first = rest.chars().next()?.len_utf8();
                    let end = match following {
                        [] => rest.len(),
                        [Part::Literal(last)] => rest.strip_suffix(last.as_str())?.len(),
                        [Part::Literal(next), ..] => first + rest[first..].find(next.as_str())?,
                        // Two variables have something between them.
                        [Part::Variable(_), ..] => return None,
                    };
                    let (value, after) = rest.split_at(end);
                    if value.is_empty() || value.contains('/') {
                        return None;
                    }
                    let value = percent_decode_str(value).decode_utf8().ok()?;
                    if leaves(&value) {
                        return None;
                    }
                    variables.insert(name.clone(), value.into_owned());
                    rest = after;
                }
            }
        }
        rest.is_empty().then_some(variables)
    }
}

/// Tells whether a value, joined to a directory as a path, would lead out of it on any system, or is none that a path can have.
fn leaves(value: &str) -> bool {
    let is_separator = |c: char| matches!(c, '/' | '\\');
    let is_of_drive = || {
        let mut chars = value.chars();
        chars.next().is_some_and(|c| c.is_ascii_alphabetic())
            && chars.next() == Some(':')
            && chars.next().is_none_or(is_separator)
    };
    value.starts_with(is_separator)
        || value.split(is_separator).any(|part| part == "..")
        || value.contains('\0')
        || is_of_drive()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_fits_whole_uris_only() {
        let template = Template::parse("test://template/{id}/data").unwrap();
        let fitted = template.fit("test://template/12-3/data").unwrap();
        assert_eq!(fitted["id"], "12-3");
        for other in ["test://template//data", "test://template/a/b/data", "test://template/1/data/x", "test://x", ""] {
            assert_eq!(template.fit(other), None, "{other}");
        }
        assert_eq!(Template::parse("a:{x}-{y}").unwrap().fit("a:1-2").unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for wrong in ["test://plain", "a:{", "a:{}", "a:{x y}", "a:{x}{y}", "a b:{x}", "{x}", "/{x}", "a:{x}-{x}"] {
            assert!(Template::parse(wrong).is_err(), "{wrong}");
        }
        for operator in ["a:{+x}", "a:{?x}", "a:{/x}"] {
            assert!(Template::parse(operator).unwrap_err().to_string().contains("without an operator"), "{operator}");
        }
    }

    #[test]
    fn the_last_variable_may_hold_what_follows_it() {
        let name =
            |template: &str, uri: &str| Template::parse(template).unwrap().fit(uri).map(|mut it| it.remove("name"));
        assert_eq!(name("doc://{name}.md", "doc://a.md.md"), Some(Some("a.md".into())));
        assert_eq!(name("doc://{name}.md", "doc://.md"), None);
        assert_eq!(name("doc://{at}-{name}.md", "doc://--b-c.md"), Some(Some("b-c".into())));
        assert_eq!(name("doc://{at}-/{name}", "doc://a-b-/c"), Some(Some("c".into())));
    }

    #[test]
    fn values_come_without_their_encoding() {
        let template = Template::parse("test://{name}").unwrap();
        for (uri, value) in [("test://a%20b", "a b"), ("test://gr%C3%BC%C3%9Fe", "grüße"), ("test://50%", "50%")] {
            assert_eq!(template.fit(uri).unwrap()["name"], value);
        }
        assert_eq!(template.fit("test://%FF"), None);
        // An encoded slash is a part of the value, and separates nothing.
        assert_eq!(template.fit("test://a%2Fb").unwrap()["name"], "a/b");
    }
    #[test]
    fn no_value_leads_out_of_a_directory() {
        let template = Template::parse("file:///notes/{name}.md").unwrap();
        for wrong in [
            "..",
            "%2e%2E",
            "..%2Fsecret",
            "%2e%2e%2fsecret",
            "a%2F..%2F..%2Fb",
            "..%5Csecret",
            "..\\secret",
            "a%5c..",
            "%2Fetc%2Fpasswd",
            "%5C%5Chost%5Cshare",
            "\\x",
            "C:%5Cx",
            "c:%2Fx",
            "c:",
            "a%00b",
            "a\0b",
            "%2F",
        ] {
            assert_eq!(template.fit(&format!("file:///notes/{wrong}.md")), None, "{wrong}");
        }
        // Overlong forms and halves of characters are no UTF-8.
        for wrong in ["%C0%AE%C0%AE%C0%AFx", "%E0%80%AF", "%ED%A0%80", "%F8%80%80%80%AF", "%80"] {
            assert_eq!(template.fit(&format!("file:///notes/{wrong}.md")), None, "{wrong}");
        }
        for (right, value) in [
            ("a%2Fb", "a/b"),
            ("..a", "..a"),
            ("a..", "a.."),
            ("...", "..."),
            (".", "."),
            ("%252e%252e%252f", "%2e%2e%2f"),
            ("ab:c", "ab:c"),
            ("c:d", "c:d"),
            ("1:%2F", "1:/"),
            ("https:%2F%2Fx", "https://x"),
        ] {
            assert_eq!(template.fit(&format!("file:///notes/{right}.md")).unwrap()["name"], value);
        }
    }

    #[test]
    fn one_uri_is_told_by_the_same_spellings_however_it_is_written() {
        let template = Template::parse("test://{at}/{name}").unwrap();
        let spellings = |uri: &str| template.spellings(&template.fit(uri).unwrap());
        let plain = ["test://a/secret".to_owned(), "test://a/secret".to_owned()];
        for uri in ["test://a/secret", "test://a/s%65cret", "test://%61/%73%65%63%72%65%74"] {
            assert_eq!(spellings(uri), plain, "{uri}");
        }
        for uri in ["test://a/x+y?z", "test://a/x%2by%3Fz", "test://a/x%2By%3fz"] {
            assert_eq!(spellings(uri), ["test://a/x+y?z", "test://a/x%2By%3Fz"], "{uri}");
        }
        assert_eq!(spellings("test://a/50%"), ["test://a/50%25", "test://a/50%25"]);
        assert_eq!(spellings("test://a/x%2fy%20gr\u{fc}n")[0], "test://a/x%2Fy%20gr%C3%BCn");
        let double = "test://a/s%2565cret";
        assert_eq!(spellings(double), [double, double]);
    }
}
