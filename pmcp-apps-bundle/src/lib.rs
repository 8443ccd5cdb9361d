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
//! own standard. `document` walks the page and puts one into the other. `job` follows every address, `policy` and `code` know what hosts block, and
//! `secrets` what nobody may see.

mod bridge;
mod bundling;
mod by_name;
mod code;
mod declared;
mod document;
mod edits;
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
mod secrets;
mod served;
mod source;
mod style;
#[cfg(test)]
mod testing;
mod text;

pub use bundling::bundle;
pub use declared::{Csp, Declared, Identity, Permissions};
pub use hash::hash;
pub use mistake::{Fault, Kind, Mistake, Place, Topic};
pub use origin::{Refused, check_origin};
pub use page::page;
pub use served::check_served;
pub use source::{Bundle, Source};
pub use text::escape_html;
