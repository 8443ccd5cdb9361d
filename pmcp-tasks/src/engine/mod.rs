//! The process that works: it starts runs, goes on with what others left, tells sessions, waits for tasks and stops.
//!
//! It knows the registry of work and the host of the runs, and nothing of requests: the router's flows ask it. A worker
//! keeps a lease in the store; where others share that store, it claims queued tasks and takes over those of workers
//! whose lease has run out, each under a new fence. A task that this version cannot run is handed back.

mod binding;
mod blocking;
mod board;
mod calls;
mod change;
mod courier;
mod dynamic;
mod feed;
mod guard;
mod keeper;
mod lists;
mod observed;
mod observer;
mod outcome;
mod queue;
mod recovery;
mod runs;
mod stand_in;
mod status;
mod taking;
mod wait;
mod watched;
mod ways;

use std::{
    sync::{Arc, Weak, atomic::AtomicBool},
    time::Duration,
};

use dashmap::DashMap;
use tokio::sync::Notify;

pub(crate) use binding::Binder;
pub use board::{Board, BoardWatch};
pub(crate) use calls::prepare;
pub(crate) use courier::Attends;
pub(crate) use dynamic::Sources;
pub(crate) use outcome::PANICKED;
pub(crate) use runs::NewRun;
pub use status::{LeaseStatus, QueueStatus, Status, StoreStatus};
pub(crate) use taking::Move;
pub(crate) use wait::{Ended, Patience};

use self::ways::Ways;
use crate::{
    call::{Caller, Peer},
    changes::ListChanges,
    error::StoreError,
    gate::{Gate, Target, TargetKind},
    limits::Limits,
    protocol::Revision,
    run::{DEFAULT_LEASE, Host, Way},
    store::backend::TaskKey,
    task::{Task, TaskBody, TaskStore},
    tool::{Registry, Work},
};

/// The process that works.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) host: Arc<Host>,
    pub(crate) works: Registry,
    /// The sources of tools that are made at run time.
    pub(crate) sources: Sources,
    execution: Execution,
    /// Number of queued tasks that run here at once; `None` if this process takes none.
    at_once: Option<usize>,
    /// The rules of who may use what.
    pub(crate) gate: Gate,
    /// Those who tell that lists have changed.
    pub(crate) changes: Vec<ListChanges>,
    /// Errors go to the client with all their causes; for development.
    expose_errors: bool,
    /// Told when there may be queued work.
    queue_hint: Notify,
    /// Held from claiming tasks until they run: whoever has it finds no task of ours that is about to.
    claiming: tokio::sync::Mutex<()>,
    /// Set while tasks may be ours that nobody here runs: of a claim that failed, whose reply may only be lost, or a hand-over
    /// that failed.
    strays: AtomicBool,
    /// The sessions that are told about tasks, and whether they are while a run waits.
    couriers: DashMap<(String, TaskKey), Arc<AtomicBool>>,
    ways: Ways,
    /// Who records what a task comes to that is a step of another.
    binder: std::sync::OnceLock<Box<dyn Binder>>,
    /// What its runs call.
    tools: Arc<calls::Tools>,
    /// Done when the work of a serving process was started in the background.
    house: std::sync::Once,
}

/// Choice of the process that runs the tasks that are created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Execution {
    /// The one that was called.
    #[default]
    Immediate,
    /// A worker that shares the store: calls that become tasks are only recorded, and left in a queue.
    Queued,
}

/// Settings of how tasks are run.
#[derive(Clone, Debug)]
pub(crate) struct EngineSettings {
    pub(crate) limits: Limits,
    pub(crate) expose_errors: bool,
    pub(crate) gate: Gate,
    pub(crate) changes: Vec<ListChanges>,
    pub(crate) sources: Sources,
    pub(crate) lease: Duration,
    pub(crate) execution: Execution,
    /// Number of queued tasks that run here at once; `None` if this process takes none.
    pub(crate) at_once: Option<usize>,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            expose_errors: false,
            gate: Gate::default(),
            changes: Vec::new(),
            sources: Sources::default(),
            lease: DEFAULT_LEASE,
            execution: Execution::default(),
            at_once: None,
        }
    }
}

impl Engine {
    pub(crate) fn new(works: Registry, store: TaskStore, settings: EngineSettings) -> Result<Arc<Self>, StoreError> {
        let host = Arc::new(Host::new(store, settings.limits, settings.lease)?);
        let engine = Arc::new_cyclic(|engine| Self {
            host,
            works,
            sources: settings.sources,
            execution: settings.execution,
            at_once: settings.at_once,
            gate: settings.gate,
            changes: settings.changes,
            expose_errors: settings.expose_errors,
            queue_hint: Notify::new(),
            claiming: tokio::sync::Mutex::default(),
            strays: AtomicBool::new(false),
            couriers: DashMap::new(),
            ways: Ways::default(),
            house: std::sync::Once::new(),
            binder: std::sync::OnceLock::new(),
            tools: Arc::new(calls::Tools(engine.clone())),
        });
        let observer: Weak<Self> = Arc::downgrade(&engine);
        engine.store().observed_by(observer);
        Ok(engine)
    }

    pub(crate) fn store(&self) -> &TaskStore {
        &self.host.store
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.host.limits
    }

    /// Tells whether the caller may use this.
    pub(crate) fn permits(&self, caller: &Caller, work: &Work) -> bool {
        work.target().is_none_or(|target| self.gate.permits(caller, &target))
    }

    /// Tells whether the caller is told of this.
    pub(crate) fn shows(&self, caller: &Caller, work: &Work) -> bool {
        work.target().is_none_or(|target| self.gate.shows(caller, &target))
    }

    /// Tells whether the caller may look at a task of this request. Of what is not known here nothing is said; a tool that was made at run
    /// time is known by what its task says of it.
    pub(crate) fn permits_task_of(&self, caller: &Caller, body: &TaskBody) -> bool {
        if self.works.find(&body.tool).is_some_and(|work| !self.permits(caller, work)) {
            return false;
        }
        let permits = |scopes| self.gate.permits(caller, &Target::new(TargetKind::Tool, &body.tool, scopes));
        body.dynamic.as_ref().is_none_or(|made| permits(&made.scopes))
    }

    /// Tells whether there may be tasks that this caller has and may not look at.
    pub(crate) fn keeps_tasks_from(&self, caller: &Caller) -> bool {
        let has_bounds = || self.gate.rule.is_some() || caller.principal().is_some();
        !self.sources.is_empty() && has_bounds() || self.works.all().any(|work| !self.permits(caller, work))
    }

    /// Tells whether something is for some callers and not for others.
    pub(crate) fn is_selective(&self) -> bool {
        self.gate.rule.is_some() || self.works.all().any(|work| !work.scopes.is_empty())
    }

    /// What the runs of a task tell goes this way from now on, until [`leave`](Self::leave).
    pub(crate) fn lead(&self, key: &TaskKey, way: Way) {
        // Before the seat is looked for: a run that begins now finds it there.
        self.ways.lead(key, way.clone());
        if let Some(seat) = self.host.seats.get(key) {
            seat.lead(way);
        }
    }

    /// Nobody hears on the way to this peer any more.
    pub(crate) fn leave(&self, key: &TaskKey, peer: &Arc<dyn Peer>) {
        self.ways.leave(key, peer);
    }

    /// Passes on the progress of a run in another process, as the task shows it; one here tells it itself.
    pub(crate) fn pass_progress(&self, revision: Revision, task: &Task) {
        if !self.host.seats.contains_key(&task.key) {
            self.ways.pass_progress(revision, task);
        }
    }

    /// Tells whether nothing is left of runs, couriers and watches.
    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.host.seats.is_empty() && self.couriers.is_empty() && self.ways.is_empty() && self.store().watched() == 0
    }

    /// Tells whether tasks that are created here are left to workers.
    pub(crate) fn leaves_tasks(&self) -> bool {
        self.execution == Execution::Queued
    }

    /// Tells whether this process runs tasks itself, beyond recording them.
    fn runs_tasks(&self) -> bool {
        !self.leaves_tasks() || self.at_once.is_some()
    }

    /// Starts what a serving process does in the background; once is enough.
    pub(crate) fn keep_house(self: &Arc<Self>) {
        self.house.call_once(|| {
            self.guard("removing expired tasks", Self::remove_expired);
            if self.host.is_shared() {
                self.guard("following the feed", Self::follow_feed);
                if !self.changes.is_empty() {
                    self.guard("passing on changes of lists", Self::pass_list_changes);
                }
                let engine = self.clone();
                self.host.background.spawn(async move {
                    // Panics or not: it goes on being renewed, and who has to be certain of it waits for that.
                    let _kept = engine.kept();
                    engine.guarded("keeping the lease", || engine.clone().keep_lease()).await;
                });
            }
            if let Some(at_once) = self.at_once {
                self.guard("working the queue", move |engine| engine.work_queue(at_once));
            }
        });
    }

    /// Stops admitting work, lets it finish for the grace period, then cancels it. Once all that is left waits for something from outside,
    /// and others can wait on, there is nothing to finish: it is left to them then.
    pub(crate) async fn shut_down(&self, grace: Duration) {
        let host = &self.host;
        host.stop_admitting();
        let ended = async || {
            // A claim that was under way starts what it has got; none begins any more.
            drop(self.claiming.lock().await);
            host.ended().await;
        };
        let used_up = async {
            let only_waits = async {
                drop(self.claiming.lock().await);
                host.only_waits().await;
            };
            tokio::select! {
                biased;
                () = host.clock().sleep(grace) => {}
                () = only_waits => {}
            }
        };
        tokio::select! {
            biased;
            () = ended() => {}
            () = used_up => {
                host.cancelling.cancel();
                tokio::select! {
                    biased;
                    () = ended() => {}
                    () = host.clock().sleep(host.limits.cancel_grace) => {}
                }
            }
        }
        host.stop().await;
    }

    /// Removes expired tasks now and then, until the server stops.
    async fn remove_expired(self: Arc<Self>) {
        const PAUSE: Duration = Duration::from_secs(10);
        loop {
            tokio::select! {
                biased;
                () = self.host.stopped() => return,
                () = self.host.clock().idle(PAUSE) => {}
            }
            if let Err(error) = self.store().sweep().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "expired tasks were not removed");
            }
        }
    }
}
