//! Check a widget's directory of HTML and make one document of it.
//!
//! - Everything the page loads is found, checked and put into one document. Nothing is guessed, and a file that nothing names is not read.
//! - Mistakes are data: a place, a message and the edit that mends it. Each is found in one pass, once.
//! - No bytes in the directory make it panic, and nothing outside of it is read.
//! - The same files give the same document, byte for byte.
//!
//! ```
//! use pmcp_apps_bundle::{Declared, Identity, Source, bundle};
//!
//! # let crate_dir = tempfile::tempdir().unwrap();
//! # let crate_dir = crate_dir.path();
//! # std::fs::create_dir_all(crate_dir.join("widgets/board")).unwrap();
//! # std::fs::write(crate_dir.join("widgets/board/index.html"), "<!doctype html><html lang=en><head><title>Board</title>\
//! #     <link rel=stylesheet href=style.css></head><body><p>e4</p></body></html>").unwrap();
//! # std::fs::write(crate_dir.join("widgets/board/style.css"), "p { color: red }").unwrap();
//! let source = Source { crate_dir, dir: "widgets/board" };
//! let identity = Identity { name: "board".into(), version: "1".into(), modes: vec!["inline".into()] };
//! let bundle = bundle(&source, &Declared { bridge: Some(identity), ..Declared::default() });
//!
//! assert!(bundle.mistakes.is_empty());
//! assert_eq!(bundle.files, ["widgets/board/index.html", "widgets/board/style.css"]);
//! let document = bundle.document.unwrap();
//! assert!(document.contains("<style>p { color: red }</style>"));
//! ```
//!
//! # Modules
//! `folder` reads files and lets nothing out of the directory. `html`, `style` and `script` find what a text names, each by the rules of its
//! own standard. `document` walks the page and puts one into the other. `checks` are about policies and hosts.

mod bridge;
mod bundling;
mod code;
mod declared;
mod document;
mod folder;
mod hash;
mod html;
mod job;
mod mime;
mod mistake;
mod origin;
mod page;
mod policy;
mod reference;
pub mod script;
mod style;
#[cfg(test)]
mod testing;
mod text;

use std::path::Path;

pub use declared::{Csp, Declared, Identity, Permissions};
pub use hash::hash;
pub use mistake::{Kind, Mistake, Place};
pub use origin::{Refused, check_origin};
pub use page::page;

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

/// Reads, checks, links and inlines a widget's directory.
#[must_use]
pub fn bundle(source: &Source<'_>, declared: &Declared) -> Bundle {
    bundling::bundle(source, declared)
}
