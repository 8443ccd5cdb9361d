//! The directory that is to be made: where it lies, and how it comes to be there whole or not at all.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

use super::template::Written;
use crate::error::{Error, Result};

/// A directory that is not there yet.
#[derive(Debug)]
pub(crate) struct Place {
    /// In full.
    path: PathBuf,
    name: String,
    pub(crate) surroundings: Surroundings,
}

/// What a new directory lies in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Surroundings {
    /// The package with this directory.
    Package(PathBuf),
    /// A workspace with this directory, and no package of it.
    Workspace(PathBuf),
    Nothing,
}

impl Place {
    /// Looks at the place that a path names.
    ///
    /// # Errors
    /// Something is there, or the path leads out of this directory.
    pub(crate) fn find(path: &Path) -> Result<Self> {
        let shown = path.display();
        if path.components().any(|part| part == Component::ParentDir) {
            return Err(Error::usage(format!("`{shown}` leaves the directory that it begins in"))
                .help("go to the directory that is to have it, and name a path without `..`"));
        }
        let Some(Component::Normal(name)) = path.components().next_back() else {
            return Err(Error::usage(format!("`{shown}` has no name of its own"))
                .help("name a directory that is to be made, such as `my-app`"));
        };
        let Some(name) = name.to_str().map(str::to_owned) else {
            return Err(
                Error::usage(format!("`{shown}` is not in Unicode")).help("name it with letters, digits, `-` and `_`")
            );
        };
        let path = std::path::absolute(path).map_err(|error| Error::because("this directory is not known", &error))?;
        // A link that leads nowhere is something, too.
        if path.symlink_metadata().is_ok() {
            return Err(
                Error::usage(format!("`{shown}` exists already")).help("choose another name, or remove it first")
            );
        }
        let surroundings = surroundings(&path);
        Ok(Self { path, name, surroundings })
    }

    /// Its last name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its path in full.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its path from a directory above it, with `/`.
    pub(crate) fn from(&self, directory: &Path) -> String {
        let inside = self.path.strip_prefix(directory).unwrap_or(&self.path);
        inside.iter().map(|name| name.to_string_lossy()).collect::<Vec<_>>().join("/")
    }

    /// Makes it with these files, and what is missing of the directories above. If that fails nothing is left.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn create(&self, files: &[Written]) -> Result {
        self.try_create(files).map_err(|error| {
            Error::because(&format!("`{}` cannot be made", self.path.display()), &error).help("nothing was written")
        })
    }

    fn try_create(&self, files: &[Written]) -> io::Result<()> {
        // The first directory that is missing is made under another name, with all below it, and then gets its own.
        let missing = self.path.ancestors().take_while(|above| above.symlink_metadata().is_err()).last();
        let missing = missing.ok_or(io::ErrorKind::AlreadyExists)?;
        let above = missing.parent().ok_or(io::ErrorKind::NotFound)?;
        let making = tempfile::Builder::new().prefix(".cargo-pmcp-").tempdir_in(above)?;
        // The temporary directory itself is for nobody but us.
        let made = making.path().join("new");
        let inside = self.path.strip_prefix(missing).map_err(io::Error::other)?;
        let directory = if inside.as_os_str().is_empty() { made.clone() } else { made.join(inside) };
        for (path, text) in files {
            let file = directory.join(path);
            fs::create_dir_all(file.parent().unwrap_or(&directory))?;
            fs::write(file, text)?;
        }
        fs::rename(made, missing)
    }
}

/// The nearest manifest above a path.
fn surroundings(path: &Path) -> Surroundings {
    for directory in path.ancestors().skip(1) {
        let Ok(manifest) = fs::read_to_string(directory.join("Cargo.toml")) else { continue };
        let has = |table: &str| manifest.lines().any(|line| line.trim_start().starts_with(table));
        if has("[package]") {
            return Surroundings::Package(directory.to_owned());
        }
        if has("[workspace") {
            return Surroundings::Workspace(directory.to_owned());
        }
    }
    Surroundings::Nothing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(all: &[(&str, &str)]) -> Vec<Written> {
        all.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    /// The names in a directory.
    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_directory_is_made_with_those_above_it() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::find(&folder.path().join("a/b/c")).unwrap();
        assert_eq!(place.name(), "c");
        assert_eq!(place.from(folder.path()), "a/b/c");
        place.create(&files(&[("x.txt", "1"), ("d/y.txt", "2")])).unwrap();
        assert_eq!(names(folder.path()), ["a"]);
        assert_eq!(fs::read_to_string(folder.path().join("a/b/c/d/y.txt")).unwrap(), "2");
        assert!(Place::find(&folder.path().join("a/b/c")).is_err(), "it exists");
        assert!(Place::find(&folder.path().join("a/b/d")).unwrap().create(&files(&[("x", "")])).is_ok());
        assert_eq!(names(&folder.path().join("a/b")), ["c", "d"]);
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::find(&folder.path().join("a/b")).unwrap();
        // A file cannot be a directory, too.
        let error = place.create(&files(&[("x", "1"), ("x/y", "2")])).unwrap_err();
        assert_eq!(error.help, ["nothing was written"]);
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[test]
    fn what_came_meanwhile_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::find(&folder.path().join("a")).unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        assert!(place.create(&files(&[("x", "1")])).is_err());
        assert_eq!(names(&folder.path().join("a")), [""; 0]);
    }

    #[cfg(unix)]
    #[test]
    fn a_new_directory_is_readable_as_others_are() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("other")).unwrap();
        Place::find(&folder.path().join("a")).unwrap().create(&files(&[("x", "1")])).unwrap();
        let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode("a"), mode("other"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_nowhere_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("a")).unwrap();
        assert!(Place::find(&folder.path().join("a")).is_err());
    }

    #[test]
    fn paths_without_a_name_or_out_of_here_are_refused() {
        for path in ["", ".", "/", "..", "../x", "a/../../x", "a/.."] {
            assert!(Place::find(Path::new(path)).is_err(), "{path}");
        }
    }

    #[test]
    fn the_nearest_manifest_tells_what_a_place_lies_in() {
        let folder = tempfile::tempdir().unwrap();
        let lies_in = |path: &str| Place::find(&folder.path().join(path)).unwrap().surroundings;
        fs::create_dir_all(folder.path().join("all/one/src")).unwrap();
        fs::write(folder.path().join("all/Cargo.toml"), "[workspace]\nmembers = [\"one\"]\n").unwrap();
        fs::write(folder.path().join("all/one/Cargo.toml"), "# [workspace]\n[package]\nname = \"one\"\n").unwrap();
        assert_eq!(lies_in("all/one/widgets/board"), Surroundings::Package(folder.path().join("all/one")));
        assert_eq!(lies_in("all/two"), Surroundings::Workspace(folder.path().join("all")));
        assert_eq!(lies_in("two"), Surroundings::Nothing);
    }
}
