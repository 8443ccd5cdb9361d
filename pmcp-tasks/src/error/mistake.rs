//! Mistakes of the program.

use std::{error::Error, fmt};

/// A mistake of the program, not of its data or of what it runs on: whoever wrote it reads about it where the tool fails.
#[derive(Debug)]
pub(crate) struct Mistake {
    /// The names of what it is about, and what is wrong.
    about: String,
    /// The part that is wrong, which may be named by data: it is for the log alone.
    place: Option<String>,
    text: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Mistake {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { about: String::new(), place: None, text: text.into(), source: None }
    }

    /// One with a cause, which goes to the log alone.
    pub(crate) fn caused(text: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..Self::new(text) }
    }

    /// The same of a part of a value, which the text goes on about.
    pub(crate) fn of(self, place: String) -> Self {
        Self { place: Some(place), ..self }
    }

    /// The same with the name of what it is about.
    pub(crate) fn about(self, what: impl fmt::Display) -> Self {
        Self { about: format!("{what}: {}", self.about), ..self }
    }

    /// What clients may see of it.
    pub(crate) fn told(&self) -> String {
        let Self { about, text, .. } = self;
        if self.place.is_some() { format!("{about}it {text}") } else { format!("{about}{text}") }
    }

    /// The one that an error is, or comes of.
    pub(crate) fn behind<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        let mut error = Some(error);
        while let Some(current) = error {
            if let Some(mistake) = current.downcast_ref() {
                return Some(mistake);
            }
            error = current.source();
        }
        None
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { about, place, text, .. } = self;
        f.write_str(about)?;
        if let Some(place) = place {
            write!(f, "{place} ")?;
        }
        f.write_str(text)
    }
}

impl Error for Mistake {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
