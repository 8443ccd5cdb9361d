//! The directory that is published: it is there whole, as it was before or as it is now.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::File;
use crate::error::{Error, Result};

/// The file by which a directory is known to be ours.
const MARK: &str = ".cargo-pmcp";
const MARKED: &str = "`cargo pmcp app build` made this directory, and replaces it as a whole.\n";

/// The directory, which is not there yet, is empty, or is ours.
#[derive(Debug)]
pub(crate) struct Dist {
    path: PathBuf,
    shown: PathBuf,
}

impl Dist {
    /// Looks at the directory.
    ///
    /// # Errors
    /// It is somebody else's, or none.
    pub(crate) fn find(path: &Path) -> Result<Self> {
        let shown = path.display();
        if !matches!(path.components().next_back(), Some(std::path::Component::Normal(_))) {
            return Err(Error::usage(format!("`{shown}` has no name of its own"))
                .help("name a directory that is to be made, such as `dist`"));
        }
        let whole = std::path::absolute(path).map_err(|error| Error::because("this directory is not known", &error))?;
        let this = Self { path: whole, shown: path.to_owned() };
        if this.is_free().map_err(|error| this.failed(&error))? {
            return Ok(this);
        }
        Err(Error::failed(format!("`{shown}` is there, and is none that this command made"))
            .help("name another directory with `--out DIR`, or move that one away: it would be replaced as a whole"))
    }

    /// Set if nothing of anybody else is lost.
    fn is_free(&self) -> io::Result<bool> {
        match self.path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
            Ok(there) if !there.is_dir() => Ok(false),
            Ok(_) => {
                let is_marked = fs::read_to_string(self.path.join(MARK)).is_ok_and(|text| text == MARKED);
                Ok(is_marked || fs::read_dir(&self.path)?.next().is_none())
            }
        }
    }

    /// Puts these files in place of all that was there.
    ///
    /// # Errors
    /// They cannot be written; what was there is there still.
    pub(crate) fn replace(&self, files: &[File]) -> Result {
        self.try_replace(files).map_err(|error| self.failed(&error))
    }

    fn try_replace(&self, files: &[File]) -> io::Result<()> {
        let parent = self.path.parent().unwrap_or(&self.path);
        fs::create_dir_all(parent)?;
        // Beside it, so that both are on one volume; what is left of it goes with it.
        let beside = tempfile::Builder::new().prefix(".pmcp-").tempdir_in(parent)?;
        // The outer one is for nobody else to read, and this one is.
        let (new, old) = (beside.path().join("new"), beside.path().join("old"));
        fs::create_dir(&new)?;
        fs::write(new.join(MARK), MARKED)?;
        for file in files {
            let path = new.join(&file.path);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(path, &file.bytes)?;
        }
        // Meanwhile somebody may have put something there.
        if !self.is_free()? {
            return Err(io::Error::other("something else was put there meanwhile"));
        }
        let was_there = match fs::rename(&self.path, &old) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        fs::rename(&new, &self.path).inspect_err(|_| {
            if was_there {
                // The first error is told.
                let _ = fs::rename(&old, &self.path);
            }
        })
    }

    fn failed(&self, error: &io::Error) -> Error {
        Error::because(&format!("`{}` cannot be written", self.shown.display()), error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> Vec<File> {
        names.iter().map(|name| File::new(*name, *name)).collect()
    }

    #[test]
    fn the_directory_is_replaced_as_a_whole() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("out/dist");
        Dist::find(&path).unwrap().replace(&files(&["a", "b/c"])).unwrap();
        assert_eq!(fs::read_to_string(path.join("b/c")).unwrap(), "b/c");
        Dist::find(&path).unwrap().replace(&files(&["b/d"])).unwrap();
        assert!(path.join("b/d").is_file() && !path.join("a").exists() && !path.join("b/c").exists());
        // Nothing is left beside it.
        assert_eq!(fs::read_dir(root.path().join("out")).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_what_is_published() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let plain = root.path().join("plain");
        fs::create_dir(&plain).unwrap();
        let path = root.path().join("dist");
        Dist::find(&path).unwrap().replace(&files(&["a"])).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&plain));
    }

    #[test]
    fn what_is_not_ours_stays() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("dist");
        fs::create_dir(&path).unwrap();
        assert!(Dist::find(&path).is_ok(), "an empty one");
        fs::write(path.join("notes.txt"), "mine").unwrap();
        let error = Dist::find(&path).unwrap_err();
        assert!(error.message.unwrap().contains("is none that this command made"));
        fs::write(path.join(MARK), "not the text").unwrap();
        assert!(Dist::find(&path).is_err());
        assert!(Dist::find(&root.path().join("dist/notes.txt")).is_err(), "a file");
        for none in [".", "..", "/", ""] {
            assert!(
                Dist::find(Path::new(none)).unwrap_err().message.unwrap().contains("has no name of its own"),
                "{none}"
            );
        }
    }

    #[test]
    fn what_was_put_there_meanwhile_stays() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("dist");
        let dist = Dist::find(&path).unwrap();
        fs::create_dir(&path).unwrap();
        fs::write(path.join("notes.txt"), "mine").unwrap();
        assert!(dist.replace(&files(&["a"])).is_err());
        assert_eq!(fs::read_to_string(path.join("notes.txt")).unwrap(), "mine");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let (real, link) = (root.path().join("real"), root.path().join("link"));
        fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert!(Dist::find(&link).is_err());
    }
}
