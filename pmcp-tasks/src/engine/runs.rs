//! Starting runs and ending them: isolation, time, what is stored when.

use std::{panic::AssertUnwindSafe, pin::pin, sync::Arc};

use futures_util::FutureExt;
use serde_json::Map;
use tokio::sync::oneshot;
use tracing::Instrument as _;

use super::{
    Attends, Engine,
    blocking::Polled,
    observed::Observed,
    outcome::{PANICKED, TIMED_OUT},
};
use crate::{
    call::Peer,
    context::RunContext,
    error::{CancelCause, StoreError},
    panics::{harmless, told},
    protocol::RpcError,
    run::{Allowance, CallDigest, Cancel, Origin, Run, Seat, Way},
    store::backend::Holder,
    task::{Draft, Ending, NotCreated, Outcome, Pauses, Task},
    tool::{Along, Output, Prepared, Work, WorkKind},
    trace,
};

/// A task to create, and the run that is to work at it.
#[derive(Debug)]
pub(crate) struct NewRun {
    pub(crate) work: Arc<Work>,
    pub(crate) draft: Draft,
    pub(crate) prepared: Prepared,
    pub(crate) origin: Origin,
    /// The session that is told about the task, where the protocol has one.
    pub(crate) session: Option<Arc<dyn Peer>>,
}

/// The end of a run, after whatever has to be stored of it is; it fails if the run is left to others.
pub(crate) type End = oneshot::Receiver<Outcome>;

impl Engine {
    /// Runs a call that is no task and does not become one.
    pub(crate) fn call(
        self: &Arc<Self>,
        work: &Work,
        prepared: Prepared,
        digest: CallDigest,
        origin: Origin,
        variables: Map<String, serde_json::Value>,
    ) -> (Arc<Seat>, End) {
        let allowance = Allowance::of_call(self.limits(), work.policy.timeout);
        let seat = Seat::of_call(digest, Cancel::of_run(&self.host.cancelling));
        let run = self.run(work, seat.clone(), origin, variables);
        (seat, self.start(run, work.kind, prepared, allowance))
    }

    /// Creates a task and begins it, or leaves it to workers. It can be found by anybody when this returns.
    pub(crate) async fn create(self: &Arc<Self>, new: NewRun) -> Result<(Task, Option<(Arc<Seat>, End)>), NotCreated> {
        let engine = self.clone();
        self.host.finishing(async move { engine.create_whole(new).await }).await
    }

    async fn create_whole(self: &Arc<Self>, mut new: NewRun) -> Result<(Task, Option<(Arc<Seat>, End)>), NotCreated> {
        let (client, revision, session) = (new.origin.client, new.origin.revision, new.session.take());
        let (task, running) = if self.leaves_tasks() {
            new.draft.holder = Holder::Queue;
            new.draft.body.queued = true;
            // The queue does not die.
            let span = trace::queued(&new.work.name, new.draft.key.id, new.origin.trace.as_ref());
            // Who takes it from there goes on from here.
            new.draft.body.trace = trace::of(&span, new.draft.body.trace.as_ref());
            let created = self.store().create(&mut new.draft).instrument(span).await?;
            (created.ok_or_else(|| self.store().silent())?, None)
        } else {
            let (seat, begin) = self.prepare_run(new, false);
            // What it was refused for is told; else it is there.
            let _ = seat.establish(&self.host).await;
            match (seat.take_refusal(), seat.snapshot().await) {
                // Meanwhile this worker was taken for dead: the task is whoever's who claimed it, perhaps by a run here.
                (None, Some(task)) if seat.is_lost() => {
                    self.host.unseat(&task.key, &seat);
                    (task, None)
                }
                (None, Some(task)) => (task, Some((seat, begin()))),
                (refused, _) => return Err(refused.unwrap_or_else(|| self.store().silent().into())),
            }
        };
        if let Some(session) = session {
            let token = task.body.as_ref().and_then(|body| body.progress_token.clone());
            self.lead(&task.key, Way { peer: Some(session.clone()), token });
            self.attend(&session, (revision, client), &task.key, Attends::Creator);
        }
        Ok((task, running))
    }

    /// Begins a run whose task is stored when something has to last, or when its handle is given.
    pub(crate) fn begin(self: &Arc<Self>, mut new: NewRun) -> (Arc<Seat>, End) {
        new.draft.body.begun = true;
        let (seat, begin) = self.prepare_run(new, true);
        (seat, begin())
    }

    fn prepare_run(self: &Arc<Self>, new: NewRun, first: bool) -> (Arc<Seat>, impl FnOnce() -> End + use<>) {
        let NewRun { work, draft, prepared, origin, .. } = new;
        let allowance = Allowance::of_task(self.limits(), work.policy.timeout, draft.ttl);
        let variables = draft.body.variables.clone();
        let seat = Seat::of_draft(draft, first, Cancel::of_run(&self.host.cancelling));
        let run = self.run(&work, seat.clone(), origin, variables);
        let engine = self.clone();
        (seat, move || engine.start(run, work.kind, prepared, allowance))
    }

    /// A run of this work.
    pub(super) fn run(
        &self,
        work: &Work,
        seat: Arc<Seat>,
        origin: Origin,
        variables: Map<String, serde_json::Value>,
    ) -> Run {
        let interval = work.policy.poll_interval.unwrap_or(self.limits().poll_interval);
        let run = Run::new(self.host.clone(), seat, work.name.clone(), interval, origin, variables);
        run.calling(self.tools.clone())
    }

    /// Starts a run in a task of its own: neither a panic nor a slow function touches anything else.
    pub(super) fn start(self: &Arc<Self>, run: Run, kind: WorkKind, call: Prepared, allowance: Allowance) -> End {
        let (sender, receiver) = oneshot::channel();
        let (engine, run) = (self.clone(), Arc::new(run));
        let observed = Observed::begin(&run, kind);
        let span = observed.span().clone();
        let whole = async move {
            let executed = AssertUnwindSafe(engine.execute(&run, kind, call, allowance)).catch_unwind().await;
            let (ending, along) = match executed {
                Ok(Output::Parked) => {
                    observed.parked();
                    return engine.leave_seat(run.seat());
                }
                Ok(Output::Ended(outcome, along)) => (engine.bounded(outcome).await, along),
                Err(panic) => {
                    told(
                        panic,
                        |panic| crate::heard::error!(tool = run.name(), task = ?run.id(), panic, "the tool panicked"),
                    );
                    (Outcome::Error(RpcError::internal(PANICKED)).into(), Along::default())
                }
            };
            let Some(ending) = engine.recorded(run.seat(), ending).await else {
                observed.left();
                return engine.leave_seat(run.seat());
            };
            let Some(ending) = engine.end(run.seat(), ending, along).await else { return observed.left() };
            observed.ended(&ending);
            // Nobody may be waiting: the client went away, or got a task instead.
            if !sender.is_closed() {
                let _ = sender.send(Arc::unwrap_or_clone(ending.outcome));
            }
        };
        self.host.spawn(whole.instrument(span));
        receiver
    }

    /// Stores the outcome, if there is a task to store it in, however long the store is away: a task whose end is not
    /// written would seem to work until it expires. The end as it was stored; `None` if the task is left to others.
    async fn end(&self, seat: &Arc<Seat>, mut ending: Ending, along: Along) -> Option<Ending> {
        let host = &self.host;
        // What the function left running learns that its call is over.
        let is_left = seat.is_lost() || self.leaves(seat, &ending.outcome);
        seat.cancel(CancelCause::Ended);
        if let Some(refused) = seat.take_refusal() {
            ending = Outcome::Error(self.not_created(&refused)).into();
        }
        let mut is_ours = !is_left;
        let is_answered = is_ours && seat.give_end();
        let mut pauses = Pauses::of_a_run();
        while is_ours {
            let stored = AssertUnwindSafe(self.store_end(seat, is_answered, &ending, &along));
            let stored = stored.catch_unwind().await;
            let stored = stored.unwrap_or_else(|panic| {
                told(panic, |panic| crate::heard::error!(panic, "storing the outcome panicked"));
                Err(self.store().silent())
            });
            let error = match stored {
                Ok(given) => {
                    is_ours = given;
                    break;
                }
                Err(error) => error,
            };
            harmless(
                || crate::heard::error!(task = ?seat.in_store().map(|key| key.id), error = &error as &dyn std::error::Error, "the outcome could not be stored"),
            );
            match (error, &*ending.outcome) {
                (StoreError::TooLarge { .. }, Outcome::Result(_) | Outcome::Raw(_)) => {
                    ending =
                        Outcome::Error(RpcError::internal("the result is larger than the task store keeps")).into();
                    continue;
                }
                (error, _) if error.is_away() => {}
                _ => break,
            }
            tokio::select! {
                biased;
                () = host.clock().sleep(pauses.next()) => {}
                () = host.stopped() => break,
            }
        }
        for key in [seat.key(), seat.in_store()].into_iter().flatten() {
            host.unseat(key, seat);
        }
        is_ours.then_some(ending)
    }

    /// Writes the end of a task. Of one whose request is answered with the end nothing stays, unless somebody else has ended
    /// it or works at it: then false, as the task tells its end.
    async fn store_end(
        &self,
        seat: &Seat,
        is_answered: bool,
        ending: &Ending,
        along: &Along,
    ) -> Result<bool, StoreError> {
        if is_answered && seat.key().is_some() {
            seat.vanish(&self.host, ending).await
        } else {
            seat.finish(&self.host, ending, &along.changes, along.step.clone()).await.map(|()| true)
        }
    }

    /// The run of a task that is nobody's, or others', is over.
    fn leave_seat(&self, seat: &Arc<Seat>) {
        seat.cancel(CancelCause::Ended);
        if let Some(key) = seat.key() {
            self.host.unseat(key, seat);
        }
    }

    /// Tells whether the task is left to others: this server stops before it has ended.
    pub(super) fn leaves(&self, seat: &Seat, outcome: &Outcome) -> bool {
        let cancels = self.host.cancelling.is_cancelled();
        self.host.is_shared()
            && seat.stored().is_some()
            && cancels
            && *outcome == Outcome::Cancelled
            && !seat.has_given_end()
    }

    pub(super) async fn execute(&self, run: &Arc<Run>, kind: WorkKind, call: Prepared, allowance: Allowance) -> Output {
        let (host, seat) = (&self.host, run.seat());
        let cx = RunContext::new(run.clone());
        let clock = host.clock();
        let work = pin!(async move { call.run(cx).await });
        let mut work = Polled::new(run, work);
        let unanswered = async {
            seat.hidden().await;
            clock.sleep(host.limits.question_ttl).await;
        };
        let overdue = async {
            tokio::select! {
                biased;
                () = run.cancellation().cancelled() => {}
                // Who does not come back with the answers has given up the call.
                () = unanswered => run.cancel(CancelCause::Requested),
            }
            clock.sleep(host.limits.cancel_grace).await;
        };
        tokio::select! {
            biased;
            result = &mut work => return match result {
                Ok(output) => output,
                Err(error) => self.failure(run, kind, error).into(),
            },
            () = allowance.used_up(clock.as_ref(), &seat.slots) => {}
            () = overdue => return Outcome::Cancelled.into(),
        }
        run.cancel(CancelCause::Timeout);
        // It may put things in order, as when it is cancelled; what it returns comes too late.
        tokio::select! {
            biased;
            _ = work => {}
            () = clock.sleep(host.limits.cancel_grace) => {}
        }
        Outcome::Error(RpcError::internal(TIMED_OUT)).into()
    }
}
