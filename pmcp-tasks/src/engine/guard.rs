//! Panics that stop nothing: loops begin again after one, and none comes of telling it.
//!
//! What panics below us is somebody else's: a store's backend, or a subscriber to `tracing` that cannot write any more.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;

use super::Engine;
use crate::panics::told;

/// The longest pause before a loop begins again.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The parts of a lease period one of which a pause takes at most, so that no lease runs out of a panic.
const PARTS: u32 = 4;

impl Engine {
    /// Runs a loop in the background until it ends, panics or not.
    pub(super) fn guard<F>(self: &Arc<Self>, name: &'static str, run: impl Fn(Arc<Self>) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (engine, own) = (self.clone(), self.clone());
        self.host.background.spawn(async move { engine.guarded(name, move || run(own.clone())).await });
    }

    /// Runs a loop until it ends. After a panic it begins again.
    pub(crate) async fn guarded<F>(&self, name: &'static str, mut run: impl FnMut() -> F + Send)
    where
        F: Future<Output = ()> + Send,
    {
        let host = &self.host;
        while let Err(panic) = AssertUnwindSafe(run()).catch_unwind().await {
            told(panic, |panic| crate::heard::error!(name, panic, "work in the background panicked and begins again"));
            tokio::select! {
                biased;
                () = host.stopped() => return,
                () = host.clock().sleep(LONGEST_PAUSE.min(host.lease.period() / PARTS)) => {}
            }
        }
    }
}
