//! Calls of the companions. Whatever a model can mend is a result it can read.

use std::{ops::ControlFlow, time::Duration};

use serde_json::{Value, json};

use super::{
    answer::answer,
    companions::{Companion, Companions},
    settings::TaskFallback,
    told::{SUGGESTED_WAIT, for_programs, mark, told, told_after},
    waiting::needs_answer,
};
use crate::{
    engine::{Ended, Patience},
    protocol::{RpcError, TASK, code, meta, params::CallParams},
    router::{
        questions::{ask, asked, is_askable, let_ask},
        request::RequestCx,
        retry::wrong_state,
        stream::told_here,
    },
    store::backend::Parts,
    task::{Change, NotChanged, Outcome, Task, TaskStatus},
    tool::ToolResult,
};

/// Reason why a companion cannot do what it is asked.
enum Refusal {
    /// The model can read about it and do better.
    Model(String),
    Rpc(RpcError),
}

impl<E: Into<RpcError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Rpc(error.into())
    }
}

/// Handles a call of a companion.
pub(in crate::router) async fn call_companion(
    rq: RequestCx<'_>,
    companion: Companion,
    mut call: CallParams,
    companions: &Companions,
) -> Result<Value, RpcError> {
    let (revision, names) = (rq.cx.revision, &companions.settings);
    let answered = async {
        let mistake = companions.read(companion, &mut call.arguments);
        let mut task = task_of(rq, &call).await?;
        match (companion, mistake) {
            (Companion::Answer, mistake) => Ok(revision.tool_result(&pass_on(rq, task, &call, mistake, names).await?)),
            (_, Some(mistake)) => Err(Refusal::Model(mistake)),
            (Companion::Status, None) => status(rq, task, &call, names).await,
            (Companion::Result, None) => match task.take_outcome() {
                Some(outcome) => result(rq, &task, outcome, names),
                None => Ok(revision.tool_result(&told(rq, &task, names)?)),
            },
            (Companion::Cancel, None) => Ok(revision.tool_result(&cancel(rq, task, names).await?)),
        }
    };
    match answered.await {
        Ok(answer) => Ok(answer),
        Err(Refusal::Model(text)) => Ok(revision.tool_result(&ToolResult::error(text))),
        Err(Refusal::Rpc(error)) => Err(error),
    }
}

async fn task_of(rq: RequestCx<'_>, call: &CallParams) -> Result<Task, Refusal> {
    let Some(id) = call.arguments.get("task_id").and_then(Value::as_str) else {
        return Err(Refusal::Model(
            "`task_id` is missing: give the id, as a string, from the tool result that first named the task. If there is \
             none, ask the user for it."
                .into(),
        ));
    };
    match rq.find(id).await {
        Err(error) if error.code == code::INVALID_PARAMS => Err(Refusal::Model(
            "There is no task with this id. Compare it with the id in the tool result that first named the task; if they \
             differ, call again with the id from there. If it came from the user, ask the user to check it. If it is \
             right, the task and its result are not stored any more, and whether its work was done is not known \
             here: tell the user, and start the work again only if the user wants that."
                .into(),
        )),
        found => Ok(found?),
    }
}

/// Waits for the task, and tells its state or asks what it asks. Who says what was seen of it hears of the next change.
async fn status(rq: RequestCx<'_>, task: Task, call: &CallParams, names: &TaskFallback) -> Result<Value, Refusal> {
    let seconds = call.arguments.get("wait_seconds").and_then(Value::as_u64).unwrap_or(SUGGESTED_WAIT);
    let wait = Duration::from_secs(seconds).min(names.max_wait);
    let seen = call.arguments.get("seen").and_then(Value::as_str);
    let has_changed = |task: &Task| match (seen, rq.shown(task)) {
        (Some(seen), Ok(shown)) => mark(task, shown.as_ref()) != seen,
        _ => false,
    };
    // One without a token takes it from nobody who has one.
    let _told = meta::progress_token(rq.params).map(|_| told_here(rq, &task.key));
    if let Some(state) = call.request_state.as_ref().filter(|_| !rq.cx.revision.asks_by_request()) {
        if asked(state) != Some(task.id()) {
            return Err(wrong_state().into());
        }
        rq.answer_fitting(task.clone(), call.input_responses.as_ref()).await?;
    }
    if !task.status().is_terminal() {
        let_ask(rq, &task.key);
    }
    let deadline = rq.engine.host.clock().sleep(wait);
    let patience = Patience { cancellation: Some(&rq.cx.cancellation), deadline: Some(deadline), until_left: true };
    let parts = Parts::BODY | Parts::VARIABLES | Parts::OUTCOME;
    let decide = |task: &Task| match needs_answer(rq, task) {
        ControlFlow::Continue(()) if has_changed(task) => ControlFlow::Break(task.clone()),
        decided => decided,
    };
    let task = match rq.engine.until(&task.key, parts, patience, decide).await {
        Ok(task) => task,
        Err(Ended::InTime(task)) => *task,
        Err(ended) => return Err(ended.into()),
    };
    if task.status() == TaskStatus::InputRequired && is_askable(rq, &task) && !rq.cx.revision.asks_by_request() {
        return Ok(ask(rq, &task));
    }
    Ok(rq.cx.revision.tool_result(&told(rq, &task, names)?))
}

/// Tells how the task ended, as a result a model can read.
fn result(rq: RequestCx<'_>, task: &Task, outcome: Outcome, names: &TaskFallback) -> Result<Value, Refusal> {
    let revision = rq.cx.revision;
    match outcome {
        Outcome::Error(error) => {
            let tool = task.body.as_ref().map_or("the tool", |body| body.tool.as_str());
            let text = format!(
                "`{tool}` (task {}) has failed: {}\nIt has no result and does not go on. What it had done by then may \
                 remain: tell the user, and start the work again only if the user wants that.",
                task.id(),
                error.message
            );
            Ok(revision.tool_result(&of_task(ToolResult::error(text), task, names)))
        }
        Outcome::Cancelled => Ok(revision.tool_result(&told(rq, task, names)?)),
        Outcome::Result(result) => Ok(revision.tool_result(&of_task(result, task, names))),
        outcome @ Outcome::Raw(_) => Ok(revision.outcome(outcome)?),
    }
}

/// The result, with what tells programs that it is a task's.
fn of_task(mut result: ToolResult, task: &Task, names: &TaskFallback) -> ToolResult {
    result.meta.insert(TASK.to_owned(), for_programs(task, names).into());
    result
}

async fn cancel(rq: RequestCx<'_>, task: Task, names: &TaskFallback) -> Result<ToolResult, Refusal> {
    let id = task.id();
    match rq.engine.change_read(task, Change::Finish(Outcome::Cancelled.into())).await {
        Ok(_) | Err(NotChanged::Ended(_)) => {
            // What is told may have changed with it.
            let task = rq.find(&id.to_string()).await?;
            let is_cancelled = task.status() == TaskStatus::Cancelled;
            let first = if is_cancelled { "" } else { "It was not cancelled: it had ended before." };
            Ok(told_after(rq, first, &task, names)?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Passes an answer on, unless there is a mistake in the arguments.
async fn pass_on(
    rq: RequestCx<'_>,
    task: Task,
    call: &CallParams,
    mistake: Option<String>,
    names: &TaskFallback,
) -> Result<ToolResult, Refusal> {
    let (key, answer) = match mistake.map_or_else(|| answer(&call.arguments, task.inputs()), Err) {
        Ok(answer) => answer,
        Err(mistake) => {
            let told = told_after(rq, &format!("Nothing was passed on: {mistake}"), &task, names)?;
            return Ok(ToolResult { is_error: true, ..told });
        }
    };
    let declined = matches!(answer["action"].as_str(), Some("decline" | "cancel"));
    let what = if declined { "That the user does not answer" } else { "The answer" };
    let (id, answers) = (task.id(), json!({ key: answer }));
    rq.answer_open(task, Some(&answers)).await?;
    let task = rq.find(&id.to_string()).await?;
    Ok(told_after(rq, &format!("{what} was passed on to the task."), &task, names)?)
}
