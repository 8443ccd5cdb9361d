//! Tasks that are steps of others: what they come to is recorded there before they end.

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use super::Engine;
use crate::{
    run::{Origin, Seat},
    task::{Ending, Outcome, StepOf, Task},
};

/// Records what a task comes to that is a step of another one.
#[async_trait]
pub(crate) trait Binder: fmt::Debug + Send + Sync {
    /// Records it, and gives the outcome with what follows from it. Nothing about that fails the task.
    async fn record(
        &self,
        engine: &Arc<Engine>,
        task: &Task,
        step: &StepOf,
        origin: Origin,
        outcome: Outcome,
    ) -> Outcome;
}

impl Engine {
    /// Has this one record what tasks come to that are steps of others.
    pub(crate) fn bind(&self, binder: impl Binder + 'static) {
        let _ = self.binder.set(Box::new(binder));
    }

    /// The end of a run, recorded where its task is a step of another one.
    pub(super) async fn recorded(self: &Arc<Self>, seat: &Seat, ending: Ending) -> Ending {
        // Before the task is asked for: whoever stores it holds it as long as the store is away.
        if !seat.is_step() || seat.is_lost() || self.leaves(seat, &ending.outcome) {
            return ending;
        }
        let Some(task) = seat.snapshot().await else { return ending };
        let (Some(body), Some(binder)) = (&task.body, self.binder.get()) else { return ending };
        let Some(step) = &body.step else { return ending };
        let origin = Origin {
            owner: Some(task.head.owner.clone()),
            principal: body.principal.clone().map(Into::into),
            revision: body.revision,
            client: body.client,
            peer: None,
            progress_token: None,
        };
        let outcome = (*ending.outcome).clone();
        self.bounded(binder.record(self, &task, step, origin, outcome).await).await
    }
}
