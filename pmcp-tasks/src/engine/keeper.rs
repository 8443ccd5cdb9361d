//! Keeps this worker's lease, watches those of the others, and takes over what the dead have left.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{Engine, recovery::TakenOver, runs::End};
use crate::{
    error::StoreError,
    run::Renewal,
    store::backend::{Holder, TaskKey, WorkerId},
    time::millis,
};

/// Renewals and looks at the others in one lease period.
pub(super) const LOOKS: u32 = 4;

/// Number of tasks that are claimed at once.
pub(super) const BATCH: u16 = 32;

/// Number of tasks that cannot run here are put aside to get at those behind them.
pub(super) const MAX_FOREIGN: usize = 256;

/// Sightings a worker has of the others.
#[derive(Default)]
struct Watched {
    /// Each counter, and since when it has been seen, on our own monotonic clock: no wall clock is compared.
    counters: HashMap<WorkerId, (u64, Duration)>,
    last_look: Option<Duration>,
}

impl Watched {
    /// The workers whose counter has not moved for a period, with that counter. They were asked for and answered at these
    /// times: a counter that is new may have come to be as late as the answer, and is known to stand until the question only.
    fn dead(
        &mut self,
        workers: &[(WorkerId, u64)],
        (asked, answered): (Duration, Duration),
        period: Duration,
    ) -> Vec<(WorkerId, u64)> {
        // Who was stopped itself has not watched: the others may have stood still with it.
        let gap = self.last_look.replace(asked).map_or(Duration::ZERO, |last| asked.saturating_sub(last));
        if gap > period / 2 {
            tracing::info!(gap_ms = millis(gap), "the others were not looked at for long: they are watched anew");
            self.counters.clear();
        }
        self.counters.retain(|worker, _| workers.iter().any(|(listed, _)| listed == worker));
        let mut dead = Vec::new();
        for &(worker, counter) in workers {
            let seen = self.counters.entry(worker).or_insert((counter, answered));
            if seen.0 != counter {
                *seen = (counter, answered);
            } else if asked.saturating_sub(seen.1) >= period {
                dead.push((worker, counter));
            }
        }
        dead
    }
}

/// Outcome of a claim.
pub(super) struct Haul {
    /// The outcomes of the tasks that run here now.
    pub(super) ends: Vec<End>,
    /// Those that cannot run here, and were handed back.
    pub(super) foreign: Vec<TaskKey>,
    /// Set if there may be more tasks to claim.
    pub(super) more: bool,
}

impl Engine {
    /// Keeps the lease and watches the others until the server stops. Only where others share the store.
    pub(super) async fn keep_lease(self: Arc<Self>) {
        let host = &self.host;
        let _keeping = host.lease.keep();
        let mut watched = Watched::default();
        let mut ticks = 0_u32;
        loop {
            if let Err(error) = self.keep_once(&mut watched, ticks).await {
                self.not_kept(&error);
            }
            ticks = ticks.wrapping_add(1);
            tokio::select! {
                biased;
                () = host.clock().sleep(host.lease.period() / LOOKS) => {}
                () = host.stopped() => return,
            }
        }
    }

    pub(super) fn not_kept(&self, error: &StoreError) {
        tracing::warn!(error = error as &dyn std::error::Error, "the lease could not be kept");
        if self.host.lease.has_run_out(self.host.clock().as_ref()) {
            tracing::error!("the lease has run out: this worker stops its tasks");
            self.lose_everything();
        }
    }

    /// Renews the lease, as another worker if others took this one for dead.
    pub(super) async fn renew(&self) -> Result<(), StoreError> {
        let (lease, store) = (&self.host.lease, &self.host.store);
        if lease.renew(store).await? == Renewal::Lost {
            tracing::error!("others took this worker for dead: it stops its tasks");
            self.lose_everything();
            lease.renew(store).await?;
        }
        Ok(())
    }

    async fn keep_once(self: &Arc<Self>, watched: &mut Watched, tick: u32) -> Result<(), StoreError> {
        let (host, store) = (&self.host, &self.host.store);
        self.renew().await?;
        if host.is_stopping() {
            // Nothing is taken over any more; the lease of what runs is renewed until it has ended.
            return Ok(());
        }
        let me = host.lease.worker();
        let asked = store.clock().monotonic();
        let others: Vec<_> = store.workers().await?.into_iter().filter(|(worker, _)| *worker != me).collect();
        let answered = store.clock().monotonic();
        for (worker, counter) in watched.dead(&others, (asked, answered), host.lease.period()) {
            if store.bury(&worker, counter).await? {
                tracing::warn!(worker = %format_args!("{:032x}", worker.0), "a worker died");
            }
        }
        for worker in store.buried().await? {
            while self.claim(&Holder::Worker(worker), BATCH).await?.more {}
            if host.is_stopping() {
                // What was left may not have been claimed: this worker may be among the buried itself.
                return Ok(());
            }
            store.settle(&worker).await?;
        }
        if tick.is_multiple_of(LOOKS) {
            for former in host.lease.former() {
                while self.claim(&Holder::Worker(former), BATCH).await?.more {}
            }
            self.adopt(me).await?;
            self.refresh().await;
        }
        Ok(())
    }

    /// Stops what runs here, without writing anything: it is others' now.
    fn lose_everything(&self) {
        for key in self.host.seated() {
            if let Some(seat) = self.host.seats.get(&key) {
                seat.lose();
            }
        }
        if let Err(error) = self.host.lease.replace(&self.host.store) {
            tracing::error!(error = &error as &dyn std::error::Error, "no new worker could be made");
        }
    }

    /// Claims tasks of a holder until `n` of them run here.
    pub(super) async fn claim(self: &Arc<Self>, from: &Holder, n: u16) -> Result<Haul, StoreError> {
        let _claiming = self.claiming.lock().await;
        if self.host.is_stopping() {
            return Ok(Haul { ends: Vec::new(), foreign: Vec::new(), more: false });
        }
        let me = self.host.lease.known(&self.host.store).await?;
        let mut ends = Vec::new();
        // Handed back at the end: earlier they would only be claimed again, in place of those that can run.
        let mut foreign = Vec::new();
        let more = loop {
            let wanted = n - u16::try_from(ends.len()).unwrap_or(n);
            if wanted == 0 || foreign.len() >= MAX_FOREIGN {
                break Ok(true);
            }
            let (tasks, count) = match self.host.store.claim(from, &me, wanted).await {
                Ok(claimed) => claimed,
                Err(error) => {
                    self.strays.store(true, Ordering::Relaxed);
                    break Err(error);
                }
            };
            for task in tasks {
                match self.take_over(task).await {
                    TakenOver::Runs(end) => ends.push(end),
                    TakenOver::Foreign(task) => foreign.push(task),
                    TakenOver::Ended => {}
                }
            }
            if count < usize::from(wanted) {
                break Ok(false);
            }
        };
        let keys = foreign.iter().map(|task| task.key.clone()).collect();
        for task in foreign {
            self.hand_back(*task).await;
        }
        Ok(Haul { ends, foreign: keys, more: more? })
    }

    /// Finds tasks that are ours and that nobody here runs: of a claim or create whose reply was lost. The ends of those that
    /// run now.
    pub(super) async fn adopt(self: &Arc<Self>, me: WorkerId) -> Result<Vec<End>, StoreError> {
        let _claiming = self.claiming.lock().await;
        let (mut ends, mut after) = (Vec::new(), None);
        loop {
            let page = self.host.store.held(&Holder::Worker(me), after.as_ref(), BATCH).await?;
            let more = page.len() == usize::from(BATCH);
            after = page.last().cloned();
            for key in page {
                // What is handed over is nobody's here, and not to be begun again.
                if self.host.is_stopping() {
                    return Ok(ends);
                }
                if !self.host.seats.contains_key(&key) {
                    ends.extend(self.adopt_one(&key, me).await);
                }
            }
            if !more {
                return Ok(ends);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const A: WorkerId = WorkerId(1);

    #[test]
    fn a_counter_that_stands_still_for_a_period_means_dead() {
        let mut watched = Watched::default();
        let mut look = |at: u32, counter| watched.dead(&[(A, counter)], (at * SECOND, at * SECOND), 4 * SECOND);
        assert!(look(0, 1).is_empty() && look(1, 1).is_empty() && look(2, 2).is_empty());
        assert!(look(4, 2).is_empty() && look(5, 2).is_empty());
        assert_eq!(look(6, 2), [(A, 2)]);
    }

    #[test]
    fn who_was_stopped_itself_begins_to_watch_anew() {
        let mut watched = Watched::default();
        let mut look = |at: u32| watched.dead(&[(A, 1)], (at * SECOND, at * SECOND), 4 * SECOND);
        assert!(look(0).is_empty() && look(2).is_empty());
        assert!(look(60).is_empty() && look(62).is_empty() && !look(64).is_empty());
    }

    #[test]
    fn the_time_a_store_takes_to_answer_is_not_held_against_a_worker() {
        let mut watched = Watched::default();
        let mut look =
            |asked: u32, took: u32| watched.dead(&[(A, 1)], (asked * SECOND, (asked + took) * SECOND), 4 * SECOND);
        assert!(look(0, 1).is_empty() && look(2, 0).is_empty() && look(4, 1).is_empty());
        assert_eq!(look(5, 0), [(A, 1)]);
    }
}
