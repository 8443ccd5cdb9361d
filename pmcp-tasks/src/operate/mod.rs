//! Tasks from outside: what an application or an operator does to them, in the process that runs them or in another one.
//!
//! [`TaskStore::task`] gives a handle to one task of one owner. Whoever has the store has the right to everything here: these are
//! the application's own means, for webhooks, schedulers and consoles. No client of the protocol gets at them, and who may is for the
//! application to decide.
//!
//! | to | call | costs, in operations of the store |
//! |---|---|---|
//! | deliver what a task waits for | [`signal`](TaskHandle::signal) | a read and a write |
//! | say that the user is done with a page | [`complete_elicitation`](TaskHandle::complete_elicitation) | a read and a write |
//! | see all there is of it, or its state | [`look`](TaskHandle::look), [`get`](TaskHandle::get) | a read of the whole task, or of its request |
//! | stop it, or answer in its client's place | [`cancel`](TaskHandle::cancel), [`answer`](TaskHandle::answer) | a read and a write |
//! | have a failed one go on | [`retry`](TaskHandle::retry) | four, and one a recorded step |
//! | list an owner's tasks | [`TaskStore::list`], [`TaskStore::list_only`] | a page; with a tool, one a task of it |
//! | list what a worker or the queue holds | [`TaskStore::list_workers`], [`TaskStore::held_by`] | a page, and one a task of it |
//! | tell a health endpoint | [`TaskRouter::status`](crate::TaskRouter::status) | a read |
//!
//! There is no list of all tasks: no store could bound what it costs.
//!
//! An operator's tool opens the store with [`TaskStore::connect_existing`], which makes nothing that is not there; it takes no task and keeps no
//! lease, though a retry needs one for as long as it copies. In a terminal, `cargo pmcp tasks --store URL` does all of this:
//!
//! ```text
//! $ cargo pmcp tasks --store tasks.db list --live
//! task                                  status   tool     owner     issuer         held by   age     left   message
//! 3b6b5e68-1fb5-41f9-a982-a78091bf7071  working  deliver  user:ann  https://login  9f2c41d0  12 min  48 min
//! $ cargo pmcp tasks --store tasks.db signal 3b6b5e68-1fb5-41f9-a982-a78091bf7071 approved '"Bob"' --owner user:ann --issuer https://login
//!    Delivered approved to 3b6b5e68-1fb5-41f9-a982-a78091bf7071
//! ```
//!
//! # Waiting for what happens outside
//!
//! A task waits with [`TaskContext::signal`](crate::TaskContext::signal) for a value, and with
//! [`TaskContext::timer`](crate::TaskContext::timer) for a time; both together say "at most so long". What holds:
//!
//! - A signal is delivered once: of racing deliveries of one name one is the first, and each of the others is told
//!   [`Delivery::Again`]. It may come before the task asks, while no server runs, or while its worker dies; with
//!   `on_crash = "restart"` the task has it all the same.
//! - A delivery is held against the JSON Schema of what the task has asked for; what does not fit is an error for whoever
//!   delivers it, and no delivery. One that comes before the task asks is kept, within bounds, and what does not fit then is the task's error.
//! - A waiting task keeps its worker, which looks at it once a lease period; a worker of the queue counts it among those it runs at once. The
//!   tool's timeout stands still. The wait ends ten minutes before the task expires: give it a `ttl`, at most
//!   [`Limits::max_ttl`](crate::Limits::max_ttl), that is long enough.
//! - A run in the process that delivers hears of it at once; one in another process at once where the store brings hints, and within a
//!   lease period where it does not.
//!
//! The room knows tasks and schemas, and nothing of runs: a run in this process is told by the store.

mod alter;
mod change;
mod elicitation;
mod list;
mod look;
mod retry;
mod signal;

pub use change::{AnswerError, Answering, Cancellation};
pub use list::{Filter, HeldPage, LookedWorker};
pub use look::{HeldBy, Look, LookedVariable};
pub use retry::Retry;
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

    /// Reads the task with its request, which names its tool; `None` if this owner has none with the id. Less than a
    /// [`look`](Self::look): neither variables nor steps nor outcome.
    ///
    /// # Errors
    /// The store failed, or a record is corrupt.
    pub async fn get(&self) -> Result<Option<Task>, StoreError> {
        self.read(Parts::BODY).await
    }

    /// Reads the task; `None` if this owner has none with the id. What stands for a call that waits for its retry is none.
    async fn read(&self, parts: Parts) -> Result<Option<Task>, StoreError> {
        let task = self.store.read(&self.key(), parts).await?;
        Ok(task.filter(|task| task.head.owner == self.owner && task.head.hidden.is_none()))
    }
}
