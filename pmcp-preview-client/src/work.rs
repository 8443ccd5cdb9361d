//! Work in the background, for as long as somebody holds it.

use std::{
    future::Future,
    sync::{Arc, Weak},
};

use futures_util::future::{AbortHandle, abortable};
use pmcp_client::Client;

/// Work in the background. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Work {
    abort: AbortHandle,
    /// Held by the work until it has ended.
    running: Weak<()>,
}

impl Work {
    /// Begins on the executor of a client.
    pub(crate) fn begin(client: &Client, work: impl Future<Output = ()> + Send + 'static) -> Self {
        let held = Arc::new(());
        let running = Arc::downgrade(&held);
        let (work, abort) = abortable(work);
        client.runtime().spawn(Box::pin(async move {
            // Aborted or not, it has ended.
            let _ = work.await;
            drop(held);
        }));
        Self { abort, running }
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.running.strong_count() == 0
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.abort.abort();
    }
}
