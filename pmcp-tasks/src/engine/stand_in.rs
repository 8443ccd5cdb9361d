//! A thread that renews the lease where the runtime does not get to it: tools that block all its threads are no dead worker.

use std::{sync::Arc, thread, time::Duration};

use tokio::runtime::Builder;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Engine, blocking::LONG, watched::LOOKS};
use crate::{run::Keeping, time::millis};

/// The lease is kept for as long as this lives.
pub(super) struct Kept<'a> {
    _keeping: Keeping<'a>,
    /// Ends the thread that stands in; `None` where time is a test's, and passes on the runtime alone.
    _stand_in: Option<DropGuard>,
}

impl Engine {
    /// Told by whoever renews the lease from now on. A thread of its own sees to it that it is.
    pub(super) fn kept(self: &Arc<Self>) -> Kept<'_> {
        let is_autonomous = self.host.is_shared() && self.host.clock().is_autonomous();
        Kept { _keeping: self.host.lease.keep(), _stand_in: is_autonomous.then(|| self.stand_in()) }
    }

    fn stand_in(self: &Arc<Self>) -> DropGuard {
        let over = CancellationToken::new();
        let (engine, ended) = (self.clone(), over.clone());
        // A runtime of its own: the threads of the other one, which also drive its timers, may all be blocked.
        let run = move || match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => {
                let standing_in = engine.guarded("standing in for the runtime", || engine.renew_when_overdue(&ended));
                runtime.block_on(standing_in);
            }
            Err(error) => {
                tracing::warn!(%error, "tools that block the runtime may cost the lease: it has no runtime of its own");
            }
        };
        if let Err(error) = thread::Builder::new().name("pmcp-lease".into()).spawn(run) {
            tracing::warn!(%error, "tools that block the runtime may cost the lease: it has no thread of its own");
        }
        over.drop_guard()
    }

    /// Renews the lease for as long as a run may take: a runtime that does nothing for longer is dead, and its tasks are for others.
    async fn renew_when_overdue(&self, ended: &CancellationToken) {
        let (clock, lease) = (self.host.clock(), &self.host.lease);
        let longest = self.works.longest_timeout().max(Some(self.limits().default_timeout)).unwrap_or_default();
        // The time from which the runtime has not renewed it, and of the renewal that was made in its stead.
        let mut standing_in: Option<(Duration, Duration)> = None;
        let mut is_told = false;
        loop {
            tokio::select! {
                // Not in the midst of a renewal: the lease is given up by what is known of it.
                biased;
                () = ended.cancelled() => return,
                () = self.host.stopped() => return,
                () = clock.sleep(lease.period() / (2 * LOOKS)) => {}
            }
            let Some(age) = lease.overdue(&**clock) else { continue };
            let now = clock.monotonic();
            let tools = self.host.polls.since(now.saturating_sub(LONG));
            let since = standing_in.filter(|(_, ours)| *ours == lease.renewed()).map(|(since, _)| since);
            is_told &= since.is_some();
            let since = since.unwrap_or(now.saturating_sub(age));
            if now.saturating_sub(since) > longest {
                if !std::mem::replace(&mut is_told, true) {
                    let blocked_ms = millis(now.saturating_sub(since));
                    crate::heard::error!(
                        ?tools,
                        blocked_ms,
                        "the runtime is blocked for longer than any run may take: its tasks are left to others"
                    );
                }
                continue;
            }
            match self.renew().await {
                Ok(()) => {
                    standing_in = Some((since, lease.renewed()));
                    tracing::warn!(
                        ?tools,
                        age_ms = millis(age),
                        "the runtime does not get to renew the lease, which a thread of its own has done: these tools block \
                         its threads (what blocks belongs in `tokio::task::spawn_blocking`), or the machine is overloaded"
                    );
                }
                // Who renews it otherwise tells.
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "the lease could not be renewed in time");
                }
            }
        }
    }
}
