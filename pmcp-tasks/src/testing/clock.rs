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
    sleepers: BTreeMap<(Duration, u64), Sleeper>,
    slept: u64,
}

#[derive(Debug)]
struct Sleeper {
    wake: oneshot::Sender<()>,
    /// Set if it may wake later: the clock does not stop for it.
    idles: bool,
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
    /// ready gets a hundred turns, so that who sleeps again within the span wakes again within it. Who
    /// [idles](Clock::idle) wakes at the next such stop, or at the end: housekeeping costs a test nothing.
    ///
    /// The turns are complete on a runtime of one thread (`#[tokio::test]`). Work on other threads is not waited for.
    pub async fn advance(&self, duration: Duration) {
        let end = self.state().monotonic + duration;
        settle().await;
        while self.wake_next(end) {
            settle().await;
        }
        if self.state().wake_at(end) {
            settle().await;
        }
    }

    /// Sets the wall clock alone, forward or back, as an administrator or NTP does: no sleeper wakes.
    pub fn set_wall(&self, wall: Millis) {
        self.state().wall = wall;
    }

    /// Moves to the next deadline to stop at, if it is not after `end`, and wakes who sleeps until then.
    fn wake_next(&self, end: Duration) -> bool {
        let mut state = self.state();
        let next = state.sleepers.iter().find(|(_, sleeper)| !sleeper.idles).map(|(&(deadline, _), _)| deadline);
        next.filter(|next| *next <= end).is_some_and(|next| state.wake_at(next))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Moves to this time, and wakes who sleeps until then; whether there was anybody.
    fn wake_at(&mut self, now: Duration) -> bool {
        self.move_to(now);
        let mut woke = false;
        while let Some(sleeper) = self.sleepers.first_entry().filter(|sleeper| sleeper.key().0 <= now) {
            // A sleeper that was dropped does not listen any more.
            let _ = sleeper.remove().wake.send(());
            woke = true;
        }
        woke
    }

    /// Adds a sleeper.
    fn add(&mut self, duration: Duration, sleeper: Sleeper) {
        // Who gave up waiting leaves no entry for good.
        self.sleepers.retain(|_, sleeper| !sleeper.wake.is_closed());
        let key = (self.monotonic + duration, self.slept);
        self.slept += 1;
        self.sleepers.insert(key, sleeper);
    }

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
        self.until_woken(duration, false)
    }

    fn idle(&self, duration: Duration) -> Sleep {
        self.until_woken(duration, true)
    }
}

impl ManualClock {
    fn until_woken(&self, duration: Duration, idles: bool) -> Sleep {
        if duration.is_zero() {
            return Box::pin(std::future::ready(()));
        }
        let (wake, woken) = oneshot::channel();
        self.state().add(duration, Sleeper { wake, idles });
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
    async fn it_does_not_stop_for_who_idles_and_wakes_them_all_the_same() {
        let clock = ManualClock::new();
        let (woke, mut order) = mpsc::unbounded_channel();
        for (name, every) in [("idles", None), ("sleeps", Some(SECOND * 25))] {
            let (clock, woke) = (clock.clone(), woke.clone());
            tokio::spawn(async move {
                loop {
                    every.map_or_else(|| clock.idle(SECOND * 10), |every| clock.sleep(every)).await;
                    woke.send((name, clock.monotonic())).unwrap();
                }
            });
        }
        clock.advance(SECOND * 60).await;
        let mut times = Vec::new();
        while let Ok((name, at)) = order.try_recv() {
            times.push((name, at.as_secs()));
        }
        assert_eq!(times, [("idles", 25), ("sleeps", 25), ("idles", 50), ("sleeps", 50), ("idles", 60)]);
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
