//! Failures of Redis, by meaning.

use std::{borrow::Cow, error::Error, io, sync::Arc, time::Duration};

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::store::StoreError;

/// The backend's name, in errors.
pub(super) const NAME: &str = "redis";

/// Result of this module's functions.
pub(super) type Result<T, E = Failure> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The server or the client says so. Its own cause says the same again, and is left out.
    #[error("{0}")]
    Redis(RedisError),
    /// The server says nothing.
    #[error("no answer within {} s", .0.as_secs())]
    Silence(Duration),
    /// This build or this server cannot do it, ever.
    #[error("{0}")]
    Refused(Cow<'static, str>),
    /// A stored record cannot be read.
    #[error("it has another form than was written")]
    Corrupt(&'static str),
}

/// A failure's meaning: what can be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Unavailable,
    Refused,
    Corrupt,
}

impl Failure {
    pub(super) fn refused(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(why.into())
    }

    /// Tells whether the connection broke, so that the same call may succeed on another one.
    pub(super) fn is_broken(&self) -> bool {
        matches!(self, Self::Redis(error) if error.is_connection_dropped() || error.is_unrecoverable_error())
    }

    /// Tells whether the server does not know a script.
    pub(super) fn is_unknown_script(&self) -> bool {
        matches!(self, Self::Redis(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript))
    }

    /// Tells whether the connection leads to a server that takes no writes, as after a failover.
    pub(super) fn is_misled(&self) -> bool {
        matches!(self, Self::Redis(error) if code(error) == "READONLY")
    }

    fn meaning(&self) -> Meaning {
        match self {
            Self::Redis(error) => meaning(error),
            Self::Silence(_) => Meaning::Unavailable,
            Self::Refused(_) => Meaning::Refused,
            Self::Corrupt(_) => Meaning::Corrupt,
        }
    }
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        Self::Redis(error)
    }
}

/// Codes that servers put before their errors.
const CODES: [&str; 12] = [
    "READONLY",
    "OOM",
    "MISCONF",
    "NOREPLICAS",
    "WRONGTYPE",
    "NOPERM",
    "NOAUTH",
    "WRONGPASS",
    "BUSY",
    "LOADING",
    "MASTERDOWN",
    "CLUSTERDOWN",
];

/// The code of an error. In a script older servers put it into the text of another one.
fn code(error: &RedisError) -> &str {
    let code = error.code().unwrap_or_default();
    if code != "ERR" {
        return code;
    }
    let text = error.detail().unwrap_or_default();
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.find_map(|word| CODES.into_iter().find(|code| *code == word)).unwrap_or(code)
}

/// The kind of the failure below an error, which it keeps in an `Arc`.
fn io_kind(error: &RedisError) -> Option<io::ErrorKind> {
    let cause = error.source()?.downcast_ref::<Arc<dyn Error + Send + Sync>>()?;
    cause.downcast_ref::<io::Error>().map(io::Error::kind)
}

fn meaning(error: &RedisError) -> Meaning {
    match error.kind() {
        ErrorKind::AuthenticationFailed
        | ErrorKind::InvalidClientConfig
        | ErrorKind::Client
        | ErrorKind::RESP3NotSupported => return Meaning::Refused,
        ErrorKind::UnexpectedReturnType => return Meaning::Corrupt,
        // A certificate nobody vouches for, or no TLS at all.
        ErrorKind::Io if io_kind(error) == Some(io::ErrorKind::InvalidData) => return Meaning::Refused,
        _ => {}
    }
    match code(error) {
        // A full memory or disk, a missing right, a key in another slot than its tag says.
        "OOM" | "MISCONF" | "NOPERM" | "NOAUTH" | "WRONGPASS" | "CROSSSLOT" | "NOSUB" => Meaning::Refused,
        "WRONGTYPE" => Meaning::Corrupt,
        "ERR" => {
            let text = error.detail().unwrap_or_default();
            if text.contains("max number of clients") {
                Meaning::Unavailable
            } else if text.contains("user_script") {
                // A script fails by itself only where it finds what none has written.
                Meaning::Corrupt
            } else {
                Meaning::Refused
            }
        }
        // A connection that is lost, a server that starts, gives way to another or waits for its replicas.
        _ => Meaning::Unavailable,
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        let backend = NAME;
        match failure.meaning() {
            Meaning::Unavailable => Self::Unavailable { backend, source: Box::new(failure) },
            Meaning::Refused => Self::Refused { backend, source: Box::new(failure) },
            Meaning::Corrupt => {
                let what = if let Failure::Corrupt(what) = failure { what } else { "a record" };
                Self::Corrupt { backend, what: what.to_owned(), source: Some(Box::new(failure)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(line: &str) -> Failure {
        let value = redis::parse_redis_value(format!("-{line}\r\n").as_bytes()).unwrap();
        Failure::from(value.extract_error().unwrap_err())
    }

    #[test]
    fn what_a_server_says_has_a_meaning() {
        for (line, meaning) in [
            ("LOADING Redis is loading the dataset in memory", Meaning::Unavailable),
            ("CLUSTERDOWN The cluster is down", Meaning::Unavailable),
            ("TRYAGAIN Multiple keys request during rehashing of slot", Meaning::Unavailable),
            ("MOVED 3999 127.0.0.1:6381", Meaning::Unavailable),
            ("READONLY You can't write against a read only replica.", Meaning::Unavailable),
            ("NOREPLICAS Not enough good replicas to write.", Meaning::Unavailable),
            ("BUSY Redis is busy running a script.", Meaning::Unavailable),
            ("ERR max number of clients reached", Meaning::Unavailable),
            ("OOM command not allowed when used memory > 'maxmemory'.", Meaning::Refused),
            ("MISCONF Redis is configured to save RDB snapshots", Meaning::Refused),
            ("NOPERM User x has no permissions", Meaning::Refused),
            ("NOAUTH Authentication required.", Meaning::Refused),
            ("CROSSSLOT Keys in request don't hash to the same slot", Meaning::Refused),
            ("ERR unknown command 'EVALSHA'", Meaning::Refused),
            ("WRONGTYPE Operation against a key holding the wrong kind of value", Meaning::Corrupt),
            ("ERR user_script:9: attempt to perform arithmetic on a nil value", Meaning::Corrupt),
            ("ERR Error running script: @user_script:7: -OOM command not allowed", Meaning::Refused),
            ("ERR Error running script: @user_script:7: -READONLY You can't write", Meaning::Unavailable),
        ] {
            assert_eq!(answered(line).meaning(), meaning, "{line}");
        }
        for (kind, meaning) in [
            (io::ErrorKind::InvalidData, Meaning::Refused),
            (io::ErrorKind::ConnectionReset, Meaning::Unavailable),
            (io::ErrorKind::TimedOut, Meaning::Unavailable),
        ] {
            assert_eq!(Failure::from(RedisError::from(io::Error::from(kind))).meaning(), meaning, "{kind}");
        }
        assert!(answered("NOSCRIPT No matching script.").is_unknown_script());
        assert!(answered("ERR Error running script: @user_script:7: -READONLY You can't write").is_misled());
    }
}
