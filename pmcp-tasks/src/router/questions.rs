//! Open questions of a task, put to its client: by requests of the server, or in the answer to a call that comes back with theirs.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

use super::request::RequestCx;
use crate::{
    engine::Attends,
    store::backend::TaskKey,
    task::{Task, TaskId},
};

/// Tells whether the client itself can be asked everything this task asks.
pub(super) fn is_askable(rq: RequestCx<'_>, task: &Task) -> bool {
    task.inputs().values().all(|question| {
        rq.cx.client.missing_for(&question.method, &question.params).is_none()
            && rq.cx.revision.question(&question.method, &question.params).is_ok()
    })
}

/// Sends what a task asks to the client, where that is done by requests of the server.
pub(super) fn let_ask(rq: RequestCx<'_>, key: &TaskKey) {
    let client = rq.cx.client;
    let is_askable = client.elicitation || client.elicitation_url || client.sampling || client.roots;
    if rq.cx.revision.asks_by_request() && is_askable {
        rq.engine.attend(&rq.cx.peer, (rq.cx.revision, client), key, Attends::Caller);
    }
}

/// The questions of a task as the answer to a request (2026-07-28). The state only names the task: who sends it has to be
/// its owner and to repeat the call, and an answer given twice counts once.
pub(super) fn ask(rq: RequestCx<'_>, task: &Task) -> Value {
    let state = BASE64_URL_SAFE_NO_PAD.encode(task.id().as_bytes());
    rq.cx.revision.input_required(task.inputs(), Some(&state))
}

/// The task a state of [`ask`] names.
pub(super) fn asked(state: &Value) -> Option<TaskId> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(state.as_str()?).ok()?;
    Some(TaskId::from_bytes(bytes.try_into().ok()?))
}
