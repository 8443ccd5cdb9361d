//! The size of the command line as it is installed, beside those of what is in it.

use std::fs;

use crate::command::{cargo, root, run, target_directory};

pub(crate) const HELP: &str = "\
Build the release of cargo-pmcp without symbols, and tell its size, and that of the files of the preview in it.

Usage: cargo xtask size
";

/// Builds it, and tells.
pub(crate) fn tell() -> anyhow::Result<()> {
    run(cargo("build --package cargo-pmcp --release").args(["--config", "profile.release.strip=true"]))?;
    let program = format!("cargo-pmcp{}", std::env::consts::EXE_SUFFIX);
    let assets = fs::read_dir(root().join("pmcp-preview/assets"))?;
    let mut inside = 0;
    for file in assets {
        inside += file?.metadata()?.len();
    }
    let size = fs::metadata(target_directory()?.join("release").join(&program))?.len();
    println!("{program}: {} kB, of which the preview's page and client are {} kB", size / 1000, inside / 1000);
    Ok(())
}
