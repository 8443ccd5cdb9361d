//! The files of a new app and of a new widget: those in `templates/`, which are built and tested there as they are, with four words in them
//! that stand for others.

use super::name;

/// A file of a template, by its path from the template's directory.
struct File {
    path: &'static str,
    text: &'static str,
}

macro_rules! files {
    ($folder:literal: $($path:literal),* $(,)?) => {
        &[$(File { path: $path, text: include_str!(concat!("../../../templates/", $folder, "/", $path)) }),*]
    };
}

const APP: &[File] = files!("app":
    ".gitignore",
    "Cargo.toml",
    "README.md",
    "src/lib.rs",
    "src/main.rs",
    "src/tea.rs",
    "tests/widget.rs",
    "widgets/app-name/app.js",
    "widgets/app-name/index.html",
    "widgets/app-name/jsconfig.json",
    "widgets/app-name/mcp.d.ts",
    "widgets/app-name/style.css",
);

const WIDGET: &[File] = files!("widget": "app.js", "index.html", "style.css");

/// The settings for editors, which are the same for every page.
const JSCONFIG: &str = include_str!("../../../templates/app/widgets/app-name/jsconfig.json");

/// The types of the bridge.
const BRIDGE: &str = include_str!("../../../pmcp-apps/src/bridge.d.ts");

// The words that stand for others.
const NAME: &str = "app-name";
const IDENT: &str = "app_name";
const TYPE: &str = "AppName";
const TITLE: &str = "App title";
const DEPENDENCY: &str = "path = \"../../pmcp-server\"";

/// A file that is to be written: its path from the new directory, with `/`, and its text.
pub(crate) type Written = (String, String);

/// The files of an app: `dependency` tells in TOML where `pmcp-server` comes from.
pub(crate) fn app(name: &str, title: &str, dependency: &str) -> Vec<Written> {
    let (ident, type_name) = (name::ident(name), name::type_name(name, is_taken));
    APP.iter()
        .map(|file| {
            let title = escaped(title, file.path);
            let words = [(NAME, name), (IDENT, &ident), (TYPE, &type_name), (TITLE, &title), (DEPENDENCY, dependency)];
            (filled(file.path, &words), filled(file.text, &words))
        })
        .collect()
}

/// The files of a widget.
pub(crate) fn widget(title: &str) -> Vec<Written> {
    let filled = |file: &File| (file.path.to_owned(), filled(file.text, &[(TITLE, &escaped(title, file.path))]));
    let mut files: Vec<Written> = WIDGET.iter().map(filled).collect();
    files.push(("jsconfig.json".to_owned(), JSCONFIG.to_owned()));
    // Until a server writes those of its tools.
    let types = format!("{}\n\n/** The bridge to the host. */\ndeclare const mcp: Mcp;\n", BRIDGE.trim_end());
    files.push(("mcp.d.ts".to_owned(), types));
    files
}

/// Tells whether the template's own code has a type of this name.
fn is_taken(type_name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    APP.iter()
        .filter(|file| ending(file.path) == "rs")
        .any(|file| file.text.split(|c| !is_part(c)).any(|word| word == type_name))
}

/// The end of a file's name, which tells what is in it.
fn ending(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, ending)| ending)
}

/// The text as a file of this kind has it.
fn escaped(text: &str, path: &str) -> String {
    match ending(path) {
        "html" => text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
        "rs" => text.replace('\\', "\\\\").replace('"', "\\\""),
        _ => text.to_owned(),
    }
}

/// Puts values in the place of words. What a value has in it stays.
fn filled(text: &str, words: &[(&str, &str)]) -> String {
    let (mut filled, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((at, word, value)) =
        words.iter().filter_map(|(word, value)| Some((rest.find(word)?, word, value))).min_by_key(|(at, ..)| *at)
    {
        filled.push_str(&rest[..at]);
        filled.push_str(value);
        rest = &rest[at + word.len()..];
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    fn text<'a>(files: &'a [Written], path: &str) -> &'a str {
        &files.iter().find(|(found, _)| found == path).unwrap_or_else(|| panic!("{path} is missing")).1
    }

    /// Every file below a directory, by its path from there.
    fn found(directory: &Path, prefix: &str, all: &mut BTreeSet<String>) {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().unwrap().is_dir() {
                found(&entry.path(), &format!("{path}/"), all);
            } else {
                all.insert(path);
            }
        }
    }

    #[test]
    fn every_file_of_the_templates_is_written() {
        let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates");
        for (folder, files) in [("app", APP), ("widget", WIDGET)] {
            let mut there = BTreeSet::new();
            found(&templates.join(folder), "", &mut there);
            // It is for the workspace, in which others have other settings.
            there.remove("rustfmt.toml");
            assert_eq!(files.iter().map(|file| file.path.to_owned()).collect::<BTreeSet<_>>(), there);
        }
    }

    #[test]
    fn no_word_that_stands_for_another_is_left() {
        let files = app("chess-club", "Chess", "git = \"https://example.com/pmcp\"");
        for (path, text) in &files {
            for word in [NAME, IDENT, TYPE, TITLE, "../../pmcp-server"] {
                assert!(!path.contains(word) && !text.contains(word), "{path} has `{word}`");
            }
        }
        let manifest = text(&files, "Cargo.toml");
        assert!(manifest.contains("name = \"chess-club\""), "{manifest}");
        let dependency = "pmcp-server = { git = \"https://example.com/pmcp\", features = [\"log\"] }";
        assert!(manifest.contains(dependency), "{manifest}");
        let library = text(&files, "src/lib.rs");
        assert!(
            library.contains("dir = \"widgets/chess-club\"") && library.contains("pub struct ChessClub;"),
            "{library}"
        );
        assert!(text(&files, "src/main.rs").contains("chess_club::server()"));
        assert!(text(&files, "widgets/chess-club/index.html").contains("<title>Chess</title>"));
    }

    #[test]
    fn a_title_stays_a_title_in_every_file() {
        let files = app("x", r#"<b> "App title" & app-name \"#, "version = \"1\"");
        let page = text(&files, "widgets/x/index.html");
        assert!(page.contains(r#"<h1>&lt;b&gt; "App title" &amp; app-name \</h1>"#), "{page}");
        let library = text(&files, "src/lib.rs");
        assert!(library.contains(r#"title = "<b> \"App title\" & app-name \\","#), "{library}");
    }

    #[test]
    fn a_type_of_the_template_s_own_is_not_there_twice() {
        for (name, expected) in [("tea", "TeaWidget"), ("server", "ServerWidget"), ("chess", "Chess")] {
            let files = app(name, "X", "version = \"1\"");
            let library = text(&files, "src/lib.rs");
            assert!(library.contains(&format!("pub struct {expected};")), "{library}");
        }
    }

    #[test]
    fn a_widget_has_the_types_of_the_bridge_from_the_beginning() {
        let files = widget("Board <1>");
        assert!(text(&files, "index.html").contains("<title>Board &lt;1&gt;</title>"));
        assert!(text(&files, "mcp.d.ts").ends_with("declare const mcp: Mcp;\n"));
        assert!(text(&files, "jsconfig.json").contains("checkJs"));
    }
}
