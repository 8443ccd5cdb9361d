//! Taking a task that nobody holds, to go on with it.

use std::sync::{Arc, atomic::Ordering};

use bytes::Bytes;

use super::Engine;
use crate::{
    run::Origin,
    store::backend::HolderChange,
    task::{Change, NotChanged, Taken, Task, WorkflowHead, Writing},
    tool::{Prepared, Work},
};

/// What a client's call does to a run of a workflow that waits.
#[derive(Debug)]
pub(crate) struct Move {
    pub(crate) workflow: WorkflowHead,
    pub(crate) message: String,
    /// The end, if it is one.
    pub(crate) end: Option<Change>,
    /// The result of a step that is recorded with it.
    pub(crate) step: Option<(String, Bytes)>,
}

impl Engine {
    /// Moves a run that nobody holds, if nobody has moved it since `task` was read with all its parts; false if somebody has. One with a
    /// step of the server to do goes on here, or in the queue. It ends though whoever waits for it goes away.
    pub(crate) async fn move_on(
        self: &Arc<Self>,
        task: &mut Task,
        what: Move,
        work: &Arc<Work>,
        prepared: Prepared,
        origin: Origin,
    ) -> Result<bool, NotChanged> {
        let (engine, mut moved, work) = (self.clone(), task.clone(), work.clone());
        let whole = async move {
            // Until it runs: else it would be found as a task of ours that nobody runs, and begun twice.
            let _claiming = engine.claiming.lock().await;
            let done = engine.move_whole(&mut moved, what, &work, prepared, origin).await;
            if let Err(NotChanged::Store(_)) = done {
                // It may be ours all the same, its reply lost.
                engine.strays.store(true, Ordering::Relaxed);
            }
            (moved, done)
        };
        let done;
        (*task, done) = self.host.finishing(whole).await;
        done
    }

    async fn move_whole(
        self: &Arc<Self>,
        task: &mut Task,
        what: Move,
        work: &Work,
        prepared: Prepared,
        origin: Origin,
    ) -> Result<bool, NotChanged> {
        let Move { mut workflow, message, end, step } = what;
        let goes_on = workflow.running.is_some() && end.is_none();
        loop {
            let holder = match (goes_on, self.leaves_tasks()) {
                (false, _) => HolderChange::Keep,
                (true, true) => HolderChange::Queue,
                (true, false) => HolderChange::Take(self.host.own_worker().await.map_err(NotChanged::Store)?),
            };
            // Who claims it from the queue has yet to begin it.
            workflow.since = if holder == HolderChange::Queue { 0 } else { task.stored.fence + 1 };
            let mut changes = vec![Change::Workflow(Box::new(workflow.clone()))];
            changes.push(Change::Message { text: message.clone(), is_progress: true });
            changes.extend(end.clone());
            let writing = Writing { changes: &changes, step: step.clone(), holder };
            match (self.store().put_once(task, &writing).await?, holder) {
                (Taken::Done, _) => {}
                (Taken::Buried, HolderChange::Take(worker)) => {
                    self.host.succeed(worker);
                    continue;
                }
                (Taken::Overtaken | Taken::Buried, _) => return Ok(false),
            }
            if let (Some((name, value)), Some(steps)) = (step, &mut task.stored.steps) {
                steps.insert(name, value);
            }
            if let HolderChange::Take(_) = holder {
                let variables = task.body.as_ref().map(|body| body.variables.clone()).unwrap_or_default();
                let idle_fences = task.stored.fence.saturating_sub(1);
                // The run goes on in its own trace, whoever moves it.
                let trace = task.body.as_ref().and_then(|body| body.trace.clone()).or(origin.trace);
                let origin = Origin { trace, ..origin };
                self.resume(task, work, prepared, (origin, variables), idle_fences);
            }
            return Ok(true);
        }
    }
}
