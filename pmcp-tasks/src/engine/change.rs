//! Changes that clients make to tasks, told to the runs that are here.

use std::sync::Arc;

use super::Engine;
use crate::{
    store::backend::TaskKey,
    task::{Change, NotChanged, Task},
};

impl Engine {
    /// Changes a task on behalf of a client, and tells the run if it is here.
    pub(crate) async fn change(self: &Arc<Self>, key: &TaskKey, change: Change) -> Result<Task, NotChanged> {
        let (engine, key) = (self.clone(), key.clone());
        self.host
            .finishing(async move {
                let task = engine.store().change_unheld(&key, &[change]).await?;
                engine.tell(&task);
                Ok(task)
            })
            .await
    }

    /// The same to a task that was just read, which is not read again.
    pub(crate) async fn change_read(self: &Arc<Self>, mut task: Task, change: Change) -> Result<Task, NotChanged> {
        let engine = self.clone();
        self.host
            .finishing(async move {
                engine.store().change(&mut task, None, &[change]).await?;
                engine.tell(&task);
                Ok(task)
            })
            .await
    }

    /// The same if nobody wrote since `task` was read; whether it was made.
    pub(crate) async fn change_once(
        self: &Arc<Self>,
        mut task: Task,
        changes: Vec<Change>,
    ) -> Result<bool, NotChanged> {
        let engine = self.clone();
        self.host
            .finishing(async move {
                let made = engine.store().change_once(&mut task, &changes).await?;
                if made {
                    engine.tell(&task);
                }
                Ok(made)
            })
            .await
    }

    /// Tells the run of a task, if it is here, what was just written.
    pub(crate) fn tell(&self, task: &Task) {
        if let Some(seat) = self.host.seats.get(&task.key).map(|seat| seat.clone()) {
            seat.observe(task);
        }
    }
}
