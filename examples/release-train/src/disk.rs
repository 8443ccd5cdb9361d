//! Work with files, on threads that may wait: on those of the runtime run other tasks and requests.

use pmcp_tasks::prelude::*;

/// Does what reads or writes files.
pub(crate) async fn on_disk<T, W>(work: W) -> Result<T, ToolError>
where
    T: Send + 'static,
    W: FnOnce() -> Result<T, ToolError> + Send + 'static,
{
    tokio::task::spawn_blocking(work).await?
}
