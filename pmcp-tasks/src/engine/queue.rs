//! Running what other processes left in the queue.

use std::{
    collections::HashSet,
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures_util::future::join_all;

use super::{
    Engine,
    keeper::{BATCH, Haul, MAX_FOREIGN},
    watched::LOOKS,
};
use crate::{
    error::StoreError,
    store::backend::{Holder, TaskKey},
};

/// Time a worker that found nothing to do waits, unless it is told.
const IDLE: Duration = Duration::from_millis(500);

impl Engine {
    /// Runs queued tasks, at most `at_once` at the same time, until the server stops.
    pub(super) async fn work_queue(self: Arc<Self>, at_once: usize) {
        let host = &self.host;
        // The tools of a process do not change: what could not run here once never can.
        let mut foreign = HashSet::new();
        loop {
            let room = at_once.saturating_sub(host.seats.len());
            let room = u16::try_from(room).unwrap_or(u16::MAX).min(BATCH);
            let mut handed_back = false;
            // Without room it is not known.
            let mut has_more = room == 0;
            if room > 0 && !host.is_stopping() {
                match self.claim_queued(room, &mut foreign).await {
                    Ok(Some(claimed)) if claimed.more && !claimed.ends.is_empty() => continue,
                    Ok(Some(claimed)) => {
                        handed_back = !claimed.foreign.is_empty();
                        has_more = claimed.more;
                    }
                    Ok(None) => {}
                    Err(error) => {
                        tracing::warn!(error = &error as &dyn std::error::Error, "queued tasks could not be claimed");
                    }
                }
            }
            tokio::select! {
                biased;
                () = host.clock().sleep(IDLE) => {}
                // Workers that hand the same tasks back would keep each other busy with hints.
                () = self.queue_hint.notified(), if !handed_back => {}
                // There is room for what was left in the queue.
                () = host.left.notified(), if has_more && !handed_back => {}
                () = host.stopped() => return,
            }
        }
    }

    /// Claims queued tasks, unless all that are there are known not to run here.
    async fn claim_queued(
        self: &Arc<Self>,
        n: u16,
        foreign: &mut HashSet<TaskKey>,
    ) -> Result<Option<Haul>, StoreError> {
        if !foreign.is_empty() && !self.queue_has_others(foreign).await? {
            return Ok(None);
        }
        if foreign.len() > 4 * MAX_FOREIGN {
            // Most are long gone; those that are not are learnt again.
            foreign.clear();
        }
        let claimed = self.claim(&Holder::Queue, n).await?;
        foreign.extend(claimed.foreign.iter().cloned());
        Ok(Some(claimed))
    }

    /// Tells whether there are other tasks in the queue, or too many to look at.
    async fn queue_has_others(&self, than: &HashSet<TaskKey>) -> Result<bool, StoreError> {
        let (mut seen, mut after) = (0, None);
        while seen < MAX_FOREIGN {
            let page = self.host.store.held(&Holder::Queue, after.as_ref(), BATCH).await?;
            if page.iter().any(|key| !than.contains(key)) {
                return Ok(true);
            }
            if page.len() < usize::from(BATCH) {
                return Ok(false);
            }
            seen += page.len();
            after = page.last().cloned();
        }
        Ok(true)
    }

    /// Claims up to `at_once` queued tasks, runs them to their end, and tells how many there were.
    ///
    /// For functions as a service: one invocation answers the call and leaves the task in the queue, another one calls this.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) async fn run_queued(self: &Arc<Self>, at_once: u16) -> Result<usize, StoreError> {
        let (lease, store) = (&self.host.lease, &self.host.store);
        let _kept = self.kept();
        // Since an earlier invocation this process may have stood still, and be taken for dead.
        self.renew().await?;
        let mut ends = Vec::new();
        if self.strays.swap(false, Ordering::Relaxed) {
            // Nobody else looks for them while this process renews its lease.
            ends = self.adopt(lease.worker()).await.inspect_err(|_| self.strays.store(true, Ordering::Relaxed))?;
        }
        let room = at_once.saturating_sub(u16::try_from(ends.len()).unwrap_or(at_once));
        match self.claim(&Holder::Queue, room).await {
            Ok(haul) => ends.extend(haul.ends),
            Err(error) if ends.is_empty() => return Err(error),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "queued tasks could not be claimed");
            }
        }
        let count = ends.len();
        // A run whose end cannot be told has ended.
        let mut all_ended = pin!(join_all(ends));
        loop {
            tokio::select! {
                biased;
                _ = &mut all_ended => return Ok(count),
                () = store.clock().sleep(lease.period() / LOOKS) => {}
            }
            if let Err(error) = self.renew().await {
                self.not_kept(&error);
            }
        }
    }
}
