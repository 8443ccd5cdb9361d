//! Names and addresses as those who list servers take them.

use std::net::IpAddr;

use http::Uri;

use crate::error::{Error, Result};

/// The most characters of a name in the registry, and of a plugin.
const REGISTRY: usize = 200;
const PLUGIN: usize = 64;
/// The most characters of an address.
const ADDRESS: usize = 2000;

/// The address at which everybody reaches the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicUrl {
    text: String,
    host: String,
}

impl PublicUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// It is none that others can reach safely.
    pub(crate) fn parse(given: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Error::usage(format!("`{given}` is no public address of a server: {why}"))
                .help("it is the address of its endpoint, such as `https://example.com/mcp`")
        };
        if given.contains('@') {
            // The address itself would show it.
            return Err(Error::usage("a public address has no password in it")
                .help("hosts ask each user for their own; see `SUBMISSION.md`"));
        }
        let uri = given.parse::<Uri>().map_err(|_| wrong("it cannot be read"))?;
        if uri.scheme_str() != Some("https") {
            return Err(wrong("it has to begin with `https://`"));
        }
        // The registry fills in what stands in braces.
        if given.len() > ADDRESS
            || !given.is_ascii()
            || given.contains(['#', '{', '}', '"', '\'', '<', '>', '\\', '^', '`', '|'])
        {
            return Err(wrong("it is too long, or has a character that such an address does not have"));
        }
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        if is_private(&host) {
            return Err(wrong("others cannot reach its host"));
        }
        Ok(Self { text: given.to_owned(), host })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The host's part with its scheme, without a path.
    pub(crate) fn origin(&self) -> String {
        let rest = self.text.trim_start_matches("https://");
        format!("https://{}", rest.split(['/', '?']).next().unwrap_or(rest))
    }

    /// The host's name in the order of the registry; `None` for a number.
    pub(super) fn namespace(&self) -> Option<String> {
        if self.host.parse::<IpAddr>().is_ok() {
            return None;
        }
        Some(self.host.split('.').rev().collect::<Vec<_>>().join("."))
    }
}

/// Set if a name means a machine or a network of one's own.
fn is_private(host: &str) -> bool {
    // A name may end with the dot of the root.
    let host = host.trim_end_matches('.');
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let is_local = match address {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified(),
        Ok(IpAddr::V6(ip)) => {
            ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_unspecified()
        }
        Err(_) => {
            !host.contains('.')
                || [".localhost", ".local", ".internal", ".test", ".invalid"].iter().any(|end| host.ends_with(end))
        }
    };
    is_local || host.is_empty()
}

/// Set if this is a page that everybody may be sent to.
pub(super) fn is_page(address: &str) -> bool {
    let is_plain = address.len() <= ADDRESS && !address.chars().any(|c| c.is_whitespace() || c.is_control());
    is_plain
        && !address.contains('@')
        && address.parse::<Uri>().is_ok_and(|uri| uri.scheme_str() == Some("https") && uri.host().is_some())
}

/// Checks a name of the registry: a domain in reverse order, `/`, and a name.
///
/// # Errors
/// It is none.
pub(super) fn check_registry(name: &str) -> Result {
    let label = |label: &str| {
        let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let server = |name: &str| {
        let inner = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let ends = |c: char| c.is_ascii_alphanumeric();
        name.len() > 1 && name.starts_with(ends) && name.ends_with(ends) && name.chars().all(inner)
    };
    let is_one = name.len() <= REGISTRY
        && name
            .split_once('/')
            .is_some_and(|(domain, rest)| domain.contains('.') && domain.split('.').all(label) && server(rest));
    if is_one {
        return Ok(());
    }
    Err(Error::failed(format!("`{name}` is no name for the registry"))
        .help("it is a domain of yours in reverse order, one `/`, and a name, such as `com.example/chess` or `io.github.NAME/chess`"))
}

/// The name of a plugin and of its skill: small letters, digits, and single hyphens between them.
///
/// # Errors
/// Nothing of the name can be part of one.
pub(super) fn plugin(name: &str) -> Result<String> {
    let small = name.to_ascii_lowercase();
    let words = small.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let plugin = words.collect::<Vec<_>>().join("-");
    if plugin.is_empty() || plugin.len() > PLUGIN {
        return Err(Error::failed(format!("`{}` is no name for a plugin", crate::text::line(name)))
            .help(format!("it takes 1 to {PLUGIN} small letters, digits and hyphens")));
    }
    Ok(plugin)
}

/// Checks that a version is one, and not a range.
///
/// # Errors
/// It is none.
pub(super) fn check_version(version: &str) -> Result {
    let is_fixed = version.len() <= 255
        && version.starts_with(|c: char| c.is_ascii_digit())
        && version.chars().all(|c| c.is_ascii_alphanumeric() || ".-+".contains(c))
        && !version.split(['.', '-', '+']).any(|part| matches!(part, "" | "x" | "X"));
    if is_fixed {
        return Ok(());
    }
    Err(Error::failed(format!("`{}` is no version of a release", crate::text::line(version)))
        .help("give the server one such as `1.2.3`: directories compare them"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_that_others_reach() {
        let url = PublicUrl::parse("https://Chess.example.com:8443/mcp?v=1").unwrap();
        assert_eq!(url.as_str(), "https://Chess.example.com:8443/mcp?v=1");
        assert_eq!(url.origin(), "https://Chess.example.com:8443");
        assert_eq!(url.namespace().as_deref(), Some("com.example.chess"));
        assert_eq!(PublicUrl::parse("https://203.0.113.7/mcp").unwrap().namespace(), None);
        for wrong in [
            "http://example.com/mcp",
            "example.com/mcp",
            "https://localhost/mcp",
            "https://localhost./mcp",
            "https://127.0.0.1./mcp",
            "https://app.localhost/mcp",
            "https://127.0.0.1/mcp",
            "https://192.168.1.2/mcp",
            "https://[::1]/mcp",
            "https://intranet/mcp",
            "https://example.com/mcp#x",
            "https://example.com/{tenant}/mcp",
            "https://example.com/m cp",
            "https://",
        ] {
            let error = PublicUrl::parse(wrong).unwrap_err();
            assert!(error.message.unwrap().starts_with(&format!("`{wrong}` is no public address")), "{wrong}");
        }
        let error = PublicUrl::parse("https://ann:s3cret@example.com/mcp").unwrap_err();
        assert!(!format!("{error:?}").contains("s3cret"));
    }

    #[test]
    fn a_name_of_the_registry_is_a_domain_and_a_name() {
        for right in ["com.example/chess", "io.github.Ann-B/chess_2.0", "a.b/cd"] {
            assert!(check_registry(right).is_ok(), "{right}");
        }
        for wrong in [
            "chess",
            "example/chess",
            "com.example/",
            "com.example/a/b",
            "com..example/a",
            "com.-x/a",
            "com.example/-a",
            "com.exämple/a",
            "com.example/a b",
        ] {
            assert!(check_registry(wrong).is_err(), "{wrong}");
        }
        assert!(check_registry(&format!("com.example/{}", "a".repeat(200))).is_err());
    }

    #[test]
    fn a_plugin_is_named_as_its_folder() {
        for (given, name) in [("chess", "chess"), ("My_Chess  Server", "my-chess-server"), ("--a--", "a")] {
            assert_eq!(plugin(given).unwrap(), name);
        }
        assert!(plugin("…").is_err());
        assert!(plugin(&"a".repeat(65)).is_err());
    }

    #[test]
    fn a_version_is_no_range() {
        for right in ["1.2.3", "0.1.0-alpha.1+build", "2025.11"] {
            assert!(check_version(right).is_ok(), "{right}");
        }
        for wrong in ["", "latest", "^1.2", ">=1", "1.x", "1.*", "1.2 - 2", "1..2"] {
            assert!(check_version(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_page_is_one_of_the_web() {
        assert!(is_page("https://example.com/privacy"));
        for wrong in [
            "http://example.com",
            "https://",
            "javascript:alert(1)",
            "https://a@example.com",
            "https://example.com/a b",
        ] {
            assert!(!is_page(wrong), "{wrong}");
        }
    }
}
