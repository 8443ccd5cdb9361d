//! `cargo pmcp app new`, outside of a package.

use std::fs;

use snapbox::{assert_data_eq, str};

use crate::{files, pmcp};

#[test]
fn an_app_is_made_whole() {
    let folder = tempfile::tempdir().unwrap();
    pmcp(folder.path()).args(["app", "new", "chess"]).assert().success().stdout_eq("").stderr_eq(str![[r#"
     Created chess (12 files)
       Using pmcp by path, [..]
        Next cd chess && cargo pmcp preview

"#]]);
    assert_data_eq!(
        files(folder.path()).join("\n"),
        str![[r#"
chess/.gitignore
chess/Cargo.toml
chess/README.md
chess/src/lib.rs
chess/src/main.rs
chess/src/tea.rs
chess/tests/widget.rs
chess/widgets/chess/app.js
chess/widgets/chess/index.html
chess/widgets/chess/jsconfig.json
chess/widgets/chess/mcp.d.ts
chess/widgets/chess/style.css
"#]]
    );
}

#[test]
fn a_second_one_in_the_same_place_leaves_the_first() {
    let folder = tempfile::tempdir().unwrap();
    pmcp(folder.path()).args(["app", "new", "chess", "--quiet"]).assert().success().stderr_eq("");
    let main = folder.path().join("chess/src/main.rs");
    fs::write(&main, "// mine").unwrap();
    pmcp(folder.path()).args(["app", "new", "chess"]).assert().code(2).stderr_eq(str![[r#"
error: `chess` exists already
help: choose another name, or remove it first

"#]]);
    assert_eq!(fs::read_to_string(main).unwrap(), "// mine");
}

#[test]
fn names_that_lead_elsewhere_or_mean_something_else_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("inside");
    fs::create_dir(&inside).unwrap();
    let refused = |name: &str| pmcp(&inside).args(["app", "new", "--", name]).assert().code(2).stdout_eq("");
    refused("../x").stderr_eq(str![[r#"
error: `../x` leaves the directory that it begins in
help: go to the directory that is to have it, and name a path without `..`

"#]]);
    refused("-x").stderr_eq(str![[r#"
error: `-x` does not begin with a letter
help: name it `x`

"#]]);
    refused("move").stderr_eq(str![[r#"
error: `move` is a keyword of Rust
help: choose another name, such as `move-app`

"#]]);
    refused("test").stderr_eq(str![[r#"
error: `test` is a name that Rust and Cargo have for something of their own
help: choose another name, such as `test-app`

"#]]);
    refused("serde").stderr_eq(str![[r#"
error: `serde` is a crate that the app depends on
help: choose another name, such as `serde-app`

"#]]);
    refused("My App").stderr_eq(str![[r#"
error: `My App` has ` ` in it
help: name it `my-app`

"#]]);
    refused(".").stderr_eq(str![[r#"
error: `.` has no name of its own
help: name a directory that is to be made, such as `my-app`

"#]]);
    for name in ["a/../../x", "..", "", "x\"\n[dependencies]\nevil = \"1\"", "$(touch x)", "x;y"] {
        refused(name);
    }
    assert_eq!(files(folder.path()), [""; 0]);
}

#[test]
fn an_option_that_is_none_is_not_a_name() {
    let folder = tempfile::tempdir().unwrap();
    pmcp(folder.path()).args(["app", "new", "-x"]).assert().code(2).stderr_eq(str![[r#"
error: `-x` is not expected here
help: it is used as `cargo pmcp app new [OPTIONS] <PATH>`

"#]]);
    pmcp(folder.path()).args(["app", "new"]).assert().code(2).stderr_eq(str![[r#"
error: `<PATH>` is missing
help: it is used as `cargo pmcp app new <PATH>`

"#]]);
    assert_eq!(files(folder.path()), [""; 0]);
}

#[test]
fn the_crates_come_from_where_one_says() {
    let folder = tempfile::tempdir().unwrap();
    let new = |arguments: &[&str]| pmcp(folder.path()).args(["app", "new"]).args(arguments).assert();
    let manifest = |name: &str| fs::read_to_string(folder.path().join(name).join("Cargo.toml")).unwrap();

    new(&["a", "--pmcp", "git:https://example.com/pmcp#v0.1"]).success().stderr_eq(str![[r#"
     Created a (12 files)
       Using pmcp by git, https://example.com/pmcp at v0.1
        Next cd a && cargo pmcp preview

"#]]);
    let line = r#"pmcp-server = { git = "https://example.com/pmcp", rev = "v0.1", features = ["testing"] }"#;
    assert!(manifest("a").contains(line), "{}", manifest("a"));

    fs::create_dir_all(folder.path().join("copy/pmcp-server")).unwrap();
    fs::write(folder.path().join("copy/pmcp-server/Cargo.toml"), "").unwrap();
    new(&["apps/b", "--pmcp", "path:copy"]).success();
    let line = r#"pmcp-server = { path = "../../copy/pmcp-server", features = ["log"] }"#;
    assert!(manifest("apps/b").contains(line), "{}", manifest("apps/b"));

    new(&["c", "--pmcp", "path:nowhere"]).code(2).stderr_eq(str![[r#"
error: `nowhere` has no `pmcp-server` in it
help: name the directory of the whole repository, as `git clone` makes it

"#]]);
    new(&["c", "--pmcp", "https://example.com/pmcp"]).code(2).stderr_eq(str![[r#"
error: `https://example.com/pmcp` is no value of `--pmcp <SOURCE>`: it is neither `path:DIR` nor `git:URL`, to which `#REV` may be added, such as `path:../pmcp`
help: with `--help` the command tells what it takes

"#]]);
    assert!(!folder.path().join("c").exists());
}

#[test]
fn a_title_is_text_in_every_file() {
    let folder = tempfile::tempdir().unwrap();
    let title = r#"Tea & "more" </title><script>"#;
    pmcp(folder.path()).args(["app", "new", "tea", "--title", title]).assert().success();
    let text = |path: &str| fs::read_to_string(folder.path().join("tea").join(path)).unwrap();
    let page = text("widgets/tea/index.html");
    assert!(page.contains(r#"<title>Tea &amp; "more" &lt;/title&gt;&lt;script&gt;</title>"#), "{page}");
    assert!(text("src/lib.rs").contains(r#"title = "Tea & \"more\" </title><script>","#));
    assert!(text("src/lib.rs").contains("pub struct TeaWidget;"), "the template has a `Tea` of its own");

    pmcp(folder.path()).args(["app", "new", "x", "--title", "  "]).assert().code(2).stderr_eq(str![[r#"
error: `  ` is no value of `--title <TITLE>`: it is empty
help: with `--help` the command tells what it takes

"#]]);
}

#[test]
fn a_workspace_that_does_not_have_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Cargo.toml"), "[workspace]\nresolver = \"3\"\nmembers = [\"apps/*\"]\n").unwrap();
    let checkout = concat!("path:", env!("CARGO_MANIFEST_DIR"), "/..");
    pmcp(folder.path()).args(["app", "new", "apps/one", "--pmcp", checkout]).assert().success().stderr_eq(str![[r#"
     Created apps/one (12 files)
       Using pmcp by path, [..]
        Next cd apps/one && cargo pmcp preview

"#]]);
    pmcp(folder.path()).args(["app", "new", "two", "--pmcp", checkout]).assert().success().stderr_eq(str![[r#"
     Created two (12 files)
       Using pmcp by path, [..]
warning: the workspace in `[..]` has no `two` among its `members`: add it, else cargo builds none of it
        Next cd two && cargo pmcp preview

"#]]);
}

#[test]
fn the_help_tells_both_things_it_makes() {
    let folder = tempfile::tempdir().unwrap();
    pmcp(folder.path()).args(["app", "new", "-h"]).assert().success().stderr_eq("").stdout_eq(str![[r#"
Make a new app, or in a package a new widget

Usage: cargo pmcp app new [OPTIONS] <PATH>

Arguments:
  <PATH>  The directory to make

Options:
...
      --title <TITLE>  A title for people, in place of the name
      --pmcp <SOURCE>  The place that a new app takes the crates from, `path:DIR` or
                       `git:URL[#REV]`, in place of the one that this program came from
  -q, --quiet          Tell errors only
  -h, --help           Print help (see more with '--help')

"#]]);
}
