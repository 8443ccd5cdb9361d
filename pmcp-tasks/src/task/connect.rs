//! Stores of tasks by URL.

use super::TaskStore;
use crate::{
    error::StoreError,
    store::{Missing, url},
};

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
        Ok(Self::new(url::open(url, Missing::Made).await?))
    }

    /// The same store as [`connect`](Self::connect), if it is there: for an operator's tool, which is no server and makes none of what a
    /// server needs. No file, table or key is made, and none is migrated.
    ///
    /// # Errors
    /// There is no such store, or one that an older build has made; the URL names no store of this build, or one in memory; the store
    /// cannot be opened.
    pub async fn connect_existing(url: &str) -> Result<Self, StoreError> {
        Ok(Self::new(url::open(url, Missing::Refused).await?))
    }
}
