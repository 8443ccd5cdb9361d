//! Backends by URL.

use std::sync::Arc;

use super::{MemoryBackend, StorageBackend, StoreError};

/// Opens the backend a URL names: `memory:`, or `sqlite:` and the path of a file, as it is and without parameters.
///
/// # Errors
/// The URL names no store of this build, or the store cannot be opened.
pub(crate) async fn open(url: &str) -> Result<Arc<dyn StorageBackend>, StoreError> {
    match url.split_once(':') {
        Some(("memory", "")) => Ok(Arc::new(MemoryBackend::new())),
        Some(("sqlite", path)) => sqlite(path).await,
        _ => Err(StoreError::Url(format!("unknown store `{url}`; use `memory:` or `sqlite:` and a path"))),
    }
}

#[cfg(feature = "sqlite")]
async fn sqlite(path: &str) -> Result<Arc<dyn StorageBackend>, StoreError> {
    let help = match path {
        ":memory:" => "for a store in memory use `memory:`",
        "" => "use `sqlite:` and the path of a file, such as `sqlite:tasks.db`",
        path if path.starts_with("//") => "use `sqlite:` and the path of a file, without `//`",
        path if path.starts_with("file:") => "use `sqlite:` and the path of a file, without `file:`",
        // Parameters that are not obeyed would be read as part of the name, and make a file of that name.
        path if path.contains('?') => {
            return Err(StoreError::Url(format!(
                "`sqlite:{path}` has parameters, and there are none; use `sqlite:` and the path of a file, such as \
                 `sqlite:tasks.db`, which is read and written (`SqliteBackend::open` takes a name with a `?`)"
            )));
        }
        path => return Ok(Arc::new(super::SqliteBackend::open(path).await?)),
    };
    Err(StoreError::Url(format!("`sqlite:{path}` names no file; {help}")))
}

#[cfg(not(feature = "sqlite"))]
#[expect(clippy::unused_async, reason = "with the feature it has to open a file")]
async fn sqlite(_: &str) -> Result<Arc<dyn StorageBackend>, StoreError> {
    Err(StoreError::Url("`sqlite:` needs the feature `sqlite` of `pmcp-tasks`".to_owned()))
}
