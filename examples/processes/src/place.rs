//! Stores that processes share, each test with one of its own.

use std::{
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use tempfile::TempDir;

use crate::Outcome;

/// A store that is empty at first, and a directory that goes with it.
#[derive(Debug)]
pub struct Place {
    directory: TempDir,
    store: String,
}

impl Place {
    /// A new SQLite file.
    ///
    /// # Errors
    ///
    /// There is no room for a directory.
    pub fn sqlite() -> Outcome<Self> {
        let directory = TempDir::new()?;
        let store = format!("sqlite:{}", directory.path().join("tasks.db").display());
        Ok(Self { directory, store })
    }

    /// A part of a service that nobody else uses: the environment names the service, the parameter of its URL the part.
    ///
    /// # Errors
    ///
    /// The environment names no such service.
    pub fn service(variable: &str, parameter: &str) -> Outcome<Self> {
        let url = std::env::var(variable).map_err(|_| format!("{variable} is not set: `cargo xtask services`"))?;
        let separator = if url.contains('?') { '&' } else { '?' };
        Ok(Self { directory: TempDir::new()?, store: format!("{url}{separator}{parameter}={}", part()) })
    }

    /// A table of DynamoDB that nobody else uses, and that is not there yet: the environment names the endpoint.
    ///
    /// # Errors
    ///
    /// The environment names none.
    pub fn table(variable: &str) -> Outcome<Self> {
        let endpoint = std::env::var(variable).map_err(|_| format!("{variable} is not set: `cargo xtask services`"))?;
        let store = format!("dynamodb://{}?region=local&endpoint={endpoint}", part());
        Ok(Self { directory: TempDir::new()?, store })
    }

    /// URL of the store.
    #[must_use]
    pub fn store(&self) -> &str {
        &self.store
    }

    /// Path of the directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// A name that no other test has.
fn part() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("test{time:x}{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
