//! Mistakes of the program.

use std::{error::Error, fmt};

/// A mistake of the program, not of its data or of what it runs on: whoever wrote it reads about it where the tool fails, so its
/// text tells nothing that clients must not see.
#[derive(Debug)]
pub(crate) struct Mistake {
    text: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Mistake {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), source: None }
    }

    /// One with a cause, which goes to the log alone.
    pub(crate) fn caused(text: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { text: text.into(), source: Some(source.into()) }
    }

    /// The same with the name of what it is about.
    pub(crate) fn about(self, what: impl fmt::Display) -> Self {
        Self { text: format!("{what}: {}", self.text), ..self }
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
        f.write_str(&self.text)
    }
}

impl Error for Mistake {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
