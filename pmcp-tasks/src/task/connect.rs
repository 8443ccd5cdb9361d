//! Stores of tasks by URL.

use super::TaskStore;
use crate::{error::StoreError, store::url};

impl TaskStore {
    /// The store a URL names: `memory:`, or `sqlite:` and the path of a file, such as `sqlite:tasks.db` or
    /// `sqlite:/var/lib/tasks.db` (feature `sqlite`).
    ///
    /// # Errors
    /// The URL names no store of this build, or the store cannot be opened.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Ok(Self::new(url::open(url).await?))
    }
}
