//! Formats of texts: those that are checked, and by what. Others say something to people alone.

use crate::schema::compiled::Format;

impl Format {
    /// Tells whether a text is of this format.
    pub(super) fn fits(self, text: &str) -> bool {
        match self {
            Self::Email => text.rsplit_once('@').is_some_and(|(name, domain)| {
                let is_blank = |c: char| c.is_whitespace() || c.is_control();
                !name.is_empty() && !text.contains(is_blank) && domain.split('.').all(|label| !label.is_empty())
            }),
            Self::Uri => fluent_uri::Uri::parse(text).is_ok(),
            Self::Date => text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok(),
            Self::DateTime => text.parse::<jiff::Timestamp>().is_ok(),
        }
    }

    /// The format as the end of "… is not …".
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Email => "an email address",
            Self::Uri => "a URI",
            Self::Date => "a date (YYYY-MM-DD)",
            Self::DateTime => "a date and time (RFC 3339)",
        }
    }
}
