//! How a run stands, read from its task, and the answers that tell it.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Flows;
use crate::{
    engine::Engine,
    protocol::{Content, RpcError, ToolResult, VARIABLES, meta},
    router::{reply::unknown_task, request::RequestCx},
    store::backend::{Parts, TaskKey},
    task::{Task, TaskStatus, WorkflowHead},
    workflow::{Asks, CONTINUE, Course, NextCall, Steps, Subject, TASK_ID, View, WORKFLOW, outline},
};

/// Size up to which a result stands whole in `_meta`, in bytes.
const IN_META: usize = 64 << 10;

/// A run with what its plan makes of it.
pub(super) struct Standing {
    pub(super) task: Task,
    pub(super) course: Course,
    pub(super) subject: Subject,
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
        let task = rq.find(id).await?;
        if task.head.workflow.is_none() {
            return Err(unknown_task());
        }
        self.standing_at(rq.engine, &task.key).await
    }

    /// The same of a key that is known to be the caller's.
    pub(super) async fn standing_at(&self, engine: &Engine, key: &TaskKey) -> Result<Standing, RpcError> {
        let task = engine.store().read(key, Parts::all()).await?.ok_or_else(unknown_task)?;
        let (Some(body), Some(head)) = (&task.body, &task.head.workflow) else { return Err(unknown_task()) };
        let flow = self
            .find(&body.tool)
            .ok_or_else(|| RpcError::internal(format!("this server has no workflow `{}` any more", body.tool)))?;
        let steps = flow.flow.read(body.arguments.clone());
        let steps = steps.map_err(|error| RpcError::internal(format!("the workflow has changed: {error}")))?;
        standing(engine, &flow.flow, steps, head.clone(), task.clone())
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
    Ok(Standing { task, course, subject })
}

impl Standing {
    fn view<'a>(&'a self, asks: Option<&'a Asks>) -> View<'a> {
        View { course: &self.course, subject: &self.subject, asks }
    }

    /// Tells whether the server works at it.
    pub(super) fn is_running(&self) -> bool {
        !self.task.status().is_terminal() && self.course.head.pause.is_none()
    }

    /// What a model is told.
    pub(super) fn text(&self) -> String {
        match self.task.status() {
            TaskStatus::Cancelled => "This run was cancelled: nothing more is to be done.".to_owned(),
            TaskStatus::InputRequired => self.view(Some(&self.questions())).text(),
            TaskStatus::Completed if !self.task.is_error() => self.view(None).text(),
            TaskStatus::Working => self.view(None).text(),
            TaskStatus::Completed | TaskStatus::Failed => {
                let message = self.task.message().unwrap_or_default().trim_end_matches('.');
                format!("This run has failed, and cannot go on: {message}. Tell the user.")
            }
        }
    }

    /// The server's open questions, and how to answer them.
    fn questions(&self) -> Asks {
        let id = self.subject.id.to_string();
        let (mut words, mut next) = (Vec::new(), Vec::new());
        for (key, question) in self.task.inputs() {
            let message = question.params.get("message").and_then(Value::as_str).unwrap_or_default();
            let schema = question.params.get("requestedSchema").cloned().unwrap_or_else(|| json!({}));
            let arguments = [(TASK_ID, id.as_str()), ("question", key), ("answer", "<the answer>")];
            let arguments: Map<_, _> =
                arguments.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
            let call = Value::from(arguments.clone());
            words.push(format!(
                "The server asks the user: {message}\nAsk them, and call `{CONTINUE}` with {call}, where `answer` fits this JSON \
                 schema: {schema}. If they decline, give \"decline\":true in place of `answer`.",
            ));
            next.push(NextCall {
                tool: CONTINUE.to_owned(),
                arguments,
                purpose: "answer a question of the server".to_owned(),
                schemas: Map::from_iter([("answer".to_owned(), schema)]),
            });
        }
        Asks { words: words.join("\n"), next }
    }

    /// `_meta` of every answer about it.
    pub(super) fn meta(&self, rq: RequestCx<'_>) -> Result<Map<String, Value>, RpcError> {
        let mut meta = Map::new();
        meta.extend(rq.shown(&self.task)?.map(|shown| (VARIABLES.to_owned(), shown.into())));
        meta.insert(WORKFLOW.to_owned(), self.object());
        Ok(meta)
    }

    fn object(&self) -> Value {
        let asks = (self.task.status() == TaskStatus::InputRequired).then(|| self.questions());
        let mut object = self.view(asks.as_ref()).object(IN_META);
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
