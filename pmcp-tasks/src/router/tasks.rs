//! The `tasks/*` methods.

use std::ops::ControlFlow;

use serde_json::{Map, Value, json};

use super::{
    reply::unknown_task,
    request::{RequestCx, input_responses},
    workflow::Flows,
};
use crate::{
    engine::{Attends, Patience},
    protocol::{
        RpcError, VARIABLES, meta, params as parse,
        params::{ListParams, TaskParams, UpdateParams},
    },
    store::backend::{FieldOp, Guard, Merged, Parts},
    task::{Change, NotChanged, Outcome, Task, Tries},
    workflow::WORKFLOW,
};

/// The refusal to change variables of a task that has ended.
const UNCHANGEABLE: &str = "the task has ended: its variables do not change any more";

/// `tasks/get`.
pub(super) async fn get(rq: RequestCx<'_>, flows: &Flows) -> Result<Value, RpcError> {
    rq.declared()?;
    let TaskParams { task_id } = parse(rq.params)?;
    let task = rq.find(&task_id).await?;
    let shown = rq.shown(&task)?;
    let mut result = rq.cx.revision.task(&task.view(rq.engine.host.now()), shown);
    if let Some(outline) = flows.outline(&task) {
        meta::insert(&mut result, WORKFLOW, outline);
    }
    Ok(result)
}

/// `tasks/list`.
pub(super) async fn list(rq: RequestCx<'_>) -> Result<Value, RpcError> {
    let owner = rq.owner()?;
    if !rq.may_list() {
        return Err(RpcError::method_not_found("tasks are not listed where callers cannot be told apart"));
    }
    let ListParams { cursor } = ListParams::read(rq.params)?;
    let size = rq.engine.limits().page_size.max(1);
    let page = rq.engine.store().list(owner, cursor.as_deref(), size).await?;
    let page = page.ok_or_else(|| RpcError::invalid_params("unknown cursor"))?;
    let now = rq.engine.host.now();
    // Bodies are read only for callers who may not use everything.
    let is_selective = rq.engine.keeps_tasks_from(&rq.cx.caller);
    let mut tasks = Vec::with_capacity(page.tasks.len());
    for task in &page.tasks {
        if is_selective {
            let read = rq.engine.store().read(&task.key, Parts::BODY).await?;
            if !read.is_some_and(|task| rq.permits(&task)) {
                continue;
            }
        }
        tasks.push(rq.cx.revision.task(&task.view(now), None));
    }
    let mut result = json!({ "tasks": tasks });
    if let Some(next) = page.next {
        result["nextCursor"] = next.into();
    }
    Ok(result)
}

/// `tasks/result`: blocks until the task has ended, and answers what the call would have.
pub(super) async fn result(rq: RequestCx<'_>) -> Result<Value, RpcError> {
    let TaskParams { task_id } = parse(rq.params)?;
    // Watched before it is read, so that an end in between is seen.
    let mut watch = rq.engine.store().watch(&rq.key_of(&task_id)?);
    let mut task = rq.find(&task_id).await?;
    if !task.status().is_terminal() {
        if let Some(session) = &rq.cx.session {
            rq.engine.attend(session, (rq.cx.revision, rq.cx.client), &task.key, Attends::Waiter);
        }
        let parts = Parts::BODY | Parts::VARIABLES | Parts::OUTCOME;
        let patience = Patience { cancellation: Some(&rq.cx.cancellation), ..Patience::default() };
        let has_ended = |task: &Task| match task.outcome() {
            Some(_) => ControlFlow::Break(task.clone()),
            None => ControlFlow::Continue(()),
        };
        task = rq.engine.until_next(&mut watch, task, parts, patience, has_ended).await?;
    }
    let ended = task.take_outcome().ok_or_else(unknown_task)?;
    let mut result = rq.cx.revision.outcome(ended)?;
    meta::relate(&mut result, &task_id);
    if let Some(shown) = rq.shown(&task)? {
        meta::insert(&mut result, VARIABLES, shown.into());
    }
    Ok(result)
}

/// `tasks/cancel`.
pub(super) async fn cancel(rq: RequestCx<'_>, flows: &Flows) -> Result<Value, RpcError> {
    rq.declared()?;
    let TaskParams { task_id } = parse(rq.params)?;
    let task = Box::pin(flows.finished_or(rq, rq.find(&task_id).await?)).await?;
    let (revision, now) = (rq.cx.revision, rq.engine.host.now());
    match rq.engine.change_read(task, Change::Finish(Outcome::Cancelled.into())).await {
        Ok(cancelled) => Ok(revision.cancelled(&cancelled.view(now))),
        Err(NotChanged::Ended(_)) if revision.acknowledges_late_cancellation() => Ok(revision.acknowledged()),
        Err(NotChanged::Ended(task)) => {
            let status = revision.status(&task.view(now));
            Err(RpcError::invalid_params(format!("the task has ended: it is {status}")))
        }
        Err(error) => Err(error.into()),
    }
}

/// `tasks/update`.
pub(super) async fn update(rq: RequestCx<'_>) -> Result<Value, RpcError> {
    rq.declared()?;
    let update: UpdateParams = parse(rq.params)?;
    if update.input_responses.is_none() && rq.cx.revision.declares_per_request() {
        return Err(RpcError::invalid_params("invalid params: missing field `inputResponses`"));
    }
    let task = rq.find(&update.task_id).await?;
    // Everything is checked before anything is written.
    let responses = update.input_responses.map(|responses| responses.into_iter().collect::<Map<_, _>>().into());
    input_responses(responses.as_ref(), &task, rq.engine.limits().max_answer)?.all()?;
    let variables = rq.variables_for(&task).await?;
    if !variables.is_empty() {
        if task.status().is_terminal() {
            return Err(RpcError::invalid_params(UNCHANGEABLE));
        }
        set_variables(rq, &task, variables).await?;
    }
    rq.answer_open(task, responses.as_ref()).await?;
    Ok(rq.cx.revision.acknowledged())
}

async fn set_variables(rq: RequestCx<'_>, task: &Task, variables: Map<String, Value>) -> Result<(), RpcError> {
    let initial = task.body.as_ref().map(|body| &body.variables);
    let ops = variables
        .into_iter()
        .map(|(name, value)| {
            // `null` deletes; a value from the creating call would show again, so it is overwritten instead.
            let goes = value.is_null() && !initial.is_some_and(|initial| initial.contains_key(&name));
            let op = if goes {
                FieldOp::Remove
            } else {
                FieldOp::Set(value.to_string().into_bytes().into_boxed_slice().into())
            };
            (name.as_str().into(), op)
        })
        .collect();
    let max = rq.engine.limits().max_variables;
    match rq.engine.store().merge(Tries::Few, &task.key, Guard::Open, ops, max).await? {
        Merged::Done | Merged::Replayed => Ok(()),
        Merged::TooLarge => Err(RpcError::invalid_params(format!("the variables would have more than {max} bytes"))),
        Merged::Lost | Merged::Changed(_) => Err(RpcError::invalid_params(UNCHANGEABLE)),
        Merged::Missing => Err(unknown_task()),
    }
}
