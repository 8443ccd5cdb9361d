//! Tasks from outside: what an application or an operator does to them, in the process that runs them or in another one.
//!
//! [`TaskStore::task`] gives a handle to one task of one owner. Whoever has the store has the right to everything here: these are
//! the application's own means, for webhooks, schedulers and consoles, and no client of the protocol gets at them. The room knows tasks
//! and schemas, and nothing of runs: a run in this process is told by the store, one in another process by its feed.

mod signal;

pub use signal::{Delivery, SignalError};

use crate::{
    error::StoreError,
    store::backend::{Parts, TaskKey},
    task::{Owner, Task, TaskId, TaskStore},
};

/// A task of an owner, from outside. Cheap to clone; that there is such a task shows with what is done to it.
#[derive(Clone, Debug)]
pub struct TaskHandle {
    store: TaskStore,
    owner: Owner,
    id: TaskId,
}

impl TaskStore {
    /// A task of this owner, to be operated from outside.
    #[must_use]
    pub fn task(&self, owner: &Owner, id: TaskId) -> TaskHandle {
        TaskHandle { store: self.clone(), owner: owner.clone(), id }
    }
}

impl TaskHandle {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// Its owner.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    fn key(&self) -> TaskKey {
        TaskKey { owner: self.owner.key(), id: self.id }
    }

    /// Reads the task; `None` if this owner has none with the id. What stands for a call that waits for its retry is none.
    async fn read(&self, parts: Parts) -> Result<Option<Task>, StoreError> {
        let task = self.store.read(&self.key(), parts).await?;
        Ok(task.filter(|task| task.head.owner == self.owner && task.head.hidden.is_none()))
    }
}
