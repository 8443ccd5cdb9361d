//! Things the runs of a process share: the store, the limits, the lease, the seats of those whose task is stored, and
//! when to stop.

use std::{sync::Arc, time::Duration};

use dashmap::DashMap;
use tokio::{runtime::Handle, sync::Notify};
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};

use super::{
    Finishing,
    lease::{Lease, Renewal},
    polls::Polls,
    seat::Seat,
};
use crate::{
    error::{CancelCause, StoreError},
    limits::Limits,
    measure,
    protocol::RpcError,
    store::backend::{Holder, TaskKey, WorkerId},
    task::{Draft, NotCreated, Task, TaskStore},
    time::{Clock, Millis},
};

/// The time a store has to take the lease back when the process ends.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Things the runs of a process share.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) store: TaskStore,
    pub(crate) limits: Limits,
    pub(crate) lease: Lease,
    /// The seats of runs whose task is in the store, so that answers and cancellations reach them.
    pub(crate) seats: DashMap<TaskKey, Arc<Seat>>,
    /// Told when a run has left its seat to another one.
    pub(crate) left: Notify,
    /// The functions that are being polled.
    pub(crate) polls: Polls,
    /// The runs, and the requests that may start one.
    tracker: TaskTracker,
    /// Everything else that runs in the background; ends with `stopped`.
    pub(crate) background: TaskTracker,
    /// No new work.
    stopping: CancellationToken,
    /// Running work is cancelled; the parent of every run's own token.
    pub(crate) cancelling: CancellationToken,
    /// No work any more.
    stopped: CancellationToken,
}

/// The answer to who asks for something that is not begun, or waited for, any more.
pub(crate) fn shutting_down() -> RpcError {
    RpcError::internal("the server is shutting down")
}

impl Host {
    pub(crate) fn new(store: TaskStore, limits: Limits, lease: Duration) -> Result<Self, StoreError> {
        Ok(Self {
            lease: Lease::new(&store, lease)?,
            store,
            limits,
            seats: DashMap::new(),
            left: Notify::new(),
            polls: Polls::default(),
            tracker: TaskTracker::new(),
            background: TaskTracker::new(),
            stopping: CancellationToken::new(),
            cancelling: CancellationToken::new(),
            stopped: CancellationToken::new(),
        })
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        self.store.clock()
    }

    pub(crate) fn now(&self) -> Millis {
        self.clock().now()
    }

    /// Tells whether others share the store, and go on with what this process leaves.
    pub(crate) fn is_shared(&self) -> bool {
        self.store.capabilities().shared
    }

    /// This worker, which others can see die where they share the store.
    pub(crate) async fn own_worker(&self) -> Result<WorkerId, StoreError> {
        if !self.is_shared() {
            return Ok(self.lease.worker());
        }
        loop {
            if let Some(worker) = self.lease.known() {
                return Ok(worker);
            }
            if let Renewal::Lost(worker) = self.lease.renew(&self.store).await? {
                self.succeed(worker);
            }
        }
    }

    /// Creates a task that this process runs, and tells the worker it was given to.
    pub(crate) async fn create(&self, draft: &mut Draft) -> Result<(WorkerId, Task), NotCreated> {
        loop {
            // What may be in the store, its reply lost, is asked for under the same worker until that is known.
            let worker = match draft.holder {
                Holder::Worker(worker) if draft.was_tried() => worker,
                _ => self.own_worker().await?,
            };
            draft.holder = Holder::Worker(worker);
            if let Some(task) = self.store.create(draft).await? {
                return Ok((worker, task));
            }
            // It is not there, and no earlier try will ever bring it there.
            self.succeed(worker);
            draft.forget_tries();
        }
    }

    /// Fails once the server is shutting down. Shutdown waits for who holds the token.
    pub(crate) fn admit(&self) -> Result<TaskTrackerToken, RpcError> {
        // Taken before the check: whoever passes it is waited for.
        let token = self.tracker.token();
        if self.is_stopping() { Err(shutting_down()) } else { Ok(token) }
    }

    /// Runs to its end what whoever waits for it may drop; shutdown waits for it.
    pub(crate) fn finishing<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Finishing<T> {
        Finishing::new(&self.tracker, future)
    }

    /// Starts a run, which shutdown waits for.
    pub(crate) fn spawn(&self, run: impl Future<Output = ()> + Send + 'static) {
        // Boxed: spawning copies what it is given several times.
        self.tracker.spawn(Box::pin(run));
    }

    /// Lets something that concerns a run go on when whoever began it is gone; shutdown waits for it.
    pub(crate) fn in_background(&self, future: impl Future<Output = ()> + Send + 'static) {
        // Outside a runtime nothing goes on.
        if let Ok(runtime) = Handle::try_current() {
            self.tracker.spawn_on(future, &runtime);
        }
    }

    /// Begins nothing new from now on.
    pub(crate) fn stop_admitting(&self) {
        self.stopping.cancel();
        self.tracker.close();
    }

    /// Ends when every run has, and every request that may start one.
    pub(crate) async fn ended(&self) {
        self.tracker.wait().await;
    }

    /// Ends when nothing is left but runs that wait for something from outside, with others to wait on in their place.
    pub(crate) async fn only_waits(&self) {
        /// Time between two looks.
        const PAUSE: Duration = Duration::from_millis(50);
        if !self.is_shared() {
            std::future::pending::<()>().await;
        }
        loop {
            let waiting = self.seats.iter().filter(|seat| seat.only_waits()).count();
            // Of each run one thing is tracked.
            if waiting > 0 && self.tracker.len() == waiting {
                return;
            }
            self.clock().sleep(PAUSE).await;
        }
    }

    /// Ends everything that is left, and gives up the lease.
    pub(crate) async fn stop(&self) {
        self.stopped.cancel();
        self.background.close();
        if !self.is_shared() {
            return;
        }
        let given_up = tokio::select! {
            biased;
            given_up = self.lease.give_up(&self.store) => given_up,
            // A store that does not answer keeps nobody from ending.
            () = self.clock().sleep(LAST_WORDS) => Err(self.store.silent()),
        };
        if let Err(error) = given_up {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the lease was not given up: others wait until it runs out"
            );
        }
    }

    /// The tasks that run here, in order: that of the map differs from process to process, and a run of a program that is to be
    /// repeated must not depend on it.
    pub(crate) fn seated(&self) -> Vec<TaskKey> {
        let mut keys: Vec<TaskKey> = self.seats.iter().map(|seat| seat.key().clone()).collect();
        keys.sort_unstable();
        keys
    }

    /// Goes on as another worker, as others have taken this one for dead. What it ran is theirs now, and stops without
    /// writing anything.
    pub(crate) fn succeed(&self, dead: WorkerId) {
        let replaced = self.lease.replace(dead, &self.store);
        for key in self.seated() {
            if let Some(seat) = self.seats.get(&key)
                && seat.holder() == Some(dead)
            {
                seat.lose(CancelCause::TakenOver);
            }
        }
        // Last: a log that panics keeps none of that from happening.
        match replaced {
            Ok(true) => {
                measure::lease_lost();
                let worker = format_args!("{:032x}", dead.0);
                crate::heard::error!(%worker, "others took this worker for dead: it stops its tasks");
            }
            Ok(false) => {}
            Err(error) => {
                crate::heard::error!(error = &error as &dyn std::error::Error, "no new worker could be made");
            }
        }
    }

    /// A run is not here any more. One that was lost may have a successor, which stays.
    pub(crate) fn unseat(&self, key: &TaskKey, seat: &Arc<Seat>) {
        self.seats.remove_if(key, |_, current| Arc::ptr_eq(current, seat));
        self.left.notify_one();
    }

    /// Tells whether nothing new is begun any more.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// Ends when running work is cancelled because the server shuts down.
    pub(crate) async fn cancels(&self) {
        self.cancelling.cancelled().await;
    }

    /// Ends when the server has stopped.
    pub(crate) async fn stopped(&self) {
        self.stopped.cancelled().await;
    }
}
