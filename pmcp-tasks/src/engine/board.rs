//! Notes that the processes which serve one session (2025-11-25) leave for each other: which tasks it has, answers that came to one
//! process and are awaited in another.
//!
//! A board is a hidden task, and the notes are its variables, each under its name. It is made by the first note, and read by whoever has a
//! reason to. All boards of one caller have an owner of their own: they take nothing of the caller's quota, and together no more than
//! [`Limits::stored_bytes`](crate::Limits::stored_bytes), as a client leaves notes, too, and sessions cost nothing to begin.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Engine;
use crate::{
    error::StoreError,
    store::backend::{Field, FieldOp, Guard, HolderChange, Merged, Parts, TaskKey},
    task::{Hidden, NotChanged, NotCreated, Owner, OwnerKind, Task, TaskId, Tries, Watch, Writing, read_value},
};

/// The name under which a board is stored, in place of a tool's.
pub(super) const NAME: &str = "run.pmcp/board";

/// Notes that processes leave for each other about one session.
#[derive(Clone, Debug)]
pub struct Board {
    engine: Arc<Engine>,
    owner: Owner,
    key: TaskKey,
    lifetime: Duration,
}

/// Waits until a board may have changed.
#[derive(Debug)]
pub struct BoardWatch(Watch);

impl BoardWatch {
    /// Ends when a note may have been left or taken since the last call, within about a second where nobody tells.
    pub async fn changed(&mut self) {
        self.0.changed().await;
    }
}

impl Board {
    pub(crate) fn new(engine: &Arc<Engine>, session: &str, caller: Option<&Owner>, lifetime: Duration) -> Self {
        let caller = caller.map(|owner| owner.key().to_string());
        let owner = Owner::new(OwnerKind::Session, NAME, caller.unwrap_or_default());
        let mut id = [0; 16];
        id.copy_from_slice(&Sha256::digest(session)[..16]);
        let key = TaskKey { owner: owner.key(), id: TaskId::from_random(id) };
        Self { engine: engine.clone(), owner, key, lifetime }
    }

    /// Leaves a note, in place of one with this name. Where the notes would take more than the limit on a task's variables, the others go.
    ///
    /// # Errors
    /// The store failed, the note alone is too large, or the boards of this caller's sessions leave no room for another.
    pub async fn leave(&self, name: &str, note: &Value) -> Result<(), StoreError> {
        let set = || (Field::from(name), FieldOp::Set(note.to_string().into_bytes().into()));
        let mut ops = vec![set()];
        // Once it is there, found too full, or ended.
        for _ in 0..4 {
            match self.merge(ops).await? {
                Merged::Done | Merged::Replayed => return Ok(()),
                Merged::Missing => {
                    self.make().await?;
                    ops = vec![set()];
                }
                Merged::Lost | Merged::Changed(_) => {
                    // Unless somebody has just made another one in its place, with notes.
                    let board = self.engine.store().read(&self.key, Parts::empty()).await?;
                    if board.is_some_and(|board| !board.stored.open) {
                        self.engine.store().delete(&self.key).await?;
                    }
                    ops = vec![set()];
                }
                Merged::TooLarge => {
                    let others = self.read().await?.into_keys().filter(|other| other != name);
                    ops = others.map(|other| (other.into(), FieldOp::Remove)).chain([set()]).collect();
                }
            }
        }
        Err(self.refused("the note is too large"))
    }

    fn refused(&self, reason: &'static str) -> StoreError {
        StoreError::Refused { backend: self.engine.store().capabilities().name, source: reason.into() }
    }

    /// Leaves a note if there is a board already; whether there is.
    ///
    /// # Errors
    /// The store failed.
    pub async fn add(&self, name: &str, note: &Value) -> Result<bool, StoreError> {
        let op = (name.into(), FieldOp::Set(note.to_string().into_bytes().into()));
        Ok(matches!(self.merge(vec![op]).await?, Merged::Done | Merged::Replayed))
    }

    /// Takes notes away.
    ///
    /// # Errors
    /// The store failed.
    pub async fn take(&self, names: impl IntoIterator<Item = String> + Send) -> Result<(), StoreError> {
        let ops = names.into_iter().map(|name| (name.into(), FieldOp::Remove)).collect();
        self.merge(ops).await.map(drop)
    }

    /// Reads the notes; there are none before the first.
    ///
    /// # Errors
    /// The store failed, or holds something else.
    pub async fn read(&self) -> Result<BTreeMap<String, Value>, StoreError> {
        let task = self.engine.store().read(&self.key, Parts::VARIABLES).await?;
        let notes = task.as_ref().and_then(|task: &Task| task.stored.variables.as_ref());
        let backend = self.engine.store().capabilities().name;
        let notes = notes.into_iter().flatten();
        notes.map(|(name, note)| Ok((name.to_string(), read_value(backend, "a note", self.key.id, note)?))).collect()
    }

    /// Begins to watch it: what is left from now on ends [`BoardWatch::changed`].
    #[must_use]
    pub fn watch(&self) -> BoardWatch {
        BoardWatch(self.engine.store().watch(&self.key))
    }

    async fn merge(&self, ops: Vec<(Field, FieldOp)>) -> Result<Merged, StoreError> {
        let max = self.engine.limits().max_variables;
        self.engine.store().merge(Tries::Few, &self.key, Guard::Open, ops, max).await
    }

    /// Makes it, unless somebody else just did.
    async fn make(&self) -> Result<(), StoreError> {
        let engine = self.engine.clone();
        let mut draft = engine.store().draft(&self.owner, self.lifetime, NAME)?;
        draft.key = self.key.clone();
        draft.max_bytes = engine.limits().stored_bytes;
        draft.head.hidden = Some(Hidden { call: String::new(), handle: None });
        // Made whole, though whoever asked for it goes away.
        let made = self.engine.host.finishing(async move {
            let (_, mut task) = engine.host.create(&mut draft).await?;
            match engine.release_board(&mut task).await {
                Err(NotChanged::Store(error)) => Err(error.into()),
                // Whatever it is instead is seen with the next note.
                Ok(()) | Err(NotChanged::Ended(_) | NotChanged::Missing | NotChanged::Lost) => Ok(()),
            }
        });
        match made.await {
            Err(NotCreated::Store(error)) => Err(error),
            Err(NotCreated::NoRoom) => {
                Err(self.refused("the notes of the caller's sessions take all there is for them"))
            }
            // It has no quota of tasks and no key.
            Ok(()) | Err(NotCreated::Quota | NotCreated::Same(_) | NotCreated::Differs) => Ok(()),
        }
    }
}

impl Engine {
    /// Leaves a board to nobody: there is no work at it that somebody would have to take over.
    pub(super) async fn release_board(&self, board: &mut Task) -> Result<(), NotChanged> {
        let writing = Writing { holder: HolderChange::Release, ..(&[][..]).into() };
        let write = self.store().write_id().await.map_err(NotChanged::Store)?;
        self.store().put(write, board, None, &writing).await
    }
}
