//! The files of a package, watched: all but what is built, what is hidden and what git ignores.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    path::{Path, PathBuf},
    time::{Duration, Instant as Moment},
};

use ignore::WalkBuilder;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use pmcp_preview::Changed;
use tokio::{sync::mpsc, time::Instant};

use crate::error::{Error, Result};

/// Changes that come within this time of each other are one, up to the longest.
const TOGETHER: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_millis(300);
/// The number of changes that wait. A save is a few; of more, all that counts is that there were some.
const WAITING: usize = 1024;
/// The number of folders that are watched.
const FOLDERS: usize = 4096;

/// A change of watched files.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) changed: Changed,
    /// The files, from the folder of the package.
    pub(crate) files: Vec<PathBuf>,
    /// The moment of the first save.
    pub(crate) since: Moment,
}

/// The watched files of a package.
pub(crate) struct Watched {
    root: PathBuf,
    /// The folder of what is built.
    target: PathBuf,
    watcher: RecommendedWatcher,
    folders: BTreeSet<PathBuf>,
    changes: mpsc::Receiver<(PathBuf, Moment)>,
    /// Changes that are not told yet, and when each was first seen.
    seen: BTreeMap<PathBuf, Moment>,
}

impl Watched {
    /// Begins to watch.
    ///
    /// # Errors
    /// The system does not let us.
    pub(crate) fn new(root: &Path, target: &Path) -> Result<Self> {
        let (sender, changes) = mpsc::channel(WAITING);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if matches!(event.kind, EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_)) {
                let now = Moment::now();
                for path in event.paths {
                    // If it is full, enough has changed.
                    let _ = sender.try_send((path, now));
                }
            }
        });
        let watcher = watcher.map_err(|error| Error::because("files cannot be watched", &error))?;
        let (root, target) = (root.to_owned(), target.to_owned());
        let (folders, seen) = (BTreeSet::new(), BTreeMap::new());
        let mut all = Self { root: root.clone(), target, watcher, folders, changes, seen };
        all.add(&root)?;
        Ok(all)
    }

    /// The folders at the root of the package, for people.
    pub(crate) fn shown(&self) -> String {
        let first = self.folders.iter().filter_map(|folder| {
            let inside = folder.strip_prefix(&self.root).ok()?;
            Some(inside.components().next()?.as_os_str().to_string_lossy().into_owned())
        });
        first.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
    }

    /// Watches a folder, and those inside it.
    fn add(&mut self, folder: &Path) -> Result {
        for entry in self.walk(folder, None).flatten().filter(|entry| entry.path().is_dir()) {
            if self.folders.len() >= FOLDERS || !self.folders.insert(entry.path().to_owned()) {
                continue;
            }
            match self.watcher.watch(entry.path(), RecursiveMode::NonRecursive) {
                // It may be gone again.
                Err(_) if entry.path() != self.root => {
                    self.folders.remove(entry.path());
                }
                watched => watched.map_err(|error| Error::because("files cannot be watched", &error))?,
            }
        }
        Ok(())
    }

    fn walk(&self, folder: &Path, depth: Option<usize>) -> ignore::Walk {
        let target = self.target.clone();
        let mut walk = WalkBuilder::new(folder);
        walk.max_depth(depth).require_git(false).filter_entry(move |entry| entry.path() != target);
        walk.build()
    }

    /// Tells whether a file counts: it is there and not ignored, or it was removed. Beside `Cargo.toml` stands what a server writes,
    /// such as its tasks: of that only the program counts.
    fn counts(&self, path: &Path) -> bool {
        let is_hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if is_hidden || path.starts_with(&self.target) {
            return false;
        }
        if path.parent() == Some(&self.root) && !path.is_dir() && !is_of_the_program(path) {
            return false;
        }
        let is_there = path.symlink_metadata().is_ok();
        let mut beside = path.parent().into_iter().flat_map(|folder| self.walk(folder, Some(1)).flatten());
        !is_there || beside.any(|entry| entry.path() == path)
    }

    /// The next change, when nothing has followed it for a moment, and the files. A call that is dropped loses nothing: the next one
    /// tells it.
    pub(crate) async fn next(&mut self) -> Option<Change> {
        loop {
            if self.seen.is_empty() {
                let (path, moment) = self.changes.recv().await?;
                self.seen.insert(path, moment);
            }
            let longest = Instant::now() + LONGEST;
            while let Ok(Some((path, moment))) =
                tokio::time::timeout_at((Instant::now() + TOGETHER).min(longest), self.changes.recv()).await
            {
                self.seen.entry(path).or_insert(moment);
            }
            let seen = mem::take(&mut self.seen);
            let (folders, files): (Vec<_>, Vec<_>) =
                seen.into_iter().filter(|(path, _)| self.counts(path)).partition(|(path, _)| path.is_dir());
            for (folder, _) in &folders {
                // A folder that cannot be watched is not worth an end.
                let _ = self.add(folder);
            }
            let Some(since) = files.iter().map(|(_, moment)| *moment).min() else { continue };
            let files: Vec<PathBuf> =
                files.iter().map(|(file, _)| file.strip_prefix(&self.root).unwrap_or(file).to_owned()).collect();
            if files.iter().any(|file| is_of_the_program(file)) {
                return Some(Change { changed: Changed::Rust, files, since });
            }
            return Some(Change { changed: Changed::Files(files.clone()), files, since });
        }
    }
}

/// Tells whether the program is made of this file.
fn is_of_the_program(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "rs")
        || file.file_name().is_some_and(|name| name == "Cargo.toml")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    async fn next(watched: &mut Watched) -> Change {
        tokio::time::timeout(Duration::from_secs(20), watched.next()).await.expect("nothing was seen").unwrap()
    }

    fn files(paths: &[&str]) -> Vec<PathBuf> {
        paths.iter().map(PathBuf::from).collect()
    }

    #[tokio::test]
    async fn what_counts_is_told_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for folder in ["src", "widgets/board", "target/debug", "node_modules/x"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join(".gitignore"), "*.log\nnode_modules/\n").unwrap();
        let mut watched = Watched::new(&root, &root.join("target")).unwrap();
        assert_eq!(watched.shown(), "src, widgets");

        for ignored in ["target/debug/x", "node_modules/x/y.js", "widgets/a.log", "tasks.db-wal", ".hidden.rs"] {
            fs::write(root.join(ignored), "").unwrap();
        }
        let before = Moment::now();
        fs::write(root.join("widgets/board/app.js"), "1").unwrap();
        let change = next(&mut watched).await;
        assert_eq!(change.changed, Changed::Files(files(&["widgets/board/app.js"])));
        assert_eq!(change.files, files(&["widgets/board/app.js"]));
        // The time of waiting for more is part of what it takes.
        assert!(change.since.elapsed() >= TOGETHER && before.elapsed() >= change.since.elapsed());

        fs::write(root.join("src/main.rs"), "").unwrap();
        assert_eq!(next(&mut watched).await.changed, Changed::Rust);

        // A folder that came later is watched, too.
        fs::create_dir(root.join("widgets/clock")).unwrap();
        tokio::time::timeout(Duration::from_millis(500), watched.next()).await.unwrap_err();
        fs::write(root.join("widgets/clock/index.html"), "").unwrap();
        assert_eq!(next(&mut watched).await.files, files(&["widgets/clock/index.html"]));
        fs::remove_file(root.join("widgets/clock/index.html")).unwrap();
        assert_eq!(next(&mut watched).await.files, files(&["widgets/clock/index.html"]));
    }
    #[tokio::test]
    async fn whoever_stops_waiting_loses_no_change() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let mut watched = Watched::new(&root, &root.join("target")).unwrap();
        fs::write(root.join("main.rs"), "").unwrap();
        let mut told = None;
        // Each is long enough for a change to be seen, and too short for it to be told, unless the machine is busy.
        for _ in 0..20 {
            told = told.or(tokio::time::timeout(TOGETHER / 2, watched.next()).await.ok());
        }
        let told = match told {
            Some(told) => told.unwrap(),
            None => next(&mut watched).await,
        };
        assert_eq!(told.files, files(&["main.rs"]));
    }
}
