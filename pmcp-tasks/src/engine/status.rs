//! State of the process that works, for a health endpoint.

use std::time::Duration;

use serde::Serialize;

use super::Engine;
use crate::{store::backend::Holder, time::millis};

/// Time a store has to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Queued tasks that are counted at most.
const COUNTED: u16 = 1000;

/// State of a server: what a health endpoint answers with. It serialises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Status {
    /// Its store.
    pub store: StoreStatus,
    /// Its lease.
    pub lease: LeaseStatus,
    /// Tasks that wait in the store for a worker; unknown while it does not answer.
    pub queue: Option<QueueStatus>,
    /// Tasks that run here.
    pub running: usize,
    /// Set once it begins nothing new, because it shuts down.
    pub draining: bool,
}

impl Status {
    /// Tells whether calls can be sent to it: its store answers, its lease is kept and it does not shut down.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.store.reachable && self.lease.kept && !self.draining
    }
}

/// State of a server's store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StoreStatus {
    /// Name of the kind of store.
    pub backend: &'static str,
    /// Set if it answered just now, within two seconds.
    pub reachable: bool,
    /// Kind of its failure, as [`StoreError::code`](crate::store::StoreError::code) has it.
    pub failure: Option<&'static str>,
}

/// State of a server's lease: by which others that share the store see that it lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LeaseStatus {
    /// The worker it is to the others, in hexadecimal.
    pub worker: String,
    /// Set unless it ran out: then others may have taken its tasks over. Where nobody shares the store there is none to lose.
    pub kept: bool,
    /// Time it lasts without a renewal, in milliseconds.
    pub period_ms: u64,
    /// Time since it was renewed, in milliseconds; `None` where it never had to be.
    pub age_ms: Option<u64>,
}

/// State of the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct QueueStatus {
    /// Tasks in it, up to a thousand.
    pub depth: usize,
    /// Set if there may be more.
    pub more: bool,
    /// Set if this server takes tasks from it.
    pub worked: bool,
}

impl Engine {
    /// Asks the store once, and looks at what runs here.
    pub(crate) async fn status(&self) -> Status {
        let (host, store) = (&self.host, self.store());
        let queued = tokio::select! {
            biased;
            queued = store.held(&Holder::Queue, None, COUNTED) => queued,
            () = host.clock().sleep(PATIENCE) => Err(store.silent()),
        };
        let failure = queued.as_ref().err().map(crate::error::StoreError::code);
        let worked = self.at_once.is_some();
        let counted =
            |keys: Vec<_>| QueueStatus { depth: keys.len(), more: keys.len() == usize::from(COUNTED), worked };
        let lease = &host.lease;
        let age = lease.age(&**host.clock());
        Status {
            store: StoreStatus { backend: store.capabilities().name, reachable: failure.is_none(), failure },
            lease: LeaseStatus {
                worker: format!("{:032x}", lease.worker().0),
                kept: !host.is_shared() || !lease.has_run_out(&**host.clock()),
                period_ms: millis(lease.period()),
                age_ms: age.map(millis),
            },
            queue: queued.ok().map(counted),
            running: host.seats.len(),
            draining: host.is_stopping(),
        }
    }
}
