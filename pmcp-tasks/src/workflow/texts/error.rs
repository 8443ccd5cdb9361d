//! Reason why arguments could not be read, in words for whoever gave them.

use std::fmt;

use serde::de::Error;

use crate::{error::plain, protocol::bounds::shortened};

/// The longest part of an argument that is repeated.
const REPEATED: usize = 80;

/// Reason why an argument cannot be read.
#[derive(Debug)]
pub(super) enum Misread {
    /// It is about the place inside the argument, which goes before the words: `.from`, `[1]`.
    Inside { place: String, message: String },
    /// It says of which argument.
    Placed(String),
}

impl Misread {
    pub(super) fn new(message: impl fmt::Display) -> Self {
        Self::Inside { place: String::new(), message: message.to_string() }
    }

    /// The text is not of this kind.
    pub(super) fn text(text: &str, kind: &str) -> Self {
        if text.trim().is_empty() {
            return Self::new(format_args!("it is empty, and {kind} is needed"));
        }
        Self::new(format_args!("`{}` is not {kind}", shortened(text.trim(), REPEATED)))
    }

    /// The text is no word for a flag.
    pub(super) fn flag(text: &str) -> Self {
        Self::new(format_args!("`{}` is neither `true` nor `false`", shortened(text.trim(), REPEATED)))
    }

    /// There is no such argument.
    pub(super) fn unknown(name: &str, known: &[&str]) -> Self {
        // Comparing costs its length.
        let name = &*shortened(name, REPEATED);
        Self::Placed(match (near(name, known), known) {
            (Some(meant), _) => format!("unknown argument `{name}`; did you mean `{meant}`?"),
            (None, []) => format!("unknown argument `{name}`; the workflow takes none"),
            (None, known) => format!("unknown argument `{name}`; the workflow takes `{}`", known.join("`, `")),
        })
    }

    /// The text is none of these.
    pub(super) fn choice(text: &str, known: &[&str]) -> Self {
        let listed = format!("`{}`", known.join("`, `"));
        let text = &*shortened(text.trim(), REPEATED);
        if text.is_empty() {
            return Self::new(format_args!("it is empty, and one of {listed} is needed"));
        }
        let meant = near(text, known).map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
        Self::new(format_args!("`{text}` is none of {listed}{meant}"))
    }

    /// The same of a part of the argument.
    pub(super) fn inside(self, part: impl fmt::Display) -> Self {
        match self {
            Self::Inside { place, message } => Self::Inside { place: format!("{part}{place}"), message },
            placed @ Self::Placed(_) => placed,
        }
    }

    /// The same of an argument, or of what goes by another word.
    pub(super) fn of(self, what: &str, name: &str) -> Self {
        match self {
            Self::Inside { place, message } => Self::Placed(format!("{what} `{name}{place}`: {message}")),
            placed @ Self::Placed(_) => placed,
        }
    }
}

fn near<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let scored = known.iter().map(|known| (strsim::jaro_winkler(name, known), *known));
    scored.filter(|(score, _)| *score > 0.8).max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, meant)| meant)
}

impl fmt::Display for Misread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inside { message, .. } | Self::Placed(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Misread {}

impl Error for Misread {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(plain(&message.to_string()))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Placed(format!("argument `{field}` is missing"))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::unknown(field, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::choice(variant, expected)
    }
}
