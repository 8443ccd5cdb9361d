//! A widget's directory, and the outcome of a look at it.

use std::path::Path;

use crate::mistake::Mistake;

/// A widget's directory.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Directory of the crate's `Cargo.toml`.
    pub crate_dir: &'a Path,
    /// Path of the widget's directory from there, as the attribute has it.
    pub dir: &'a str,
}

/// The outcome of a look at a directory.
#[derive(Clone, Debug, Default)]
pub struct Bundle {
    /// The document, if no mistake is an error.
    pub document: Option<String>,
    /// Errors, or warnings if there is none: advice is told once the files can be read whole.
    pub mistakes: Vec<Mistake>,
    /// Every file that was read, as a path from the crate's directory with `/` between its parts, sorted. A build depends on them.
    pub files: Vec<String>,
}
