//! The tool: it indexes the files of a directory.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use pmcp_tasks::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use walkdir::{DirEntry, WalkDir};

/// Number of files read between two reports of progress.
const BATCH: usize = 16;

/// The directory the server may read; nothing outside it is.
#[derive(Clone, Debug)]
pub(crate) struct Root(pub(crate) Arc<Path>);

/// Progress that the client sees while the index grows.
#[derive(TaskVariables, Default)]
pub(crate) struct IndexState {
    files: u64,
    words: u64,
    /// The client may write a label that the report repeats.
    #[variable(client_writable)]
    label: String,
}

/// Question to the user when there are hidden files.
#[derive(Form)]
struct HiddenFiles {
    /// Count hidden files too
    include: bool,
}

/// Contents of the index.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct IndexReport {
    /// Files that were read.
    pub(crate) files: u64,
    /// Words in them.
    pub(crate) words: u64,
    /// Files and words by file type, with the most words first.
    pub(crate) types: Vec<FileType>,
    /// The largest files, largest first.
    pub(crate) largest: Vec<LargeFile>,
    /// Hidden files that were left out.
    pub(crate) hidden_left_out: u64,
    /// The label the client wrote.
    pub(crate) label: String,
}

/// Files of one type.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct FileType {
    /// The ending of their names.
    pub(crate) name: String,
    /// Number of them.
    pub(crate) files: u64,
    /// Words in them; files that are not text have none.
    pub(crate) words: u64,
}

/// A file and its size.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct LargeFile {
    /// Its path below the indexed directory.
    pub(crate) path: String,
    /// Its size in bytes.
    pub(crate) bytes: u64,
}

/// Counts that one batch of files adds.
#[derive(Default, Serialize, Deserialize)]
struct Batch {
    types: BTreeMap<String, (u64, u64)>,
    sizes: Vec<LargeFile>,
}

/// Index the files of a directory: words by file type, and the largest files.
#[task_tool(support = "optional", ttl = "1h", on_crash = "restart", read_only)]
pub(crate) async fn index_files(
    /// The directory, relative to the one that is served.
    #[arg(default = String::from("."))]
    directory: String,
    /// How many of the largest files to name.
    #[arg(default = 5)]
    largest: usize,
    task: TaskContext<IndexState>,
    State(root): State<Root>,
) -> Result<IndexReport, ToolError> {
    let directory = within(&root, &directory)?;
    let (mut files, hidden) = task.step("walk", || walk(directory.clone())).await?;
    let mut report = IndexReport { hidden_left_out: hidden.len() as u64, ..IndexReport::default() };
    if !hidden.is_empty() && include_hidden(&task, hidden.len()).await? {
        files.extend(hidden);
        report.hidden_left_out = 0;
    }
    let mut types = BTreeMap::<String, (u64, u64)>::new();
    let mut sizes = Vec::new();
    for (number, paths) in files.chunks(BATCH).enumerate() {
        task.check_cancelled()?;
        let batch = task.step(format!("read-{number}"), || read(directory.clone(), paths.to_vec())).await?;
        for (name, (files, words)) in batch.types {
            let sum = types.entry(name).or_default();
            *sum = (sum.0 + files, sum.1 + words);
        }
        sizes.extend(batch.sizes);
        let (read, words) = types.values().fold((0, 0), |sum, kind| (sum.0 + kind.0, sum.1 + kind.1));
        // Set, not added: safe when the step before is not run again after a crash.
        task.variables()
            .update(|state| {
                state.files = read;
                state.words = words;
            })
            .await?;
        task.progress(read, files.len()).await;
        (report.files, report.words) = (read, words);
    }
    sizes.sort_by(|a: &LargeFile, b| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
    sizes.truncate(largest);
    report.largest = sizes;
    report.types = types.into_iter().map(|(name, (files, words))| FileType { name, files, words }).collect();
    report.types.sort_by(|a, b| b.words.cmp(&a.words).then_with(|| a.name.cmp(&b.name)));
    report.label = task.variables().label.get().await?;
    Ok(report)
}

/// The directory, unless it is outside the root.
fn within(root: &Root, directory: &str) -> Result<PathBuf, ToolError> {
    let outside = || ToolError::new(format!("`{directory}` is not a directory below the one that is served"));
    let path = root.0.join(directory).canonicalize().map_err(|_| outside())?;
    if path.starts_with(&root.0) && path.is_dir() { Ok(path) } else { Err(outside()) }
}

/// Asks the user; whoever cannot or does not want to answer gets no hidden files.
async fn include_hidden(task: &TaskContext<IndexState>, count: usize) -> Result<bool, ToolError> {
    match task.elicit::<HiddenFiles>(format!("There are {count} hidden files. Count them too?")).await {
        Ok(answer) => Ok(answer.include),
        Err(AskError::Declined | AskError::Cancelled | AskError::Unsupported { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.depth() > 0 && entry.file_name().to_string_lossy().starts_with('.')
}

/// Tells whether a build made it: Cargo marks those directories for backup programs.
fn is_build_output(entry: &DirEntry) -> bool {
    entry.file_type().is_dir() && entry.path().join("CACHEDIR.TAG").exists()
}

/// The paths of all files, those that are hidden apart.
async fn walk(directory: PathBuf) -> io::Result<(Vec<String>, Vec<String>)> {
    blocking(move || {
        let (mut plain, mut hidden) = (Vec::new(), Vec::new());
        let mut below_hidden = None;
        for entry in WalkDir::new(&directory).sort_by_file_name().into_iter().filter_entry(|e| !is_build_output(e)) {
            let entry = entry?;
            if below_hidden.is_some_and(|depth| entry.depth() <= depth) {
                below_hidden = None;
            }
            if below_hidden.is_none() && is_hidden(&entry) {
                below_hidden = Some(entry.depth());
            }
            if entry.file_type().is_file() {
                let path = entry.path().strip_prefix(&directory).unwrap_or(entry.path()).to_string_lossy().into_owned();
                if below_hidden.is_some() { hidden.push(path) } else { plain.push(path) }
            }
        }
        Ok((plain, hidden))
    })
    .await
}

/// Reads a batch of files.
async fn read(directory: PathBuf, paths: Vec<String>) -> io::Result<Batch> {
    blocking(move || {
        let mut batch = Batch::default();
        for path in paths {
            // A file that went away since the walk is not counted.
            let Ok(bytes) = std::fs::read(directory.join(&path)) else { continue };
            let words = std::str::from_utf8(&bytes).map_or(0, |text| text.split_whitespace().count() as u64);
            let name =
                Path::new(&path).extension().map_or("(none)".into(), |ending| ending.to_string_lossy().into_owned());
            let kind = batch.types.entry(name).or_default();
            *kind = (kind.0 + 1, kind.1 + words);
            batch.sizes.push(LargeFile { path, bytes: bytes.len() as u64 });
        }
        Ok(batch)
    })
    .await
}

/// Runs something that blocks where it holds up nothing else.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
