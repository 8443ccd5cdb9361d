//! A clock that stands still until a test moves it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::oneshot;

use crate::time::{Clock, Millis, Sleep, millis};

/// 2025-11-25T00:00:00Z.
const START: Millis = Millis(1_764_028_800_000);

/// Number of times everything that is ready gets a turn after sleepers were woken.
const TURNS: usize = 100;

/// A clock for tests: it starts at 2025-11-25T00:00:00Z and moves only by [`advance`](Self::advance) and
/// [`set_wall`](Self::set_wall). Clones show and move the same time.
///
/// ```
/// use std::time::Duration;
/// use pmcp_tasks::{testing::{ManualClock, block_on}, time::Clock as _};
///
/// let clock = ManualClock::new();
/// let (before, sleep) = (clock.now(), clock.sleep(Duration::from_secs(60)));
/// block_on(async {
///     clock.advance(Duration::from_secs(60)).await;
///     sleep.await;
/// });
/// assert_eq!(clock.now(), before.after(Duration::from_secs(60)));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    wall: Millis,
    monotonic: Duration,
    /// By deadline, then in the order they fell asleep.
    sleepers: BTreeMap<(Duration, u64), oneshot::Sender<()>>,
    slept: u64,
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl ManualClock {
    /// A clock at 2025-11-25T00:00:00Z, its monotonic time zero.
    #[must_use]
    pub fn new() -> Self {
        let state = State { wall: START, monotonic: Duration::ZERO, sleepers: BTreeMap::new(), slept: 0 };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Moves both times forward, stopping at each deadline on the way: there the sleepers wake and everything that is
    /// ready gets a hundred turns, so that who sleeps again within the span wakes again within it.
    ///
    /// The turns are complete on a runtime of one thread (`#[tokio::test]`). Work on other threads is not waited for.
    pub async fn advance(&self, duration: Duration) {
        let end = self.state().monotonic + duration;
        settle().await;
        while self.wake_next(end) {
            settle().await;
        }
        self.state().move_to(end);
    }

    /// Sets the wall clock alone, forward or back, as an administrator or NTP does: no sleeper wakes.
    pub fn set_wall(&self, wall: Millis) {
        self.state().wall = wall;
    }

    /// Moves to the next deadline, if it is not after `end`, and wakes who sleeps until then.
    fn wake_next(&self, end: Duration) -> bool {
        let mut state = self.state();
        let Some((&(deadline, _), _)) = state.sleepers.first_key_value() else { return false };
        if deadline > end {
            return false;
        }
        state.move_to(deadline);
        while let Some(sleeper) = state.sleepers.first_entry().filter(|sleeper| sleeper.key().0 == deadline) {
            // A sleeper that was dropped does not listen any more.
            let _ = sleeper.remove().send(());
        }
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn move_to(&mut self, monotonic: Duration) {
        // The difference of whole milliseconds, so that many short moves add up.
        self.wall.0 = self.wall.0.saturating_add(millis(monotonic) - millis(self.monotonic));
        self.monotonic = monotonic;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Millis {
        self.state().wall
    }

    fn monotonic(&self) -> Duration {
        self.state().monotonic
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        if duration.is_zero() {
            return Box::pin(std::future::ready(()));
        }
        let (wake, woken) = oneshot::channel();
        let mut state = self.state();
        // Who gave up waiting leaves no entry for good.
        state.sleepers.retain(|_, sleeper| !sleeper.is_closed());
        let key = (state.monotonic + duration, state.slept);
        state.slept += 1;
        state.sleepers.insert(key, wake);
        let clock = self.clone();
        Box::pin(async move {
            // Holds the clock, so that a sleeper outlives every other handle instead of waking early.
            let _ = woken.await;
            drop(clock);
        })
    }
}

pub(super) async fn settle() {
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn it_stands_still_until_it_is_moved() {
        let clock = ManualClock::new();
        assert_eq!(clock.now().to_string(), "2025-11-25T00:00:00.000Z");
        assert_eq!(clock.monotonic(), Duration::ZERO);
        clock.clone().advance(SECOND).await;
        assert_eq!(clock.now(), START.after(SECOND));
        assert_eq!(clock.monotonic(), SECOND);
    }

    #[tokio::test]
    async fn sleepers_wake_in_the_order_of_their_deadlines() {
        let clock = ManualClock::new();
        let (woke, mut order) = mpsc::unbounded_channel();
        for seconds in [3, 1, 4, 2] {
            let (clock, woke) = (clock.clone(), woke.clone());
            tokio::spawn(async move {
                clock.sleep(SECOND * seconds).await;
                woke.send((seconds, clock.monotonic())).unwrap();
            });
        }
        clock.advance(SECOND * 3).await;
        for seconds in [1, 2, 3] {
            assert_eq!(order.try_recv(), Ok((seconds, SECOND * seconds)));
        }
        assert!(order.try_recv().is_err());
    }

    #[tokio::test]
    async fn who_sleeps_again_wakes_again() {
        let clock = ManualClock::new();
        let (tick, mut ticks) = mpsc::unbounded_channel();
        let ticking = clock.clone();
        tokio::spawn(async move {
            while tick.send(()).is_ok() {
                ticking.sleep(SECOND).await;
            }
        });
        clock.advance(SECOND * 4).await;
        let mut count = 0;
        while ticks.try_recv().is_ok() {
            count += 1;
        }
        assert_eq!(count, 5);
    }

    #[tokio::test]
    async fn a_jump_of_the_wall_clock_wakes_nobody() {
        let clock = ManualClock::new();
        let sleep = tokio::spawn(clock.sleep(SECOND));
        clock.set_wall(START.after(SECOND * 3600));
        settle().await;
        assert!(!sleep.is_finished());
        assert_eq!(clock.monotonic(), Duration::ZERO);
        clock.set_wall(Millis(5));
        clock.advance(SECOND).await;
        assert!(sleep.is_finished());
        assert_eq!(clock.now(), Millis(1005));
    }

    #[tokio::test]
    async fn sleeping_for_no_time_ends_at_once() {
        ManualClock::new().sleep(Duration::ZERO).await;
    }

    #[tokio::test]
    async fn a_dropped_sleeper_leaves_nothing_behind() {
        let clock = ManualClock::new();
        drop(clock.sleep(SECOND));
        let _sleep = clock.sleep(SECOND);
        assert_eq!(clock.state().sleepers.len(), 1);
    }

    #[tokio::test]
    async fn short_moves_add_up() {
        let clock = ManualClock::new();
        for _ in 0..10 {
            clock.advance(Duration::from_micros(300)).await;
        }
        assert_eq!(clock.now(), Millis(START.0 + 3));
    }
}
