//! Writes of a task that goes on: what they bring, and how they are made however often others write in between.

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::{Change, NotChanged, Task, TaskStore, Tries};
use crate::{
    error::StoreError,
    measure,
    store::backend::{
        Field, FieldOp, Holder, HolderChange, Parts, Put, Recorded, Step, StoredTask, TaskKey, WriteId, Written,
    },
};

/// Number of times a write is made again because somebody else wrote in between.
pub(crate) const CONFLICTS: u32 = 64;

/// A step to record.
#[derive(Debug)]
pub(crate) struct NewStep {
    pub(crate) name: String,
    pub(crate) value: Bytes,
    /// Changes of variables that come with it.
    pub(crate) changes: Vec<(Field, FieldOp)>,
    /// The largest size of all variables, in bytes.
    pub(crate) max_bytes: u32,
}

/// A write of a task's head: what it brings.
#[derive(Clone, Debug)]
pub(crate) struct Writing<'a> {
    pub(crate) changes: &'a [Change],
    /// The result of a step that is recorded with it.
    pub(crate) step: Option<(String, Bytes)>,
    pub(crate) holder: HolderChange,
}

impl<'a> From<&'a [Change]> for Writing<'a> {
    fn from(changes: &'a [Change]) -> Self {
        Self { changes, step: None, holder: HolderChange::Keep }
    }
}

/// Outcome of a write that may take a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Done,
    /// Somebody else had written; the task is known as it is now.
    Overtaken,
    /// Others have taken the worker that was to hold it for dead.
    Buried,
}

/// Outcome of one write.
enum Attempt {
    Written,
    /// Somebody else had written; nothing was.
    Overtaken,
    /// The worker that was to take the task was declared dead; nothing was written.
    Buried,
}

impl TaskStore {
    /// Makes changes to the task as `known`, which is brought up to date. `fence` is the worker's, `None` from anybody
    /// else. Rebases on what others wrote in between.
    pub(crate) async fn change(
        &self,
        known: &mut Task,
        fence: Option<u64>,
        changes: &[Change],
    ) -> Result<(), NotChanged> {
        let write = self.write_id().await.map_err(NotChanged::Store)?;
        self.put(write, known, fence, &changes.into()).await
    }

    /// The same with what else belongs into the write, which is one however often it is tried. A task that ends is released
    /// whatever is said of its holder.
    pub(crate) async fn put(
        &self,
        write: WriteId,
        known: &mut Task,
        fence: Option<u64>,
        writing: &Writing<'_>,
    ) -> Result<(), NotChanged> {
        for _ in 0..CONFLICTS {
            match self.write(known, fence, writing, write).await? {
                Attempt::Written => return Ok(()),
                Attempt::Overtaken => {}
                // Who takes a task otherwise claims it, so no write of ours does.
                Attempt::Buried => return Err(NotChanged::Lost),
            }
        }
        Err(NotChanged::Store(self.contended()))
    }

    /// The error of a write in whose way others get again and again.
    pub(crate) fn contended(&self) -> StoreError {
        let backend = self.capabilities().name;
        StoreError::Unavailable { backend, source: "the task is being changed too often".into() }
    }

    /// One write made from `known`, which is brought up to date whether or not it was made.
    async fn write(
        &self,
        known: &mut Task,
        fence: Option<u64>,
        writing: &Writing<'_>,
        write: WriteId,
    ) -> Result<Attempt, NotChanged> {
        let now = self.now();
        let Ok((head, ending)) = known.head.after(writing.changes, now) else {
            return Err(NotChanged::Ended(Box::new(known.clone())));
        };
        let put = Put {
            version: known.stored.version,
            fence,
            head: self.encode(&head).map_err(NotChanged::Store)?,
            outcome: ending
                .as_ref()
                .map(|ending| self.fitting(ending.json()))
                .transpose()
                .map_err(NotChanged::Store)?,
            step: writing.step.clone(),
            open: ending.is_none(),
            holder: if ending.is_some() { HolderChange::Release } else { writing.holder },
            write,
        };
        let written = Tries::Few
            .of(&**self.clock(), || self.backend.put(&known.key, &put, now))
            .await
            .map_err(NotChanged::Store)?;
        match written {
            Written::Done { version, fence } => {
                known.stored.version = version;
                known.stored.fence = fence;
                known.stored.open = put.open;
                known.stored.head = put.head;
                known.stored.holder = match put.holder {
                    HolderChange::Keep => known.stored.holder,
                    HolderChange::Take(worker) => Some(Holder::Worker(worker)),
                    HolderChange::Queue => Some(Holder::Queue),
                    HolderChange::Release => None,
                };
                known.head = head;
                if let Some(ending) = ending.as_ref().filter(|_| known.head.hidden.is_none()) {
                    measure::ended(measure::outcome(&ending.outcome));
                }
                known.outcome = ending.map(|ending| ending.outcome);
            }
            Written::Replayed(stored) => *known = self.merged(known, stored).map_err(NotChanged::Store)?,
            Written::Conflict(stored) => {
                *known = self.merged(known, stored).map_err(NotChanged::Store)?;
                // Who waits here may not have heard of it yet.
                self.hub.announce(&known.key);
                return if !known.stored.open {
                    Err(NotChanged::Ended(Box::new(known.clone())))
                } else if fence.is_some_and(|fence| fence != known.stored.fence) {
                    Err(NotChanged::Lost)
                } else {
                    Ok(Attempt::Overtaken)
                };
            }
            Written::Missing => return Err(NotChanged::Missing),
            Written::Buried => return Ok(Attempt::Buried),
        }
        self.hub.announce(&known.key);
        Ok(Attempt::Written)
    }

    /// Makes changes only if nobody wrote since `known` was read; whether it did.
    pub(crate) async fn change_once(&self, known: &mut Task, changes: &[Change]) -> Result<bool, NotChanged> {
        let write = self.write_id().await.map_err(NotChanged::Store)?;
        match self.write(known, None, &changes.into(), write).await? {
            Attempt::Written => Ok(true),
            Attempt::Overtaken | Attempt::Buried => Ok(false),
        }
    }

    /// The same of a write that may take the task.
    pub(crate) async fn put_once(&self, known: &mut Task, writing: &Writing<'_>) -> Result<Taken, NotChanged> {
        let write = self.write_id().await.map_err(NotChanged::Store)?;
        Ok(match self.write(known, None, writing, write).await? {
            Attempt::Written => Taken::Done,
            Attempt::Overtaken => Taken::Overtaken,
            Attempt::Buried => Taken::Buried,
        })
    }

    /// Returns what is known of a task, with its head as just read.
    fn merged(&self, known: &Task, mut stored: StoredTask) -> Result<Task, StoreError> {
        stored.body.clone_from(&known.stored.body);
        stored.variables.clone_from(&known.stored.variables);
        stored.steps.clone_from(&known.stored.steps);
        let body = known.body.clone();
        Ok(Task { body, ..self.decode(&known.key, stored)? })
    }

    /// Reads a task and changes it, as somebody who does not hold it.
    pub(crate) async fn change_unheld(&self, key: &TaskKey, changes: &[Change]) -> Result<Task, NotChanged> {
        let Some(mut task) = self.read(key, Parts::empty()).await.map_err(NotChanged::Store)? else {
            return Err(NotChanged::Missing);
        };
        self.change(&mut task, None, changes).await?;
        Ok(task)
    }

    /// Records a step of a run, and is tried until the run is over.
    pub(crate) async fn record(
        &self,
        run: &CancellationToken,
        key: &TaskKey,
        fence: u64,
        step: NewStep,
    ) -> Result<Recorded, StoreError> {
        let NewStep { name, value, changes, max_bytes } = step;
        let changes_any = !changes.is_empty();
        let step = Step { fence, name, value, changes, max_bytes, write: self.write_id().await? };
        let recorded = Tries::Until(run).of(&**self.clock(), || self.backend.record(key, &step, self.now())).await?;
        // If it exists, the reply of an earlier try may be what was lost.
        if changes_any && matches!(recorded, Recorded::Recorded | Recorded::Exists(_)) {
            self.hub.announce(key);
        }
        Ok(recorded)
    }
}
