//! Directories of widgets for tests.

#![expect(dead_code, reason = "each test uses a part")]
#![expect(clippy::unwrap_used, reason = "these are parts of tests")]

use std::{fs, path::Path};

use pmcp_apps_bundle::{Bundle, Declared, Identity, Kind, Source, bundle};
use tempfile::TempDir;

/// A widget's directory `w` in a crate's directory, and its attribute.
#[derive(Debug)]
pub(crate) struct Widget {
    pub(crate) crate_dir: TempDir,
    pub(crate) declared: Declared,
}

/// A page whose body begins at line 2.
pub(crate) fn page(body: &str) -> String {
    format!("<!doctype html><html lang=\"en\"><head><title>t</title></head><body>\n{body}\n</body></html>\n")
}

pub(crate) fn identity() -> Identity {
    Identity {
        name: "board".to_owned(),
        version: "1.0".to_owned(),
        modes: vec!["inline".to_owned(), "fullscreen".to_owned()],
    }
}

impl Widget {
    /// A widget with files below `w`.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let widget = Self { crate_dir: tempfile::tempdir().unwrap(), declared: Declared::default() };
        fs::create_dir(widget.path("w")).unwrap();
        for (path, text) in files {
            widget.write(path, text);
        }
        widget
    }

    /// A widget of a page with this body.
    pub(crate) fn body(body: &str) -> Self {
        Self::new(&[("index.html", &page(body))])
    }

    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.write(path, content);
        self
    }

    pub(crate) fn declare(mut self, change: impl FnOnce(&mut Declared)) -> Self {
        change(&mut self.declared);
        self
    }

    pub(crate) fn path(&self, path: &str) -> std::path::PathBuf {
        self.crate_dir.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path("w").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Replaces the only place of a text in a file.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path("w").join(path)).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{from:?} in {text:?}");
        self.write(path, text.replace(from, to));
    }

    pub(crate) fn bundle(&self) -> Bundle {
        bundle_of(self.crate_dir.path(), "w", &self.declared)
    }

    /// The mistakes as a compiler shows them, without the widget's directory.
    pub(crate) fn told(&self) -> Vec<String> {
        self.bundle().mistakes.iter().map(shown).collect()
    }

    /// The document of a directory without mistakes.
    pub(crate) fn document(&self) -> String {
        let bundle = self.bundle();
        assert_eq!(bundle.mistakes, []);
        bundle.document.unwrap()
    }
}

pub(crate) fn bundle_of(crate_dir: &Path, dir: &str, declared: &Declared) -> Bundle {
    bundle(&Source { crate_dir, dir }, declared)
}

pub(crate) fn shown(mistake: &pmcp_apps_bundle::Mistake) -> String {
    let kind = if mistake.kind == Kind::Warning { "warning: " } else { "" };
    format!("{kind}{mistake}\nhelp: {}", mistake.help)
}
