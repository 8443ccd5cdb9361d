//! The tool that writes a release: each file by rename, and as often as it is called.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use pmcp_tasks::{ResultExt as _, prelude::*};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml_edit::{DocumentMut, Item, TableLike};

use crate::{
    disk::on_disk,
    propose::Next,
    workspace::{self, DEPENDENCIES, Missing as _, changelogs, manifest, section},
};

/// The time each file takes, so that there is a middle to stop the server in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace(pub(crate) Duration);

/// What the tool wrote.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Written {
    /// The files that have the release, from the root.
    pub(crate) files: Vec<String>,
}

/// Write a release: the versions into the manifests, the notes into the changelog.
#[task_tool(idempotent, on_crash = "restart", timeout = "5m")]
pub(crate) async fn write_release(
    /// The workspace's directory.
    root: PathBuf,
    /// The next versions.
    versions: Vec<Next>,
    /// The notes, in Markdown.
    notes: String,
    /// The day the release is named by, such as `2026-09-14`.
    day: String,
    cx: ToolContext,
    State(pace): State<Pace>,
) -> Result<Written, ToolError> {
    let (at, mut written) = (root.clone(), Vec::new());
    let files = on_disk(move || edited(&at, &versions, &notes, &day)).await?;
    let all = files.len();
    for (path, text) in files {
        let shown = path.display().to_string();
        let (file, told) = (root.join(path), format!("`{shown}` cannot be written"));
        if on_disk(move || replace(&file, &text).context(told)).await? {
            cx.sleep(pace.0).await?;
        }
        written.push(shown);
        cx.progress(written.len(), all).await;
    }
    Ok(Written { files: written })
}

/// Puts a whole file in the place of another, so that nobody ever reads half of it. What was written before the process died stands:
/// then there is nothing to do.
fn replace(path: &Path, text: &str) -> std::io::Result<bool> {
    if fs::read_to_string(path)? == text {
        return Ok(false);
    }
    let mut new = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(path))?;
    new.write_all(text.as_bytes())?;
    new.as_file().sync_all()?;
    fs::set_permissions(new.path(), fs::metadata(path)?.permissions())?;
    new.persist(path)?;
    Ok(true)
}

/// Every file of the release, as it is to be.
fn edited(root: &Path, versions: &[Next], notes: &str, day: &str) -> Result<BTreeMap<PathBuf, String>, ToolError> {
    let found = workspace::found(root)?;
    let mut documents: BTreeMap<PathBuf, DocumentMut> = BTreeMap::new();
    for path in found.crates.iter().flat_map(|of| [&of.manifest, &of.versioned_by]) {
        documents.insert(path.clone(), manifest(root, path)?);
    }
    for next in versions {
        let of = found.crates.iter().find(|of| of.name == next.name);
        let of = of.or_tell(&format!("there is no crate `{}`", next.name))?;
        if of.version != next.from && of.version != next.to {
            return Err(ToolError::new(format!("`{}` is {} by now, and not {}", of.name, of.version, next.from)));
        }
        for (path, document) in &mut documents {
            if *path == of.versioned_by {
                let package = [&["package"][..], &["workspace", "package"]].map(|keys| table(document, keys).is_some());
                let keys = if package[0] { &["package"][..] } else { &["workspace", "package"] };
                set(table(document, keys), "version", &next.to.to_string());
            }
            for tables in DEPENDENCIES.map(|name| vec![name]).into_iter().chain([vec!["workspace", "dependencies"]]) {
                let of = table(document, &tables).and_then(|table| table.get_mut(&next.name)?.as_table_like_mut());
                set(of.filter(|of| of.contains_key("path")), "version", &next.to.to_string());
            }
        }
    }
    let mut files: BTreeMap<_, _> = documents.into_iter().map(|(path, text)| (path, text.to_string())).collect();
    for (path, _) in changelogs(root, &found.crates) {
        let text = fs::read_to_string(root.join(&path)).context("a changelog cannot be read")?;
        files.insert(path, with_release(&text, versions, notes, day)?);
    }
    Ok(files)
}

/// The table under these keys.
fn table<'a>(document: &'a mut DocumentMut, keys: &[&str]) -> Option<&'a mut dyn TableLike> {
    let mut table = document.as_table_mut() as &mut dyn TableLike;
    for key in keys {
        table = table.get_mut(key)?.as_table_like_mut()?;
    }
    Some(table)
}

/// Sets a text that is there, and leaves what stands around it: spaces, comments, the `=` of a requirement.
fn set(table: Option<&mut (dyn TableLike + '_)>, key: &str, text: &str) {
    let value = table.and_then(|table| table.get_mut(key)).and_then(Item::as_value_mut);
    if let Some(value) = value.filter(|value| value.is_str()) {
        let exact = if value.as_str().is_some_and(|old| old.starts_with('=')) { "=" } else { "" };
        let around = value.decor().clone();
        *value = format!("{exact}{text}").into();
        *value.decor_mut() = around;
    }
}

/// The changelog with what was unreleased under the name of the release, behind the notes, which are quoted: no heading of theirs
/// is one of the changelog's.
fn with_release(changelog: &str, versions: &[Next], notes: &str, day: &str) -> Result<String, ToolError> {
    let quoted = notes.trim().lines().map(|line| format!("> {line}").trim_end().to_owned() + "\n").collect::<String>();
    match (section(changelog, day)?, section(changelog, "Unreleased")?) {
        (Some(release), _) if release.contains(quoted.trim_end()) => return Ok(changelog.to_owned()),
        (_, unreleased) if unreleased.is_none_or(|changes| changes.trim().is_empty()) => {
            return Ok(changelog.to_owned());
        }
        (Some(_), _) => {
            return Err(ToolError::new(format!("there is a release of {day} already: give it another day")));
        }
        (None, _) => {}
    }
    let heading = changelog.split_inclusive('\n').find(|line| line.starts_with("## ") && line.contains("Unreleased"));
    let heading = heading.or_tell("a changelog has nothing unreleased")?;
    let (before, after) = changelog.split_once(heading).or_tell("a changelog has nothing unreleased")?;
    let list = versions.iter().map(|next| format!("- `{}` {} (was {})\n", next.name, next.to, next.from));
    let list = list.collect::<String>();
    Ok(format!("{before}{heading}\n## [{day}]\n\n{quoted}\n{list}{after}"))
}
