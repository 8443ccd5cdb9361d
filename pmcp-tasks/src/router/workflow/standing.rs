//! How a run stands, read from its task, and the answers that tell it.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Flows;
use crate::{
    engine::Engine,
    error::StoreError,
    protocol::{Content, RpcError, ToolResult, VARIABLES, meta},
    router::{
        questions::{ask, is_askable},
        reply::unknown_task,
        request::RequestCx,
    },
    store::backend::{Parts, TaskKey},
    task::{NotChanged, Task, TaskStatus, WorkflowHead},
    workflow::{Course, Questions, Steps, Subject, View, WORKFLOW, outline},
};

/// Size up to which a result stands whole in `_meta`, in bytes.
const IN_META: usize = 64 << 10;

/// A run with what its plan makes of it.
pub(in crate::router) struct Standing {
    pub(super) task: Task,
    pub(super) course: Course,
    pub(super) subject: Subject,
    /// Set if the client shows the open questions to its user.
    pub(super) is_shown: bool,
}

/// Reason why a run could not be read or moved.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It may go well when it is tried again.
    Away(StoreError),
    /// This is to be told.
    Told(RpcError),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        if error.is_away() { Self::Away(error) } else { Self::Told(error.into()) }
    }
}

impl From<NotChanged> for Trouble {
    fn from(error: NotChanged) -> Self {
        match error {
            NotChanged::Store(error) => error.into(),
            error => Self::Told(error.into()),
        }
    }
}

impl From<RpcError> for Trouble {
    fn from(error: RpcError) -> Self {
        Self::Told(error)
    }
}

impl From<Trouble> for RpcError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Away(error) => error.into(),
            Trouble::Told(error) => error,
        }
    }
}

impl Flows {
    /// How a run stands by what its task says, without what its steps gave; `None` of a task that is none.
    pub(in crate::router) fn outline(&self, task: &Task) -> Option<Value> {
        let (head, body) = (task.head.workflow.as_ref()?, task.body.as_ref()?);
        let (arguments, variables) = (body.arguments.clone(), Map::new());
        let has_ended = task.status().is_terminal();
        let subject = Subject { id: task.id(), expires: task.stored.expires, arguments, has_ended, variables };
        let mut outline = outline(self.find(&body.tool)?.flow.definition(), head, &subject);
        if let Some(state) = ended(task) {
            outline["state"] = state.into();
        }
        Some(outline)
    }

    /// The caller's run with this id; unknown, foreign, expired ones and tasks that are none answer alike.
    pub(super) async fn standing(&self, rq: RequestCx<'_>, id: &str) -> Result<Standing, RpcError> {
        let (owner, key) = (rq.owner()?, rq.key_of(id)?);
        let task = rq.engine.store().read(&key, Parts::all()).await?;
        let task = task.filter(|task| task.head.owner == *owner && task.head.hidden.is_none() && rq.permits(task));
        self.standing_of(rq.engine, task.ok_or_else(unknown_task)?)
    }

    /// The same of a key that is known to be the caller's.
    pub(super) async fn standing_at(&self, engine: &Engine, key: &TaskKey) -> Result<Standing, Trouble> {
        let task = engine.store().read(key, Parts::all()).await?.ok_or_else(unknown_task)?;
        Ok(self.standing_of(engine, task)?)
    }

    /// How a run stands by its task, which was read with all its parts.
    pub(super) fn standing_of(&self, engine: &Engine, task: Task) -> Result<Standing, RpcError> {
        let (Some(body), Some(head)) = (&task.body, &task.head.workflow) else { return Err(unknown_task()) };
        let flow = self
            .find(&body.tool)
            .ok_or_else(|| RpcError::internal(format!("this server has no workflow `{}` any more", body.tool)))?;
        let steps = flow.flow.read(body.arguments.clone());
        let steps = steps.map_err(|error| RpcError::internal(format!("the workflow has changed: {error}")))?;
        let head = head.clone();
        standing(engine, &flow.flow, steps, head, task)
    }
}

fn standing(
    engine: &Engine,
    flow: &Arc<dyn crate::workflow::Flow>,
    steps: Arc<dyn Steps>,
    head: WorkflowHead,
    task: Task,
) -> Result<Standing, RpcError> {
    let recorded = task.stored.steps.as_ref();
    let course = Course::read(flow.clone(), steps, head, |name| recorded.and_then(|steps| steps.get(name)));
    let course = course.map_err(|error| {
        crate::heard::error!(task = %task.id(), error = &error as &dyn std::error::Error, "a run cannot be read");
        RpcError::internal("the run cannot be read")
    })?;
    let variables = task.variables(engine.store().capabilities().name)?;
    let arguments = task.body.as_ref().map(|body| body.arguments.clone()).unwrap_or_default();
    let has_ended = task.status().is_terminal();
    let subject = Subject { id: task.id(), expires: task.stored.expires, arguments, has_ended, variables };
    Ok(Standing { task, course, subject, is_shown: false })
}

impl Standing {
    fn view(&self) -> View<'_> {
        let asks = self.task.status() == TaskStatus::InputRequired;
        let asks = asks.then(|| Questions { open: self.task.inputs(), is_shown: self.is_shown });
        View { course: &self.course, subject: &self.subject, asks }
    }

    /// The answer to a request that can come back with the answers to what the run asks (2026-07-28), if it asks what the client can be
    /// asked.
    pub(super) fn asked(&self, rq: RequestCx<'_>) -> Option<Value> {
        let asks = self.task.status() == TaskStatus::InputRequired && !rq.cx.revision.asks_by_request();
        (asks && is_askable(rq, &self.task)).then(|| ask(rq, &self.task))
    }

    /// Tells whether the server works at it.
    pub(super) fn is_running(&self) -> bool {
        !self.task.status().is_terminal() && self.course.head.pause.is_none()
    }

    /// What a model is told.
    pub(super) fn text(&self) -> String {
        match self.task.status() {
            TaskStatus::Cancelled => cancelled_words(&self.subject.id.to_string()),
            TaskStatus::Completed if !self.task.is_error() => self.view().text(),
            TaskStatus::InputRequired | TaskStatus::Working => self.view().text(),
            TaskStatus::Completed | TaskStatus::Failed => {
                let message = self.task.message().unwrap_or_default().trim_end_matches('.');
                format!(
                    "This run has failed, and cannot go on: {message}. Tell the user. A new run may be begun once the reason is \
                     gone."
                )
            }
        }
    }

    /// `_meta` of every answer about it.
    pub(super) fn meta(&self, rq: RequestCx<'_>) -> Result<Map<String, Value>, RpcError> {
        let mut meta = Map::new();
        meta.extend(rq.shown(&self.task)?.map(|shown| (VARIABLES.to_owned(), shown.into())));
        meta.insert(WORKFLOW.to_owned(), self.object());
        Ok(meta)
    }

    fn object(&self) -> Value {
        let mut object = self.view().object(IN_META);
        if let Some(state) = ended(&self.task) {
            object["state"] = state.into();
            object["next"] = json!([]);
        }
        object
    }

    /// The answer to `prompts/get`.
    pub(super) fn prompt_result(&self, rq: RequestCx<'_>) -> Result<Value, RpcError> {
        let description = self.course.flow.definition().description.clone();
        let mut result = prompt_result(rq, description, &self.text());
        for (key, value) in self.meta(rq)? {
            meta::insert(&mut result, &key, value);
        }
        if rq.cx.revision.relates_messages() {
            meta::relate(&mut result, &self.subject.id.to_string());
        }
        Ok(result)
    }

    /// The answer to a call that began it or goes on with it.
    pub(super) fn tool_result(&self, rq: RequestCx<'_>, note: Option<&str>) -> Result<Value, RpcError> {
        let mut result = ToolResult::default();
        result.content.extend(note.map(Content::text));
        result.content.push(Content::text(self.text()));
        result.meta = self.meta(rq)?;
        let mut result = rq.cx.revision.tool_result(&result);
        if rq.cx.revision.relates_messages() {
            meta::relate(&mut result, &self.subject.id.to_string());
        }
        Ok(result)
    }
}

/// What a model is told of a run that was cancelled.
pub(super) fn cancelled_words(id: &str) -> String {
    format!(
        "The run {id} was cancelled: nothing more is to be done. What its steps did before stands. A new run may be begun if the user \
         wants one."
    )
}

/// The state of a run that has ended.
fn ended(task: &Task) -> Option<&'static str> {
    match task.status() {
        TaskStatus::Working | TaskStatus::InputRequired => None,
        TaskStatus::Cancelled => Some("cancelled"),
        TaskStatus::Completed if !task.is_error() => Some("completed"),
        TaskStatus::Completed | TaskStatus::Failed => Some("failed"),
    }
}

/// A prompt's result of one message: some hosts give their model no more than the first, others leave out who says what.
pub(super) fn prompt_result(rq: RequestCx<'_>, description: Option<String>, text: &str) -> Value {
    let mut result = json!({ "messages": [{ "role": "user", "content": { "type": "text", "text": text } }] });
    if let Some(description) = description {
        result["description"] = description.into();
    }
    if rq.cx.revision.has_cache_hints() {
        result["resultType"] = "complete".into();
    }
    result
}
