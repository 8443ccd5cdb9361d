//! A new app, built as it is: without a network, with our lints, by its own tests, and the types of its page.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use snapbox::str;

use crate::pmcp;

/// The workspace.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The tables of a manifest whose names begin so, under names of a package.
fn tables(manifest: &str, beginning: &str, renamed: impl Fn(&str) -> String) -> String {
    let mut tables = String::new();
    let mut is_in = false;
    for line in manifest.lines() {
        if let Some(name) = line.strip_prefix('[') {
            is_in = name.starts_with(beginning);
            if is_in {
                tables.extend(["\n[", &renamed(name), "\n"]);
            }
        } else if is_in {
            tables.push_str(line);
            tables.push('\n');
        }
    }
    tables
}

/// The directory that this test is built into, so that what is there is not built again.
fn target() -> PathBuf {
    // target/debug/deps/scaffold-…
    env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned()
}

/// What cargo, and what starts it, is told.
fn surroundings() -> [(&'static str, PathBuf); 2] {
    [("CARGO_TARGET_DIR", target()), ("CARGO_NET_OFFLINE", "true".into())]
}

fn cargo(directory: &Path, arguments: &str) {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // The variables of the cargo that runs this test are about another package.
    command.env_remove("CARGO_MANIFEST_DIR").envs(surroundings());
    let output = command.args(arguments.split(' ')).current_dir(directory).output().unwrap();
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).join("\n");
    assert!(output.status.success(), "cargo {arguments}: {said}");
}

#[test]
fn a_new_app_passes_its_tests_and_our_lints_without_a_network() {
    let folder = tempfile::tempdir().unwrap();
    pmcp(folder.path()).args(["app", "new", "tea-house", "--title", "Tea & \"more\""]).assert().success();
    let app = folder.path().join("tea-house");
    let workspace = fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).unwrap();

    // Versions and profiles of the workspace, with which most of it has been built.
    fs::copy(Path::new(ROOT).join("Cargo.lock"), app.join("Cargo.lock")).unwrap();
    let profiles = tables(&workspace, "profile.dev", str::to_owned);
    let lints = tables(&workspace, "workspace.lints.", |name| name.trim_start_matches("workspace.").to_owned());
    assert!(profiles.contains("debug") && lints.contains("pedantic"), "{profiles}{lints}");
    let manifest = fs::read_to_string(app.join("Cargo.toml")).unwrap();
    fs::write(app.join("Cargo.toml"), manifest + &profiles + &lints).unwrap();

    cargo(&app, "fmt --check");
    cargo(&app, "clippy --quiet --all-targets -- -D warnings");
    cargo(&app, "test --quiet");

    // The rules for hosts, of which it breaks none that matters.
    pmcp(&app).args(["app", "check"]).envs(surroundings()).env("CI", "1").assert().success().stdout_eq("");

    // The types of its page, which those tests compare, too.
    cargo(&app, "build --quiet");
    let types = |arguments: &[&str]| pmcp(&app).args(["app", "types"]).args(arguments).envs(surroundings()).assert();
    let file = app.join("widgets/tea-house/mcp.d.ts");
    let current = fs::read_to_string(&file).unwrap();
    fs::write(&file, current.replace("minutes: number", "hours: number")).unwrap();
    // Between the lines cargo may say that it waits for another one.
    types(&["--check"]).code(1).stdout_eq("").stderr_eq(str![[r#"
    Building tea-house v0.1.0
...
error: `widgets/tea-house/mcp.d.ts` is not of the tools as they are
help: run `cargo pmcp app types`

"#]]);
    types(&[]).success().stdout_eq("").stderr_eq(str![[r#"
    Building tea-house v0.1.0
...
       Wrote widgets/tea-house/mcp.d.ts

"#]]);
    assert_eq!(fs::read_to_string(&file).unwrap(), current);
    types(&["--check"]).success().stderr_eq(str![[r#"
    Building tea-house v0.1.0
...
     Current widgets/tea-house/mcp.d.ts

"#]]);
    types(&["--release"]).code(2).stderr_eq(str![[r#"
error: a release does not know the directories of its widgets
help: leave out `--release`

"#]]);
}
