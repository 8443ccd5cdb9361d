//! Trying a task again that has failed.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::TaskHandle;
use crate::{
    error::StoreError,
    store::backend::{Beat, Field, FieldOp, Guard, Holder, Merged, Parts, Recorded, WorkerId},
    task::{
        Change, Draft, NewStep, NotChanged, NotCreated, OnCrash, OwnerKind, SIGNAL, Task, TaskBody, TaskId, TaskStatus,
        Tries, Writing,
    },
};

/// Time in which what an earlier run recorded is copied: after that others begin the task as it is.
const COPYING: Duration = Duration::from_secs(60);

/// Beginning of the names of steps that say that a call has failed: it is made again.
const FAILED: &str = "run.pmcp/failed/";

/// Outcome of a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retry {
    /// This new task goes on where the failed one stood.
    Begun(TaskId),
    /// It was tried again before, as this task.
    Again(TaskId),
    /// It has not failed: it works, completed or was cancelled.
    NotFailed(TaskStatus),
    /// Its tool is none with `on_crash = "restart"`, so what it did must not be repeated unasked; or it is a run of a workflow, which has a
    /// retry of its own.
    NotRestartable,
    /// The owner has as many live tasks as may be: nothing was begun.
    Full,
    /// The owner's live tasks take so many bytes that there is no room for another one: nothing was begun.
    NoRoom,
    /// This owner has no such task, or it has expired.
    Unknown,
}

impl TaskHandle {
    /// Tries a task again that failed, or completed with an error, of a tool with `on_crash = "restart"`: as a new task of the same owner, with
    /// its lifetime, arguments and variables, and with the steps, answers, signals and timers that were recorded, so that only what is missing
    /// is done. The failed one stays as it is: what has ended does not change.
    ///
    /// A process that serves from this store begins it, at once in this process and within a lease period in another. It is refused as a call
    /// is, by the [limits](crate::Limits) under which the failed one was created: the owner's live tasks, of which it is one then, and the bytes
    /// of all of them, for which finished ones go as they do for a call, the failed one among them. If this process dies on the way, the new task
    /// is begun with the part of the steps that was copied.
    ///
    /// # Errors
    /// The store failed; the new task may be there, and another retry finds it.
    pub async fn retry(&self) -> Result<Retry, StoreError> {
        let Some(failed) = self.read(Parts::all()).await? else { return Ok(Retry::Unknown) };
        let has_failed = failed.status() == TaskStatus::Failed || failed.is_error();
        if !has_failed {
            return Ok(Retry::NotFailed(failed.status()));
        }
        let Some(body) = failed.body.as_ref().filter(|body| body.on_crash == OnCrash::Restart) else {
            return Ok(Retry::NotRestartable);
        };
        if failed.head.workflow.is_some() {
            return Ok(Retry::NotRestartable);
        }
        let mut draft = self.store.draft(&self.owner, failed.ttl(), &body.tool)?;
        (draft.quota, draft.max_bytes) = (body.bounds.tasks, body.bounds.bytes);
        draft.listed = self.owner.kind != OwnerKind::Anonymous;
        draft.head.poll_interval = failed.head.poll_interval;
        draft.body = TaskBody { begun: false, queued: true, ..body.clone() };
        draft.idempotency = Some((digest(&failed), [0; 32]));
        // Boxed, as every retry would be as large as this.
        Box::pin(self.begin(draft, failed)).await
    }

    /// Creates the task as that of a worker that dies once everything is copied: whoever serves then takes it over.
    async fn begin(&self, mut draft: Draft, failed: Task) -> Result<Retry, StoreError> {
        let store = &self.store;
        let worker = WorkerId(u128::from_be_bytes(store.random()?));
        let Beat::Alive(counter) = store.beat(&worker, COPYING).await? else { return Err(store.silent()) };
        draft.holder = Holder::Worker(worker);
        let begun = match store.create(&mut draft).await {
            Ok(Some(task)) => {
                let id = task.id();
                self.copy(task, failed).await.map(|()| Retry::Begun(id))
            }
            Err(NotCreated::Same(id)) => Ok(Retry::Again(id)),
            Err(NotCreated::Store(error)) => Err(error),
            Err(NotCreated::Quota) => Ok(Retry::Full),
            Err(NotCreated::NoRoom) => Ok(Retry::NoRoom),
            // Others took this worker for dead before it began; every retry has the same payload.
            Ok(None) | Err(NotCreated::Differs) => Err(store.silent()),
        };
        // Others find it out by themselves, later, if this fails.
        store.bury(&worker, counter).await?;
        store.leave(worker);
        begun
    }

    /// Copies what runs of the failed task recorded.
    async fn copy(&self, mut task: Task, failed: Task) -> Result<(), StoreError> {
        let (store, fence) = (&self.store, task.stored.fence);
        let lost = || store.silent();
        let cells = failed.stored.variables.into_iter().flatten();
        let ops: Vec<(Field, FieldOp)> = cells.map(|(field, value)| (field, FieldOp::Set(value))).collect();
        if !ops.is_empty() {
            match store.merge(Tries::Few, &task.key, Guard::Fence(fence), ops, u32::MAX).await? {
                Merged::Done | Merged::Replayed => {}
                Merged::Changed(_) | Merged::TooLarge | Merged::Lost | Merged::Missing => return Err(lost()),
            }
        }
        // Cancelled, so that nothing is tried for ever: who waits for the answer is told of a store that is away.
        let over = CancellationToken::new();
        over.cancel();
        for (name, value) in failed.stored.steps.into_iter().flatten().filter(|(name, _)| !name.starts_with(FAILED)) {
            if let Some(signal) = name.strip_prefix(SIGNAL) {
                // With its name, as it came.
                let bytes = u32::try_from(signal.len() + value.len()).unwrap_or(u32::MAX);
                let changes = [Change::Signal { name: signal.to_owned(), bytes }];
                let writing = Writing { step: Some((name, value)), ..(&changes[..]).into() };
                match store.put(store.write_id().await?, &mut task, Some(fence), &writing).await {
                    Ok(()) => continue,
                    Err(NotChanged::Store(error)) => return Err(error),
                    Err(NotChanged::Missing | NotChanged::Ended(_) | NotChanged::Lost) => return Err(lost()),
                }
            }
            let step = NewStep { name, value, changes: Vec::new(), max_bytes: u32::MAX };
            match store.record(&over, &task.key, fence, step).await? {
                Recorded::Recorded | Recorded::Exists(_) => {}
                Recorded::Changed(_) | Recorded::TooLarge | Recorded::Lost | Recorded::Missing => return Err(lost()),
            }
        }
        Ok(())
    }
}

/// The idempotency key of all retries of a task.
fn digest(failed: &Task) -> [u8; 32] {
    Sha256::new().chain_update(b"run.pmcp/retry/").chain_update(failed.id().as_bytes()).finalize().into()
}
