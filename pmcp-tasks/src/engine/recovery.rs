//! Going on with a task that another process began, or that none has begun yet.

use std::sync::{Arc, atomic::Ordering};

use serde_json::{Map, Value};
use tracing::{Instrument as _, Span};

use super::{Engine, board, runs::End};
use crate::{
    call::Brought,
    error::CancelCause,
    measure,
    protocol::RpcError,
    run::{Allowance, Cancel, Origin, Seat},
    store::backend::{Holder, HolderChange, Parts, TaskKey, WorkerId},
    task::{Change, NotChanged, OnCrash, Outcome, Pause, Reason, Task, TaskBody, Writing},
    tool::{Arguments, Prepared, Work},
    trace::{self, Failed},
};

/// Message the client gets of a task whose process died.
const LOST: &str = "the server that ran this task stopped before the task had ended";
/// Message the client gets of a task whose arguments this version of the tool does not take.
pub(super) const CHANGED: &str = "the tool has changed since the task was created and cannot go on with it";

/// Message the client gets of a task whose tool no worker that looked at it has.
fn waits_for(tool: &str) -> String {
    format!("The task waits for a worker that has the tool `{tool}`.")
}

/// Message of such a task once a worker has taken it, until its function tells something.
const FOUND: &str = "A worker that has the tool runs this task.";

/// Outcome of taking a task over.
pub(super) enum TakenOver {
    /// It runs; the receiver gets its outcome.
    Runs(End),
    /// Nothing is left to do.
    Ended,
    /// It cannot run here, and is to be handed back.
    Foreign(Box<Task>),
}

impl Engine {
    /// Goes on with a task that was just claimed, or ends it. One that is untouched was never begun.
    pub(super) async fn take_over(self: &Arc<Self>, task: Task, untouched: bool) -> TakenOver {
        let Some(body) = task.body.clone() else { return TakenOver::Ended };
        let idle_fences = task.idle_fences();
        let first_of_queue = body.queued && task.stored.fence <= 1 + idle_fences;
        // Each step of a workflow counts its own.
        let since = task.head.workflow.as_ref().map_or(0, |workflow| workflow.since);
        let idle_fences = if since == 0 { idle_fences } else { since - 1 };
        let queued = first_of_queue.then(|| task.head.created.until(self.host.now()));
        if let Some(time) = queued {
            measure::waited(&body.tool, time);
        }
        // A call that waited for its retry may bear the URI of a resource, which somebody may have typed.
        let work = if task.head.hidden.is_some() { "call" } else { &*body.tool };
        let span = trace::taken(work, task.id(), queued, body.trace.as_ref());
        self.take_over_in(&span, task, body, idle_fences, first_of_queue || untouched).instrument(span.clone()).await
    }

    async fn take_over_in(
        self: &Arc<Self>,
        span: &Span,
        task: Task,
        body: TaskBody,
        idle_fences: u64,
        never_begun: bool,
    ) -> TakenOver {
        if task.head.hidden.is_some() && body.tool == board::NAME {
            // Who made it died before it was released. Its notes are awaited, perhaps here.
            let (key, mut task) = (task.key.clone(), task);
            let released = self.release_board(&mut task).await;
            self.log_failure(&key, released);
            return TakenOver::Ended;
        }
        if task.head.hidden.is_some() || (body.on_crash == OnCrash::Fail && !never_begun) {
            crate::heard::warn!(task = %task.id(), tool = body.tool, "a task of a dead worker fails");
            Failed::Lost.tell(span);
            self.end_lost(task, RpcError::internal(LOST)).await;
            return TakenOver::Ended;
        }
        let Some(work) = self.work_of(&body).filter(|_| self.runs_tasks()) else {
            // Another process runs it: this one has no such work, or leaves tasks to workers.
            if !self.has_work_of(&body) && task.message() != Some(&*waits_for(&body.tool)) {
                crate::heard::warn!(task = %task.id(), tool = body.tool, "a task waits for a worker that has its tool");
            }
            return TakenOver::Foreign(Box::new(task));
        };
        let has_waited = task.message() == Some(&*waits_for(&body.tool));
        let Ok(prepared) = work.prepare_again(Arguments { given: body.arguments, answers: body.answers }) else {
            if task.head.workflow.is_some() {
                self.park_changed(task).await;
            } else {
                self.end_lost(task, RpcError::internal(CHANGED)).await;
            }
            Failed::Internal.tell(span);
            return TakenOver::Ended;
        };
        tracing::info!(task = %task.id(), tool = body.tool, fence = task.stored.fence, "a task goes on here");
        let origin = Origin {
            owner: Some(task.head.owner.clone()),
            principal: body.principal.map(Into::into),
            revision: body.revision,
            client: body.client,
            peer: None,
            progress_token: None,
            trace: trace::of(span, body.trace.as_ref()),
            brought: Brought::default(),
        };
        let variables = body.variables;
        let (seat, end) = self.resume(&task, &work, prepared, (origin, variables), idle_fences);
        if has_waited {
            // It does not wait any more; the function's first message takes the place of this one.
            let (host, waited) = (self.host.clone(), waits_for(&body.tool));
            self.host.in_background(async move {
                if let Err(error) = seat.replace_message(&host, &waited, FOUND.into()).await {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a message was not stored");
                }
            });
        }
        TakenOver::Runs(end)
    }

    /// Begins a run of a task that this worker was given.
    pub(super) fn resume(
        self: &Arc<Self>,
        task: &Task,
        work: &Work,
        prepared: Prepared,
        (origin, variables): (Origin, Map<String, Value>),
        idle_fences: u64,
    ) -> (Arc<Seat>, End) {
        let left = self.host.now().until(task.stored.expires);
        let allowance = Allowance::of_task(self.limits(), work.policy.timeout, left);
        let seat = Seat::of_task(task.clone(), Cancel::of_run(&self.host.cancelling));
        if let Some(former) = self.host.seats.insert(task.key.clone(), seat.clone()) {
            former.lose(CancelCause::TakenOver);
        }
        // Once it is seated: who learns of that worker's death looks for it there.
        if let Some(Holder::Worker(worker)) = task.stored.holder {
            seat.given_to(worker, &self.host.lease);
        }
        seat.follow(&self.host.store, &task.key);
        let run = self.run(work, seat.clone(), origin, variables).resuming(task, idle_fences);
        if let Some(way) = self.ways.of(&task.key) {
            seat.lead(way);
        }
        let end = self.start(run, work.kind, prepared, allowance);
        (seat, end)
    }

    /// Has a run of a workflow wait whose arguments this version does not take: another one may.
    async fn park_changed(&self, mut task: Task) {
        let Some(mut workflow) = task.head.workflow.clone() else { return };
        let step = workflow.running.take().unwrap_or_default();
        let reason = Reason::Mismatch;
        workflow.pause = Some(Pause { message: Some(CHANGED.to_owned()), needs: Vec::new(), reason, step });
        let text = "Waiting: the workflow has changed, and this version cannot go on with its arguments.".to_owned();
        let changes = [Change::Workflow(Box::new(workflow)), Change::Message { text, is_progress: true }];
        let writing = Writing { holder: HolderChange::Release, ..(&changes[..]).into() };
        let fence = task.stored.fence;
        let parked = async {
            let write = self.host.store.write_id().await.map_err(NotChanged::Store)?;
            self.host.store.put(write, &mut task, Some(fence), &writing).await
        };
        let parked = parked.await;
        self.log_failure(&task.key, parked);
    }

    /// Goes on with a task of ours that nobody here runs, unless it has ended meanwhile.
    pub(super) async fn adopt_one(self: &Arc<Self>, key: &TaskKey, me: WorkerId) -> Option<End> {
        let parts = Parts::BODY | Parts::VARIABLES | Parts::STEPS;
        let task = self.host.store.read(key, parts).await;
        if self.host.is_stopping() {
            // Its run may just have been stopped, to be handed over: it is for others.
            return None;
        }
        if self.host.lease.worker() != me {
            // Others have taken it for dead meanwhile: what it held is theirs, though they have not claimed it yet.
            return None;
        }
        match task {
            Ok(Some(task)) if task.stored.open && task.stored.holder == Some(Holder::Worker(me)) => {
                // Written by nobody since it was created before its run.
                let is_new = task.stored.version == 1 && task.stored.fence == 1;
                let untouched = is_new && task.body.as_ref().is_some_and(|body| !body.begun);
                match self.take_over(task, untouched).await {
                    TakenOver::Runs(end) => return Some(end),
                    TakenOver::Foreign(task) => self.hand_back(*task).await,
                    TakenOver::Ended => {}
                }
            }
            Ok(_) => {}
            Err(error) => {
                self.strays.store(true, Ordering::Relaxed);
                crate::heard::error!(task = %key.id, error = &error as &dyn std::error::Error, "a task cannot be taken over");
            }
        }
        None
    }

    async fn end_lost(&self, mut task: Task, error: RpcError) {
        let fence = task.stored.fence;
        let change = [Change::Finish(Outcome::Error(error).into())];
        let ended = self.host.store.change(&mut task, Some(fence), &change).await;
        self.log_failure(&task.key, ended);
    }

    /// Leaves a task in the queue, for a worker that can run it.
    pub(super) async fn hand_back(&self, mut task: Task) {
        let foreign = task.body.as_ref().filter(|body| !self.has_work_of(body));
        // Where no worker comes, its client is to know for what it waits.
        let message = foreign.map(|body| waits_for(&body.tool));
        let requeued = self.host.store.requeue(&mut task, message).await;
        self.log_failure(&task.key, requeued);
    }

    fn log_failure(&self, key: &TaskKey, result: Result<(), NotChanged>) {
        let Err(NotChanged::Store(error)) = result else { return };
        // It stays ours, and is found again as a task that nobody runs.
        self.strays.store(true, Ordering::Relaxed);
        crate::heard::error!(task = %key.id, error = &error as &dyn std::error::Error, "a task could not be taken over");
    }
}
