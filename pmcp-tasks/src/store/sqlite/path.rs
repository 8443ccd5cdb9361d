//! The path of a database: one by which every process names it, and what it may lead to.

use std::{
    fs::{self, File, FileType, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use super::{
    error::{Failure, Result},
    seen::Seen,
};

/// Finds the path by which every process names the file, so that all of them take the same lock. Fails if it leads to
/// something else than a file, which is not opened: a pipe would keep whoever opens it waiting.
pub(super) fn resolve(path: &Path) -> Result<PathBuf> {
    let name = path.file_name().filter(|name| *name != ":memory:");
    let Some(name) = name else {
        return Err(Failure::refused(format!("`{}` names no file", path.display())));
    };
    match fs::canonicalize(path) {
        Ok(path) => return check(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(Failure::file(format!("cannot open `{}`", path.display()))(error)),
    }
    if fs::symlink_metadata(path).is_ok() {
        return Err(Failure::refused(format!(
            "`{}` is a link to a file that does not exist; name the file itself",
            path.display()
        )));
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match fs::canonicalize(directory) {
        Ok(directory) => Ok(directory.join(name)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Failure::refused(format!("the directory `{}` does not exist; create it", directory.display())))
        }
        Err(error) => Err(Failure::file(format!("cannot open the directory `{}`", directory.display()))(error)),
    }
}

fn check(path: PathBuf) -> Result<PathBuf> {
    let metadata = fs::metadata(&path).map_err(Failure::file(format!("cannot look at `{}`", path.display())))?;
    if !metadata.is_file() {
        let kind = kind(metadata.file_type());
        return Err(Failure::refused(format!("`{}` is {kind}; name a file", path.display())));
    }
    check_names(&path, Seen::of(&metadata).names)?;
    #[cfg(target_os = "linux")]
    if fs::read_to_string("/proc/self/mountinfo").is_ok_and(|mounts| is_mounted(&path, &mounts)) {
        return Err(Failure::refused(format!(
            "`{}` is a mount of its own, and its log and locks would not be those of the file that is mounted; mount its \
             directory",
            path.display()
        )));
    }
    Ok(path)
}

#[cfg(unix)]
fn kind(of: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    if of.is_dir() {
        "a directory"
    } else if of.is_fifo() {
        "a pipe"
    } else if of.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn kind(of: FileType) -> &'static str {
    if of.is_dir() { "a directory" } else { "a device" }
}

/// Fails if the file has a second name: who opens it by that has another log and other locks.
pub(super) fn check_names(path: &Path, names: u64) -> Result<()> {
    if names <= 1 {
        return Ok(());
    }
    Err(Failure::refused(format!(
        "`{}` has {names} names (hard links), of which each would have a log and locks of its own; remove the others, or copy \
         the file",
        path.display(),
    )))
}

/// Tells whether a file is mounted by itself, by the kernel's list of mounts.
#[cfg(target_os = "linux")]
fn is_mounted(path: &Path, mounts: &str) -> bool {
    let Some(path) = path.to_str() else { return false };
    // As the list has them.
    let path = path.replace('\\', "\\134").replace(' ', "\\040").replace('\t', "\\011").replace('\n', "\\012");
    mounts.lines().any(|mount| mount.split(' ').nth(4) == Some(&path))
}

/// Fails if there is no file, before anything is made beside it.
pub(super) fn find(path: &Path) -> Result<()> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Failure::refused(format!(
            "there is no file `{}`; a server makes it when it starts with this store",
            path.display()
        ))),
        // What it is, is looked at when it is opened.
        _ => Ok(()),
    }
}

/// Opens a file that its user alone may read and write if it is new.
pub(super) fn open(path: &Path) -> Result<File> {
    private().write(true).create(true).truncate(false).open(path).map_err(|error| {
        let what = format!(
            "cannot open `{}`, and the server must be able to make and write files in this directory",
            path.display()
        );
        Failure::file(what)(error)
    })
}

/// Makes the database, empty, if there is none. The caller holds the lock.
pub(super) fn make(path: &Path) -> Result<()> {
    match private().write(true).create_new(true).open(path) {
        Ok(_) => Ok(()),
        // It is not opened here: closing it would give up the locks of others in this process.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Failure::file(format!("cannot make `{}`", path.display()))(error)),
    }
}

#[cfg(unix)]
fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(not(unix))]
fn private() -> OpenOptions {
    OpenOptions::new()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_mounted_by_itself_is_found() {
        let mounts = "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
                      90 22 254:0 /srv/tasks.db /data/my\\040tasks.db rw - ext4 /dev/vda rw\n";
        assert!(is_mounted(Path::new("/data/my tasks.db"), mounts));
        assert!(!is_mounted(Path::new("/srv/tasks.db"), mounts));
        assert!(!is_mounted(Path::new("/data/my"), mounts));
    }
}
