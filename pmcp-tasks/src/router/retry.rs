//! Calls that were answered `input_required` and come back with answers (2026-07-28, multi round-trip requests).
//!
//! The function keeps running in a hidden task; what the client holds is a handle to it: the task's id and a random
//! nonce, used once. Owner, method and arguments have to be those of the first call.

use std::ops::ControlFlow;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{
    digest,
    request::{RequestCx, input_responses},
    stream::told_here,
};
use crate::{
    engine::{Ended, Patience},
    protocol::RpcError,
    store::backend::{Parts, TaskKey},
    task::{Change, NotChanged, Outcome, Task, TaskId, TaskStatus},
};

/// Every handle that is not good answers alike.
pub(super) fn wrong_state() -> RpcError {
    RpcError::invalid_params(
        "`requestState` is not one this server gave for this request, or it was used or has expired",
    )
}

/// A call with `requestState`: answers the questions of the hidden task and waits on. What has no answer that fits is asked again.
pub(super) async fn retry(
    rq: RequestCx<'_>,
    state: &Value,
    responses: Option<&Value>,
    digest: &str,
) -> Result<Value, RpcError> {
    let owner = rq.owner()?;
    let bytes = state.as_str().and_then(|state| BASE64_URL_SAFE_NO_PAD.decode(state).ok()).ok_or_else(wrong_state)?;
    let (id, nonce) = bytes.split_at_checked(16).ok_or_else(wrong_state)?;
    let id = TaskId::from_bytes(id.try_into().map_err(|_| wrong_state())?);
    let key = TaskKey { owner: owner.key(), id };
    let nonce = digest::of_handle(nonce);
    let good = |task: &Task| {
        let hidden = task.head.hidden.as_ref();
        hidden.is_some_and(|hidden| hidden.call == digest && hidden.handle.as_ref() == Some(&nonce))
    };
    // Before the function goes on.
    let mut told = None;
    loop {
        let task = rq.engine.store().read(&key, Parts::empty()).await?;
        let task = task.filter(|task| task.head.owner == *owner && good(task)).ok_or_else(wrong_state)?;
        let answers = input_responses(responses, &task, rq.engine.limits().max_answer)?.fitting();
        told.get_or_insert_with(|| told_here(rq, &key));
        // Answers and the end of the handle are one write made from the version just read: of two calls with one handle,
        // the second conflicts, finds another handle and is refused. After a write of the function the handle is good.
        let changes = vec![Change::Answer(answers), Change::Handle(None)];
        match rq.engine.change_once(task, changes).await {
            Ok(false) => {}
            Ok(true) => break,
            // The function went on without the answers, and ended: its result is what the caller comes back for.
            Err(NotChanged::Ended(ended)) if good(&ended) => break,
            Err(NotChanged::Store(error)) => return Err(error.into()),
            Err(NotChanged::Ended(_) | NotChanged::Missing | NotChanged::Lost) => return Err(wrong_state()),
        }
    }
    reply(rq, &key).await
}

/// Waits until the hidden task asks or ends, and answers the call with that.
pub(super) async fn reply(rq: RequestCx<'_>, key: &TaskKey) -> Result<Value, RpcError> {
    let engine = rq.engine;
    loop {
        let asks_or_ended = |task: &Task| match task.status() {
            TaskStatus::Working => ControlFlow::Continue(()),
            _ => ControlFlow::Break(task.clone()),
        };
        let patience = Patience { cancellation: Some(&rq.cx.cancellation), ..Patience::default() };
        let mut task = match engine.until(key, Parts::OUTCOME, patience, asks_or_ended).await {
            Ok(task) => task,
            Err(Ended::Missing) => return Err(RpcError::internal("the call waited too long for its answers")),
            Err(Ended::Cancelled) => return Err(cancel_with_call(rq, key).await),
            Err(ended) => return Err(ended.into()),
        };
        if let Some(outcome) = task.take_outcome() {
            // The answer goes out now; there is nobody else to keep it for.
            if let Err(error) = engine.store().delete(key).await {
                tracing::warn!(task = %key.id, error = &error as &dyn std::error::Error, "an answered call was not removed");
            }
            return rq.cx.revision.outcome(outcome);
        }
        match hand_out(rq, task).await {
            Ok(Some(reply)) => return Ok(reply),
            Ok(None) => {}
            Err(error) => {
                // Without a handle nobody can come back to it.
                cancel_with_call(rq, key).await;
                return Err(error);
            }
        }
    }
}

/// The questions with a new handle; `None` if the call ended meanwhile, or asks no more.
async fn hand_out(rq: RequestCx<'_>, mut task: Task) -> Result<Option<Value>, RpcError> {
    let nonce = rq.engine.store().random()?;
    let change = [Change::Handle(Some(digest::of_handle(&nonce)))];
    match rq.engine.store().change(&mut task, None, &change).await {
        Ok(()) => rq.engine.tell(&task),
        Err(NotChanged::Store(error)) => return Err(error.into()),
        Err(NotChanged::Ended(_) | NotChanged::Missing | NotChanged::Lost) => return Ok(None),
    }
    if task.inputs().is_empty() {
        return Ok(None);
    }
    let mut state = task.id().as_bytes().to_vec();
    state.extend(nonce);
    let state = BASE64_URL_SAFE_NO_PAD.encode(state);
    Ok(Some(rq.cx.revision.input_required(task.inputs(), Some(&state))))
}

/// Cancels the task in which a call runs that was cancelled; the answer to the call.
pub(super) async fn cancel_with_call(rq: RequestCx<'_>, key: &TaskKey) -> RpcError {
    // Ended already is as good.
    let _ = rq.engine.change(key, Change::Finish(Outcome::Cancelled.into())).await;
    RpcError::cancelled()
}
