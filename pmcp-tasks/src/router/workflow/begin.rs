//! Beginning a run: by its prompt, or by the tool of the same name.

use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::{
    Flows, Registered,
    going::NO_RUN,
    look::{NEW, is_look, is_placeholder, plan},
    standing::{Standing, prompt_result},
};
use crate::{
    engine::{Ended, Patience},
    protocol::{IDEMPOTENCY_KEY, RpcError, ToolResult},
    router::{
        begin::{Accepted, Wanted, new_run_of},
        questions::{asked, is_askable, let_ask},
        reply::unknown_task,
        request::RequestCx,
        retry::wrong_state,
        stream::{told_here, until_answered},
    },
    store::backend::{Parts, TaskKey},
    task::{Change, NotChanged, NotCreated, Outcome, Task, TaskBody, TaskId, TaskStatus, WorkflowHead},
    tool::Arguments,
    workflow::{Course, Next, TASK_ID},
};

/// Time within which the same request joins the run that it began before, in milliseconds: its answer may have been lost.
const REJOINED_WITHIN: u64 = 60_000;

/// `prompts/get` of a workflow.
pub(super) async fn by_prompt(rq: RequestCx<'_>, flow: &Registered, flows: &Flows) -> Result<Value, RpcError> {
    let mut given = match rq.params.get("arguments") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(given)) => given.clone(),
        Some(_) => return Err(RpcError::invalid_params("`arguments` is not an object")),
    };
    rq.check_size(&given)?;
    let of = given.remove(TASK_ID);
    let of = of.as_ref().and_then(Value::as_str).filter(|id| !id.is_empty());
    let told = |standing: Standing| standing.asked(rq).map_or_else(|| standing.prompt_result(rq), Ok);
    if let Some(state) = state(rq) {
        return told(flows.come_back(rq, flow, (state, of, &given)).await?);
    }
    let definition = flow.flow.definition();
    let is_new = of == Some(NEW);
    // Hosts that split the user's words at spaces put here what is left over.
    let is_left_over = !given.is_empty() && of.is_some_and(|id| !is_new && id.parse::<TaskId>().is_err());
    if let Some(id) = of.filter(|id| !is_new && !is_left_over && !is_placeholder(id)) {
        let _admitted = rq.engine.host.admit()?;
        let standing = flows.run_of(rq, flow, id).await?;
        return told(flows.tried_again(rq, standing).await?);
    }
    if is_left_over || of.is_some_and(is_placeholder) || is_look(definition, &given, is_new) {
        return Ok(prompt_result(rq, definition.description.clone(), &plan(definition)));
    }
    told(flows.begin(rq, flow, given, is_new).await?)
}

/// A call of the tool that begins a workflow.
pub(super) async fn by_tool(
    rq: RequestCx<'_>,
    flow: &Registered,
    flows: &Flows,
    arguments: &Map<String, Value>,
) -> Result<Value, RpcError> {
    rq.check_size(arguments)?;
    let mut given = arguments.clone();
    let of = given.remove(TASK_ID);
    let of = of.as_ref().and_then(Value::as_str).filter(|id| !id.is_empty());
    let told = |standing: Standing| standing.asked(rq).map_or_else(|| standing.tool_result(rq, None), Ok);
    if let Some(state) = state(rq) {
        return told(flows.come_back(rq, flow, (state, of, &given)).await?);
    }
    if let Some(id) = of.filter(|id| *id != NEW) {
        let _admitted = rq.engine.host.admit()?;
        // It only shows how the run stands: a call of it is no wish to try something again.
        return match flows.run_of(rq, flow, id).await {
            Ok(standing) => standing.tool_result(rq, None),
            Err(error) => {
                let text = if error == unknown_task() { NO_RUN } else { &error.message };
                Ok(rq.cx.revision.tool_result(&ToolResult::error(text)))
            }
        };
    }
    if let Err(refused) = flow.flow.read(given.clone()) {
        let text = format!("{}\n{}", refused.message, plan(flow.flow.definition()));
        return Ok(rq.cx.revision.tool_result(&ToolResult::error(text)));
    }
    told(flows.begin(rq, flow, given, of.is_some()).await?)
}

/// The state of a request that comes back with answers (2026-07-28).
fn state(rq: RequestCx<'_>) -> Option<&Value> {
    rq.params.get("requestState").filter(|state| !state.is_null() && !rq.cx.revision.asks_by_request())
}

impl Flows {
    /// The caller's run of this workflow.
    async fn run_of(&self, rq: RequestCx<'_>, flow: &Registered, id: &str) -> Result<Standing, RpcError> {
        let standing = self.standing(rq, id).await?;
        if standing.course.flow.definition().name == *flow.work.name { Ok(standing) } else { Err(unknown_task()) }
    }

    /// A request that was answered with what its run asks, and comes back with answers. It has to be the same: to name the run, or to give
    /// what that was begun with.
    async fn come_back(
        &self,
        rq: RequestCx<'_>,
        flow: &Registered,
        (state, of, given): (&Value, Option<&str>, &Map<String, Value>),
    ) -> Result<Standing, RpcError> {
        let id = asked(state).ok_or_else(wrong_state)?.to_string();
        let task = match rq.find(&id).await {
            Err(error) if error == unknown_task() => return Err(wrong_state()),
            found => found?,
        };
        let is_of = task.head.workflow.as_ref().is_some_and(|head| *head.workflow == *flow.work.name);
        let begun_so = task.body.as_ref().is_some_and(|body| body.arguments == *given);
        if !is_of || !(of == Some(&*id) || begun_so) {
            return Err(wrong_state());
        }
        let key = task.key.clone();
        rq.answer_fitting(task, rq.params.get("inputResponses")).await?;
        self.settled(rq, &key).await
    }

    /// Begins a run, or joins the one that the same request has just begun, and waits a while for what it comes to.
    async fn begin(
        &self,
        rq: RequestCx<'_>,
        flow: &Registered,
        given: Map<String, Value>,
        anew: bool,
    ) -> Result<Standing, RpcError> {
        let _admitted = rq.engine.host.admit()?;
        let steps = flow.flow.read(given.clone()).map_err(|error| RpcError::invalid_params(error.message))?;
        let variables = rq.variables(&flow.work.fields)?;
        let has_key = rq.meta().is_some_and(|meta| meta.contains_key(IDEMPOTENCY_KEY));
        if !anew
            && !has_key
            && let Some(task) = self.recent(rq, flow, (&given, &variables)).await?
        {
            let joined = self.settled(rq, &task.key).await?;
            // Else it was to stop before it was joined: as the request that began it was cancelled, for one.
            if joined.task.status() != TaskStatus::Cancelled {
                return Ok(joined);
            }
        }
        let unread = |_: &str| None;
        let name = flow.flow.definition().name.clone();
        let head = WorkflowHead { since: 1, workflow: name.clone(), ..WorkflowHead::default() };
        let course = Course::read(flow.flow.clone(), steps, head.clone(), unread);
        let mut course = course.map_err(|error| RpcError::internal(error.to_string()))?;
        let told = |error| rq.engine.told(error, (&name, None, rq.cx.revision));
        if !matches!(course.next(&variables, &told), Next::Begin { .. }) {
            // The run itself finds out, and writes what comes of it.
            course.head = head;
        }
        let arguments = Arguments { given, answers: Map::new() };
        let prepared = crate::engine::prepare(&flow.work, arguments.clone());
        let prepared = prepared.map_err(|error| RpcError::invalid_params(error.to_string()))?;
        let call = Accepted { work: flow.work.clone(), arguments, prepared, variables, step: None };
        let (peer, _unanswered) = until_answered(rq.cx);
        let wanted = Wanted { ttl: None, client: rq.cx.client, peer: Some(peer), session: None };
        let limits = rq.engine.limits();
        let mut new = new_run_of(rq, call, wanted, limits.workflow_ttl(flow.work.policy.ttl))?;
        new.draft.quota = limits.workflows_per_owner;
        new.draft.head.message = Some(course.message()).filter(|_| course.head.running.is_some());
        new.draft.head.is_progress = true;
        if rq.engine.leaves_tasks() {
            course.head.since = 0;
        }
        new.draft.head.schema = crate::task::WORKFLOW_SCHEMA;
        new.draft.head.workflow = Some(course.head);
        let (task, is_ours) = match rq.engine.create(new).await {
            Ok((task, _)) => (task, true),
            Err(NotCreated::Same(id)) => (rq.find(&id.to_string()).await?, false),
            Err(NotCreated::Quota) => {
                let most = limits.workflows_per_owner;
                let text = format!(
                    "{most} tasks are open; finish or cancel a workflow that waits for you, then begin this one"
                );
                return Err(RpcError::internal(text).with_data(serde_json::json!({ "reason": "quota" })));
            }
            Err(refused) => return Err(rq.engine.not_created(&refused)),
        };
        let settled = self.settled(rq, &task.key).await;
        if is_ours && settled.is_err() && rq.cx.cancellation.is_cancelled() {
            // Nobody else knows of it.
            rq.engine.change_read(task, Change::Finish(Outcome::Cancelled.into())).await.or_else(ended_is_done)?;
        }
        settled
    }

    /// The run as it stands when it waits, asks or has ended, or when whoever asked has waited long enough.
    pub(super) async fn settled(&self, rq: RequestCx<'_>, key: &TaskKey) -> Result<Standing, RpcError> {
        self.settled_within(rq, key, rq.engine.limits().prompt_wait).await
    }

    pub(super) async fn settled_within(
        &self,
        rq: RequestCx<'_>,
        key: &TaskKey,
        patience: std::time::Duration,
    ) -> Result<Standing, RpcError> {
        let _told = told_here(rq, key);
        let is_shown = |task: &Task| rq.cx.revision.asks_by_request() && is_askable(rq, task);
        let patience = Patience {
            cancellation: Some(&rq.cx.cancellation),
            deadline: Some(rq.engine.host.clock().sleep(patience)),
            ..Patience::default()
        };
        let settled = rq.engine.until(key, Parts::empty(), patience, |task| match task.status() {
            TaskStatus::Working if !is_parked(task) => ControlFlow::Continue(()),
            TaskStatus::InputRequired if is_shown(task) => {
                let_ask(rq, key);
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Break(()),
        });
        match settled.await {
            Ok(()) | Err(Ended::InTime(_)) => {
                let standing = self.standing_at(rq.engine, key).await?;
                Ok(Standing { is_shown: is_shown(&standing.task), ..standing })
            }
            Err(ended) => Err(ended.into()),
        }
    }

    /// A run of the same arguments that has just begun and that nobody has gone on with: the answer to the request that began it was lost.
    async fn recent(
        &self,
        rq: RequestCx<'_>,
        flow: &Registered,
        (given, variables): (&Map<String, Value>, &Map<String, Value>),
    ) -> Result<Option<Task>, RpcError> {
        if !rq.may_list() {
            return Ok(None);
        }
        let (store, now) = (rq.engine.store(), rq.engine.host.now());
        let page = store.list(rq.owner()?, None, rq.engine.limits().page_size).await?;
        for task in page.into_iter().flat_map(|page| page.tasks) {
            let is_recent = task.created().until(now).as_millis() < u128::from(REJOINED_WITHIN);
            let is_untouched =
                task.head.workflow.as_ref().is_some_and(|head| !head.continued && *head.workflow == *flow.work.name);
            if !is_recent || !is_untouched || task.status().is_terminal() {
                continue;
            }
            let read = store.read(&task.key, Parts::BODY).await?;
            let is_same = |task: &Task| {
                let is_body = |body: &TaskBody| body.arguments == *given && body.variables == *variables;
                !task.status().is_terminal() && task.body.as_ref().is_some_and(is_body)
            };
            if let Some(task) = read.filter(is_same) {
                return Ok(Some(task));
            }
        }
        Ok(None)
    }
}

/// A run that has ended is not to be cancelled any more.
fn ended_is_done(error: NotChanged) -> Result<Task, RpcError> {
    match error {
        NotChanged::Ended(task) => Ok(*task),
        error => Err(error.into()),
    }
}

/// Tells whether a run waits for somebody.
pub(super) fn is_parked(task: &Task) -> bool {
    task.head.workflow.as_ref().is_some_and(|workflow| workflow.pause.is_some())
}
