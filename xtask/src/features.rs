//! Each feature of each library crate compiles alone, so that features stay additive, and its documentation is quiet.

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::command::{cargo, output, run};

pub(crate) const HELP: &str = "\
Compile and document each library crate with no features, with its default ones, and with each feature alone; warnings are
errors.

Usage: cargo xtask features
";

/// Checks every set of every crate, and fails naming those that do not compile.
pub(crate) fn check_each_alone() -> anyhow::Result<()> {
    let metadata = output(&mut cargo("metadata --no-deps --format-version 1"))?;
    let metadata = serde_json::from_str(&metadata).context("the metadata of cargo is not JSON")?;
    let mut failed = Vec::new();
    for (package, sets) in feature_sets(&metadata) {
        for set in sets {
            // Clippy, not check: it can deny warnings in our crates without building the dependencies again. Only those
            // of the compiler, such as dead code, are of interest; `lint` has the others.
            let mut command = cargo("clippy --quiet --package");
            command.arg(&package).args(set.split_whitespace());
            command.args(["--", "-A", "clippy::all", "-A", "clippy::pedantic", "-D", "warnings"]);
            if run(&mut command).is_err() {
                failed.push(format!("{package} {set}"));
            }
            // A link to what a feature brings is broken without it.
            let mut command = cargo("doc --quiet --no-deps --package");
            command.arg(&package).args(set.split_whitespace()).env("RUSTDOCFLAGS", "-D warnings");
            if run(&mut command).is_err() {
                failed.push(format!("the documentation of {package} {set}"));
            }
        }
    }
    if !failed.is_empty() {
        bail!("these do not compile cleanly:\n  {}", failed.join("\n  "));
    }
    Ok(())
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
