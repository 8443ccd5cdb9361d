//! Keeps this worker's lease, watches those of the others, and takes over what the dead have left.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{Engine, recovery::TakenOver, runs::End, watched::Watched};
use crate::{
    error::StoreError,
    measure,
    run::Renewal,
    store::backend::{Holder, TaskKey, WorkerId},
};

/// Number of tasks that are claimed at once.
pub(super) const BATCH: u16 = 32;

/// Number of tasks that cannot run here are put aside to get at those behind them.
pub(super) const MAX_FOREIGN: usize = 256;

/// Looks at what runs here, or should: one each lease period.
#[derive(Debug, Default)]
struct Rounds(Option<Duration>);

impl Rounds {
    fn is_due(&mut self, now: Duration, period: Duration) -> bool {
        let is_due = self.0.is_none_or(|last| now.saturating_sub(last) >= period);
        if is_due {
            self.0 = Some(now);
        }
        is_due
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
        let mut watched = Watched::by(host.lease.period());
        let mut rounds = Rounds::default();
        loop {
            if let Err(error) = self.keep_once(&mut watched, &mut rounds).await {
                self.not_kept(&error);
            }
            tokio::select! {
                biased;
                () = host.clock().sleep(watched.pause) => {}
                () = host.stopped() => return,
            }
        }
    }

    pub(super) fn not_kept(&self, error: &StoreError) {
        let has_run_out = self.host.lease.has_run_out(self.host.clock().as_ref());
        crate::heard::warn!(error = error as &dyn std::error::Error, has_run_out, "the lease could not be renewed");
    }

    /// Renews the lease, as another worker if others took this one for dead.
    pub(super) async fn renew(&self) -> Result<(), StoreError> {
        let (lease, store) = (&self.host.lease, &self.host.store);
        if let Renewal::Lost(worker) = lease.renew(store).await? {
            self.host.succeed(worker);
            lease.renew(store).await?;
        }
        Ok(())
    }

    async fn keep_once(self: &Arc<Self>, watched: &mut Watched, rounds: &mut Rounds) -> Result<(), StoreError> {
        let (host, store) = (&self.host, &self.host.store);
        // Before each look: a store that takes no writes keeps the others from renewing, too.
        self.renew().await?;
        if host.is_stopping() {
            // Nothing is taken over any more; the lease of what runs is renewed until it has ended.
            return Ok(());
        }
        let me = host.lease.worker();
        let asked = store.clock().monotonic();
        let others: Vec<_> = store.workers().await?.into_iter().filter(|worker| worker.id != me).collect();
        let answered = store.clock().monotonic();
        for dead in watched.dead(&others, (asked, answered)) {
            if store.bury(&dead.id, dead.counter).await? {
                tracing::warn!(worker = %format_args!("{:032x}", dead.id.0), "a worker died");
            }
        }
        for worker in store.buried().await? {
            while self.claim(&Holder::Worker(worker), BATCH).await?.more {}
            if host.is_stopping() {
                // What was left may not have been claimed: this worker may be among the buried itself.
                return Ok(());
            }
            // Unless something is left: what has expired by the clock here may not have by another worker's.
            store.settle(&worker).await?;
        }
        if rounds.is_due(asked, host.lease.period()) {
            self.adopt(me).await?;
            self.refresh().await;
        }
        Ok(())
    }

    /// Claims tasks of a holder until `n` of them run here.
    pub(super) async fn claim(self: &Arc<Self>, from: &Holder, n: u16) -> Result<Haul, StoreError> {
        let _claiming = self.claiming.lock().await;
        if self.host.is_stopping() {
            return Ok(Haul { ends: Vec::new(), foreign: Vec::new(), more: false });
        }
        let mut me = self.host.own_worker().await?;
        let mut ends = Vec::new();
        // Handed back at the end: earlier they would only be claimed again, in place of those that can run.
        let mut foreign = Vec::new();
        let more = loop {
            let wanted = n - u16::try_from(ends.len()).unwrap_or(n);
            if wanted == 0 || foreign.len() >= MAX_FOREIGN {
                break Ok(true);
            }
            let (tasks, count) = match self.host.store.claim(from, &me, wanted).await {
                Ok(Some(claimed)) => claimed,
                Ok(None) => {
                    self.host.succeed(me);
                    match self.host.own_worker().await {
                        Ok(successor) => me = successor,
                        Err(error) => break Err(error),
                    }
                    continue;
                }
                Err(error) => {
                    self.strays.store(true, Ordering::Relaxed);
                    break Err(error);
                }
            };
            measure::claimed(if *from == Holder::Queue { "queue" } else { "worker" }, count);
            for task in tasks {
                match self.take_over(task, false).await {
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
