//! The one way a run's task is written: through its seat.

use std::sync::{Arc, atomic::Ordering};

use bytes::Bytes;
use tokio::sync::MutexGuard;

use super::{
    host::Host,
    seat::{Held, Seat},
};
use crate::{
    error::{CancelCause, StoreError},
    store::backend::{Parts, TaskKey},
    task::{Change, Ending, NotChanged, NotCreated, Pauses, Progress, Writing},
};

impl Seat {
    /// The task is no longer this run's to write, which is cancelled for the reason that the store tells.
    pub(super) async fn given_away(&self, host: &Host) {
        let Some(key) = self.stored() else { return };
        self.cancel(match host.store.read(key, Parts::empty()).await {
            Ok(Some(task)) => self.cause_of_end(&task),
            Ok(None) => CancelCause::Expired,
            Err(_) => CancelCause::TakenOver,
        });
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
        let mut pauses = Pauses::of_a_run();
        // Not after the end was given: nobody would remove it. What is answered with a handle is stored even if it is cancelled
        // meanwhile: the task tells it.
        let is_over = || {
            let is_given_up = self.is_unanswered() && self.cancellation().is_cancelled();
            is_given_up || self.has_given_end() || self.refused.lock().is_some() || self.is_lost()
        };
        if let Held::Draft(draft) = &*held
            && !is_over()
        {
            // Before anybody can see the task, so that a cancellation finds the run.
            host.seats.insert(draft.key.clone(), self.clone());
            self.follow(&host.store, &draft.key);
        }
        loop {
            let Held::Draft(draft) = &mut *held else { return Ok(()) };
            if is_over() {
                self.leave_draft(host, &draft.key);
                return Err(NotEstablished);
            }
            let may_wait = self.is_unanswered();
            match host.create(draft).await {
                Ok((worker, task)) => {
                    // An earlier try brought it there, and others have ended it or taken it over since.
                    let is_mine = self.holds(&task) && task.stored.open;
                    *held = Held::Stored(Box::new(task));
                    self.is_stored.store(true, Ordering::Release);
                    self.given_to(worker, &host.lease);
                    if !is_mine {
                        self.lose(CancelCause::TakenOver);
                    }
                    return Ok(());
                }
                Err(NotCreated::Store(error)) if error.is_retryable() && may_wait => {
                    // It may be there, its reply lost: the next try has the same write id.
                    tracing::warn!(error = &error as &dyn std::error::Error, "a task could not be stored yet");
                }
                Err(refused) => {
                    self.leave_draft(host, &draft.key);
                    *self.refused.lock() = Some(refused);
                    self.cancel(CancelCause::Refused);
                    return Err(NotEstablished);
                }
            }
            self.pause(host, &mut pauses).await;
        }
    }

    /// Leaves the place of a task that is not stored. It may be there all the same, the reply lost: the end of a run that has no
    /// handle to give removes it, and keeps the place until then. Whoever found it without a run would begin it again.
    fn leave_draft(self: &Arc<Self>, host: &Host, key: &TaskKey) {
        if self.is_lost() || !(self.is_unanswered() || self.has_given_end()) {
            host.unseat(key, self);
        }
    }

    /// Writes to the task this run has in the store, by whoever has the lock; nothing without one. While the store is away the run waits, and lets go of the lock: as long as it is not
    /// cancelled.
    pub(super) async fn write_held<'a>(
        &'a self,
        host: &Host,
        mut held: MutexGuard<'a, Held>,
        writing: &Writing<'_>,
    ) -> Result<(), NotChanged> {
        if !matches!(*held, Held::Stored(_)) {
            return Ok(());
        }
        let write = host.store.write_id().await.map_err(NotChanged::Store)?;
        let (drained, changes) = (self.slots.drain(), writing.changes);
        let mut all = Vec::with_capacity(changes.len() + 2);
        if !drained.taken.is_empty() {
            all.push(Change::Take(drained.taken.clone()));
        }
        all.extend_from_slice(changes);
        // Last: one of them may be asked in the same write. The end takes everything back.
        if !drained.given_up.is_empty() && !matches!(changes, [.., Change::Finish(_)]) {
            all.push(Change::Withdraw(drained.given_up.clone()));
        }
        let mut pauses = Pauses::of_a_run();
        loop {
            let Held::Stored(task) = &mut *held else { return Ok(()) };
            let result =
                host.store.put(write, task, Some(self.fence()), &Writing { changes: &all, ..writing.clone() }).await;
            match &result {
                Ok(()) => {
                    drained.written();
                    self.slots.deliver(&task.head.answers);
                    self.arrivals.saw(&task.head.signals);
                }
                Err(NotChanged::Ended(task)) => self.cancel(self.cause_of_end(task)),
                Err(NotChanged::Missing) => self.cancel(CancelCause::Expired),
                Err(NotChanged::Lost) => self.cancel(CancelCause::TakenOver),
                Err(NotChanged::Store(error)) if error.is_away() && !self.cancellation().is_cancelled() => {
                    if pauses.is_first() {
                        tracing::warn!(task = %task.id(), error = error as &dyn std::error::Error, "work waits for the store");
                    }
                    drop(held);
                    self.pause(host, &mut pauses).await;
                    held = self.held.lock().await;
                    // Meanwhile another write may have asked these, and their answers may have been taken: not again.
                    let pending = self.slots.pending();
                    for change in &mut all {
                        if let Change::Ask(questions) = change {
                            questions.retain(|key, _| pending.contains_key(key));
                        }
                    }
                    continue;
                }
                Err(NotChanged::Store(_)) => {}
            }
            return result;
        }
    }

    /// Waits until a store that is away may have come back, each time longer, or the run is cancelled.
    async fn pause(&self, host: &Host, pauses: &mut Pauses) {
        tokio::select! {
            biased;
            () = self.cancellation().cancelled() => {}
            () = host.clock().sleep(pauses.next()) => {}
        }
    }

    /// Sets what the task says it does, or how far it has come: in the store, or in what will be stored.
    pub(crate) async fn message(
        &self,
        host: &Host,
        text: String,
        progress: Option<Progress>,
    ) -> Result<(), StoreError> {
        if self.key().is_none() {
            return Ok(());
        }
        let message = Change::Message { text, is_progress: progress.is_some() };
        let changes: Vec<_> = [message].into_iter().chain(progress.map(Change::Progress)).collect();
        let mut held = self.held.lock().await;
        if let Held::Draft(draft) = &mut *held {
            if let Ok((head, _)) = draft.head.after(&changes, host.now()) {
                draft.head = head;
            }
            return Ok(());
        }
        ended_is_done(self.write_held(host, held, &(&*changes).into()).await)
    }

    /// Puts a message in the place of another one of a stored task, unless a later one stands there.
    pub(crate) async fn replace_message(&self, host: &Host, was: &str, text: String) -> Result<(), StoreError> {
        let held = self.held.lock().await;
        if !matches!(&*held, Held::Stored(task) if task.message() == Some(was)) {
            return Ok(());
        }
        ended_is_done(self.write_held(host, held, &(&[Change::Message { text, is_progress: true }][..]).into()).await)
    }

    /// Ends the stored task, if there is one, with this outcome. A task that has ended otherwise keeps its outcome.
    /// Other changes, and a step, are written with it.
    pub(crate) async fn finish(
        &self,
        host: &Host,
        ending: &Ending,
        along: &[Change],
        step: Option<(String, Bytes)>,
    ) -> Result<(), StoreError> {
        let mut changes = along.to_vec();
        changes.push(Change::Finish(ending.clone()));
        let held = self.held.lock().await;
        ended_is_done(self.write_held(host, held, &Writing { step, ..(&*changes).into() }).await)
    }

    /// Writes how far the task has come.
    pub(crate) async fn advance(&self, host: &Host, writing: &Writing<'_>) -> Result<(), NotChanged> {
        let held = self.held.lock().await;
        self.write_held(host, held, writing).await
    }

    /// Removes the task of a run whose request is answered with its end: nobody was given it. One that is no longer this
    /// run's, or that somebody ended who found it in a list, stays: so it is ended first, which the fence guards. Tells
    /// whether the end is this run's to give.
    pub(crate) async fn vanish(&self, host: &Host, ending: &Ending) -> Result<bool, StoreError> {
        let held = self.held.lock().await;
        let key = match &*held {
            Held::Stored(task) => task.key.clone(),
            Held::Draft(draft) if draft.was_tried() => draft.key.clone(),
            Held::Draft(_) | Held::Nothing => return Ok(true),
        };
        if matches!(&*held, Held::Stored(task) if task.stored.open) {
            match self.write_held(host, held, &(&[Change::Finish(ending.clone())][..]).into()).await {
                Ok(()) => {}
                Err(NotChanged::Missing) => return Ok(true),
                Err(NotChanged::Ended(_) | NotChanged::Lost) => return Ok(false),
                Err(NotChanged::Store(error)) => return Err(error),
            }
        }
        host.store.delete(&key).await?;
        Ok(true)
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
