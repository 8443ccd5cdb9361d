//! Lists of an owner's tasks, a page at a time.

use super::{Owner, Task, TaskStore, Tries, cursor};
use crate::{
    error::StoreError,
    store::backend::{Position, Scope},
};

/// A page of an owner's tasks.
#[derive(Debug)]
pub struct TaskPage {
    /// The tasks, newest first.
    pub tasks: Vec<Task>,
    /// The cursor of the next page; `None` on the last.
    pub next: Option<String>,
}

impl TaskStore {
    /// A page of an owner's tasks, newest first; `None` if the cursor is not one of that list. Tasks whose record is
    /// corrupt are left out and reported in the log.
    ///
    /// # Errors
    /// The store failed.
    pub async fn list(&self, owner: &Owner, cursor: Option<&str>, n: u16) -> Result<Option<TaskPage>, StoreError> {
        let scope = Scope(owner.key());
        let before = match cursor.map(|cursor| cursor::decode(&scope, cursor)) {
            None => None,
            Some(Some(position)) => Some(position),
            Some(None) => return Ok(None),
        };
        let page = Tries::Few.of(&**self.clock(), || self.backend.page(&scope, before.as_ref(), n, self.now())).await?;
        let mut tasks = Vec::with_capacity(page.tasks.len());
        for (key, stored) in page.tasks {
            match self.decode(&key, stored) {
                Ok(task) if task.head.owner == *owner => tasks.push(task),
                Ok(_) => {}
                Err(error) => {
                    crate::heard::error!(task = %key.id, error = &error as &dyn std::error::Error, "task left out of a list");
                }
            }
        }
        let next = page.next.map(|position: Position| cursor::encode(&scope, &position));
        Ok(Some(TaskPage { tasks, next }))
    }
}
