//! Going on with a task that another process began, or that none has begun yet.

use std::sync::atomic::Ordering;

use tokio::sync::oneshot;

use super::TaskRouter;
use crate::{
    execution::{Place, Run, RunParts},
    protocol::RpcError,
    store::{
        NotChanged,
        backend::{Holder, Parts, TaskKey, WorkerId},
    },
    task::{Change, Outcome, Task},
    tool::{Arguments, OnCrash},
};

/// What the client learns of a task whose process died.
const LOST: &str = "the server that ran this task stopped before the task had ended";
/// What the client learns of a task whose arguments this version of the tool does not take.
const CHANGED: &str = "the tool has changed since the task was created and cannot go on with it";

/// What came of taking a task over.
pub(super) enum TakenOver {
    /// It runs; the receiver gets its outcome.
    Runs(oneshot::Receiver<Outcome>),
    /// Nothing is left to do.
    Ended,
    /// It cannot run here, and is to be handed back.
    Foreign(Box<Task>),
}

impl TaskRouter {
    /// Goes on with a task that was just claimed, or ends it.
    pub(super) async fn take_over(&self, task: Task) -> TakenOver {
        let Some(body) = task.body.clone() else { return TakenOver::Ended };
        // It rises with the first claim from the queue, and with each claim of a worker that hands the task back and once more
        // with that.
        let idle_fences = u64::from(body.queued) + 2 * u64::from(task.head.handed_back);
        let never_begun = body.queued && task.stored.fence <= 1 + idle_fences;
        if task.head.hidden.is_some() || (body.on_crash == OnCrash::Fail && !never_begun) {
            tracing::warn!(task = %task.id(), tool = body.tool, "a task of a dead worker fails");
            self.end(task, RpcError::internal(LOST)).await;
            return TakenOver::Ended;
        }
        let tool = self.tools.get(&body.tool).filter(|_| self.runs_tasks());
        let Some(tool) = tool else {
            // Another process runs it: this one has no such tool, or leaves tasks to workers.
            tracing::debug!(task = %task.id(), tool = body.tool, "the task is left to another worker");
            return TakenOver::Foreign(Box::new(task));
        };
        let arguments = Arguments { given: body.arguments, answers: body.answers };
        let Ok(prepared) = (tool.prepare)(arguments) else {
            self.end(task, RpcError::internal(CHANGED)).await;
            return TakenOver::Ended;
        };
        tracing::info!(task = %task.id(), tool = body.tool, fence = task.stored.fence, "a task goes on here");
        let left = self.runtime.store.now().until(task.stored.expires);
        let allowance = self.runtime.limits.allowance(tool.definition.timeout, left);
        let run = Run::new(
            self.runtime.clone(),
            RunParts {
                tool: tool.definition.clone(),
                is_tool: true,
                place: Place::Task(task.key.clone()),
                owner: Some(task.head.owner.clone()),
                principal: None,
                revision: body.revision,
                client: body.client,
                peer: None,
                progress_token: None,
                initial_variables: body.variables,
                cancellation: self.runtime.cancelling.child_token(),
                idle_fences,
                task: Some(task),
            },
        );
        TakenOver::Runs(self.runtime.start(run, prepared, allowance))
    }

    /// Goes on with a task of ours that nobody here runs, unless it has ended meanwhile.
    pub(super) async fn adopt_one(&self, key: &TaskKey, me: WorkerId) -> Option<oneshot::Receiver<Outcome>> {
        let parts = Parts::BODY | Parts::VARIABLES | Parts::STEPS;
        match self.runtime.store.read(key, parts).await {
            Ok(Some(task)) if task.stored.open && task.stored.holder == Some(Holder::Worker(me)) => {
                // Written by nobody since it was created: its run was never begun.
                let untouched = task.stored.version == 1 && task.stored.fence == 1;
                let mut task = task;
                if let (true, Some(body)) = (untouched, &mut task.body) {
                    body.on_crash = OnCrash::Restart;
                }
                match self.take_over(task).await {
                    TakenOver::Runs(end) => return Some(end),
                    TakenOver::Foreign(task) => self.hand_back(*task).await,
                    TakenOver::Ended => {}
                }
            }
            Ok(_) => {}
            Err(error) => {
                self.runtime.strays.store(true, Ordering::Relaxed);
                tracing::error!(task = %key.id, error = &error as &dyn std::error::Error, "a task cannot be taken over");
            }
        }
        None
    }

    async fn end(&self, mut task: Task, error: RpcError) {
        let fence = task.stored.fence;
        let change = [Change::Finish(Outcome::Error(error))];
        let ended = self.runtime.store.change(&mut task, Some(fence), &change).await;
        self.log_failure(&task.key, ended);
    }

    /// Leaves a task in the queue, for a worker that can run it.
    pub(super) async fn hand_back(&self, mut task: Task) {
        let requeued = self.runtime.store.requeue(&mut task).await;
        self.log_failure(&task.key, requeued);
    }

    fn log_failure(&self, key: &TaskKey, result: Result<(), NotChanged>) {
        let Err(NotChanged::Store(error)) = result else { return };
        // It stays ours, and is found again as a task that nobody runs.
        self.runtime.strays.store(true, Ordering::Relaxed);
        tracing::error!(task = %key.id, error = &error as &dyn std::error::Error, "a task could not be taken over");
    }
}
