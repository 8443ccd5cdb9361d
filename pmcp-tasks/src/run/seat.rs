//! A run's place in the process: what others may tell it, and the one way its task is written.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    time::Duration,
};

use tokio::sync::{Mutex, Notify, SetOnce};
use tokio_util::sync::CancellationToken;

use super::{host::Host, slots::Slots};
use crate::{
    error::StoreError,
    store::backend::TaskKey,
    task::{Change, Draft, NotChanged, NotCreated, Task},
};

/// What a run is to clients.
#[derive(Debug)]
pub(crate) enum Standing {
    /// A task, from the moment it is stored.
    Task(TaskKey),
    /// A call. When it asks a client that is not asked by requests, a hidden task keeps it for the retry, which is checked
    /// against `digest`.
    Call { digest: String },
}

/// The task of a run, as this worker last saw it.
#[derive(Debug)]
pub(super) enum Held {
    Nothing,
    /// To be stored when something has to last.
    Draft(Box<Draft>),
    Stored(Task),
}

/// How the request that began a run is answered.
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

/// The longest pause before a store that does not answer is asked again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A run's place in the process.
#[derive(Debug)]
pub(crate) struct Seat {
    standing: Standing,
    /// What the store knows this run by. It rises with every take-over and with nothing else, so a run has one.
    fence: u64,
    pub(super) held: Mutex<Held>,
    /// Whether the task of the standing is in the store.
    is_stored: AtomicBool,
    /// The hidden task of a call, once there is one.
    hidden: SetOnce<TaskKey>,
    answer: AtomicU8,
    /// Told when the handle is to be given without delay.
    wants_handle: Notify,
    /// Why the task was not stored though it had to be.
    refused: parking_lot::Mutex<Option<NotCreated>>,
    cancellation: CancellationToken,
    /// Another worker has the task, or none: nothing is written any more.
    lost: AtomicBool,
    pub(crate) slots: Slots,
}

impl Seat {
    fn new(standing: Standing, held: Held, answer: u8, cancellation: CancellationToken) -> Arc<Self> {
        let fence = if let Held::Stored(task) = &held { task.stored.fence } else { FIRST_FENCE };
        Arc::new(Self {
            standing,
            fence,
            is_stored: AtomicBool::new(matches!(held, Held::Stored(_))),
            held: Mutex::new(held),
            hidden: SetOnce::new(),
            answer: AtomicU8::new(answer),
            wants_handle: Notify::new(),
            refused: parking_lot::Mutex::default(),
            cancellation,
            lost: AtomicBool::new(false),
            slots: Slots::default(),
        })
    }

    /// That of a call.
    pub(crate) fn of_call(digest: String, cancellation: CancellationToken) -> Arc<Self> {
        Self::new(Standing::Call { digest }, Held::Nothing, answer::OPEN, cancellation)
    }

    /// That of a task that is yet to be stored. Is its request answered with the end if that comes `first`?
    pub(crate) fn of_draft(draft: Draft, first: bool, cancellation: CancellationToken) -> Arc<Self> {
        let answer = if first { answer::OPEN } else { answer::HANDLE };
        Self::new(Standing::Task(draft.key.clone()), Held::Draft(Box::new(draft)), answer, cancellation)
    }

    /// That of a task that was taken over.
    pub(crate) fn of_task(task: Task, cancellation: CancellationToken) -> Arc<Self> {
        Self::new(Standing::Task(task.key.clone()), Held::Stored(task), answer::HANDLE, cancellation)
    }

    /// The task that clients know, or will.
    pub(crate) fn key(&self) -> Option<&TaskKey> {
        match &self.standing {
            Standing::Task(key) => Some(key),
            Standing::Call { .. } => None,
        }
    }

    /// The digest a retry is checked against.
    pub(super) fn digest(&self) -> Option<&str> {
        match &self.standing {
            Standing::Task(_) => None,
            Standing::Call { digest } => Some(digest),
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
        &self.cancellation
    }

    /// Stops the run without writing anything: the task is no longer this worker's.
    pub(crate) fn lose(&self) {
        self.lost.store(true, Ordering::Relaxed);
        self.cancellation.cancel();
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// Whether the task is still held under the fence of this run.
    pub(crate) fn holds(&self, task: &Task) -> bool {
        task.stored.fence == self.fence
    }

    /// Stores the task of a draft, unless it is; whatever waits for that waits as long as the store is away. A task that
    /// cannot be is refused for good, and its run cancelled.
    pub(crate) async fn establish(self: &Arc<Self>, host: &Arc<Host>) -> Result<(), NotEstablished> {
        if self.key().is_none() || self.is_stored.load(Ordering::Acquire) {
            return Ok(());
        }
        let (seat, host) = (self.clone(), host.clone());
        let tracker = host.clone();
        tracker.finishing(async move { seat.store_draft(&host).await }).await
    }

    async fn store_draft(self: Arc<Self>, host: &Host) -> Result<(), NotEstablished> {
        let mut held = self.held.lock().await;
        let mut pause = Duration::from_millis(250);
        loop {
            let Held::Draft(draft) = &mut *held else { return Ok(()) };
            // What is answered with a handle is stored even if it is cancelled meanwhile: the task tells it.
            let may_wait = self.answer.load(Ordering::Acquire) == answer::OPEN;
            if self.refused.lock().is_some() || (may_wait && self.cancellation.is_cancelled()) {
                return Err(NotEstablished);
            }
            // Before anybody can see the task, so that a cancellation finds the run.
            host.seats.insert(draft.key.clone(), self.clone());
            let created = match host.own_holder().await {
                Ok(holder) => {
                    draft.holder = holder;
                    host.store.create(draft).await
                }
                Err(error) => Err(NotCreated::Store(error)),
            };
            match created {
                Ok(task) => {
                    *held = Held::Stored(task);
                    self.is_stored.store(true, Ordering::Release);
                    return Ok(());
                }
                Err(NotCreated::Store(error)) if error.is_retryable() && may_wait => {
                    // It may be there, its reply lost: the next try has the same write id.
                    tracing::warn!(error = &error as &dyn std::error::Error, "a task could not be stored yet");
                }
                Err(refused) => {
                    host.seats.remove(&draft.key);
                    *self.refused.lock() = Some(refused);
                    self.cancellation.cancel();
                    return Err(NotEstablished);
                }
            }
            tokio::select! {
                biased;
                () = self.cancellation.cancelled() => {}
                () = host.clock().sleep(pause) => pause = LONGEST_PAUSE.min(pause * 2),
            }
        }
    }

    /// Takes why the task was not stored, if it had to be and could not.
    pub(crate) fn take_refusal(&self) -> Option<NotCreated> {
        self.refused.lock().take()
    }

    /// Whether the request that began the run is answered with the task's handle, decided now: the run's end comes too late.
    pub(crate) fn give_handle(&self) -> bool {
        let open = self.answer.compare_exchange(answer::OPEN, answer::HANDLE, Ordering::AcqRel, Ordering::Acquire);
        !matches!(open, Err(answer::END))
    }

    /// Whether the request that began the run is answered with its end, decided now: no handle was given.
    pub(crate) fn give_end(&self) -> bool {
        self.answer.compare_exchange(answer::OPEN, answer::END, Ordering::AcqRel, Ordering::Acquire).is_ok()
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
            Held::Stored(task) => Some(task.clone()),
            Held::Draft(_) | Held::Nothing => None,
        }
    }

    /// A call has a hidden task from now on. Set once: only a seat without a task hides in one.
    pub(super) fn hide(&self, key: TaskKey) {
        let _ = self.hidden.set(key);
    }

    /// Ends when this call has become a hidden task.
    pub(crate) async fn hidden(&self) -> TaskKey {
        self.hidden.wait().await.clone()
    }

    /// Writes changes to the task this run has in the store; nothing without one.
    pub(super) async fn write(&self, host: &Host, changes: &[Change]) -> Result<(), NotChanged> {
        match &mut *self.held.lock().await {
            Held::Stored(task) => self.write_held(host, task, changes).await,
            Held::Draft(_) | Held::Nothing => Ok(()),
        }
    }

    pub(super) async fn write_held(&self, host: &Host, task: &mut Task, changes: &[Change]) -> Result<(), NotChanged> {
        let drained = self.slots.drain();
        let mut all = Vec::with_capacity(changes.len() + 2);
        if !drained.taken.is_empty() {
            all.push(Change::Take(drained.taken.clone()));
        }
        all.extend_from_slice(changes);
        // Last: one of them may be asked in the same write. The end takes everything back.
        if !drained.given_up.is_empty() && !matches!(changes, [.., Change::Finish(_)]) {
            all.push(Change::Withdraw(drained.given_up.clone()));
        }
        let result = host.store.change(task, Some(self.fence), &all).await;
        match &result {
            Ok(()) => self.slots.deliver(&task.head.answers),
            Err(NotChanged::Ended(_) | NotChanged::Missing | NotChanged::Lost) => self.cancellation.cancel(),
            Err(NotChanged::Store(_)) => self.slots.put_back(drained),
        }
        result
    }

    /// Sets what the task says it does: in the store, or in what will be stored.
    pub(super) async fn message(&self, host: &Host, text: String, is_progress: bool) -> Result<(), StoreError> {
        if self.key().is_none() {
            return Ok(());
        }
        let change = [Change::Message { text, is_progress }];
        match &mut *self.held.lock().await {
            Held::Stored(task) => ended_is_done(self.write_held(host, task, &change).await),
            Held::Draft(draft) => {
                if let Ok((head, _)) = draft.head.after(&change, host.now()) {
                    draft.head = head;
                }
                Ok(())
            }
            Held::Nothing => Ok(()),
        }
    }

    /// Ends the stored task, if there is one, with this outcome. A task that has ended otherwise keeps its outcome.
    pub(crate) async fn finish(&self, host: &Host, change: Change) -> Result<(), StoreError> {
        ended_is_done(self.write(host, &[change]).await)
    }

    /// Removes the task of a run whose request is answered with its end: nobody knows of it.
    pub(crate) async fn vanish(&self, host: &Host) -> Result<(), StoreError> {
        match &*self.held.lock().await {
            Held::Stored(Task { key, .. }) => host.store.delete(key).await.map(drop),
            Held::Draft(draft) if draft.was_tried() => host.store.delete(&draft.key).await.map(drop),
            Held::Draft(_) | Held::Nothing => Ok(()),
        }
    }

    /// Sees the task as somebody else in this process has just written it.
    pub(crate) fn observe(&self, task: &Task) {
        if task.head.status.is_terminal() {
            self.cancellation.cancel();
            return;
        }
        self.slots.deliver(&task.head.answers);
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

/// The task is not in the store and will not be: the run is cancelled.
#[derive(Debug)]
pub(crate) struct NotEstablished;

/// A task that has ended needs nothing more.
fn ended_is_done(written: Result<(), NotChanged>) -> Result<(), StoreError> {
    match written {
        Ok(()) | Err(NotChanged::Ended(_) | NotChanged::Missing | NotChanged::Lost) => Ok(()),
        Err(NotChanged::Store(error)) => Err(error),
    }
}
