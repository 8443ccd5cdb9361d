//! `cargo pmcp app new` in a package.

use std::{fs, path::Path};

use pmcp_apps_bundle::{Declared, Identity, Source, bundle};
use snapbox::{assert_data_eq, str};
use tempfile::TempDir;

use crate::{files, pmcp};

fn package(dependencies: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let manifest = format!("[package]\nname = \"chess\"\n\n[dependencies]\n{dependencies}");
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    folder
}

#[test]
fn a_widget_is_made_where_the_attribute_names_it() {
    let folder = package("pmcp-server = \"0.1\"\n");
    pmcp(folder.path()).args(["app", "new", "widgets/game-board"]).assert().success().stdout_eq("").stderr_eq(str![[r#"
     Created widgets/game-board (5 files)
        Next write `#[widget(dir = "widgets/game-board")] struct GameBoard;`, `widget = GameBoard` on the tool that opens it, and `.widget::<GameBoard>()` on the server

"#]]);
    assert_data_eq!(
        files(&folder.path().join("widgets")).join("\n"),
        str![[r#"
game-board/app.js
game-board/index.html
game-board/jsconfig.json
game-board/mcp.d.ts
game-board/style.css
"#]]
    );
    let declared = Declared { bridge: Some(Identity::default()), ..Declared::default() };
    let made = bundle(&Source { crate_dir: folder.path(), dir: "widgets/game-board" }, &declared);
    assert!(made.mistakes.is_empty(), "the compiler takes it as it is: {:?}", made.mistakes);
    assert!(made.document.unwrap().contains("<h1>Game board</h1>"));

    pmcp(folder.path()).args(["app", "new", "widgets/game-board"]).assert().code(2);
}

#[test]
fn the_attribute_s_path_is_that_from_the_manifest_wherever_one_is() {
    let folder = package("pmcp-server = \"0.1\"\n");
    let told = |directory: &Path, path: &str| {
        let output = pmcp(directory).args(["app", "new", path]).output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(told(&folder.path().join("src"), "pages/board").contains("dir = \"src/pages/board\""));
    assert!(told(Path::new("/"), folder.path().join("widgets/x").to_str().unwrap()).contains("dir = \"widgets/x\""));
}

#[test]
fn a_package_that_serves_no_widgets_is_told() {
    let folder = package("");
    pmcp(folder.path()).args(["app", "new", "widgets/x"]).assert().success().stderr_eq(str![[r#"
     Created widgets/x (5 files)
warning: the package in `[..]` does not depend on `pmcp-server`, which serves widgets
        Next write `#[widget(dir = "widgets/x")] struct X;`, `widget = X` on the tool that opens it, and `.widget::<X>()` on the server

"#]]);
}

#[test]
fn what_only_an_app_has_is_refused() {
    let folder = package("pmcp-server = \"0.1\"\n");
    pmcp(folder.path()).args(["app", "new", "x", "--pmcp", "git:https://example.com/x"]).assert().code(2).stderr_eq(
        str![[r#"
error: `--pmcp` is for a new app, and `x` lies in a package
help: leave it out for a widget of that package, or name a path outside of it

"#]],
    );
    pmcp(folder.path()).args(["app", "new", "widgets/a b"]).assert().code(2).stderr_eq(str![[r#"
error: `a b` has ` ` in it
help: name it `a-b`

"#]]);
    assert_eq!(files(folder.path()), ["Cargo.toml"]);
}
