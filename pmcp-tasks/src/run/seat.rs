//! A run's place in the process: what others may tell it.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering},
    },
};

use serde_json::Value;
use tokio::sync::{Mutex, Notify, SetOnce};
use tokio_util::sync::CancellationToken;

use super::{arrivals::Arrivals, cancel::Cancel, lease::Lease, slots::Slots};
use crate::{
    call::Peer,
    error::CancelCause,
    store::backend::{TaskKey, WorkerId},
    task::{Draft, NotCreated, OnCrash, Task, TaskStatus, TaskStore, Watch},
};

/// Standing of a run with clients.
#[derive(Debug)]
pub(crate) enum Standing {
    /// A task, from the moment it is stored.
    Task(TaskKey),
    /// A call. When it asks a client that is not asked by requests, a hidden task keeps it for the retry, which is checked
    /// against `digest`.
    Call { digest: CallDigest },
}

/// The digest that a retry of a call is checked against. Made when the call asks: most never do.
pub(crate) struct CallDigest(Box<dyn Fn() -> String + Send + Sync>);

impl CallDigest {
    pub(crate) fn new(digest: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self(Box::new(digest))
    }
}

impl fmt::Debug for CallDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallDigest")
    }
}

/// The task of a run, as this worker last saw it.
#[derive(Debug)]
pub(super) enum Held {
    Nothing,
    /// To be stored when something has to last.
    Draft(Box<Draft>),
    Stored(Box<Task>),
}

/// Ways the request that began a run is answered.
mod answer {
    /// Not yet.
    pub(super) const OPEN: u8 = 0;
    /// With the handle of a task, which outlives it.
    pub(super) const HANDLE: u8 = 1;
    /// With the end of the run.
    pub(super) const END: u8 = 2;
}

/// The fence of a task that was never taken over.
const FIRST_FENCE: u64 = 1;

/// The way on which a run tells its client something while it works.
#[derive(Clone, Debug, Default)]
pub(crate) struct Way {
    /// Peer for progress and log messages, and for questions of a plain call.
    pub(crate) peer: Option<Arc<dyn Peer>>,
    /// Token of the request that wants to hear of progress.
    pub(crate) token: Option<Value>,
}

/// A run's place in the process.
#[derive(Debug)]
pub(crate) struct Seat {
    standing: Standing,
    /// Set if its task is a step of another one.
    is_step: bool,
    /// Set if a worker that takes its task over calls the function again.
    restarts: bool,
    /// Number of things that it does which a run after it would do again: steps, calls of tools.
    busy: AtomicUsize,
    /// Number the store knows this run by. It rises with every take-over and with nothing else, so a run has one.
    fence: u64,
    pub(super) held: Mutex<Held>,
    /// Set once the task of the standing is in the store.
    pub(super) is_stored: AtomicBool,
    /// The worker that its task was given to.
    holder: OnceLock<WorkerId>,
    /// Has a backend that gives hints tell what other processes write to the task, as long as the run goes on.
    interest: OnceLock<Watch>,
    /// The hidden task of a call, once there is one.
    hidden: SetOnce<TaskKey>,
    answer: AtomicU8,
    /// Told when the handle is to be given without delay.
    wants_handle: Notify,
    /// Reason why the task was not stored though it had to be.
    pub(super) refused: parking_lot::Mutex<Option<NotCreated>>,
    cancel: Cancel,
    /// Another worker has the task, or none: nothing is written any more.
    lost: AtomicBool,
    /// That of the request which began the run, until a later one brings another.
    way: parking_lot::Mutex<Way>,
    pub(crate) slots: Slots,
    pub(super) arrivals: Arrivals,
}

impl Seat {
    fn new(standing: Standing, held: Held, answer: u8, cancel: Cancel) -> Arc<Self> {
        let fence = if let Held::Stored(task) = &held { task.stored.fence } else { FIRST_FENCE };
        let body = match &held {
            Held::Nothing => None,
            Held::Draft(draft) => Some(&draft.body),
            Held::Stored(task) => task.body.as_ref(),
        };
        let is_step = body.is_some_and(|body| body.step.is_some());
        let restarts = body.is_some_and(|body| body.on_crash == OnCrash::Restart);
        Arc::new(Self {
            standing,
            is_step,
            restarts,
            busy: AtomicUsize::new(0),
            fence,
            is_stored: AtomicBool::new(matches!(held, Held::Stored(_))),
            held: Mutex::new(held),
            holder: OnceLock::new(),
            interest: OnceLock::new(),
            hidden: SetOnce::new(),
            answer: AtomicU8::new(answer),
            wants_handle: Notify::new(),
            refused: parking_lot::Mutex::default(),
            cancel,
            lost: AtomicBool::new(false),
            way: parking_lot::Mutex::default(),
            slots: Slots::default(),
            arrivals: Arrivals::default(),
        })
    }

    /// That of a call.
    pub(crate) fn of_call(digest: CallDigest, cancel: Cancel) -> Arc<Self> {
        Self::new(Standing::Call { digest }, Held::Nothing, answer::OPEN, cancel)
    }

    /// That of a task that is yet to be stored. Is its request answered with the end if that comes `first`?
    pub(crate) fn of_draft(draft: Draft, first: bool, cancel: Cancel) -> Arc<Self> {
        let answer = if first { answer::OPEN } else { answer::HANDLE };
        Self::new(Standing::Task(draft.key.clone()), Held::Draft(Box::new(draft)), answer, cancel)
    }

    /// That of a task that was taken over.
    pub(crate) fn of_task(task: Task, cancel: Cancel) -> Arc<Self> {
        Self::new(Standing::Task(task.key.clone()), Held::Stored(Box::new(task)), answer::HANDLE, cancel)
    }

    /// What the run tells goes this way from now on.
    pub(crate) fn lead(&self, way: Way) {
        *self.way.lock() = way;
    }

    pub(crate) fn way(&self) -> Way {
        self.way.lock().clone()
    }

    /// The worker that its task was given to; none before that.
    pub(super) fn holder(&self) -> Option<WorkerId> {
        self.holder.get().copied()
    }

    /// Its task was given to this worker, which others may have taken for dead meanwhile.
    pub(crate) fn given_to(&self, worker: WorkerId, lease: &Lease) {
        let _ = self.holder.set(worker);
        // In this order: who learns of a death replaces the worker first, and then looks for the seats of the dead one.
        if lease.worker() != worker {
            self.lose(CancelCause::TakenOver);
        }
    }

    /// The task that clients know, or will.
    pub(crate) fn key(&self) -> Option<&TaskKey> {
        match &self.standing {
            Standing::Task(key) => Some(key),
            Standing::Call { .. } => None,
        }
    }

    /// Tells whether its task is a step of another one.
    pub(crate) fn is_step(&self) -> bool {
        self.is_step
    }

    /// Notes that the run does something that a run after it would do again, until what is returned is dropped.
    pub(super) fn busy(&self) -> Busy<'_> {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(&self.busy)
    }

    /// Tells whether the run waits for an answer, a signal or a time, with nothing begun, and whoever takes its task over waits on.
    pub(super) fn only_waits(&self) -> bool {
        let may_be_left = self.restarts && self.stored().is_some() && !self.has_given_end();
        may_be_left
            && self.busy.load(Ordering::Relaxed) == 0
            && self.slots.are_open()
            && !self.cancellation().is_cancelled()
    }

    /// The digest a retry is checked against.
    pub(super) fn digest(&self) -> Option<String> {
        match &self.standing {
            Standing::Task(_) => None,
            Standing::Call { digest } => Some((digest.0)()),
        }
    }

    /// The task that clients know, once it is in the store.
    pub(crate) fn stored(&self) -> Option<&TaskKey> {
        self.key().filter(|_| self.is_stored.load(Ordering::Acquire))
    }

    /// The task in the store: the one clients know, or the hidden one of a call that asked.
    pub(crate) fn in_store(&self) -> Option<&TaskKey> {
        self.stored().or_else(|| self.hidden.get())
    }

    pub(crate) fn fence(&self) -> u64 {
        self.fence
    }

    pub(crate) fn cancellation(&self) -> &CancellationToken {
        self.cancel.token()
    }

    /// Its cancellation, for the parts of the run.
    pub(crate) fn cancelling(&self) -> &Cancel {
        &self.cancel
    }

    /// Cancels the run, unless it is.
    pub(crate) fn cancel(&self, cause: CancelCause) {
        self.cancel.cancel(cause);
    }

    /// Stops the run without writing anything: the task is no longer this worker's.
    pub(crate) fn lose(&self, cause: CancelCause) {
        self.lost.store(true, Ordering::Relaxed);
        self.cancel(cause);
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// Tells whether the task is still held under the fence of this run.
    pub(crate) fn holds(&self, task: &Task) -> bool {
        task.stored.fence == self.fence
    }

    /// The reason why the run of a task that others have ended is cancelled. Whoever took it over may have heard of its cancel, too: what is to
    /// be undone then is theirs.
    pub(super) fn cause_of_end(&self, task: &Task) -> CancelCause {
        let is_cancelled = self.holds(task) && task.head.status == TaskStatus::Cancelled;
        if is_cancelled { CancelCause::Requested } else { CancelCause::TakenOver }
    }

    /// Tells whether its request may still be answered with its end.
    pub(super) fn is_unanswered(&self) -> bool {
        self.answer.load(Ordering::Acquire) == answer::OPEN
    }

    /// Tells whether its request is answered with its end.
    pub(crate) fn has_given_end(&self) -> bool {
        self.answer.load(Ordering::Acquire) == answer::END
    }

    /// Takes why the task was not stored, if it had to be and could not.
    pub(crate) fn take_refusal(&self) -> Option<NotCreated> {
        self.refused.lock().take()
    }

    /// Decides now whether the request that began the run is answered with the task's handle: if so, the run's end
    /// comes too late.
    pub(crate) fn give_handle(&self) -> bool {
        let open = self.answer.compare_exchange(answer::OPEN, answer::HANDLE, Ordering::AcqRel, Ordering::Acquire);
        !matches!(open, Err(answer::END))
    }

    /// Decides now whether the request that began the run is answered with its end: if so, no handle was given.
    pub(crate) fn give_end(&self) -> bool {
        let open = self.answer.compare_exchange(answer::OPEN, answer::END, Ordering::AcqRel, Ordering::Acquire);
        !matches!(open, Err(answer::HANDLE))
    }

    /// The function waits for the client: it needs the handle now.
    pub(super) fn want_handle(&self) {
        self.wants_handle.notify_one();
    }

    /// Ends when the handle is needed before its time.
    pub(crate) async fn handle_wanted(&self) {
        self.wants_handle.notified().await;
    }

    /// The task as it is in the store now.
    pub(crate) async fn snapshot(&self) -> Option<Task> {
        match &*self.held.lock().await {
            Held::Stored(task) => Some((**task).clone()),
            Held::Draft(_) | Held::Nothing => None,
        }
    }

    /// Asks for hints about the task of this run.
    pub(crate) fn follow(&self, store: &TaskStore, key: &TaskKey) {
        self.interest.get_or_init(|| store.watch(key));
    }

    /// A call has a hidden task from now on. Set once: only a seat without a task hides in one.
    pub(super) fn hide(&self, key: TaskKey) {
        let _ = self.hidden.set(key);
    }

    /// Ends when this call has become a hidden task.
    pub(crate) async fn hidden(&self) -> TaskKey {
        self.hidden.wait().await.clone()
    }

    /// Sees the task as somebody else in this process has just written it.
    pub(crate) fn observe(&self, task: &Task) {
        if task.head.status.is_terminal() {
            self.cancel(self.cause_of_end(task));
        } else {
            self.slots.deliver(&task.head.answers);
            self.arrivals.saw(&task.head.signals);
        }
        if let Ok(mut held) = self.held.try_lock()
            && let Held::Stored(held) = &mut *held
            && task.stored.version > held.stored.version
            && task.stored.fence == held.stored.fence
        {
            held.head = task.head.clone();
            held.stored.version = task.stored.version;
        }
    }
}

/// Something that a run does, and that a run after it would do again.
#[derive(Debug)]
pub(crate) struct Busy<'a>(&'a AtomicUsize);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
