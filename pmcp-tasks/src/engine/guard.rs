//! Panics that stop nothing: loops begin again after one, and none comes of telling it.
//!
//! What panics below us is somebody else's: a store's backend, or a subscriber to `tracing` that cannot write any more.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use futures_util::FutureExt;

use super::Engine;

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

/// The text of a panic, for the log.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("something that is no text")
}

/// Tells of a panic. A panic of whoever is told, or of what the first one carried, ends here.
pub(super) fn told(panic: Box<dyn Any + Send>, tell: impl FnOnce(&str)) {
    harmless(move || {
        tell(panic_text(&*panic));
        drop(panic);
    });
}

/// Does something that may panic and has to stop nothing: to write to the log.
pub(super) fn harmless(act: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(act)) {
        // What it carries may panic when it is dropped.
        std::mem::forget(panic);
    }
}
