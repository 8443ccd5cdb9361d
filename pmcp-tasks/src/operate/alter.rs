//! A change that somebody outside makes to a task, by what the task is.

use std::ops::ControlFlow;

use bytes::Bytes;

use super::TaskHandle;
use crate::{
    error::StoreError,
    store::backend::{HolderChange, Parts},
    task::{CONFLICTS, Change, NotChanged, Taken, Task, Writing},
};

/// A change to write, and the answer for whoever asked once it is written.
pub(super) struct Alteration<T> {
    pub(super) change: Change,
    /// A value that is recorded as a step with it.
    pub(super) step: Option<(String, Bytes)>,
    pub(super) told: T,
}

impl TaskHandle {
    /// Makes the change that `decide` says by the task as it is, which it is asked again whenever somebody else has written
    /// meanwhile; `None` if there is no such task. A run of the task in this process is told.
    ///
    /// # Errors
    /// `decide` refuses; the store failed.
    pub(super) async fn alter<T, E: From<StoreError>>(
        &self,
        mut decide: impl FnMut(&Task) -> Result<ControlFlow<T, Alteration<T>>, E>,
    ) -> Result<Option<T>, E> {
        let Some(mut task) = self.read(Parts::empty()).await? else { return Ok(None) };
        for _ in 0..CONFLICTS {
            let Alteration { change, step, told } = match decide(&task)? {
                ControlFlow::Continue(alteration) => alteration,
                ControlFlow::Break(told) => return Ok(Some(told)),
            };
            let writing = Writing { changes: &[change], step, holder: HolderChange::Keep };
            match self.store.put_once(&mut task, &writing).await {
                Ok(Taken::Done) => {
                    self.store.tell(&task);
                    return Ok(Some(told));
                }
                // It is known as it is now.
                Ok(Taken::Overtaken | Taken::Buried) | Err(NotChanged::Lost) => {}
                Err(NotChanged::Ended(ended)) => task = *ended,
                Err(NotChanged::Missing) => return Ok(None),
                Err(NotChanged::Store(error)) => return Err(error.into()),
            }
        }
        Err(self.store.contended().into())
    }
}
