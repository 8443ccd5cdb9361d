//! `.well-known/openai-apps-challenge`: the token by which a domain is shown to be one's own.

use super::File;
use crate::error::{Error, Result};

/// The most characters of a token.
const LONGEST: usize = 500;

/// The path of the file, on the host of the server.
pub(super) const PATH: &str = ".well-known/openai-apps-challenge";

/// A token that was given out for the server's domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge(String);

impl Challenge {
    /// Takes a token.
    ///
    /// # Errors
    /// It is none.
    pub(crate) fn parse(token: &str) -> Result<Self> {
        let is_one = (1..=LONGEST).contains(&token.len()) && token.chars().all(|c| c.is_ascii_graphic());
        if is_one {
            return Ok(Self(token.to_owned()));
        }
        Err(Error::usage("the challenge is no token")
            .help(format!("it is 1 to {LONGEST} characters without spaces, as the page that submits the app shows it")))
    }

    pub(super) fn file(&self) -> File {
        // The text is compared as it is, so it has no end of a line.
        File::new(PATH, self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_written_as_it_is() {
        assert_eq!(Challenge::parse("aB3-_.=").unwrap().file().bytes, b"aB3-_.=");
        for wrong in ["", "two words", "line\n", "é"] {
            assert!(Challenge::parse(wrong).is_err(), "{wrong:?}");
        }
        assert!(Challenge::parse(&"a".repeat(501)).is_err());
    }
}
