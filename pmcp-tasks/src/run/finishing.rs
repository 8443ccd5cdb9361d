//! Work that goes on when whoever waits for it goes away.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

/// A future that runs to its end even if it is dropped before: then in the background.
///
/// A transport drops a request whose client has gone. Between a write to the store and what has to follow it, that would
/// leave a task that nobody runs, or a cancellation that never reaches the code.
pub(crate) struct Finishing<T: Send + 'static> {
    future: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    tracker: TaskTracker,
}

impl<T: Send + 'static> Finishing<T> {
    pub(crate) fn new(tracker: &TaskTracker, future: impl Future<Output = T> + Send + 'static) -> Self {
        Self { future: Some(Box::pin(future)), tracker: tracker.clone() }
    }
}

impl<T: Send + 'static> Future for Finishing<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Some(future) = &mut self.future else { return Poll::Pending };
        let ended = future.as_mut().poll(cx);
        if ended.is_ready() {
            self.future = None;
        }
        ended
    }
}

impl<T: Send + 'static> Drop for Finishing<T> {
    fn drop(&mut self) {
        // After a panic of its own it cannot go on; outside a runtime nothing can.
        if let (Some(future), Ok(runtime), false) =
            (self.future.take(), Handle::try_current(), std::thread::panicking())
        {
            self.tracker.spawn_on(
                async move {
                    future.await;
                },
                &runtime,
            );
        }
    }
}
