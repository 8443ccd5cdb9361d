//! Stores of tasks by URL.

use super::TaskStore;
use crate::{error::StoreError, store::url};

impl TaskStore {
    /// The store a URL names:
    ///
    /// - `memory:`;
    /// - `sqlite:` and the path of a file, such as `sqlite:tasks.db` or `sqlite:/var/lib/tasks.db` (feature `sqlite`);
    /// - `redis://…`, `rediss://…`, `redis+cluster://…` or `rediss+cluster://…`, such as `redis://localhost?prefix=my-server`
    ///   (feature `redis`), as `RedisBackend` describes;
    /// - `postgres://user:password@host/database`, with `?schema=…` and other parameters (feature `postgres`; see
    ///   `PostgresBackend`);
    /// - `dynamodb://` and the name of a table that exists, such as `dynamodb://tasks?region=eu-central-1` (feature `dynamodb`). Options
    ///   are `region`, `endpoint` (another address of the service) and `prefix` (of the keys, so that stores share a table).
    ///
    /// # Errors
    /// The URL names no store of this build, or the store cannot be opened.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Ok(Self::new(url::open(url).await?))
    }
}
