//! `workflow_continue`: how a run stands, and moves that need no tool of their own.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Flows,
    moves::{Mover, NotMoved, Wish},
    standing::{Standing, cancelled_words},
};
use crate::{
    error::plain,
    protocol::{RpcError, ToolResult, bounds::shortened, params as parse},
    router::request::RequestCx,
    task::{Change, NotChanged, Outcome, Reason, Task},
    workflow::{By, CONTINUE, Resolved, TASK_ID, result_of},
};

/// Time a call waits while the server works, if it does not say, and at most.
const WAIT: u64 = 20;
const LONGEST_WAIT: u64 = 50;

/// Words about an id that is none of the caller's runs.
pub(super) const NO_RUN: &str = "You have no run with this `_task_id`: it is mistyped, or the run has expired. Compare it with the one you were given. If it \
    is right, tell the user that the run is gone and may have done a part of its work; begin the workflow again only if they want that.";

/// The arguments of the tool.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Continue {
    #[serde(rename = "_task_id")]
    task_id: String,
    #[serde(default)]
    wait_seconds: Option<u64>,
    #[serde(default)]
    action: Action,
    #[serde(default)]
    step: Option<String>,
    #[serde(default)]
    result: Option<Value>,
    #[serde(default)]
    question: Option<String>,
    #[serde(default)]
    answer: Option<Value>,
    #[serde(default)]
    decline: bool,
    #[serde(default)]
    show: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    #[default]
    Continue,
    Retry,
    Finish,
    Cancel,
}

/// Handles a call.
pub(super) async fn go_on_with(
    rq: RequestCx<'_>,
    flows: &Flows,
    arguments: &Map<String, Value>,
) -> Result<Value, RpcError> {
    rq.check_size(arguments)?;
    let refused = |text: String| Ok(rq.cx.revision.tool_result(&ToolResult::error(text)));
    if !arguments.get(TASK_ID).is_some_and(Value::is_string) {
        return refused(format!("`{TASK_ID}` is missing: give the one that the workflow was begun with"));
    }
    let given: Continue = match parse(&Value::from(arguments.clone())) {
        Ok(given) => given,
        Err(error) => {
            let reason = error.message.strip_prefix("invalid params: ").unwrap_or(&error.message);
            return refused(plain(reason));
        }
    };
    if given.action == Action::Cancel {
        // Before the plan is asked: another version's run ends, too.
        return cancelled(rq, flows, &given.task_id).await;
    }
    // Before the run is read.
    let _admitted = rq.engine.host.admit()?;
    let standing = match flows.standing(rq, &given.task_id).await {
        Ok(standing) => standing,
        Err(error) if error.code == RpcError::invalid_params("").code => {
            return refused(NO_RUN.to_owned());
        }
        Err(error) => return Err(error),
    };
    if given.result.is_some() && given.step.is_none() {
        return refused("`result` belongs to a `step`: say which".to_owned());
    }
    let origin = rq.origin();
    let by = Mover { engine: rq.engine, origin: &origin };
    if let Some(step) = &given.show {
        return match shown(&standing, step) {
            Ok(text) => Ok(rq.cx.revision.tool_result(&ToolResult::text(text))),
            Err(text) => refused(text),
        };
    }
    if let Some(question) = &given.question {
        return answered(rq, flows, standing, question, &given).await;
    }
    let moved = match (given.action, &given.step) {
        (Action::Finish, _) => flows.make(by, standing, &Wish::Finish).await?,
        (Action::Retry, _) => {
            if is_open_to_client(&standing) {
                let text = "Nothing has failed: it is your turn.".to_owned();
                (standing, Err(NotMoved(text)))
            } else {
                {
                    let wish = retry(&standing);
                    flows.make(by, standing, &wish).await?
                }
            }
        }
        (Action::Continue, Some(step)) => {
            let Some(result) = arguments.get("result") else {
                return refused(format!("the `result` of step `{}` is missing", shortened(step, 80)));
            };
            match gives(&standing, step, result) {
                Ok(result) => {
                    let wish = Wish::Did { step: step.clone(), arguments: Value::Null, result };
                    flows.make(by, standing, &wish).await?
                }
                Err(text) => return refused(text),
            }
        }
        (Action::Continue, None) | (Action::Cancel, _) => (standing, Ok(())),
    };
    let (standing, made) = moved;
    let patience = Duration::from_secs(given.wait_seconds.unwrap_or(WAIT).min(LONGEST_WAIT));
    let standing =
        if standing.is_running() { flows.settled_within(rq, &standing.task.key, patience).await? } else { standing };
    standing.tool_result(rq, made.err().map(|not| not.0).as_deref())
}

/// Another try of the step that a run waits with.
fn retry(standing: &Standing) -> Wish {
    let head = &standing.course.head;
    let step = head.pause.as_ref().map(|pause| pause.step.clone()).unwrap_or_default();
    Wish::Retry { step, retries: head.retries }
}

async fn cancelled(rq: RequestCx<'_>, flows: &Flows, id: &str) -> Result<Value, RpcError> {
    let task = rq.find(id).await.ok().filter(|task| task.head.workflow.is_some());
    let Some(task) = task else {
        return Ok(rq.cx.revision.tool_result(&ToolResult::error(NO_RUN)));
    };
    let key = task.key.clone();
    match rq.engine.change_read(task, Change::Finish(Outcome::Cancelled.into())).await {
        Ok(_) | Err(NotChanged::Ended(_)) => {}
        Err(error) => return Err(error.into()),
    }
    match flows.standing_at(rq.engine, &key).await {
        Ok(standing) => standing.tool_result(rq, None),
        Err(_) => Ok(rq.cx.revision.tool_result(&ToolResult::text(cancelled_words(id)))),
    }
}

fn is_open_to_client(standing: &Standing) -> bool {
    standing.course.head.pause.as_ref().is_some_and(|pause| pause.reason == Reason::Client)
}

/// A result as it is recorded; fails if it is not what the step takes.
fn gives(standing: &Standing, step: &str, result: &Value) -> Result<Value, String> {
    let definition = standing.course.flow.definition();
    let Some(step) = definition.steps.iter().find(|other| other.name == step) else {
        return Err(format!("there is no step `{}`", shortened(step, 80)));
    };
    match &step.by {
        By::ClientOutput => standing.course.checked(step, result.clone()).map_err(|reason| {
            let schema = step.output_schema.as_ref().map(Value::to_string).unwrap_or_default();
            let again = json!({ TASK_ID: standing.subject.id.to_string(), "step": step.name, "result": result_of(step) });
            format!(
                "the result of step `{}` does not fit: {reason}. Nothing was recorded. To give it again, call `{CONTINUE}` with {again}, \
                 where `result` fits this JSON schema: {schema}\nIf it is the user's to decide, ask them rather than guess.",
                step.name
            )
        }),
        By::ClientTool(tool) => {
            Err(format!("the result of step `{}` is what the tool `{tool}` gives: call that", step.name))
        }
        By::Server | By::ServerTool(_) => Err(format!("step `{}` is the server's", step.name)),
    }
}

/// The whole result of a step.
fn shown(standing: &Standing, step: &str) -> Result<String, String> {
    let definition = standing.course.flow.definition();
    let found = definition.steps.iter().find(|other| other.name == step && !other.hidden);
    let result = found.and_then(|step| standing.course.outputs.get(step.name)).flatten().cloned();
    let shown = || {
        let step = found.filter(|step| step.by.is_client())?;
        let position = definition.position(step.name)?;
        match standing.course.resolve(position, &standing.subject.variables) {
            Resolved::Ready(shown) => Some(shown),
            _ => None,
        }
    };
    let result = result.or_else(shown);
    result.map(|result| result.to_string()).ok_or_else(|| format!("step `{}` has nothing to show", shortened(step, 80)))
}

async fn answered(
    rq: RequestCx<'_>,
    flows: &Flows,
    standing: Standing,
    question: &str,
    given: &Continue,
) -> Result<Value, RpcError> {
    let answer = match &given.answer {
        _ if given.decline => serde_json::json!({ "action": "decline" }),
        None | Some(Value::Null) => {
            let text = "the `answer` is missing: ask the user, or give `decline` if they do";
            return Ok(rq.cx.revision.tool_result(&ToolResult::error(text)));
        }
        Some(content) => serde_json::json!({ "action": "accept", "content": content }),
    };
    let key = standing.task.key.clone();
    let responses = Value::from(Map::from_iter([(question.to_owned(), answer)]));
    if let Err(error) = rq.answer_open(standing.task, Some(&responses)).await {
        return Ok(rq.cx.revision.tool_result(&ToolResult::error(error.message)));
    }
    let patience = Duration::from_secs(given.wait_seconds.unwrap_or(WAIT).min(LONGEST_WAIT));
    flows.settled_within(rq, &key, patience).await?.tool_result(rq, None)
}

impl Flows {
    /// The task to be cancelled: a run that its author wants completed instead, if only the client's steps are left, is completed first.
    pub(in crate::router) async fn finished_or(&self, rq: RequestCx<'_>, task: Task) -> Result<Task, RpcError> {
        let flow = task.body.as_ref().filter(|_| task.head.workflow.is_some()).and_then(|body| self.find(&body.tool));
        if !flow.is_some_and(|flow| flow.flow.definition().finish_on_cancel) || task.status().is_terminal() {
            return Ok(task);
        }
        let Ok(standing) = self.standing_at(rq.engine, &task.key).await else { return Ok(task) };
        if standing.course.head.pause.is_none() {
            return Ok(task);
        }
        let by = Mover { engine: rq.engine, origin: &rq.origin() };
        match self.make(by, standing, &Wish::Finish).await? {
            (finished, Ok(())) => Ok(finished.task),
            (_, Err(_)) => Ok(task),
        }
    }

    /// A run of which a failed step is tried again, when it waits, asks or has ended.
    pub(super) async fn tried_again(&self, rq: RequestCx<'_>, standing: Standing) -> Result<Standing, RpcError> {
        let has_failed = standing.course.head.pause.is_some() && !is_open_to_client(&standing);
        let standing = if has_failed && !standing.task.status().is_terminal() {
            let by = Mover { engine: rq.engine, origin: &rq.origin() };
            let wish = retry(&standing);
            self.make(by, standing, &wish).await?.0
        } else {
            standing
        };
        if standing.is_running() { self.settled(rq, &standing.task.key).await } else { Ok(standing) }
    }
}
