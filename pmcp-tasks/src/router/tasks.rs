//! The `tasks/*` methods.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{TaskRouter, call, declared, owner, store_failed, unknown_task};
use crate::{
    call::{CallContext, Caller, Revision},
    execution::{shutting_down, visible},
    protocol::{RELATED_TASK, RpcError, VARIABLES, params as parse, v2025, v2026},
    store::{
        NotChanged,
        backend::{FieldOp, Guard, Merged, Parts, TaskKey},
    },
    task::{Change, Outcome, Task, TaskId},
};

impl TaskRouter {
    /// The caller's task; unknown, expired, hidden and foreign ones answer alike.
    pub(super) async fn find(&self, id: &str, cx: &CallContext) -> Result<Task, RpcError> {
        let owner = owner(cx)?;
        let id: TaskId = id.parse().map_err(|_| unknown_task())?;
        let task = self.runtime.store.get(owner, id).await.map_err(|error| store_failed(&error))?;
        task.filter(|task| task.head.hidden.is_none()).ok_or_else(unknown_task)
    }

    /// What the client sees of a task's variables.
    pub(super) fn shown(&self, task: &Task) -> Result<Option<Map<String, Value>>, RpcError> {
        let Some(tool) = task.body.as_ref().and_then(|body| self.tools.get(&body.tool)) else { return Ok(None) };
        let stored = task.variables(self.runtime.store.capabilities().name).map_err(|error| store_failed(&error))?;
        Ok(visible(&tool.definition.variables, stored))
    }

    pub(super) async fn get_task(&self, params: &Value, cx: &CallContext) -> Result<Value, RpcError> {
        declared(cx)?;
        let v2025::TaskParams { task_id } = parse(params)?;
        let task = self.find(&task_id, cx).await?;
        let shown = self.shown(&task)?;
        Ok(match cx.revision {
            Revision::V2026 => v2026::task(&task, shown),
            Revision::V2025 | Revision::Plain => v2025::task(&task, shown),
        })
    }

    pub(super) async fn list_tasks(&self, params: &Value, cx: &CallContext) -> Result<Value, RpcError> {
        let owner = owner(cx)?;
        if !matches!(cx.caller, Caller::Known { may_list: true, .. }) {
            return Err(RpcError::method_not_found("tasks are not listed where callers cannot be told apart"));
        }
        let v2025::ListParams { cursor } = if params.is_null() { v2025::ListParams::default() } else { parse(params)? };
        let size = self.limits().page_size.max(1);
        let page =
            self.runtime.store.list(owner, cursor.as_deref(), size).await.map_err(|error| store_failed(&error))?;
        let page = page.ok_or_else(|| RpcError::invalid_params("unknown cursor"))?;
        let tasks: Vec<_> = page.tasks.iter().map(v2025::Task::from).collect();
        let mut result = json!({ "tasks": tasks });
        if let Some(next) = page.next {
            result["nextCursor"] = next.into();
        }
        Ok(result)
    }

    /// Blocks until the task has ended, and answers what the call would have.
    pub(super) async fn task_result(&self, params: &Value, cx: &CallContext) -> Result<Value, RpcError> {
        let v2025::TaskParams { task_id } = parse(params)?;
        // Watched before it is read, so that an end in between is seen.
        let mut watch = self.runtime.store.watch(&key_of(&task_id, cx)?);
        let mut task = self.find(&task_id, cx).await?;
        if let Some(session) = &cx.session
            && !task.status().is_terminal()
        {
            self.runtime.attend(session, cx.client, &task.key, false);
        }
        loop {
            if let Some(ended) = task.outcome() {
                let mut result = outcome(ended.clone(), cx.revision)?;
                if let Some(fields) = result.as_object_mut() {
                    let meta = fields.entry("_meta").or_insert_with(|| json!({}));
                    if let Some(meta) = meta.as_object_mut() {
                        meta.insert(RELATED_TASK.into(), json!({ "taskId": task_id }));
                        meta.extend(self.shown(&task)?.map(|shown| (VARIABLES.to_owned(), shown.into())));
                    }
                }
                return Ok(result);
            }
            tokio::select! {
                // The end of a task may be what the server waited for to stop: it is told first.
                biased;
                () = watch.changed() => {}
                () = self.runtime.expired(&task) => {}
                () = cx.cancellation.cancelled() => return Err(cancelled()),
                () = self.runtime.stopped() => return Err(shutting_down()),
            }
            task = self.find(&task_id, cx).await?;
        }
    }

    pub(super) async fn cancel_task(&self, params: &Value, cx: &CallContext) -> Result<Value, RpcError> {
        declared(cx)?;
        let v2025::TaskParams { task_id } = parse(params)?;
        let task = self.find(&task_id, cx).await?;
        let cancelled = self.runtime.change_read(task, Change::Finish(Outcome::Cancelled)).await;
        match (cancelled, cx.revision) {
            (Ok(cancelled), Revision::V2025 | Revision::Plain) => Ok(v2025::task(&cancelled, None)),
            // Cancelling what has ended is acknowledged ("Task Cancellation").
            (Ok(_) | Err(NotChanged::Ended(_)), Revision::V2026) => Ok(v2026::acknowledged()),
            (Err(NotChanged::Ended(task)), Revision::V2025 | Revision::Plain) => {
                let status = v2025::Task::from(&*task).status;
                Err(RpcError::invalid_params(format!("the task has ended: it is {status}")))
            }
            (Err(NotChanged::Missing | NotChanged::Lost), _) => Err(unknown_task()),
            (Err(NotChanged::Store(error)), _) => Err(store_failed(&error)),
        }
    }

    /// Cancels the task in which a call runs that was cancelled; what answers the call.
    pub(super) async fn cancel_with_call(&self, key: &TaskKey) -> RpcError {
        // Ended already is as good.
        let _ = self.runtime.change(key, Change::Finish(Outcome::Cancelled)).await;
        cancelled()
    }

    pub(super) async fn update_task(&self, params: &Value, cx: &CallContext) -> Result<Value, RpcError> {
        declared(cx)?;
        let update: v2026::UpdateParams = parse(params)?;
        if update.input_responses.is_none() && cx.revision == Revision::V2026 {
            return Err(RpcError::invalid_params("invalid params: missing field `inputResponses`"));
        }
        let task = self.find(&update.task_id, cx).await?;
        // Everything is checked before anything is written.
        let responses = update.input_responses.map(|responses| responses.into_iter().collect::<Map<_, _>>().into());
        let answers = input_responses(responses.as_ref(), &task, self.runtime.limits.max_answer)?;
        let variables = self.updated_variables(&task, params)?;
        if !variables.is_empty() {
            self.set_variables(&task, variables).await?;
        }
        if !answers.is_empty() {
            match self.runtime.change_read(task, Change::Answer(answers)).await {
                // The task ended meanwhile: the answers are to no open question, and ignored.
                Ok(_) | Err(NotChanged::Ended(_)) => {}
                Err(NotChanged::Missing | NotChanged::Lost) => return Err(unknown_task()),
                Err(NotChanged::Store(error)) => return Err(store_failed(&error)),
            }
        }
        Ok(match cx.revision {
            Revision::V2026 => v2026::acknowledged(),
            Revision::V2025 | Revision::Plain => json!({}),
        })
    }

    fn updated_variables(&self, task: &Task, params: &Value) -> Result<Map<String, Value>, RpcError> {
        let fields = task.body.as_ref().and_then(|body| self.tools.get(&body.tool));
        let fields = fields.map(|tool| tool.definition.variables.as_slice()).unwrap_or_default();
        let given = call::client_variables(fields, params, self.runtime.limits.max_variables)?;
        if !given.is_empty() && task.status().is_terminal() {
            return Err(RpcError::invalid_params("the task has ended: its variables do not change any more"));
        }
        Ok(given)
    }

    async fn set_variables(&self, task: &Task, variables: Map<String, Value>) -> Result<(), RpcError> {
        let initial = task.body.as_ref().map(|body| &body.variables);
        let ops = variables
            .into_iter()
            .map(|(name, value)| {
                // `null` deletes; a value from the creating call would show again, so it is overwritten instead.
                let goes = value.is_null() && !initial.is_some_and(|initial| initial.contains_key(&name));
                let op = if goes { FieldOp::Remove } else { FieldOp::Set(value.to_string().into_bytes().into()) };
                (name.as_str().into(), op)
            })
            .collect();
        let max = self.runtime.limits.max_variables;
        match self.runtime.store.merge(&task.key, Guard::Open, ops, max).await.map_err(|error| store_failed(&error))? {
            Merged::Done | Merged::Replayed => Ok(()),
            Merged::TooLarge => {
                Err(RpcError::invalid_params(format!("the variables would have more than {max} bytes")))
            }
            Merged::Lost | Merged::Changed(_) => {
                Err(RpcError::invalid_params("the task has ended: its variables do not change any more"))
            }
            Merged::Missing => Err(unknown_task()),
        }
    }

    /// Reads a task again with everything a notification shows.
    pub(super) async fn reread(&self, task: &Task) -> Option<Task> {
        let parts = Parts::BODY | Parts::VARIABLES | Parts::OUTCOME;
        match self.runtime.store.read(&task.key, parts).await {
            Ok(task) => task,
            Err(error) => {
                tracing::warn!(task = %task.id(), error = &error as &dyn std::error::Error, "a subscriber is no longer told about a task");
                None
            }
        }
    }
}

/// Where the caller's task with this id would be.
pub(super) fn key_of(id: &str, cx: &CallContext) -> Result<TaskKey, RpcError> {
    let owner = owner(cx)?.key();
    Ok(TaskKey { owner, id: id.parse().map_err(|_| unknown_task())? })
}

/// The answers to open questions among what the client sent; others are ignored ("Task Update Requests").
pub(super) fn input_responses(
    responses: Option<&Value>,
    task: &Task,
    max: u32,
) -> Result<BTreeMap<String, Value>, RpcError> {
    let Some(responses) = responses.filter(|responses| !responses.is_null()) else { return Ok(BTreeMap::new()) };
    let Some(responses) = responses.as_object() else {
        return Err(RpcError::invalid_params("`inputResponses` is not an object"));
    };
    let mut answers = BTreeMap::new();
    for (key, answer) in responses {
        if !task.inputs().contains_key(key) {
            continue;
        }
        let size = answer.to_string().len();
        if size > max as usize {
            return Err(RpcError::invalid_params(format!("the answer to `{key}` has {size} bytes; {max} are allowed")));
        }
        if !answer.is_object() {
            return Err(RpcError::invalid_params(format!("the answer to `{key}` is not an object")));
        }
        answers.insert(key.clone(), answer.clone());
    }
    Ok(answers)
}

/// How a call ended, as its answer.
pub(super) fn outcome(outcome: Outcome, revision: Revision) -> Result<Value, RpcError> {
    match outcome {
        Outcome::Result(result) => Ok(call::render(&result, revision)),
        Outcome::Raw(value) => Ok(value),
        Outcome::Error(error) => Err(error),
        Outcome::Cancelled => Err(cancelled()),
    }
}

/// The result of what was cancelled, which no text specifies.
pub(super) fn cancelled() -> RpcError {
    RpcError::internal("cancelled")
}
