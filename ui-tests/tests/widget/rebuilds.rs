//! Files of a widget that change between builds, and what is left of the machine in a release.
//!
//! The crate brings a stand-in for `pmcp-apps` of its own, so that no more than the macro has to be built.

use std::{fs, path::PathBuf};

use super::fixture::{Tested, Workspace};

/// A program that prints its document, and says where it would read it from.
const MAIN: &str = r#"
#[expect(dead_code)]
mod apps {
    pub mod __private {
        pub struct WidgetDefinition {
            pub package: &'static str,
            pub version: &'static str,
            pub name: &'static str,
            pub title: Option<&'static str>,
            pub description: Option<&'static str>,
            pub csp: Csp,
            pub permissions: Permissions,
            pub domain: Option<&'static str>,
            pub border: Option<bool>,
            pub tools: &'static [&'static str],
            pub modes: &'static [&'static str],
            pub invoking: Option<&'static str>,
            pub invoked: Option<&'static str>,
            pub bridge: bool,
            pub budget: usize,
            pub document: &'static str,
            pub source: Option<WidgetSource>,
        }
        pub struct WidgetSource {
            pub crate_dir: &'static str,
            pub dir: &'static str,
        }
        pub struct Csp {
            pub connect: &'static [&'static str],
            pub resource: &'static [&'static str],
            pub frame: &'static [&'static str],
            pub base_uri: &'static [&'static str],
            pub redirect: &'static [&'static str],
        }
        pub struct Permissions {
            pub camera: bool,
            pub microphone: bool,
            pub geolocation: bool,
            pub clipboard_write: bool,
        }
        pub use std::collections::BTreeMap as Map;
        pub type Value = ();
        impl WidgetDefinition {
            pub fn fill_tool(&self, _: &mut Map<String, Value>) {}
        }
        pub trait ToolWidget {
            fn fill(meta: &mut Map<String, Value>);
        }
        pub trait Widget: ToolWidget {
            fn definition() -> &'static WidgetDefinition;
        }
        pub fn no_widget() -> &'static WidgetDefinition {
            unimplemented!()
        }
    }
}

#[pmcp_apps_macros::widget(dir = "widgets/board", crate = crate::apps)]
struct Board;

fn main() {
    let widget = <Board as apps::__private::Widget>::definition();
    let source = widget.source.as_ref().map_or("", |source| source.crate_dir);
    println!("{source}\n{}", widget.document);
}
"#;

const INDEX: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<title>Board</title>\n<link rel=\"stylesheet\" href=\"board.css\">\n\
    </head>\n<body>\n<p>e4</p>\n<script type=\"module\" src=\"board.js\"></script>\n</body>\n</html>\n";

/// A workspace with that program, and the folder of its widget.
fn program(name: &str) -> Result<(Workspace, PathBuf), Box<dyn std::error::Error>> {
    let workspace = Workspace::new(name)?;
    let files = [
        ("src/main.rs", MAIN),
        ("widgets/board/index.html", INDEX),
        ("widgets/board/board.css", "p { background: url(board.svg) }\n"),
        ("widgets/board/board.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>\n"),
        ("widgets/board/board.js", "import { move } from \"./move.js\";\nmove();\n"),
        ("widgets/board/move.js", "export function move() { return \"first\"; }\n"),
        ("widgets/board/notes.txt", "not reached\n"),
    ];
    let folder = workspace.add("program", &["pmcp-apps-macros"], &files)?;
    Ok((workspace, folder.join("widgets/board")))
}

/// Builds, and runs what was built.
fn build(workspace: &Workspace) -> Result<String, Box<dyn std::error::Error>> {
    let built = workspace.cargo(&["build", "--quiet"])?;
    if !built.status.success() {
        return Err(String::from_utf8(built.stderr)?.into());
    }
    let program = workspace.folder.join("target/debug").join(format!("program{}", std::env::consts::EXE_SUFFIX));
    Ok(String::from_utf8(std::process::Command::new(program).output()?.stdout)?)
}

#[test]
fn a_file_that_changes_goes_or_comes_is_seen_by_the_next_build() -> Tested {
    let (workspace, board) = program("rebuilds")?;
    assert!(build(&workspace)?.contains("first"));

    // A module that only another one names.
    fs::write(board.join("move.js"), "export function move() { return \"second\"; }\n")?;
    assert!(build(&workspace)?.contains("second"));

    // A file that nothing names is none of the build's.
    fs::write(board.join("notes.txt"), "changed\n")?;
    let checked = workspace.cargo(&["build", "--verbose"])?;
    assert!(String::from_utf8(checked.stderr)?.contains("Fresh program"));

    // A file that a style sheet names is gone, is still gone, and is back.
    let svg = fs::read_to_string(board.join("board.svg"))?;
    fs::remove_file(board.join("board.svg"))?;
    for _ in 0..2 {
        let error = build(&workspace).unwrap_err().to_string();
        assert!(error.contains("widgets/board/board.css:1:") && error.contains("board.svg"), "{error}");
    }
    fs::write(board.join("board.svg"), svg)?;
    assert!(build(&workspace)?.contains("second"));

    // The whole directory goes, and comes back.
    let away = board.with_file_name("away");
    fs::rename(&board, &away)?;
    let error = build(&workspace).unwrap_err().to_string();
    assert!(error.contains("widget directory `widgets/board` does not exist"), "{error}");
    fs::rename(&away, &board)?;
    assert!(build(&workspace)?.contains("second"));

    // A file with a mistake is tracked, too.
    fs::write(board.join("index.html"), INDEX.replace("<p>e4</p>", "<p><b>e4</p>"))?;
    assert!(build(&workspace).is_err());
    fs::write(board.join("index.html"), INDEX.replace("e4", "d4"))?;
    assert!(build(&workspace)?.contains("d4"));
    Ok(())
}

#[test]
fn a_release_knows_nothing_of_the_machine_it_was_built_on() -> Tested {
    let (workspace, board) = program("release")?;
    let folder =
        board.ancestors().nth(2).ok_or("a crate is in a folder")?.to_str().ok_or("a path is a text")?.to_owned();
    assert!(build(&workspace)?.starts_with(&folder), "in development the directory is named");
    let built = workspace.cargo(&["build", "--quiet", "--release"])?;
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let program = workspace.folder.join("target/release").join(format!("program{}", std::env::consts::EXE_SUFFIX));
    let bytes = fs::read(&program)?;
    assert!(!bytes.windows(folder.len()).any(|window| window == folder.as_bytes()));
    let printed = String::from_utf8(std::process::Command::new(program).output()?.stdout)?;
    assert!(printed.starts_with("\n<!doctype html>"), "{printed}");
    Ok(())
}
