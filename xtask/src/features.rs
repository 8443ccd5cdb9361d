//! Each feature of each library crate compiles alone, so that features stay additive, and its documentation is quiet; the store
//! in SQLite keeps its contract with the lowest and the highest version of its crate, so that a program may use either,
//! and who does without it builds none of it.

use std::fs;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::command::{cargo, output, root, run, run_tests, target_directory};
use crate::report::Counts;

pub(crate) const HELP: &str = "\
Compile and document each library crate with no features, with its default ones, and with each feature alone; warnings are
errors. Then look that without the feature nothing of SQLite is built, test the store with the lowest and the highest version of
rusqlite, and find versions for the server beside other crates that link SQLite.

Usage: cargo xtask features
";

/// Crates that no default feature brings: clients of services.
const NOT_BY_DEFAULT: [&str; 1] = ["tokio-postgres"];

/// Checks every set of every crate, and fails naming those that do not compile.
pub(crate) fn check_each_alone(counts: &mut Counts) -> anyhow::Result<()> {
    for package in ["pmcp-server", "pmcp-tasks"] {
        let tree = output(cargo("tree --edges normal,build --prefix none --package").arg(package))?;
        let brought = |name: &&str| tree.lines().any(|line| line.split(' ').next() == Some(name));
        if let Some(name) = NOT_BY_DEFAULT.iter().copied().find(brought) {
            bail!("{package} brings {name} by default");
        }
    }
    let metadata = output(&mut cargo("metadata --no-deps --format-version 1"))?;
    let metadata = serde_json::from_str(&metadata).context("the metadata of cargo is not JSON")?;
    for (package, sets) in feature_sets(&metadata) {
        for set in sets {
            // Clippy, not check: it can deny warnings in our crates without building the dependencies again. Only those
            // of the compiler, such as dead code, are of interest; `lint` has the others.
            let mut command = cargo("clippy --quiet --package");
            command.arg(&package).args(set.split_whitespace());
            command.args(["--", "-A", "clippy::all", "-A", "clippy::pedantic", "-D", "warnings"]);
            if run(&mut command).is_err() {
                counts.failures.push(format!("{package} {set}"));
            }
            // A link to what a feature brings is broken without it.
            let mut command = cargo("doc --quiet --no-deps --package");
            command.arg(&package).args(set.split_whitespace()).env("RUSTDOCFLAGS", "-D warnings");
            if run(&mut command).is_err() {
                counts.failures.push(format!("the documentation of {package} {set}"));
            }
        }
    }
    counts.failed = counts.failures.len() as u64;
    if counts.failed > 0 {
        bail!("these do not compile cleanly:\n  {}", counts.failures.join("\n  "));
    }
    Ok(())
}

/// Crates that come with a store on a service, and only with its feature.
const OF_SERVICES: &[&str] = &["aws-"];

/// Looks that who does not ask for a store on a service builds nothing of it.
pub(crate) fn check_services() -> anyhow::Result<()> {
    for package in ["pmcp-server", "pmcp-tasks"] {
        let mut command = cargo("tree --edges normal,build --prefix none --package");
        let tree = output(command.arg(package))?;
        if let Some(found) = tree.lines().find(|line| OF_SERVICES.iter().any(|name| line.starts_with(name))) {
            bail!("{package} builds {found} though nobody asked for it");
        }
    }
    Ok(())
}

/// Crates that link SQLite as well, of which a program can have one beside the server.
const NEIGHBOURS: &[(&str, &str)] = &[
    ("sqlx-0.9", r#"sqlx = { version = "0.9", features = ["sqlite"] }"#),
    ("diesel-2", r#"diesel = { version = "2", features = ["sqlite"] }"#),
    ("sea-orm-2", r#"sea-orm = { version = "2", features = ["sqlx-sqlite"] }"#),
];

/// A test of every rule that stores keep.
const CONTRACT: &str = r#"pmcp_tasks::storage_contract!(
    sqlite,
    pmcp_tasks::store::SqliteBackend::open(tempfile::tempdir().unwrap().path().join("tasks.db")).await.unwrap()
);
"#;

/// Tests the store at both ends of the range of rusqlite, and looks that it is not built without its feature.
pub(crate) fn check_sqlite(counts: &mut Counts) -> anyhow::Result<()> {
    for package in ["pmcp-server", "pmcp-tasks"] {
        let mut command = cargo("tree --no-default-features --edges normal,build --prefix none --package");
        if output(command.arg(package))?.lines().any(|line| line.starts_with("rusqlite ")) {
            bail!("{package} builds SQLite without its feature");
        }
    }
    let manifest = fs::read_to_string(root().join("Cargo.toml"))?;
    let target = target_directory()?;
    for version in ends(&manifest).context("the workspace has no range of versions of rusqlite")? {
        let tasks =
            r#"pmcp-tasks = { path = "PATH/pmcp-tasks", default-features = false, features = ["sqlite", "testing"] }"#;
        let version_of = format!("rusqlite = \"{version}\"");
        let directory = user(&format!("rusqlite{version}"), &[tasks, &version_of, "tempfile = \"3\""])?;
        fs::write(directory.join("src/lib.rs"), CONTRACT)?;
        // The other dependencies as they are: they have been built.
        fs::copy(root().join("Cargo.lock"), directory.join("Cargo.lock"))?;
        run_tests(cargo("test --quiet --lib --target-dir").arg(&target).current_dir(&directory), counts)?;
    }
    Ok(())
}

/// Finds versions for the server beside its neighbours, by what the registry has today: no part of the tests, which do not
/// depend on what others publish.
pub(crate) fn find_neighbours() -> anyhow::Result<()> {
    for (name, neighbour) in NEIGHBOURS {
        let directory = user(name, &[r#"pmcp-server = { path = "PATH/pmcp-server" }"#, neighbour])?;
        run(cargo("generate-lockfile --quiet").current_dir(&directory)).with_context(|| format!("beside {name}"))?;
    }
    Ok(())
}

/// The requirements of the lowest and the highest version that the workspace takes.
fn ends(manifest: &str) -> Option<[String; 2]> {
    let line = manifest.lines().find(|line| line.starts_with("rusqlite = "))?;
    let (_, range) = line.split_once("\">=")?;
    let (low, rest) = range.split_once(", <0.")?;
    let (end, _) = rest.split_once('"')?;
    Some([format!("={low}.0"), format!("0.{}", end.parse::<u32>().ok()?.checked_sub(1)?)])
}

/// Makes a crate that depends on these, with `PATH` for the workspace: where it is.
fn user(name: &str, dependencies: &[&str]) -> anyhow::Result<std::path::PathBuf> {
    let directory = target_directory()?.join("xtask").join(name);
    fs::create_dir_all(directory.join("src"))?;
    fs::write(directory.join("src/lib.rs"), "")?;
    let head = "[workspace]\n[package]\nname = \"user\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[dependencies]\n";
    let path = root().to_string_lossy().replace('\\', "/");
    fs::write(directory.join("Cargo.toml"), head.to_owned() + &dependencies.join("\n").replace("PATH", &path))?;
    Ok(directory)
}

/// The library crates, each with the options of every set of features to check.
fn feature_sets(metadata: &Value) -> Vec<(String, Vec<String>)> {
    let libraries = entries(&metadata["packages"]).iter().filter(|package| {
        entries(&package["targets"])
            .iter()
            .flat_map(|target| entries(&target["kind"]))
            .any(|kind| kind == "lib" || kind == "proc-macro")
    });
    libraries
        .filter_map(|package| {
            let mut sets = vec!["--no-default-features".to_owned()];
            // `default` is among them.
            let alone = |feature| format!("--no-default-features --features {feature}");
            sets.extend(package["features"].as_object()?.keys().map(alone));
            Some((package["name"].as_str()?.to_owned(), sets))
        })
        .collect()
}

fn entries(array: &Value) -> &[Value] {
    array.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_ends_of_a_range_are_found() {
        let manifest = "serde = \"1\"\nrusqlite = { version = \">=0.38, <0.44\", features = [\"bundled\"] }\n";
        assert_eq!(ends(manifest), Some(["=0.38.0".to_owned(), "0.43".to_owned()]));
        assert_eq!(ends("rusqlite = \"0.41\""), None);
        assert!(ends(&fs::read_to_string(root().join("Cargo.toml")).unwrap()).is_some());
    }

    #[test]
    fn libraries_are_checked_with_each_feature_alone() {
        let metadata = json!({ "packages": [
            { "name": "app", "features": {}, "targets": [{ "kind": ["bin"] }] },
            { "name": "plain", "features": {}, "targets": [{ "kind": ["proc-macro"] }] },
            {
                "name": "rich",
                "features": { "default": ["a"], "a": [], "b": [] },
                "targets": [{ "kind": ["test"] }, { "kind": ["lib"] }],
            },
        ]});
        let sets: Vec<_> = feature_sets(&metadata)
            .into_iter()
            .flat_map(|(name, sets)| sets.into_iter().map(move |set| format!("{name} {set}")))
            .collect();
        expect_test::expect![[r#"
            plain --no-default-features
            rich --no-default-features
            rich --no-default-features --features a
            rich --no-default-features --features b
            rich --no-default-features --features default"#]]
        .assert_eq(&sets.join("\n"));
    }
}
