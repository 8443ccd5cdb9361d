//! Stores that processes share, each test with one of its own.

use std::path::Path;

use tempfile::TempDir;

/// A store that is empty at first, and a directory that goes with it.
pub(crate) struct Place {
    directory: TempDir,
    store: String,
}

impl Place {
    /// A new SQLite file.
    pub(crate) fn sqlite() -> Self {
        let directory = TempDir::new().unwrap();
        let store = format!("sqlite:{}", directory.path().join("tasks.db").display());
        Self { directory, store }
    }

    /// A part of a service that nobody else uses: the environment names the service, the parameter of its URL the part.
    pub(crate) fn service(variable: &str, parameter: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let url = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: `cargo xtask services`"));
        let name: String = directory.path().to_string_lossy().chars().filter(char::is_ascii_alphanumeric).collect();
        let separator = if url.contains('?') { '&' } else { '?' };
        let store = format!("{url}{separator}{parameter}={}", name.to_ascii_lowercase());
        Self { directory, store }
    }

    pub(crate) fn store(&self) -> &str {
        &self.store
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }
}
