//! The other workers, as this one sees them: who has stood still for so long that it is dead.

use std::{collections::HashMap, time::Duration};

use crate::{
    store::backend::{Worker, WorkerId},
    time::millis,
};

/// Renewals of a lease, and looks at the others, in one of their periods.
pub(super) const LOOKS: u32 = 4;

/// The shortest pause between two looks, however short the others' periods.
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);

/// Sightings a worker has of the others, on its own monotonic clock: no wall clock is compared.
#[derive(Debug)]
pub(super) struct Watched {
    /// Each counter, and since when it has been seen.
    counters: HashMap<WorkerId, (u64, Duration)>,
    last_look: Option<Duration>,
    /// This worker's own lease period.
    period: Duration,
    /// Time until the next look: often enough for the one with the shortest period, this worker included.
    pub(super) pause: Duration,
}

impl Watched {
    pub(super) fn by(period: Duration) -> Self {
        Self { counters: HashMap::new(), last_look: None, period, pause: period / LOOKS }
    }

    /// The workers whose counter has not moved for their period. They were asked for and answered at these times: a counter
    /// that is new may have come to be as late as the answer, and is known to stand until the question only.
    pub(super) fn dead(&mut self, workers: &[Worker], (asked, answered): (Duration, Duration)) -> Vec<Worker> {
        let gap = self.last_look.replace(asked).map_or(Duration::ZERO, |last| asked.saturating_sub(last));
        let shortest = workers.iter().map(|worker| worker.period).fold(self.period, Duration::min);
        self.pause = SHORTEST_PAUSE.max(shortest / LOOKS);
        self.counters.retain(|known, _| workers.iter().any(|worker| worker.id == *known));
        // Who was stopped itself has not watched: the others may have stood still with it.
        let is_unwatched = |worker: &Worker| gap > worker.period / 2;
        if workers.iter().any(is_unwatched) {
            tracing::info!(gap_ms = millis(gap), "the others were not looked at for long: they are watched anew");
        }
        let mut dead = Vec::new();
        for worker in workers {
            let seen = self.counters.entry(worker.id).or_insert((worker.counter, answered));
            if seen.0 != worker.counter || is_unwatched(worker) {
                *seen = (worker.counter, answered);
            } else if asked.saturating_sub(seen.1) >= worker.period {
                dead.push(*worker);
            }
        }
        dead
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Millis;

    const SECOND: Duration = Duration::from_secs(1);

    fn worker(id: u128, counter: u64, seconds: u32) -> Worker {
        Worker { id: WorkerId(id), counter, period: seconds * SECOND, clock: Millis(0) }
    }

    fn watched() -> Watched {
        Watched::by(4 * SECOND)
    }

    #[test]
    fn a_counter_that_stands_still_for_a_period_means_dead() {
        let mut watched = watched();
        let mut look = |at: u32, counter| watched.dead(&[worker(1, counter, 4)], (at * SECOND, at * SECOND));
        assert!(look(0, 1).is_empty() && look(1, 1).is_empty() && look(2, 2).is_empty());
        assert!(look(4, 2).is_empty() && look(5, 2).is_empty());
        assert_eq!(look(6, 2), [worker(1, 2, 4)]);
    }

    #[test]
    fn the_period_is_the_workers_own() {
        let mut watched = watched();
        let (long, short) = (worker(1, 1, 40), worker(2, 1, 2));
        let mut dead = Vec::new();
        for at in 0..80 {
            let at = at * SECOND / 2;
            dead.push((at, watched.dead(&[long, short], (at, at))));
        }
        let first = |id| dead.iter().find(|(_, dead)| dead.iter().any(|worker| worker.id == id)).map(|(at, _)| *at);
        assert_eq!((first(short.id), first(long.id)), (Some(2 * SECOND), None));
        assert_eq!(watched.dead(&[long, short], (40 * SECOND, 40 * SECOND)).len(), 2);
    }

    #[test]
    fn the_shortest_period_says_when_to_look_again() {
        let mut watched = watched();
        assert_eq!(watched.pause, SECOND);
        watched.dead(&[worker(1, 1, 40), worker(2, 1, 2)], (SECOND, SECOND));
        assert_eq!(watched.pause, SECOND / 2);
        watched.dead(&[worker(1, 1, 40), worker(2, 1, 0)], (SECOND, SECOND));
        assert_eq!(watched.pause, SHORTEST_PAUSE);
        watched.dead(&[worker(1, 1, 40)], (SECOND, SECOND));
        assert_eq!(watched.pause, SECOND);
    }

    #[test]
    fn who_was_stopped_itself_begins_to_watch_anew() {
        let mut watched = watched();
        let mut look = |at: u32| watched.dead(&[worker(1, 1, 4)], (at * SECOND, at * SECOND));
        assert!(look(0).is_empty() && look(2).is_empty());
        assert!(look(60).is_empty() && look(62).is_empty() && !look(64).is_empty());
    }

    #[test]
    fn the_time_a_store_takes_to_answer_is_not_held_against_a_worker() {
        let mut watched = watched();
        let mut look =
            |asked: u32, took: u32| watched.dead(&[worker(1, 1, 4)], (asked * SECOND, (asked + took) * SECOND));
        assert!(look(0, 1).is_empty() && look(2, 0).is_empty() && look(4, 1).is_empty());
        assert_eq!(look(5, 0), [worker(1, 1, 4)]);
    }
}
