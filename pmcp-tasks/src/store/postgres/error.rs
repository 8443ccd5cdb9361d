//! Failures of PostgreSQL, by meaning, in words that carry no secret and nothing of what is stored.

use std::{error::Error, fmt};

use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

use crate::store::StoreError;

/// The backend's name, in errors.
pub(super) const NAME: &str = "postgres";

/// Result of this module's functions.
pub(super) type Result<T, E = Failure> = std::result::Result<T, E>;

/// A failure, and what it means.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
pub(super) struct Failure {
    words: String,
    meaning: Meaning,
    /// Set if the connection is of no use any more.
    pub(super) is_final: bool,
    /// Set if all connections may be of no use.
    pub(super) is_everywhere: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Unavailable,
    Refused,
    Corrupt,
}

impl Failure {
    fn new(words: impl Into<String>, meaning: Meaning) -> Self {
        Self { words: words.into(), meaning, is_final: false, is_everywhere: false }
    }

    /// Something that another try cannot help.
    pub(super) fn refused(words: impl Into<String>) -> Self {
        Self::new(words, Meaning::Refused)
    }

    /// Something that was written is not what was read.
    pub(super) fn corrupt(words: impl Into<String>) -> Self {
        Self::new(words, Meaning::Corrupt)
    }

    /// No answer came in time.
    pub(super) fn late(what: &str) -> Self {
        let words = format!("{what} in time");
        Self { is_final: true, is_everywhere: true, ..Self::new(words, Meaning::Unavailable) }
    }

    /// Something that another try may help.
    pub(super) fn unavailable(words: impl Into<String>) -> Self {
        Self::new(words, Meaning::Unavailable)
    }

    /// The same, told of something that was done.
    pub(super) fn of(self, what: &str) -> Self {
        Self { words: format!("{what}: {}", self.words), ..self }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(told) = error.as_db_error() else { return of_the_driver(&error) };
        // Neither its detail nor its hint, which may quote what was to be stored.
        let words = format!("{} (SQLSTATE {})", told.message(), told.code().code());
        let (meaning, is_final, is_everywhere) = meaning(told.code());
        Self { words, meaning, is_final, is_everywhere }
    }
}

/// The meaning of a code, and whether the connection, or all of them, are of no use any more.
fn meaning(code: &SqlState) -> (Meaning, bool, bool) {
    match code.code() {
        // Its server has become a replica: another one takes writes now.
        "25006" => (Meaning::Unavailable, true, true),
        // What was prepared is not what the server has.
        "0A000" | "26000" => (Meaning::Unavailable, true, false),
        "XX001" | "XX002" => (Meaning::Corrupt, false, false),
        // 57014: cancelled, as after `statement_timeout`. XX000: changed under its hands, as by a grant.
        "40001" | "40P01" | "55P03" | "57014" | "53200" | "53300" | "XX000" => (Meaning::Unavailable, false, false),
        code if code.starts_with("57P") => (Meaning::Unavailable, true, true),
        code if code.starts_with("08") => (Meaning::Unavailable, true, false),
        // An earlier statement of the transaction failed, and its reason is told where it did.
        code if code.starts_with("25") => (Meaning::Unavailable, true, false),
        _ => (Meaning::Refused, false, false),
    }
}

fn of_the_driver(error: &tokio_postgres::Error) -> Failure {
    let words = chain(error);
    // The driver does not tell the kinds of its errors apart but by these words.
    if ["error serializing", "expected ", "error performing TLS", "authentication error", "invalid "]
        .iter()
        .any(|kind| words.starts_with(kind))
    {
        return Failure { is_final: true, ..Failure::refused(words) };
    }
    if ["error deserializing", "error retrieving", "query returned"].iter().any(|kind| words.starts_with(kind)) {
        return Failure::corrupt(words);
    }
    Failure { is_final: true, ..Failure::unavailable(words) }
}

/// An error and its causes, each once.
fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        cause = error.source();
    }
    words
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => Self::from(error).of("cannot connect"),
            PoolError::Timeout(_) => Self::late("no connection was free"),
            error => Self::unavailable(chain(&error)),
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure.meaning {
            Meaning::Unavailable => Self::Unavailable { backend: NAME, source: Box::new(failure) },
            Meaning::Refused => Self::Refused { backend: NAME, source: Box::new(failure) },
            Meaning::Corrupt => {
                Self::Corrupt { backend: NAME, what: "what is stored".to_owned(), source: Some(Box::new(failure)) }
            }
        }
    }
}

/// A number that PostgreSQL, whose numbers have a sign, does not take.
pub(super) fn too_many_bits(what: impl fmt::Display) -> Failure {
    Failure::refused(format!("{what} has more than 63 bits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_meanings() {
        for (codes, expected) in [
            (
                &["08006", "40001", "40P01", "55P03", "57014", "57P01", "53300", "25006", "26000", "XX000"][..],
                "unavailable",
            ),
            (&["28P01", "42501", "42P01", "3D000", "53100", "23505"], "refused"),
            (&["XX001", "XX002"], "corrupt"),
        ] {
            for code in codes {
                let (meaning, ..) = meaning(&SqlState::from_code(code));
                assert_eq!(StoreError::from(Failure::new("as told", meaning)).code(), expected, "{code}");
            }
        }
    }
}
