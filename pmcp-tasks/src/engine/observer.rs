//! What somebody outside does to tasks by way of the store, told to the engine of this process.

use std::sync::Arc;

use super::{Engine, keeper::BATCH};
use crate::{
    store::backend::{Holder, WorkerId},
    task::{Observer, Task},
};

impl Observer for Engine {
    fn observe(&self, task: &Task) {
        let seat = self.host.seats.get(&task.key).map(|seat| seat.clone());
        if let Some(seat) = seat.filter(|seat| !task.stored.open || seat.holds(task)) {
            seat.observe(task);
        }
    }

    fn takes_over(self: Arc<Self>, worker: WorkerId) {
        let engine = self.clone();
        self.host.in_background(async move {
            if let Err(error) = engine.claim(&Holder::Worker(worker), BATCH).await {
                // Where others share the store it is found again as that of a dead worker.
                tracing::warn!(error = &error as &dyn std::error::Error, "a task was not begun here");
            }
        });
    }
}
