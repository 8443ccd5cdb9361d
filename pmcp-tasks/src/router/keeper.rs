//! Keeps this worker's lease, watches those of the others, and takes over what the dead have left.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::sync::oneshot;

use super::{TaskRouter, recovery::TakenOver};
use crate::{
    execution::{Execution, Renewal},
    store::{
        StoreError,
        backend::{Holder, TaskKey, WorkerId},
    },
    task::Outcome,
    time::millis,
};

/// Renewals and looks at the others in one lease period.
pub(super) const LOOKS: u32 = 4;

/// How many tasks are claimed at once.
pub(super) const BATCH: u16 = 32;

/// How many tasks that cannot run here are put aside to get at those behind them.
pub(super) const MAX_FOREIGN: usize = 256;

/// What a worker has seen of the others.
#[derive(Default)]
struct Watched {
    /// Each counter, and when it was first seen, on our own monotonic clock: no wall clock is compared.
    counters: HashMap<WorkerId, (u64, Duration)>,
    last_look: Option<Duration>,
}

impl Watched {
    /// The workers whose counter has not moved for a period, with that counter.
    fn dead(&mut self, workers: &[(WorkerId, u64)], now: Duration, period: Duration) -> Vec<(WorkerId, u64)> {
        // Who was stopped itself has not watched: the others may have stood still with it.
        let gap = self.last_look.replace(now).map_or(Duration::ZERO, |last| now.saturating_sub(last));
        if gap > period / 2 {
            tracing::info!(gap_ms = millis(gap), "the others were not looked at for long: they are watched anew");
            self.counters.clear();
        }
        self.counters.retain(|worker, _| workers.iter().any(|(listed, _)| listed == worker));
        let mut dead = Vec::new();
        for &(worker, counter) in workers {
            let seen = self.counters.entry(worker).or_insert((counter, now));
            if seen.0 != counter {
                *seen = (counter, now);
            } else if now.saturating_sub(seen.1) >= period {
                dead.push((worker, counter));
            }
        }
        dead
    }
}

/// What came of a claim.
pub(super) struct Claimed {
    /// The outcomes of the tasks that run here now.
    pub(super) ends: Vec<oneshot::Receiver<Outcome>>,
    /// Those that cannot run here, and were handed back.
    pub(super) foreign: Vec<TaskKey>,
    /// Whether there may be more tasks to claim.
    pub(super) more: bool,
}

impl TaskRouter {
    /// Keeps the lease and watches the others until the server stops. Only where others share the store.
    pub(super) async fn keep_lease(self) {
        let runtime = &self.runtime;
        let _keeping = runtime.lease.keep();
        let mut watched = Watched::default();
        let mut ticks = 0_u32;
        loop {
            if let Err(error) = self.keep_once(&mut watched, ticks).await {
                self.not_kept(&error);
            }
            ticks = ticks.wrapping_add(1);
            tokio::select! {
                () = runtime.store.clock().sleep(runtime.lease.period() / LOOKS) => {}
                () = runtime.stopped() => return,
            }
        }
    }

    pub(super) fn not_kept(&self, error: &StoreError) {
        tracing::warn!(error = error as &dyn std::error::Error, "the lease could not be kept");
        if self.runtime.lease.has_run_out(self.runtime.store.clock().as_ref()) {
            tracing::error!("the lease has run out: this worker stops its tasks");
            self.lose_everything();
        }
    }

    /// Renews the lease, as another worker if others took this one for dead.
    pub(super) async fn renew(&self) -> Result<(), StoreError> {
        let (lease, store) = (&self.runtime.lease, &self.runtime.store);
        if lease.renew(store).await? == Renewal::Lost {
            tracing::error!("others took this worker for dead: it stops its tasks");
            self.lose_everything();
            lease.renew(store).await?;
        }
        Ok(())
    }

    async fn keep_once(&self, watched: &mut Watched, tick: u32) -> Result<(), StoreError> {
        let (runtime, store) = (&self.runtime, &self.runtime.store);
        self.renew().await?;
        if runtime.is_stopping() {
            // Nothing is taken over any more; the lease of what runs is renewed until it has ended.
            return Ok(());
        }
        let me = runtime.lease.worker();
        let now = store.clock().monotonic();
        let others: Vec<_> = store.workers().await?.into_iter().filter(|(worker, _)| *worker != me).collect();
        for (worker, counter) in watched.dead(&others, now, runtime.lease.period()) {
            if store.bury(&worker, counter).await? {
                tracing::warn!(worker = %format_args!("{:032x}", worker.0), "a worker died");
            }
        }
        for worker in store.buried().await? {
            while self.claim(&Holder::Worker(worker), BATCH).await?.more {}
            if runtime.is_stopping() {
                // What was left may not have been claimed: this worker may be among the buried itself.
                return Ok(());
            }
            store.settle(&worker).await?;
        }
        if tick.is_multiple_of(LOOKS) {
            for former in runtime.lease.former() {
                while self.claim(&Holder::Worker(former), BATCH).await?.more {}
            }
            self.adopt(me).await?;
            runtime.refresh().await;
        }
        Ok(())
    }

    /// Stops what runs here, without writing anything: it is others' now.
    fn lose_everything(&self) {
        for run in &self.runtime.runs {
            run.lose();
        }
        if let Err(error) = self.runtime.lease.replace(&self.runtime.store) {
            tracing::error!(error = &error as &dyn std::error::Error, "no new worker could be made");
        }
    }

    /// Claims tasks of a holder until `n` of them run here.
    pub(super) async fn claim(&self, from: &Holder, n: u16) -> Result<Claimed, StoreError> {
        let _claiming = self.runtime.claiming.lock().await;
        if self.runtime.is_stopping() {
            return Ok(Claimed { ends: Vec::new(), foreign: Vec::new(), more: false });
        }
        let me = self.runtime.lease.known(&self.runtime.store).await?;
        let mut ends = Vec::new();
        // Handed back at the end: earlier they would only be claimed again, in place of those that can run.
        let mut foreign = Vec::new();
        let more = loop {
            let wanted = n - u16::try_from(ends.len()).unwrap_or(n);
            if wanted == 0 || foreign.len() >= MAX_FOREIGN {
                break Ok(true);
            }
            let (tasks, count) = match self.runtime.store.claim(from, &me, wanted).await {
                Ok(claimed) => claimed,
                Err(error) => {
                    self.runtime.strays.store(true, Ordering::Relaxed);
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
        Ok(Claimed { ends, foreign: keys, more: more? })
    }

    /// Finds tasks that are ours and that nobody here runs: of a claim or create whose reply was lost. The outcomes of those
    /// that run now.
    pub(super) async fn adopt(&self, me: WorkerId) -> Result<Vec<oneshot::Receiver<Outcome>>, StoreError> {
        let _claiming = self.runtime.claiming.lock().await;
        let (mut ends, mut after) = (Vec::new(), None);
        loop {
            let page = self.runtime.store.held(&Holder::Worker(me), after.as_ref(), BATCH).await?;
            let more = page.len() == usize::from(BATCH);
            after = page.last().cloned();
            for key in page {
                // What is handed over is nobody's here, and not to be begun again.
                if self.runtime.is_stopping() {
                    return Ok(ends);
                }
                if !self.runtime.runs.contains_key(&key) {
                    ends.extend(self.adopt_one(&key, me).await);
                }
            }
            if !more {
                return Ok(ends);
            }
        }
    }

    /// Whether this process runs tasks itself, beyond recording them.
    pub(super) fn runs_tasks(&self) -> bool {
        self.runtime.execution == Execution::Immediate || self.at_once.is_some()
    }

    /// Starts what a process that shares its store needs in the background.
    pub(super) fn keep(&self) {
        if self.runtime.store.capabilities().shared {
            self.runtime.background.spawn(Arc::clone(&self.runtime).follow_feed());
            self.runtime.background.spawn(self.clone().keep_lease());
        }
        if let Some(at_once) = self.at_once {
            self.runtime.background.spawn(self.clone().work_queue(at_once));
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
        let mut look = |at: u32, counter| watched.dead(&[(A, counter)], at * SECOND, 4 * SECOND);
        assert!(look(0, 1).is_empty() && look(1, 1).is_empty() && look(2, 2).is_empty());
        assert!(look(4, 2).is_empty() && look(5, 2).is_empty());
        assert_eq!(look(6, 2), [(A, 2)]);
    }

    #[test]
    fn who_was_stopped_itself_begins_to_watch_anew() {
        let mut watched = Watched::default();
        let mut look = |at: u32| watched.dead(&[(A, 1)], at * SECOND, 4 * SECOND);
        assert!(look(0).is_empty() && look(2).is_empty());
        assert!(look(60).is_empty() && look(62).is_empty() && !look(64).is_empty());
    }
}
