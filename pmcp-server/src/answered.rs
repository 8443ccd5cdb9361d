//! The moment the response to a request went out: what a client can only understand with it has to come later.

use std::{sync::Arc, time::Duration};

use pmcp_tasks::time::Clock;
use tokio::sync::SetOnce;

/// The time a client may take to take a response in. Over HTTP the response and what follows it come on streams of their
/// own, and a client that reads two lines at once may look at the second first. There is nothing that tells when it is done;
/// a client in JavaScript on a busy machine was seen to need more than 5 ms.
pub(crate) const TAKING_IN: Duration = Duration::from_millis(100);

/// The moment a request is answered.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    at: Arc<SetOnce<Duration>>,
    clock: Arc<dyn Clock>,
}

/// The answer that is still to go out. Dropping it means that it has, or that there will be none.
#[derive(Debug)]
pub(crate) struct Answering(Answered);

impl Answered {
    /// For a request that is being answered.
    pub(crate) fn when(clock: &Arc<dyn Clock>) -> (Answering, Self) {
        let answered = Self { at: Arc::default(), clock: clock.clone() };
        (Answering(answered.clone()), answered)
    }

    /// Ends when the client has had time to take the response in.
    pub(crate) async fn taken_in(&self) {
        let until = *self.at.wait().await + TAKING_IN;
        self.clock.sleep(until.saturating_sub(self.clock.monotonic())).await;
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        // Set here alone, and once.
        let _ = self.0.at.set(self.0.clock.monotonic());
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn time_is_counted_from_the_answer_on() {
        let now = pmcp_tasks::testing::ManualClock::new();
        let clock: Arc<dyn Clock> = Arc::new(now.clone());
        let (answering, answered) = Answered::when(&clock);
        now.advance(2 * TAKING_IN).await;
        assert_eq!(answered.taken_in().now_or_never(), None);
        drop(answering);
        now.advance(TAKING_IN / 2).await;
        let mut later = std::pin::pin!(answered.taken_in());
        assert_eq!(later.as_mut().now_or_never(), None);
        now.advance(TAKING_IN / 2).await;
        assert_eq!(later.now_or_never(), Some(()));
        assert_eq!(answered.taken_in().now_or_never(), Some(()));
    }
}
