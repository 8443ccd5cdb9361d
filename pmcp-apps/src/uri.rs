//! The URIs of a widget's document.
//!
//! Hosts keep documents by their URI, so a released one has a name of its own: a hash of all that a host is told. While a widget is
//! developed the name stays. Whoever comes with an older name gets the document of today.

use pmcp_apps_bundle::hash;

use crate::WidgetDefinition;

/// The name of a document that is made anew at each read.
const IN_DEVELOPMENT: &str = "dev";

impl WidgetDefinition {
    /// The URI of its document, as it is listed.
    #[must_use]
    pub fn uri(&self) -> String {
        let name = if self.source.is_some() {
            IN_DEVELOPMENT.to_owned()
        } else {
            let told = serde_json::Value::from(self.resource_meta()).to_string();
            format!("{:016x}", hash(&[self.document.as_bytes(), told.as_bytes()]))
        };
        format!("ui://{}/{}/{name}.html", self.package, self.name)
    }

    /// Tells whether this is a URI of its document, of whichever version.
    #[must_use]
    pub fn has_uri(&self, uri: &str) -> bool {
        let name = uri
            .strip_prefix("ui://")
            .and_then(|rest| rest.strip_prefix(self.package))
            .and_then(|rest| rest.strip_prefix('/'))
            .and_then(|rest| rest.strip_prefix(self.name))
            .and_then(|rest| rest.strip_prefix('/'))
            .and_then(|rest| rest.strip_suffix(".html"));
        name.is_some_and(|name| !name.is_empty() && name.bytes().all(is_part_of_name))
    }
}

/// Names of documents have nothing that means something in a path, or could be encoded.
fn is_part_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{WidgetSource, fixture::board};

    #[test]
    fn a_release_is_named_by_all_that_a_host_is_told() {
        let name = |widget: &WidgetDefinition| widget.uri();
        let first = name(&board());
        let hash = first.strip_prefix("ui://chess/board/").and_then(|rest| rest.strip_suffix(".html")).unwrap();
        assert_eq!(hash.len(), 16, "{first}");
        assert_eq!(first, name(&board()), "the same is the same");
        assert_ne!(first, name(&WidgetDefinition { document: "<!doctype html>", ..board() }));
        assert_ne!(first, name(&WidgetDefinition { border: Some(true), ..board() }));
        // What only tools are told of changes nothing of the document.
        assert_eq!(first, name(&WidgetDefinition { invoking: Some("Setting up"), ..board() }));
    }

    #[test]
    fn a_build_for_development_keeps_its_name() {
        let source = WidgetSource { crate_dir: "/crate", dir: "widgets/board" };
        assert_eq!(WidgetDefinition { source: Some(source), ..board() }.uri(), "ui://chess/board/dev.html");
    }

    #[test]
    fn every_version_of_a_document_is_known_and_nothing_else() {
        let board = board();
        for uri in ["dev", "0123456789abcdef", "v1", "a-b_c"].map(|name| format!("ui://chess/board/{name}.html")) {
            assert!(board.has_uri(&uri), "{uri}");
        }
        assert!(board.has_uri(&board.uri()));
        for uri in [
            "ui://chess/board/.html",
            "ui://chess/board/..html",
            "ui://chess/board/../x.html",
            "ui://chess/../board/x.html",
            "ui://chess/board/a/b.html",
            "ui://chess/board/a%2fb.html",
            "ui://chess/board/%64ev.html",
            "ui://chess/board/x.html?y=.html",
            "ui://chess/board/x.HTML",
            "ui://chess/board/x",
            "ui://chess/boards/x.html",
            "ui://chess2/board/x.html",
            "UI://chess/board/x.html",
            "ui://app/../x",
            "file:///chess/board/x.html",
            "",
        ] {
            assert!(!board.has_uri(uri), "{uri}");
        }
    }
}
