//! Where a store is, as a URL says.

use percent_encoding::percent_decode_str;
use redis::{ConnectionInfo, IntoConnectionInfo as _};

use crate::store::StoreError;

/// The prefix of a store's keys if its URL names none.
const PREFIX: &str = "pm";

/// The longest prefix, in bytes.
const LONGEST_PREFIX: usize = 64;

/// The servers of a store, and the beginning of its keys. Has a password in it.
pub(super) struct Address {
    pub(super) servers: Vec<ConnectionInfo>,
    pub(super) is_cluster: bool,
    pub(super) prefix: String,
}

impl Address {
    /// Reads a URL: `redis://`, `rediss://`, and the same with `+cluster` and, divided by commas, any number of nodes.
    pub(super) fn parse(url: &str) -> Result<Self, StoreError> {
        let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("it begins with `redis://`"))?;
        let (scheme, is_cluster) = match scheme {
            "redis" | "rediss" => (scheme, false),
            "redis+cluster" => ("redis", true),
            "rediss+cluster" => ("rediss", true),
            _ => {
                return Err(wrong("it begins with `redis://`, `rediss://`, `redis+cluster://` or `rediss+cluster://`"));
            }
        };
        if rest.contains('#') {
            return Err(wrong("it has a `#`, which takes no part here; in a password write `%23`"));
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        if is_cluster && !matches!(database, "" | "0") {
            return Err(wrong("it names a database, and a cluster has but one"));
        }
        let (user, hosts) = authority.rsplit_once('@').map_or(("", authority), |(user, hosts)| (user, hosts));
        if !is_cluster && hosts.contains(',') {
            return Err(wrong("it names several servers; for a cluster it begins with `redis+cluster://`"));
        }
        let at = if user.is_empty() { "" } else { "@" };
        let servers = hosts.split(',').map(|host| {
            let url = format!("{scheme}://{user}{at}{host}/{database}");
            // What is wrong may stand beside a password: it is not told.
            url.into_connection_info()
                .map_err(|_| wrong("it has the form `redis://[user:password@]host[:port][/database][?prefix=…]`"))
        });
        let servers = servers.collect::<Result<_, _>>()?;
        Ok(Self { servers, is_cluster, prefix: prefix(query)? })
    }
}

fn prefix(query: &str) -> Result<String, StoreError> {
    let mut prefix = PREFIX.to_owned();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let Some(("prefix", value)) = parameter.split_once('=') else {
            return Err(wrong("it has a parameter that is not `prefix`"));
        };
        prefix = percent_decode_str(value).decode_utf8_lossy().into_owned();
    }
    // What begins a hash tag is not to end it.
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    if prefix.is_empty() || prefix.len() > LONGEST_PREFIX || !prefix.chars().all(fits) {
        return Err(wrong("its prefix is 1 to 64 letters, digits or `-_.:`"));
    }
    Ok(prefix)
}

fn wrong(what: &str) -> StoreError {
    StoreError::Url(format!("this is no URL of a Redis store: {what}"))
}

#[cfg(test)]
mod tests {
    use redis::ConnectionAddr;

    use super::*;

    fn hosts(url: &str) -> Vec<String> {
        Address::parse(url).unwrap().servers.iter().map(|server| server.addr().to_string()).collect()
    }

    #[test]
    fn a_url_names_servers_and_a_prefix() {
        assert_eq!(hosts("redis://localhost"), ["localhost:6379"]);
        assert_eq!(hosts("redis+cluster://u:p@a:7000,b,[::1]:7002/?prefix=x"), ["a:7000", "b:6379", "::1:7002"]);
        let address = Address::parse("rediss://me:p%40s@h:1/3?prefix=my%3Aapp").unwrap();
        assert_eq!((address.prefix.as_str(), address.is_cluster), ("my:app", false));
        let server = &address.servers[0];
        assert!(matches!(server.addr(), ConnectionAddr::TcpTls { insecure: false, .. }));
        let settings = server.redis_settings();
        assert_eq!((settings.username(), settings.password(), settings.db()), (Some("me"), Some("p@s"), 3));
        assert_eq!(Address::parse("redis://h?").unwrap().prefix, "pm");
        let cluster = Address::parse("rediss+cluster://h/0").unwrap();
        assert!(cluster.is_cluster && matches!(cluster.servers[0].addr(), ConnectionAddr::TcpTls { .. }));
    }

    #[test]
    fn what_is_wrong_with_a_url_is_told_without_its_password() {
        for (url, told) in [
            ("redis:localhost", "begins with"),
            ("redis+sentinel://u:secret@h", "`redis+cluster://`"),
            ("redis://u:secret@h:port", "has the form"),
            ("redis://u:secret@h/tasks", "has the form"),
            ("redis://u:secret@", "has the form"),
            ("redis://u:secret@a,b", "several servers"),
            ("redis+cluster://u:secret@a/1", "database"),
            ("rediss://u:secret@h/#insecure", "`%23`"),
            ("redis://u:secret@h?timeout=1", "not `prefix`"),
            ("redis://u:secret@h?prefix=", "letters, digits"),
            ("redis://u:secret@h?prefix=a}b", "letters, digits"),
        ] {
            match Address::parse(url) {
                Err(StoreError::Url(text)) => assert!(text.contains(told) && !text.contains("secret"), "{url}: {text}"),
                _ => panic!("{url} was taken"),
            }
        }
    }
}
