//! The workspace that is shipped with the example.

use std::{fs, io, path::Path};

macro_rules! files {
    ($($path:literal),* $(,)?) => { [$(($path, include_str!(concat!("../data/", $path)))),*] };
}

const FILES: [(&str, &str); 8] = files![
    "Cargo.toml",
    "CHANGELOG.md",
    "tides/Cargo.toml",
    "tides/src/lib.rs",
    "tides-format/Cargo.toml",
    "tides-format/src/lib.rs",
    "tides-cli/Cargo.toml",
    "tides-cli/src/main.rs",
];

/// Writes it into a directory, which is made.
pub(crate) fn copy_to(directory: &Path) -> io::Result<()> {
    for (path, text) in FILES {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap_or(directory))?;
        fs::write(path, text)?;
    }
    Ok(())
}
