//! A request as the router's flows see it: who asks, and what of tasks is theirs.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value, json};

use super::reply::unknown_task;
use crate::{
    call::{Brought, CallContext, Caller},
    engine::Engine,
    protocol::{RpcError, TraceContext, VARIABLES, bounds::shortened, meta},
    run::Origin,
    schema::answer,
    store::backend::TaskKey,
    task::{Change, FieldDefinition, NotChanged, Owner, Task, TaskId, visible, visible_by},
    tool::Work,
    trace,
};

/// A request with what answers it.
#[derive(Clone, Copy)]
pub(super) struct RequestCx<'a> {
    pub(super) engine: &'a Arc<Engine>,
    pub(super) params: &'a Value,
    pub(super) cx: &'a CallContext,
}

impl<'a> RequestCx<'a> {
    /// The caller's owner, or the error that says what to configure.
    pub(super) fn owner(&self) -> Result<&'a Owner, RpcError> {
        match &self.cx.caller {
            Caller::Known { owner, .. } => Ok(owner),
            Caller::Unknown { reason } => {
                Err(RpcError::internal(*reason).with_data(json!({ "reason": "tasks_unavailable" })))
            }
        }
    }

    /// Tells whether the owner may list tasks.
    pub(super) fn may_list(&self) -> bool {
        matches!(self.cx.caller, Caller::Known { may_list: true, .. })
    }

    /// Fails where methods of tasks need the extension on the very request, and it is not declared.
    pub(super) fn declared(&self) -> Result<(), RpcError> {
        match self.cx.revision.missing_tasks() {
            Some(missing) if !self.cx.client.tasks => Err(missing),
            _ => Ok(()),
        }
    }

    /// Waits for a source of tools, as long as the request is not cancelled.
    pub(super) async fn until_cancelled<T>(
        &self,
        asking: impl Future<Output = Result<T, RpcError>>,
    ) -> Result<T, RpcError> {
        tokio::select! {
            biased;
            given = asking => given,
            () = self.cx.cancellation.cancelled() => Err(RpcError::cancelled()),
        }
    }

    /// `_meta` of the request.
    pub(super) fn meta(&self) -> Option<&'a Map<String, Value>> {
        meta::of(self.params)
    }

    /// Refuses arguments, or `_meta` beside them, that are larger than the arguments of a call may be.
    pub(super) fn check_size(&self, arguments: &Map<String, Value>) -> Result<(), RpcError> {
        let max = self.engine.limits().max_arguments;
        for (what, fields) in [("the arguments have", Some(arguments)), ("`_meta` has", self.meta())] {
            let Some(fields) = fields else { continue };
            let size = serde_json::to_vec(fields).map_or(usize::MAX, |bytes| bytes.len());
            if size > max as usize {
                return Err(RpcError::invalid_params(format!("{what} {size} bytes; {max} are allowed")));
            }
        }
        Ok(())
    }

    /// Returns where a run of this request comes from.
    pub(super) fn origin(&self) -> Origin {
        let CallContext { caller, revision, client, peer, trace, request, .. } = self.cx;
        Origin {
            owner: caller.owner().cloned(),
            principal: match caller {
                Caller::Known { principal, .. } => principal.clone(),
                Caller::Unknown { .. } => None,
            },
            revision: *revision,
            client: *client,
            peer: Some(peer.clone()),
            progress_token: meta::progress_token(self.params),
            trace: trace::here(TraceContext::of(self.params).as_ref().or(trace.as_ref())),
            brought: Brought { meta: meta::of_applications(self.params).map(Arc::new), request: request.clone() },
        }
    }

    /// The key of the caller's task with this id, if there is one.
    pub(super) fn key_of(&self, id: &str) -> Result<TaskKey, RpcError> {
        let owner = self.owner()?.key();
        Ok(TaskKey { owner, id: id.parse().map_err(|_| unknown_task())? })
    }

    /// The caller's task; unknown, expired, hidden and foreign ones answer alike.
    pub(super) async fn find(&self, id: &str) -> Result<Task, RpcError> {
        let owner = self.owner()?;
        let id: TaskId = id.parse().map_err(|_| unknown_task())?;
        let task = self.engine.store().get(owner, id).await?;
        task.filter(|task| task.head.hidden.is_none() && self.permits(task)).ok_or_else(unknown_task)
    }

    /// Tells whether the caller may use what this task is of, which was read with its body.
    pub(super) fn permits(&self, task: &Task) -> bool {
        task.body.as_ref().is_none_or(|body| self.engine.permits_task_of(&self.cx.caller, body))
    }

    /// The work of a task.
    async fn work(&self, task: &Task) -> Result<Option<Arc<Work>>, RpcError> {
        let Some(body) = &task.body else { return Ok(None) };
        if let Some(work) = self.engine.works.find(&body.tool) {
            return Ok(Some(work.clone()));
        }
        if body.dynamic.is_none() {
            return Ok(None);
        }
        let made = self.until_cancelled(self.engine.find_dynamic(&body.tool, &self.cx.caller)).await?;
        Ok(made.map(|tool| tool.work().clone()))
    }

    /// The variables of a task that the client sees.
    pub(super) fn shown(&self, task: &Task) -> Result<Option<Map<String, Value>>, RpcError> {
        shown(self.engine, task)
    }

    /// The variables the client sets in `_meta` of a call of this work, checked.
    pub(super) fn variables(&self, fields: &[FieldDefinition]) -> Result<Map<String, Value>, RpcError> {
        client_variables(fields, self.params, self.engine.limits().max_variables)
    }

    /// The same for a task that exists.
    pub(super) async fn variables_for(&self, task: &Task) -> Result<Map<String, Value>, RpcError> {
        if self.meta().is_none_or(|meta| !meta.contains_key(VARIABLES)) {
            return Ok(Map::new());
        }
        let work = self.work(task).await?;
        self.variables(work.as_ref().map(|work| work.fields.as_slice()).unwrap_or_default())
    }

    /// Records answers to open questions, all of which have to fit; what has ended needs none.
    pub(super) async fn answer_open(&self, task: Task, responses: Option<&Value>) -> Result<(), RpcError> {
        let given = input_responses(responses, &task, self.engine.limits().max_answer)?;
        self.record(task, given.all()?).await
    }

    /// Records those answers to open questions that fit, for a caller who is asked the others again.
    pub(super) async fn answer_fitting(&self, task: Task, responses: Option<&Value>) -> Result<(), RpcError> {
        let given = input_responses(responses, &task, self.engine.limits().max_answer)?;
        self.record(task, given.fitting()).await
    }

    async fn record(&self, task: Task, answers: BTreeMap<String, Value>) -> Result<(), RpcError> {
        if answers.is_empty() {
            return Ok(());
        }
        match self.engine.change_read(task, Change::Answer(answers)).await {
            Ok(_) | Err(NotChanged::Ended(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// The variables of a task that clients see.
pub(super) fn shown(engine: &Engine, task: &Task) -> Result<Option<Map<String, Value>>, RpcError> {
    let Some(body) = &task.body else { return Ok(None) };
    let stored = || task.variables(engine.store().capabilities().name);
    if let Some(work) = engine.works.find(&body.tool) {
        return Ok(visible(&work.fields, stored()?));
    }
    match &body.dynamic {
        Some(made) => Ok(visible_by(made, stored()?)),
        None => Ok(None),
    }
}

/// The variables the client sets in `_meta`, checked.
fn client_variables(
    fields: &[FieldDefinition],
    params: &Value,
    max_bytes: u32,
) -> Result<Map<String, Value>, RpcError> {
    let Some(given) = meta::of(params).and_then(|meta| meta.get(VARIABLES)) else { return Ok(Map::new()) };
    let Some(given) = given.as_object() else {
        return Err(RpcError::invalid_params(format!("`{VARIABLES}` is not an object")));
    };
    for (name, value) in given {
        // A hidden variable and none at all answer alike.
        let field = fields.iter().find(|field| field.name == name && field.client_writable && !field.hidden);
        let Some(field) = field else {
            let name = shortened(name, 80);
            return Err(RpcError::invalid_params(format!("variable `{name}` cannot be set by the client")));
        };
        if !value.is_null() {
            (field.check)(value).map_err(|error| RpcError::invalid_params(format!("variable `{name}`: {error}")))?;
        }
    }
    let size: usize = given.iter().map(|(name, value)| name.len() + value.to_string().len()).sum();
    if size > max_bytes as usize {
        return Err(RpcError::invalid_params(format!("the variables have {size} bytes; {max_bytes} are allowed")));
    }
    Ok(given.clone())
}

/// The answers to open questions among what a client sent.
pub(super) struct Given {
    fitting: BTreeMap<String, Value>,
    /// The refusal of the first that does not fit.
    misfit: Option<RpcError>,
}

impl Given {
    /// The answers, if all of them fit.
    ///
    /// # Errors
    /// One does not: the error says which.
    pub(super) fn all(self) -> Result<BTreeMap<String, Value>, RpcError> {
        self.misfit.map_or(Ok(self.fitting), Err)
    }

    /// Those that fit. One that does not is as good as none, and its question is asked again ("Error Handling" of multi
    /// round-trip requests).
    pub(super) fn fitting(self) -> BTreeMap<String, Value> {
        self.fitting
    }
}

/// The answers to open questions among what the client sent; others are ignored ("Task Update Requests").
///
/// # Errors
/// It is no map of answers, or one is larger than it may be.
pub(super) fn input_responses(responses: Option<&Value>, task: &Task, max: u32) -> Result<Given, RpcError> {
    let mut given = Given { fitting: BTreeMap::new(), misfit: None };
    let Some(responses) = responses.filter(|responses| !responses.is_null()) else { return Ok(given) };
    let Some(responses) = responses.as_object() else {
        return Err(RpcError::invalid_params("`inputResponses` is not an object"));
    };
    for (key, answer) in responses {
        let Some(question) = task.inputs().get(key) else { continue };
        if let Some(refusal) = too_large(key, answer, max) {
            return Err(RpcError::invalid_params(refusal));
        }
        match answer::fitted(&question.params, answer) {
            Ok(answer) => drop(given.fitting.insert(key.clone(), answer)),
            Err(mistake) => {
                given.misfit.get_or_insert_with(|| {
                    let text = format!("the answer to `{key}` does not fit, and the question stays open: {mistake}");
                    RpcError::invalid_params(text)
                });
            }
        }
    }
    Ok(given)
}

/// The refusal of an answer that is larger than it may be.
pub(super) fn too_large(question: &str, answer: &Value, max: u32) -> Option<String> {
    let size = answer.to_string().len();
    (size > max as usize).then(|| format!("the answer to `{question}` has {size} bytes; {max} are allowed"))
}
