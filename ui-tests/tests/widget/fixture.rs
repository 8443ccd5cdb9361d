//! Crates that are made for a test.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

pub(crate) type Tested = Result<(), Box<dyn Error>>;

/// The repository.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A workspace of crates.
pub(crate) struct Workspace {
    pub(crate) folder: PathBuf,
}

impl Workspace {
    /// An empty one under this name; its compiled dependencies are kept between runs.
    pub(crate) fn new(name: &str) -> Result<Self, Box<dyn Error>> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let members = folder.join("members");
        if members.exists() {
            fs::remove_dir_all(&members)?;
        }
        fs::create_dir_all(&members)?;
        let manifest = "[workspace]\nresolver = \"3\"\nmembers = [\"members/*\"]\n\n\
                        [profile.dev]\ndebug = 0\n\n[profile.release]\nopt-level = 0\n";
        fs::write(folder.join("Cargo.toml"), manifest)?;
        // The versions that the repository is tested with, which are on this machine.
        fs::copy(repository().join("Cargo.lock"), folder.join("Cargo.lock"))?;
        Ok(Self { folder })
    }

    /// Adds a crate with these files, which depends on crates of the repository.
    pub(crate) fn add(
        &self,
        name: &str,
        dependencies: &[&str],
        files: &[(&str, &str)],
    ) -> Result<PathBuf, Box<dyn Error>> {
        let folder = self.folder.join("members").join(name);
        let mut manifest =
            format!("[package]\nname = \"{name}\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\n[dependencies]\n");
        for dependency in dependencies {
            let path = repository().join(dependency).canonicalize()?;
            let features = match *dependency {
                "pmcp-tasks" => ", default-features = false, features = [\"macros\"]",
                _ => "",
            };
            let path = path.to_str().ok_or("a path is a text")?;
            // Writing to a `String` does not fail.
            let _ = writeln!(manifest, "{dependency} = {{ path = '{path}'{features} }}");
        }
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("Cargo.toml"), manifest)?;
        for (path, text) in files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().ok_or("a file is in a folder")?)?;
            fs::write(path, text)?;
        }
        Ok(folder)
    }

    /// Runs cargo in it.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> std::io::Result<Output> {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(arguments).arg("--offline").current_dir(&self.folder);
        cargo.arg("--target-dir").arg(self.folder.join("target"));
        // What the tests are run with is not what a user has.
        for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTC_WORKSPACE_WRAPPER"] {
            cargo.env_remove(name);
        }
        cargo.env("CARGO_INCREMENTAL", "0").output()
    }
}
