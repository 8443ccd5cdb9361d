//! Time that passes only when nothing else can happen.

use std::{
    collections::BTreeMap,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

use pmcp_tasks::time::{Clock, Millis, Sleep};

/// 2025-11-25T00:00:00Z.
const START: Millis = Millis(1_764_028_800_000);

/// The time of a run, and who sleeps.
#[derive(Debug, Default)]
pub(crate) struct Time(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    now: Duration,
    /// By deadline, then in the order they fell asleep.
    sleepers: BTreeMap<(Duration, u64), Waker>,
    slept: u64,
}

impl Time {
    pub(crate) fn now(&self) -> Duration {
        self.0.lock().unwrap().now
    }

    pub(crate) fn wall(&self) -> Millis {
        START.after(self.now())
    }

    /// When the next sleeper wakes.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        self.0.lock().unwrap().sleepers.first_key_value().map(|((deadline, _), _)| *deadline)
    }

    /// Moves on and wakes who has slept until then.
    pub(crate) fn move_to(&self, now: Duration) {
        let mut due = Vec::new();
        {
            let mut state = self.0.lock().unwrap();
            state.now = state.now.max(now);
            while let Some(first) = state.sleepers.first_entry().filter(|first| first.key().0 <= now) {
                due.push(first.remove());
            }
        }
        due.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn sleep(self: &Arc<Self>, span: Duration) -> Sleeping {
        let mut state = self.0.lock().unwrap();
        state.slept += 1;
        Sleeping { time: self.clone(), key: (state.now + span, state.slept) }
    }
}

/// Ends at its deadline.
#[derive(Debug)]
pub(crate) struct Sleeping {
    time: Arc<Time>,
    key: (Duration, u64),
}

impl Future for Sleeping {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.time.0.lock().unwrap();
        if state.now >= self.key.0 {
            return Poll::Ready(());
        }
        state.sleepers.insert(self.key, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleeping {
    fn drop(&mut self) {
        let waker = self.time.0.lock().unwrap().sleepers.remove(&self.key);
        drop(waker);
    }
}

/// The clock of an instance: its monotonic time has an origin of its own.
#[derive(Clone)]
pub(crate) struct InstanceClock {
    pub(crate) time: Arc<Time>,
    pub(crate) origin: Duration,
}

impl fmt::Debug for InstanceClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstanceClock")
    }
}

impl Clock for InstanceClock {
    fn now(&self) -> Millis {
        self.time.wall()
    }

    fn monotonic(&self) -> Duration {
        self.origin + self.time.now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(self.time.sleep(duration))
    }
}
