//! A workspace as it is read: its crates, and what its changelogs have under "Unreleased".

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use pmcp_tasks::{ResultExt as _, prelude::*};
use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};
use toml_edit::{DocumentMut, Item, TableLike};

use crate::disk::on_disk;

/// What is read of a workspace.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) crates: Vec<Crate>,
    pub(crate) unreleased: Vec<Change>,
    /// The day it was read, by which the release is named.
    pub(crate) day: String,
}

/// A crate of the workspace.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Crate {
    pub(crate) name: String,
    pub(crate) version: Version,
    /// The manifest, from the root.
    pub(crate) manifest: PathBuf,
    /// The manifest that has the version: the crate's, or that of the workspace.
    pub(crate) versioned_by: PathBuf,
    /// Crates of the workspace that it needs.
    pub(crate) needs: BTreeSet<String>,
}

/// A line of a changelog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Change {
    /// The heading it stands under, such as `Added`.
    pub(crate) kind: String,
    pub(crate) bump: Bump,
    /// The crate it is about; else it counts for each.
    pub(crate) about: Option<String>,
    pub(crate) text: String,
}

/// The part of a version that a change raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Bump {
    Patch,
    Minor,
    Major,
}

impl Bump {
    /// By the heading of Keep a Changelog that a change stands under.
    fn of(heading: &str) -> Option<Self> {
        match heading.to_ascii_lowercase().as_str() {
            "breaking" | "removed" => Some(Self::Major),
            "added" | "changed" | "deprecated" => Some(Self::Minor),
            "fixed" | "security" => Some(Self::Patch),
            _ => None,
        }
    }
}

/// Tables of a manifest that name other crates.
pub(crate) const DEPENDENCIES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// Reads the workspace in this directory.
pub(crate) async fn read(root: &Path) -> Result<Found, ToolError> {
    let root = root.to_owned();
    on_disk(move || found(&root)).await
}

/// Reads a workspace that has something to release.
pub(crate) async fn unreleased(root: &Path) -> Result<Found, ToolError> {
    let found = read(root).await?;
    if found.unreleased.is_empty() {
        let text = "there is nothing to release: no changelog has a line under \"Unreleased\"";
        return Err(ToolError::new(text));
    }
    Ok(found)
}

/// Reads the workspace in this directory, on a thread that may wait.
pub(crate) fn found(root: &Path) -> Result<Found, ToolError> {
    let workspace = manifest(root, Path::new("Cargo.toml"))?;
    let mut crates = Vec::new();
    for path in manifests(root, &workspace)? {
        let document = manifest(root, &path)?;
        let Some(package) = document.get("package") else { continue };
        let name = package.get("name").and_then(Item::as_str).or_tell("a package has no name")?;
        let own = package.get("version").and_then(Item::as_str);
        let inherited = workspace.get("workspace").and_then(|of| of.get("package")?.get("version")?.as_str());
        let version = own.or(inherited).or_tell(&format!("`{name}` has no version"))?;
        let needs = DEPENDENCIES.iter().filter_map(|table| document.get(table)?.as_table_like());
        crates.push(Crate {
            name: name.to_owned(),
            version: version.parse().context(format!("`{version}` of `{name}` is no version"))?,
            versioned_by: if own.is_some() { path.clone() } else { "Cargo.toml".into() },
            manifest: path,
            needs: needs.flat_map(TableLike::iter).map(|(name, _)| name.to_owned()).collect(),
        });
    }
    let names: BTreeSet<_> = crates.iter().map(|of| of.name.clone()).collect();
    for of in &mut crates {
        of.needs.retain(|name| names.contains(name));
    }
    let mut unreleased = Vec::new();
    for (path, owner) in changelogs(root, &crates) {
        let text = fs::read_to_string(root.join(&path)).context("a changelog cannot be read")?;
        unreleased.extend(changes(&text, owner, &names)?);
    }
    Ok(Found { crates, unreleased, day: today() })
}

/// A manifest of the workspace.
pub(crate) fn manifest(root: &Path, path: &Path) -> Result<DocumentMut, ToolError> {
    let shown = path.display();
    let text = fs::read_to_string(root.join(path)).context(format!("`{shown}` cannot be read"))?;
    text.parse().context(format!("`{shown}` is not a manifest"))
}

/// The manifests of the members, from the root.
fn manifests(root: &Path, workspace: &DocumentMut) -> Result<Vec<PathBuf>, ToolError> {
    let members = workspace.get("workspace").and_then(|of| of.get("members")?.as_array());
    let mut found = vec![PathBuf::from("Cargo.toml")];
    for member in members.into_iter().flatten().filter_map(toml_edit::Value::as_str) {
        let Some(parent) = member.strip_suffix("/*") else {
            found.push(Path::new(member).join("Cargo.toml"));
            continue;
        };
        for entry in fs::read_dir(root.join(parent)).context(format!("`{parent}` cannot be read"))? {
            let manifest = Path::new(parent).join(entry?.file_name()).join("Cargo.toml");
            if root.join(&manifest).is_file() {
                found.push(manifest);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The changelogs there are, from the root: that of the workspace, and those of crates.
pub(crate) fn changelogs<'a>(root: &Path, crates: &'a [Crate]) -> Vec<(PathBuf, Option<&'a str>)> {
    let of_crates = crates.iter().filter_map(|of| {
        let directory = of.manifest.parent().filter(|directory| *directory != Path::new(""))?;
        Some((directory.join("CHANGELOG.md"), Some(of.name.as_str())))
    });
    let all = std::iter::once((PathBuf::from("CHANGELOG.md"), None)).chain(of_crates);
    all.filter(|(path, _)| root.join(path).is_file()).collect()
}

/// What a changelog has under this heading; releases are named by versions or by days.
pub(crate) fn section<'a>(changelog: &'a str, name: &str) -> Result<Option<&'a str>, ToolError> {
    let mut parser = parse_changelog::Parser::new();
    parser.version_format(r"^(\d+\.\d+\.\d+\S*|\d{4}-\d{2}-\d{2}|Unreleased)$")?;
    let mut sections = parser.parse_iter(changelog);
    Ok(sections.find(|release| release.version == name).map(|release| release.notes))
}

/// The changes under "Unreleased": what they are is said by the heading they stand under, or by a bold word in front.
fn changes(changelog: &str, owner: Option<&str>, names: &BTreeSet<String>) -> Result<Vec<Change>, ToolError> {
    let mut changes: Vec<Change> = Vec::new();
    let mut under = ("Fixed", Bump::Patch);
    for line in section(changelog, "Unreleased")?.unwrap_or_default().lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            let heading = heading.trim();
            under = (heading, Bump::of(heading).or_tell(&format!("a changelog has the heading `{heading}`"))?);
        } else if let Some(entry) = line.strip_prefix("- ") {
            let bold = entry.strip_prefix("**").and_then(|rest| rest.split_once("**"));
            let marked = bold.and_then(|(word, rest)| Some(((word, Bump::of(word)?), rest.trim_start())));
            let ((kind, bump), text) = match marked {
                Some(marked) => marked,
                None => (under, entry),
            };
            let subject = text.strip_prefix('`').and_then(|rest| rest.split_once("`: "));
            let (about, text) = match subject.filter(|(name, _)| names.contains(*name)) {
                Some((name, rest)) => (Some(name), rest),
                None => (owner, text),
            };
            let [kind, text] = [kind, text].map(str::to_owned);
            changes.push(Change { kind, bump, about: about.map(str::to_owned), text });
        } else if let (Some(last), true) = (changes.last_mut(), line.starts_with("  ")) {
            last.text = format!("{} {}", last.text, line.trim());
        }
    }
    Ok(changes)
}

/// Today in UTC, as changelogs write days.
fn today() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()
}

/// An error of our own where something is missing.
pub(crate) trait Missing<T> {
    /// The value, or an error with this text.
    fn or_tell(self, text: &str) -> Result<T, ToolError>;
}

impl<T> Missing<T> for Option<T> {
    fn or_tell(self, text: &str) -> Result<T, ToolError> {
        self.ok_or_else(|| ToolError::new(text))
    }
}
