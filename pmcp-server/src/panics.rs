//! Panics that stop nothing: caught, told of, and their work begun again.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
pub(crate) use pmcp_tasks::panics::{harmless, told};
use pmcp_tasks::{heard::tell, time::Clock};

/// The pause before work that panicked begins again.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs work until it ends by itself; after a panic it is begun again.
pub(crate) async fn guarded<F>(name: &'static str, clock: Arc<dyn Clock>, mut run: impl FnMut() -> F + Send)
where
    F: Future<Output = ()> + Send,
{
    while let Err(panic) = AssertUnwindSafe(run()).catch_unwind().await {
        told(panic, |panic| tell(|| tracing::error!(name, panic, "work in the background panicked and begins again")));
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
}
