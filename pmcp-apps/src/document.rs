//! The document of a widget: as it was compiled, or in development as its directory is now.

use std::{borrow::Cow, path::Path};

use pmcp_apps_bundle::{Kind, Mistake, Source, bundle, page};

use crate::{WidgetDefinition, WidgetSource};

impl WidgetDefinition {
    /// The document. In a build for development it is made of the directory's files; mistakes in them are a page that tells them,
    /// and go to the log. Where there is no such directory it is the document that was compiled.
    ///
    /// It reads files: call it where that may block.
    #[must_use]
    pub fn document(&self) -> Cow<'static, str> {
        self.source.and_then(|source| self.bundled(source)).map_or(Cow::Borrowed(self.document), Cow::Owned)
    }

    fn bundled(&self, WidgetSource { crate_dir, dir }: WidgetSource) -> Option<String> {
        let crate_dir = Path::new(crate_dir);
        if !crate_dir.join(dir).is_dir() {
            return None;
        }
        let bundle = bundle(&Source { crate_dir, dir }, &self.declared());
        for mistake in &bundle.mistakes {
            told(self.name, mistake);
        }
        Some(bundle.document.unwrap_or_else(|| page(&bundle.mistakes)))
    }
}

fn told(widget: &str, mistake: &Mistake) {
    let help = &mistake.help;
    match mistake.kind {
        Kind::Error => tracing::error!(widget, help, "{mistake}"),
        Kind::Warning => tracing::warn!(widget, help, "{mistake}"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;
    use crate::fixture::board;

    const PAGE: &str = "<!doctype html><html lang=en><head><title>Board</title></head><body><p>e4</p></body></html>";

    fn on_disk() -> (TempDir, WidgetDefinition) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("board")).unwrap();
        fs::write(folder.path().join("board/index.html"), PAGE).unwrap();
        let crate_dir = folder.path().to_str().unwrap().to_owned().leak();
        let widget = WidgetDefinition { source: Some(WidgetSource { crate_dir, dir: "board" }), ..board() };
        (folder, widget)
    }

    #[test]
    fn in_development_the_document_is_what_the_files_are_now() {
        let (folder, widget) = on_disk();
        assert!(widget.document().contains("<p>e4</p>"));
        fs::write(folder.path().join("board/index.html"), PAGE.replace("e4", "d4")).unwrap();
        assert!(widget.document().contains("<p>d4</p>"));
    }

    #[test]
    fn a_mistake_is_a_page_that_tells_it_without_the_machine_s_paths() {
        let (folder, widget) = on_disk();
        fs::write(folder.path().join("board/index.html"), PAGE.replace("<p>", "<p><img src=no.svg alt=''>")).unwrap();
        let shown = widget.document();
        assert!(shown.contains("board/index.html:1:") && shown.contains("no.svg"), "{shown}");
        assert!(!shown.contains(folder.path().to_str().unwrap()), "{shown}");
    }

    #[test]
    fn elsewhere_than_where_it_was_built_a_widget_has_the_document_of_then() {
        let (folder, widget) = on_disk();
        fs::remove_dir_all(folder.path()).unwrap();
        assert_eq!(widget.document(), widget.document);
    }
}
