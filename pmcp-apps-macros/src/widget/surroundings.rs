//! The crate around a widget.

use std::{env, path::PathBuf};

/// The crate that is compiled, as Cargo tells it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    /// The directory of its manifest.
    pub(crate) crate_dir: PathBuf,
    pub(crate) version: String,
}

impl Surroundings {
    /// The crate that calls the macro.
    pub(crate) fn here() -> Self {
        Self {
            crate_dir: env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default(),
            version: env::var("CARGO_PKG_VERSION").unwrap_or_default(),
        }
    }
}
