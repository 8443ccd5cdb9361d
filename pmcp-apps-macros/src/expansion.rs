//! Expansions of the macro: `UPDATE_EXPECT=1 cargo test -p pmcp-apps-macros` writes the files.

use std::path::PathBuf;

use expect_test::{ExpectFile, expect_file};
use proc_macro2::TokenStream;

use crate::widget::{Surroundings, expand};

fn tokens(source: &str) -> TokenStream {
    source.parse().unwrap()
}

/// Compares the expansion with the file, where the document, which is the bundler's, is left out.
fn check(args: &str, item: &str, expected: &ExpectFile) {
    let around = Surroundings { crate_dir: PathBuf::from(env!("CARGO_MANIFEST_DIR")), version: "1.2.3".into() };
    let expanded = expand(tokens(args), tokens(item), &around);
    let shown = prettyplease::unparse(&syn::parse2(expanded).unwrap());
    expected.assert_eq(&without_document(&shown));
}

fn without_document(shown: &str) -> String {
    let Some((before, document)) = shown.split_once("document: \"") else { return shown.to_owned() };
    let is_end = |(at, _): &(usize, &str)| !document[..*at].ends_with('\\');
    let (end, _) = document.match_indices('"').find(is_end).unwrap();
    format!("{before}document: \"…{}", &document[end..])
}

#[test]
fn a_widget_with_everything() {
    let args = r#"
        dir = "tests/board", uri = "the-board", title = "Board",
        csp(connect = ["https://api.example.com"], redirect = ["https://shop.example.com"]),
        permissions(geolocation), domain = "board.example.com", border = false,
        tools(move_piece, moves::legal = "legal-moves"), modes("inline", "fullscreen"),
        invoking = "Setting up", invoked = "Set up", budget = "64KiB", crate = crate::apps
    "#;
    let item = "
        /// The board, with its legal moves.
        #[cfg(unix)]
        #[allow(deprecated)]
        #[derive(Clone, Copy)]
        pub(crate) struct Board;
    ";
    check(args, item, &expect_file!["../tests/expand/widget_everything.rs"]);
}

#[test]
fn a_widget_with_nothing() {
    check(r#"dir = "tests/board""#, "struct ChessBoard;", &expect_file!["../tests/expand/widget_nothing.rs"]);
}

#[test]
fn a_mistake_leaves_every_name_in_place() {
    let args = r#"dir = "tests/board", uri = "a b""#;
    check(args, "#[derive(Debug)] pub struct Board;", &expect_file!["../tests/expand/widget_mistake.rs"]);
}
