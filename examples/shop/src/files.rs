//! Files with secrets.

use std::{fs, path::Path};

/// A new file that only its owner reads, where there are such.
pub(crate) fn new_private(path: &Path) -> std::io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
