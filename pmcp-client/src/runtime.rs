//! Work in the background and waits: everything the client needs of the executor it runs on.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::{AbortHandle, BoxFuture, abortable};
use tokio::sync::oneshot;

use crate::error::ClientError;

/// The executor of a client: Tokio, a page's event loop, or one of yours.
pub trait Runtime: fmt::Debug + Send + Sync + 'static {
    /// Runs a future to its end in the background. One that panics takes nothing else with it, where the platform allows.
    fn spawn(&self, future: BoxFuture<'static, ()>);

    /// Ends after this time, counted from the call.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()>;
}

/// Work in the background. Dropping it stops it; awaiting it gives its result.
#[derive(Debug)]
pub(crate) struct Task<T> {
    result: oneshot::Receiver<T>,
    abort: AbortHandle,
}

/// The work panicked, or its executor has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken;

/// Begins work in the background.
pub(crate) fn spawn<T: Send + 'static>(
    runtime: &Arc<dyn Runtime>,
    work: impl Future<Output = T> + Send + 'static,
) -> Task<T> {
    let (sender, result) = oneshot::channel();
    let (work, abort) = abortable(async move {
        // Nobody may be waiting for it.
        let _ = sender.send(work.await);
    });
    runtime.spawn(Box::pin(async move {
        // Aborted or not, it has ended.
        let _ = work.await;
    }));
    Task { result, abort }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.abort.abort();
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, Broken>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.result).poll(cx).map_err(|_| Broken)
    }
}

/// Waits for a future, but no longer than this.
///
/// # Errors
/// [`ClientError::Timeout`]: it took longer.
pub(crate) async fn within<T>(
    runtime: &Arc<dyn Runtime>,
    time: Duration,
    future: impl Future<Output = T>,
) -> Result<T, ClientError> {
    let late = runtime.sleep(time);
    tokio::select! {
        biased;
        value = future => Ok(value),
        () = late => Err(ClientError::Timeout(time)),
    }
}
