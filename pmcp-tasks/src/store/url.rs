//! Backends by URL.

use std::sync::Arc;

use super::{MemoryBackend, Missing, StorageBackend, StoreError};

/// Opens the backend a URL names: `memory:`; `sqlite:` and the path of a file, as it is and without parameters; or the URL of a
/// service.
///
/// # Errors
/// The URL names no store of this build, or the store cannot be opened.
pub(crate) async fn open(url: &str, missing: Missing) -> Result<Arc<dyn StorageBackend>, StoreError> {
    match url.split_once(':') {
        Some(("memory", "")) if missing == Missing::Refused => {
            Err(StoreError::Url("what a server keeps in memory (`memory:`) nobody else can open".to_owned()))
        }
        Some(("memory", "")) => Ok(Arc::new(MemoryBackend::new())),
        Some(("sqlite", path)) => sqlite(path, missing).await,
        Some(("redis" | "rediss" | "redis+cluster" | "rediss+cluster", _)) => redis(url, missing).await,
        Some(("postgres" | "postgresql", _)) => postgres(url, missing).await,
        Some(("dynamodb", table)) => dynamodb(table, missing).await,
        _ => Err(unknown(url)),
    }
}

/// A URL may carry a password: what stands behind its scheme is not told.
fn unknown(url: &str) -> StoreError {
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    let named = if scheme.is_empty() { String::new() } else { format!(" `{scheme}:`") };
    StoreError::Url(format!("unknown store{named}; use {SCHEMES}"))
}

/// The URLs there are.
const SCHEMES: &str = "`memory:`, `sqlite:` and a path, `redis://host` (or `rediss:`, `redis+cluster:`, `rediss+cluster:`), \
                       `postgres://host/database`, or `dynamodb://table`";

#[cfg(feature = "postgres")]
async fn postgres(url: &str, missing: Missing) -> Result<Arc<dyn StorageBackend>, StoreError> {
    Ok(Arc::new(super::PostgresBackend::connect_to(url, missing).await?))
}

#[cfg(not(feature = "postgres"))]
#[expect(clippy::unused_async, reason = "with the feature it has to connect")]
async fn postgres(_: &str, _: Missing) -> Result<Arc<dyn StorageBackend>, StoreError> {
    Err(StoreError::Url("`postgres:` needs the feature `postgres` of `pmcp-tasks`".to_owned()))
}

#[cfg(feature = "sqlite")]
async fn sqlite(path: &str, missing: Missing) -> Result<Arc<dyn StorageBackend>, StoreError> {
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
        path => return Ok(Arc::new(super::SqliteBackend::open_at(path, missing).await?)),
    };
    Err(StoreError::Url(format!("`sqlite:{path}` names no file; {help}")))
}

#[cfg(not(feature = "sqlite"))]
#[expect(clippy::unused_async, reason = "with the feature it has to open a file")]
async fn sqlite(_: &str, _: Missing) -> Result<Arc<dyn StorageBackend>, StoreError> {
    Err(StoreError::Url("`sqlite:` needs the feature `sqlite` of `pmcp-tasks`".to_owned()))
}

#[cfg(feature = "redis")]
async fn redis(url: &str, missing: Missing) -> Result<Arc<dyn StorageBackend>, StoreError> {
    Ok(Arc::new(super::RedisBackend::connect_to(url, missing).await?))
}

#[cfg(not(feature = "redis"))]
#[expect(clippy::unused_async, reason = "with the feature it has to connect")]
async fn redis(_: &str, _: Missing) -> Result<Arc<dyn StorageBackend>, StoreError> {
    Err(StoreError::Url("a Redis store needs the feature `redis` of `pmcp-tasks`".to_owned()))
}

#[cfg(feature = "dynamodb")]
async fn dynamodb(table: &str, missing: Missing) -> Result<Arc<dyn StorageBackend>, StoreError> {
    let table = super::DynamoDbTable::parse(table).map_err(StoreError::Url)?;
    Ok(Arc::new(super::DynamoDbBackend::connect_to(table, missing).await?))
}

#[cfg(not(feature = "dynamodb"))]
#[expect(clippy::unused_async, reason = "with the feature it has to ask the service")]
async fn dynamodb(_: &str, _: Missing) -> Result<Arc<dyn StorageBackend>, StoreError> {
    Err(StoreError::Url("`dynamodb://` needs the feature `dynamodb` of `pmcp-tasks`".to_owned()))
}
