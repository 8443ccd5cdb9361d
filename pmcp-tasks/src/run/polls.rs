//! The polls of functions that are going on: of one that blocks its thread for ever nothing else is known.

use std::{
    sync::Arc,
    thread::{self, ThreadId},
    time::Duration,
};

use parking_lot::Mutex;

/// The polls that are going on, one a thread.
#[derive(Debug, Default)]
pub(crate) struct Polls(Mutex<Vec<Poll>>);

#[derive(Debug)]
struct Poll {
    thread: ThreadId,
    tool: Arc<str>,
    begun: Duration,
}

/// A poll, until this is dropped.
pub(crate) struct Polling<'a>(&'a Polls);

impl Polls {
    /// Notes that this thread polls a tool from this time on.
    pub(crate) fn begin(&self, tool: Arc<str>, begun: Duration) -> Polling<'_> {
        self.0.lock().push(Poll { thread: thread::current().id(), tool, begun });
        Polling(self)
    }

    /// The tools whose polls began before this time and go on, each once.
    pub(crate) fn since(&self, time: Duration) -> Vec<Arc<str>> {
        let polls = self.0.lock();
        let mut tools: Vec<_> = polls.iter().filter(|poll| poll.begun < time).map(|poll| poll.tool.clone()).collect();
        tools.sort_unstable();
        tools.dedup();
        tools
    }
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        let this = thread::current().id();
        let mut polls = self.0.0.lock();
        if let Some(at) = polls.iter().rposition(|poll| poll.thread == this) {
            polls.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poll_is_known_until_it_ends_be_it_by_a_panic() {
        let (polls, second) = (Polls::default(), Duration::from_secs(1));
        let polling = polls.begin("slow".into(), second);
        thread::scope(|scope| {
            let panicking = scope.spawn(|| {
                let _polling = polls.begin("broken".into(), second);
                assert_eq!(polls.since(second * 2), ["broken", "slow"].map(Arc::<str>::from));
                std::panic::resume_unwind(Box::new(()));
            });
            assert!(panicking.join().is_err());
        });
        assert_eq!(polls.since(second * 2), ["slow"].map(Arc::<str>::from));
        assert!(polls.since(second).is_empty());
        drop(polling);
        assert!(polls.since(second * 2).is_empty());
    }
}
