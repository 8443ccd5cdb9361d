//! Tasks that are steps of others: what they come to is recorded there before they end.

use std::{fmt, panic::AssertUnwindSafe, sync::Arc};

use async_trait::async_trait;
use futures_util::FutureExt as _;

use super::Engine;
use crate::{
    call::Brought,
    error::StoreError,
    panics::{harmless, told},
    run::{Origin, Seat},
    task::{Ending, Outcome, Pauses, StepOf, Task},
};

/// Records what a task comes to that is a step of another one.
#[async_trait]
pub(crate) trait Binder: fmt::Debug + Send + Sync {
    /// Records it, and gives the outcome with what follows from it. Nothing about that fails the task. What was recorded before is not
    /// recorded again.
    ///
    /// # Errors
    /// The store is away: it may be recorded or not.
    async fn record(
        &self,
        engine: &Arc<Engine>,
        task: &Task,
        step: &StepOf,
        origin: Origin,
        outcome: Outcome,
    ) -> Result<Outcome, StoreError>;
}

impl Engine {
    /// Has this one record what tasks come to that are steps of others.
    pub(crate) fn bind(&self, binder: impl Binder + 'static) {
        let _ = self.binder.set(Box::new(binder));
    }

    /// The end of a run, recorded where its task is a step of another one: tried again as long as the store is away, as a task that has
    /// ended would never be recorded. `None` if the server stops before that: the task is left to others.
    pub(super) async fn recorded(self: &Arc<Self>, seat: &Seat, ending: Ending) -> Option<Ending> {
        // Before the task is asked for: whoever stores it holds it as long as the store is away.
        if !seat.is_step() || seat.is_lost() || self.leaves(seat, &ending.outcome) {
            return Some(ending);
        }
        let Some(task) = seat.snapshot().await else { return Some(ending) };
        let (Some(body), Some(binder)) = (&task.body, self.binder.get()) else { return Some(ending) };
        let Some(step) = &body.step else { return Some(ending) };
        let origin = Origin {
            owner: Some(task.head.owner.clone()),
            principal: body.principal.clone().map(Into::into),
            revision: body.revision,
            client: body.client,
            peer: None,
            progress_token: None,
            trace: body.trace.clone(),
            brought: Brought::default(),
        };
        let mut pauses = Pauses::of_a_run();
        loop {
            let outcome = (*ending.outcome).clone();
            let recording = AssertUnwindSafe(binder.record(self, &task, step, origin.clone(), outcome)).catch_unwind();
            match recording.await {
                Ok(Ok(outcome)) => return Some(self.bounded(outcome).await),
                Ok(Err(error)) => harmless(
                    || crate::heard::error!(task = %task.id(), error = &error as &dyn std::error::Error, "a step could not be recorded"),
                ),
                Err(panic) => {
                    told(panic, |panic| crate::heard::error!(panic, "recording a step panicked"));
                    return Some(ending);
                }
            }
            tokio::select! {
                biased;
                () = self.host.clock().sleep(pauses.next()) => {}
                () = self.host.stopped() => return None,
            }
            if seat.is_lost() {
                return None;
            }
        }
    }
}
