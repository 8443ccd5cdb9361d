//! Waiting for a task inside a call.

use std::ops::ControlFlow;

use serde_json::Value;

use super::{Companions, TaskFallback, told::told};
use crate::{
    call::{CallContext, ClientCapabilities},
    engine::{Ended, Patience},
    protocol::{IDEMPOTENCY_KEY, RpcError, meta, params::CallParams},
    router::{
        questions::{ask, is_askable, let_ask},
        request::RequestCx,
        retry::{cancel_with_call, wrong_state},
        stream::told_here,
    },
    store::backend::{Parts, TaskKey},
    task::{Task, TaskId, TaskStatus},
};

/// The abilities of such a client in a task: a form is answered through a tool if it shows none, and a page that it does not open is
/// shown as a link.
pub(in crate::router) fn capabilities(cx: &CallContext) -> ClientCapabilities {
    ClientCapabilities { elicitation: true, elicitation_url: true, ..cx.client }
}

/// Waits for a task inside a call: answers with its end if that comes in time, else with what to do next.
pub(in crate::router) async fn wait(
    rq: RequestCx<'_>,
    key: &TaskKey,
    companions: &Companions,
) -> Result<Value, RpcError> {
    let engine = rq.engine;
    let_ask(rq, key);
    let parts = Parts::BODY | Parts::VARIABLES | Parts::OUTCOME;
    let TaskFallback { inline_wait, max_wait, .. } = companions.settings;
    let wait = meta::wait(rq.params).map_or(inline_wait, |wait| wait.min(inline_wait.max(max_wait)));
    let deadline = engine.host.clock().sleep(wait);
    let patience = Patience { cancellation: Some(&rq.cx.cancellation), deadline: Some(deadline), until_left: true };
    let mut task = match engine.until(key, parts, patience, |task| needs_answer(rq, task)).await {
        Ok(task) => task,
        Err(Ended::InTime(task)) => return handle_of(rq, &task, companions),
        Err(Ended::Cancelled) => return Err(cancel_with_call(rq, key).await),
        Err(Ended::Missing) => return Err(RpcError::internal("the task expired before it ended")),
        Err(ended) => return Err(ended.into()),
    };
    let Some(outcome) = task.take_outcome() else {
        return if is_askable(rq, &task) { Ok(ask(rq, &task)) } else { handle_of(rq, &task, companions) };
    };
    // A call that may come again finds its task by its key.
    let is_repeatable = rq.meta().is_some_and(|meta| meta.contains_key(IDEMPOTENCY_KEY));
    if !is_repeatable && let Err(error) = engine.store().delete(key).await {
        tracing::warn!(task = %key.id, error = &error as &dyn std::error::Error, "an answered call was not removed");
    }
    rq.cx.revision.outcome(outcome)
}

/// Passes on how far the task has come. Breaks when the client has to be told of it: it has ended, or asks what the client is not asked by a request.
pub(super) fn needs_answer(rq: RequestCx<'_>, task: &Task) -> ControlFlow<Task> {
    rq.engine.pass_progress(rq.cx.revision, task);
    let is_asked = rq.cx.revision.asks_by_request() && is_askable(rq, task);
    match task.status() {
        TaskStatus::Working => ControlFlow::Continue(()),
        TaskStatus::InputRequired if is_asked => ControlFlow::Continue(()),
        _ => ControlFlow::Break(task.clone()),
    }
}

fn handle_of(rq: RequestCx<'_>, task: &Task, companions: &Companions) -> Result<Value, RpcError> {
    Ok(rq.cx.revision.tool_result(&told(rq, task, &companions.settings)?))
}

/// The call with answers to what [`ask`] asked about this task.
pub(in crate::router) async fn resume(
    rq: RequestCx<'_>,
    id: TaskId,
    call: &CallParams,
    companions: &Companions,
) -> Result<Value, RpcError> {
    let task = rq.find(&id.to_string()).await.map_err(|_| wrong_state())?;
    let is_same = |body: &crate::task::TaskBody| body.tool == call.name && body.arguments == call.arguments;
    if !task.body.as_ref().is_some_and(is_same) {
        return Err(wrong_state());
    }
    let key = task.key.clone();
    let _told = told_here(rq, &key);
    rq.answer_fitting(task, call.input_responses.as_ref()).await?;
    wait(rq, &key, companions).await
}
