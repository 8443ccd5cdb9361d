//! Panics that stop nothing: caught, told of, and their work begun again.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use futures_util::FutureExt as _;
use pmcp_tasks::time::Clock;

/// The pause before work that panicked begins again.
const PAUSE: Duration = Duration::from_secs(1);

/// Returns the text of a panic, for the log.
fn text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("something that is no text")
}

/// Tells of a panic. What comes of that ends here, even another panic: the log may be what panicked.
pub(crate) fn told(panic: Box<dyn Any + Send>, tell: impl FnOnce(&str)) {
    harmless(move || {
        tell(text(&*panic));
        drop(panic);
    });
}

/// Does something that may panic and has to stop nothing: to write to the log.
pub(crate) fn harmless(act: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(act)) {
        // What it carries may panic when it is dropped.
        std::mem::forget(panic);
    }
}

/// Runs work until it ends by itself; after a panic it is begun again.
pub(crate) async fn guarded<F>(name: &'static str, clock: Arc<dyn Clock>, mut run: impl FnMut() -> F + Send)
where
    F: Future<Output = ()> + Send,
{
    while let Err(panic) = AssertUnwindSafe(run()).catch_unwind().await {
        told(panic, |panic| tracing::error!(name, panic, "work in the background panicked and begins again"));
        clock.sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use pmcp_tasks::testing::ManualClock;

    use super::*;

    #[tokio::test]
    async fn work_that_panics_begins_again_after_a_pause_until_it_ends() {
        let clock = ManualClock::new();
        let begun = Arc::new(parking_lot::Mutex::new(Vec::new()));
        let (noted, time) = (begun.clone(), clock.clone());
        let work = move || {
            let mut begun = noted.lock();
            begun.push(time.monotonic());
            let times = begun.len();
            async move { assert!(times >= 3, "as the test wants") }
        };
        let working = tokio::spawn(guarded("work", Arc::new(clock.clone()), work));
        clock.advance(10 * PAUSE).await;
        working.await.unwrap();
        assert_eq!(*begun.lock(), [Duration::ZERO, PAUSE, 2 * PAUSE]);
    }

    struct PanicsWhenDropped;

    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            panic!("dropped")
        }
    }

    #[test]
    fn telling_of_a_panic_ends_every_panic() {
        let mut texts = Vec::new();
        told(Box::new("text"), |text| texts.push(text.to_owned()));
        told(Box::new(String::from("string")), |text| texts.push(text.to_owned()));
        told(Box::new(PanicsWhenDropped), |text| texts.push(text.to_owned()));
        told(Box::new(1), |_| std::panic::panic_any(PanicsWhenDropped));
        assert_eq!(texts, ["text", "string", "something that is no text"]);
    }
}
