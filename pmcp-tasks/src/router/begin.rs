//! Beginning the work of a call: in its request, as a task, or as whichever it turns out to need.

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value};

use super::{digest, request::RequestCx, retry};
use crate::{
    call::{ClientCapabilities, Peer},
    engine::NewRun,
    error::CancelCause,
    protocol::{IDEMPOTENCY_KEY, RpcError, bounds},
    run::{CallDigest, Origin, shutting_down},
    store::backend::Digest,
    task::{DynamicWork, NotCreated, StepOf, Task, WORKFLOW_SCHEMA, shown_defaults},
    time::millis,
    tool::{Arguments, Prepared, Work},
};

/// A call whose arguments were accepted.
pub(super) struct Accepted {
    pub(super) work: Arc<Work>,
    pub(super) arguments: Arguments,
    pub(super) prepared: Prepared,
    /// Variables the client sets.
    pub(super) variables: Map<String, Value>,
    /// The step of a run that it is.
    pub(super) step: Option<CallOfRun>,
}

/// A call that is a step of a run.
pub(super) struct CallOfRun {
    pub(super) step: StepOf,
    /// The arguments as the client gave them. The plan gives the others, and may give other ones when the call comes again.
    pub(super) given: Map<String, Value>,
}

impl Accepted {
    /// The arguments as the client gave them: what a call that comes again repeats.
    fn said(&self) -> &Map<String, Value> {
        self.step.as_ref().map_or(&self.arguments.given, |step| &step.given)
    }
}

/// The wishes for the task of a call.
pub(super) struct Wanted {
    /// Lifetime that was asked for.
    pub(super) ttl: Option<Duration>,
    /// Abilities of the client, which bound what may be asked.
    pub(super) client: ClientCapabilities,
    /// Peer its progress goes to.
    pub(super) peer: Option<Arc<dyn Peer>>,
    /// The session that is told about it, where the protocol has one.
    pub(super) session: Option<Arc<dyn Peer>>,
}

/// Runs a call inside its request. A client that is not asked by requests gets `input_required` and calls again.
pub(super) async fn run_plain(rq: RequestCx<'_>, method: &str, call: Accepted) -> Result<Value, RpcError> {
    let Accepted { work, arguments, prepared, variables, step } = call;
    let said = step.map_or(arguments.given, |step| step.given);
    let (method, name) = (method.to_owned(), work.name.clone());
    let digest = CallDigest::new(move || digest::of_request(&method, &name, &said));
    let (seat, end) = rq.engine.call(&work, prepared, digest, rq.origin(), variables);
    tokio::select! {
        biased;
        outcome = end => match outcome {
            Ok(outcome) => rq.cx.revision.outcome(outcome),
            Err(_) => Err(RpcError::cancelled()),
        },
        key = seat.hidden() => retry::reply(rq, &key).await,
        () = rq.cx.cancellation.cancelled() => {
            seat.cancel(CancelCause::Requested);
            Err(RpcError::cancelled())
        }
    }
}

/// Creates the task of a call; the one there is, if its idempotency key was used before.
pub(super) async fn create_task(rq: RequestCx<'_>, call: Accepted, wanted: Wanted) -> Result<Task, RpcError> {
    match rq.engine.create(new_run(rq, call, wanted)?).await {
        Ok((task, _)) => Ok(task),
        Err(NotCreated::Same(id)) => rq.find(&id.to_string()).await,
        Err(refused) => Err(rq.engine.not_created(&refused)),
    }
}

/// The answer to a call that became a task. `title` is what people call its tool.
pub(super) fn created(rq: RequestCx<'_>, title: &str, task: &Task) -> Result<Value, RpcError> {
    let shown = rq.shown(task)?;
    let text = || {
        format!(
            "`{title}` is running as task {}. Its result is not available yet; you can go on with other work meanwhile.",
            task.id()
        )
    };
    Ok(rq.cx.revision.created(&task.view(rq.engine.host.now()), shown, text))
}

/// Waits for a call inside its request for a while, and answers with its end if that comes in time: nothing stays of it then.
/// Otherwise with the handle of its task, which is stored by then; at once if it asks something.
pub(super) async fn run_first(
    rq: RequestCx<'_>,
    call: Accepted,
    wanted: Wanted,
    patience: Duration,
    title: &str,
) -> Result<Value, RpcError> {
    let (engine, host, revision) = (rq.engine, &rq.engine.host, rq.cx.revision);
    let new = new_run(rq, call, wanted)?;
    let is_repeatable = new.draft.idempotency.is_some();
    if patience.is_zero() || engine.leaves_tasks() || is_repeatable {
        // What may come again has to be found again, so its task stays.
        let (mut task, running) = match engine.create(new).await {
            Ok(created) => created,
            Err(NotCreated::Same(id)) => (rq.find(&id.to_string()).await?, None),
            Err(refused) => return Err(engine.not_created(&refused)),
        };
        if let Some((seat, end)) = running.filter(|_| !patience.is_zero()) {
            tokio::select! {
                biased;
                Ok(outcome) = end => return revision.outcome(outcome),
                () = host.clock().sleep(patience) => {}
                () = seat.handle_wanted() => {}
                // Its client comes back for it with the same key, be it that only the connection broke.
                () = rq.cx.cancellation.cancelled() => return Err(RpcError::cancelled()),
            }
            task = seat.snapshot().await.unwrap_or(task);
        }
        return created(rq, title, &task);
    }
    let (seat, mut end) = engine.begin(new);
    let established = async {
        tokio::select! {
            biased;
            () = host.clock().sleep(patience) => {}
            () = seat.handle_wanted() => {}
        }
        seat.establish(host).await
    };
    let outcome = tokio::select! {
        biased;
        outcome = &mut end => outcome,
        established = established => {
            if established.is_ok() && seat.give_handle() && let Some(task) = seat.snapshot().await {
                return created(rq, title, &task);
            }
            end.await
        }
        () = rq.cx.cancellation.cancelled() => {
            // Nobody gets a handle any more, so nothing of it stays.
            seat.give_end();
            seat.cancel(CancelCause::Requested);
            return Err(RpcError::cancelled());
        }
    };
    // It ended in time or while its task was stored, or is left to others.
    match (outcome, seat.snapshot().await) {
        (Ok(outcome), _) => revision.outcome(outcome),
        (Err(_), Some(task)) => created(rq, title, &task),
        (Err(_), None) => Err(shutting_down()),
    }
}

fn new_run(rq: RequestCx<'_>, call: Accepted, wanted: Wanted) -> Result<NewRun, RpcError> {
    let policy = &call.work.policy;
    let ttl = rq.engine.limits().ttl(wanted.ttl, policy.ttl, policy.timeout);
    new_run_of(rq, call, wanted, ttl)
}

/// A run of a task with this lifetime.
pub(super) fn new_run_of(rq: RequestCx<'_>, call: Accepted, wanted: Wanted, ttl: Duration) -> Result<NewRun, RpcError> {
    let (owner, limits) = (rq.owner()?, rq.engine.limits());
    let idempotency = idempotency(&call.work, rq, call.said(), &call.variables)?;
    let Accepted { work, arguments, prepared, variables, step } = call;
    let mut draft = rq.engine.store().draft(owner, ttl, &work.name)?;
    draft.listed = rq.may_list();
    draft.quota = limits.tasks_per_owner;
    draft.max_bytes = limits.stored_bytes;
    draft.idempotency = idempotency;
    draft.head.poll_interval = millis(work.policy.poll_interval.unwrap_or(limits.poll_interval));
    draft.body.bounds = limits.into();
    draft.body.arguments = arguments.given;
    draft.body.answers = arguments.answers;
    if work.is_dynamic {
        let (defaults, nullable) = shown_defaults(&work.fields);
        let (scopes, timeout) = (work.scopes.clone(), work.policy.timeout.map(millis));
        draft.body.dynamic = Some(Box::new(DynamicWork { defaults, nullable, scopes, timeout }));
    }
    draft.body.variables = variables;
    draft.body.hidden = work.fields.iter().filter(|field| field.hidden).map(|field| field.name.to_owned()).collect();
    draft.body.on_crash = work.policy.on_crash;
    draft.body.revision = rq.cx.revision;
    draft.body.client = wanted.client;
    if step.is_some() {
        draft.body.schema = WORKFLOW_SCHEMA;
    }
    draft.body.step = step.map(|step| step.step);
    let origin = Origin { client: wanted.client, peer: wanted.peer, ..rq.origin() };
    draft.body.principal = origin.principal.as_ref().map(Into::into);
    draft.body.trace.clone_from(&origin.trace);
    // Without a session there is nobody whom another run could reach.
    draft.body.progress_token = origin.progress_token.clone().filter(|_| wanted.session.is_some());
    Ok(NewRun { work, draft, prepared, origin, session: wanted.session })
}

/// The digests of the call's idempotency key, if it has one, and of what has to be the same when it comes again.
fn idempotency(
    work: &Work,
    rq: RequestCx<'_>,
    arguments: &Map<String, Value>,
    variables: &Map<String, Value>,
) -> Result<Option<(Digest, Digest)>, RpcError> {
    const LONGEST: usize = bounds::IDEMPOTENCY_KEY;
    let Some(key) = rq.meta().and_then(|meta| meta.get(IDEMPOTENCY_KEY)) else { return Ok(None) };
    let key = key.as_str().filter(|key| (1..=LONGEST).contains(&key.len())).ok_or_else(|| {
        RpcError::invalid_params(format!("`{IDEMPOTENCY_KEY}` is not a string of 1 to {LONGEST} bytes"))
    })?;
    let payload = [arguments, variables].map(|part| crate::task::canonical(part).unwrap_or_default());
    let key = digest::of_parts([work.name.as_bytes(), key.as_bytes()]);
    Ok(Some((key, digest::of_parts(payload.iter().map(Vec::as_slice)))))
}
