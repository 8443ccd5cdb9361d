//! The tools that clients without tasks go on with: status, result, cancellation, answers.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use serde_json::{Map, Value, json};

use super::{
    BuildError, Registered, TaskRouter,
    call::{CallParams, render},
    fallback::{self, TaskFallback, is_askable},
    store_failed,
    told::SUGGESTED_WAIT,
};
use crate::{
    call::{CallContext, Revision},
    execution::shutting_down,
    protocol::{RpcError, code},
    store::NotChanged,
    task::{Change, InputRequest, Outcome, Task, TaskStatus},
    tool::{Fallback, TaskSupport, ToolAnnotations, ToolDefinition, ToolResult},
};

/// The tools, and how they are set up.
#[derive(Debug)]
pub(super) struct Companions {
    pub(super) settings: TaskFallback,
    definitions: [ToolDefinition; 4],
}

/// What each of them does.
#[derive(Clone, Copy)]
pub(super) enum Companion {
    Status,
    Result,
    Cancel,
    Answer,
}

/// Why a companion cannot do what it is asked.
enum Refusal {
    /// The model can read about it and do better.
    Model(String),
    Rpc(RpcError),
}

impl From<RpcError> for Refusal {
    fn from(error: RpcError) -> Self {
        Self::Rpc(error)
    }
}

impl Companions {
    /// The companions; `None` if no tool needs them.
    pub(super) fn new(
        settings: Option<TaskFallback>,
        tools: &HashMap<String, Registered>,
    ) -> Result<Option<Self>, BuildError> {
        let is_declared = |tool: &Registered| {
            tool.definition.fallback == Fallback::Handle && tool.definition.support != TaskSupport::Forbidden
        };
        let settings = match settings {
            Some(settings) => settings,
            None => TaskFallback { every_tool: false, ..TaskFallback::default() },
        };
        let is_used = tools.values().any(|tool| is_declared(tool) || settings.covers(&tool.definition));
        if !is_used {
            return Ok(None);
        }
        let definitions = definitions(&settings);
        for (at, definition) in definitions.iter().enumerate() {
            let is_taken = definitions[..at].iter().any(|other| other.name == definition.name);
            if is_taken || tools.contains_key(&definition.name) {
                return Err(BuildError::CompanionTool(definition.name.clone()));
            }
        }
        Ok(Some(Self { settings, definitions }))
    }

    pub(super) fn definitions(&self) -> &[ToolDefinition] {
        &self.definitions
    }

    /// The companion of this name.
    pub(super) fn find(&self, name: &str) -> Option<Companion> {
        let TaskFallback { status_tool, result_tool, cancel_tool, answer_tool, .. } = &self.settings;
        let all = [
            (status_tool, Companion::Status),
            (result_tool, Companion::Result),
            (cancel_tool, Companion::Cancel),
            (answer_tool, Companion::Answer),
        ];
        all.into_iter().find(|(known, _)| *known == name).map(|(_, companion)| companion)
    }
}

fn definitions(settings: &TaskFallback) -> [ToolDefinition; 4] {
    let TaskFallback { status_tool, result_tool, cancel_tool, answer_tool, .. } = settings;
    let max = settings.max_wait.as_secs();
    let wait = json!({
        "type": "integer",
        "minimum": 0,
        "maximum": max,
        "description": format!("How many seconds to wait for the task to end or to ask. Default {}.", SUGGESTED_WAIT.min(max)),
    });
    let question = json!({ "type": "string", "description": "Which question, if the task asks several." });
    let answer = json!({
        "type": "object",
        "description": "The answer: an object that fits the schema given with the question.",
    });
    let action = json!({
        "type": "string",
        "enum": ["accept", "decline", "cancel"],
        "description": "`decline` if the user does not want to answer. Default `accept`, with `answer`.",
    });
    let reading = ToolAnnotations { read_only: Some(true), open_world: Some(false), ..ToolAnnotations::default() };
    let closed = ToolAnnotations { open_world: Some(false), ..ToolAnnotations::default() };
    [
        ToolDefinition {
            annotations: reading.clone(),
            ..companion(
                status_tool,
                "Waits for a task that another tool of this server started, and tells whether it is still running, needs an \
                 answer, or has ended. Use it when a tool answered with a task id instead of a result."
                    .into(),
                json!({ "wait_seconds": wait }),
            )
        },
        ToolDefinition {
            annotations: reading,
            ..companion(
                result_tool,
                format!("Gives the result of a task that has ended. Call `{status_tool}` before to wait for its end."),
                json!({}),
            )
        },
        ToolDefinition {
            annotations: ToolAnnotations { destructive: Some(true), idempotent: Some(true), ..closed.clone() },
            ..companion(cancel_tool, "Stops a running task for good. Its result is lost.".into(), json!({}))
        },
        ToolDefinition {
            annotations: closed,
            ..companion(
                answer_tool,
                format!(
                    "Answers the question a task waits with; `{status_tool}` tells the question. Answer what the user has \
                     said, and ask the user where you do not know."
                ),
                json!({ "question": question, "answer": answer, "action": action }),
            )
        },
    ]
}

fn companion(name: &str, description: String, more: Value) -> ToolDefinition {
    let id =
        json!({ "type": "string", "description": "The id of the task, from the result of the tool that started it." });
    let mut properties = Map::from_iter([("task_id".to_owned(), id)]);
    if let Value::Object(more) = more {
        properties.extend(more);
    }
    ToolDefinition {
        name: name.to_owned(),
        description: Some(description),
        input_schema: json!({ "type": "object", "properties": properties, "required": ["task_id"] }),
        ..ToolDefinition::default()
    }
}

impl TaskRouter {
    /// A call of a companion. What a model can mend is a result it can read.
    pub(super) async fn call_companion(
        &self,
        companion: Companion,
        call: &CallParams,
        names: &TaskFallback,
        cx: &CallContext,
    ) -> Result<Value, RpcError> {
        let answer = match self.companion_task(call, cx).await {
            Err(refusal) => Err(refusal),
            Ok(task) => match companion {
                Companion::Status => match self.status_of(task, call, names, cx).await {
                    Ok(Waited::Asks(task)) => return Ok(fallback::ask(&task)),
                    Ok(Waited::Is(task)) => self.told(&task, names, cx).map_err(Refusal::from),
                    Err(error) => Err(error.into()),
                },
                Companion::Result => match task.outcome() {
                    Some(outcome) => return self.result_of(&task, outcome.clone(), names, cx),
                    None => self.told(&task, names, cx).map_err(Refusal::from),
                },
                Companion::Cancel => self.cancelled_by_model(task, names, cx).await,
                Companion::Answer => self.answered_by_model(task, call, names, cx).await,
            },
        };
        match answer {
            Ok(result) => Ok(render(&result, cx.revision)),
            Err(Refusal::Model(text)) => Ok(render(&ToolResult::error(text), cx.revision)),
            Err(Refusal::Rpc(error)) => Err(error),
        }
    }

    async fn companion_task(&self, call: &CallParams, cx: &CallContext) -> Result<Task, Refusal> {
        let Some(id) = call.arguments.get("task_id").and_then(Value::as_str) else {
            return Err(Refusal::Model(
                "`task_id` is missing: give the id, as a string, from the tool result that first named the task. If there is \
                 none, ask the user for it."
                    .into(),
            ));
        };
        match self.find(id, cx).await {
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

    async fn status_of(
        &self,
        mut task: Task,
        call: &CallParams,
        names: &TaskFallback,
        cx: &CallContext,
    ) -> Result<Waited, RpcError> {
        let seconds = call.arguments.get("wait_seconds").and_then(Value::as_f64);
        let wait = seconds.map_or(Some(Duration::from_secs(SUGGESTED_WAIT)), |seconds| {
            Duration::try_from_secs_f64(seconds.max(0.0)).ok()
        });
        let wait = wait.unwrap_or(names.max_wait).min(names.max_wait);
        if cx.revision == Revision::V2026
            && let Some(state) = call.request_state.as_ref()
        {
            if fallback::asked(state) != Some(task.id()) {
                return Err(super::retry::wrong_state());
            }
            self.answer_open(&task, call.input_responses.as_ref()).await?;
        }
        if !task.status().is_terminal() {
            self.let_ask(&task.key, cx);
        }
        let mut deadline = self.runtime.store.clock().sleep(wait);
        let mut watch = self.runtime.store.watch(&task.key);
        loop {
            // Read after the watch began, so that an end in between is seen.
            task = self.find(&task.id().to_string(), cx).await?;
            match (task.status(), is_askable(&task, cx), cx.revision) {
                (TaskStatus::InputRequired, true, Revision::V2026) => return Ok(Waited::Asks(task)),
                (TaskStatus::InputRequired, false, _) => return Ok(Waited::Is(task)),
                (status, ..) if status.is_terminal() => return Ok(Waited::Is(task)),
                _ => {}
            }
            tokio::select! {
                biased;
                () = watch.changed() => {}
                () = self.runtime.expired(&task) => {}
                () = cx.cancellation.cancelled() => return Err(super::tasks::cancelled()),
                () = &mut deadline => return Ok(Waited::Is(task)),
                // Others that share the store go on with it.
                () = self.runtime.cancelling.cancelled(), if self.runtime.store.capabilities().shared => {
                    return Ok(Waited::Is(task));
                }
                () = self.runtime.stopped() => return Err(shutting_down()),
            }
        }
    }

    /// How the task ended, as a result a model can read.
    fn result_of(
        &self,
        task: &Task,
        outcome: Outcome,
        names: &TaskFallback,
        cx: &CallContext,
    ) -> Result<Value, RpcError> {
        match outcome {
            Outcome::Error(error) => {
                let tool = task.body.as_ref().map_or("the tool", |body| body.tool.as_str());
                let text = format!(
                    "`{tool}` (task {}) has failed: {}\nIt has no result and does not go on. What it had done by then may \
                     remain: tell the user, and start the work again only if the user wants that.",
                    task.id(),
                    error.message
                );
                Ok(render(&ToolResult::error(text), cx.revision))
            }
            Outcome::Cancelled => Ok(render(&self.told(task, names, cx)?, cx.revision)),
            outcome => super::tasks::outcome(outcome, cx.revision),
        }
    }

    async fn cancelled_by_model(
        &self,
        task: Task,
        names: &TaskFallback,
        cx: &CallContext,
    ) -> Result<ToolResult, Refusal> {
        let id = task.id();
        match self.runtime.change_read(task, Change::Finish(Outcome::Cancelled)).await {
            Ok(_) | Err(NotChanged::Ended(_)) => {
                // What is told needs the variables as they were left.
                let task = self.find(&id.to_string(), cx).await?;
                let is_cancelled = task.status() == TaskStatus::Cancelled;
                let first = if is_cancelled { "" } else { "It was not cancelled: it had ended before." };
                Ok(self.told_after(first, &task, names, cx)?)
            }
            Err(NotChanged::Missing | NotChanged::Lost) => Err(super::unknown_task().into()),
            Err(NotChanged::Store(error)) => Err(store_failed(&error).into()),
        }
    }

    async fn answered_by_model(
        &self,
        task: Task,
        call: &CallParams,
        names: &TaskFallback,
        cx: &CallContext,
    ) -> Result<ToolResult, Refusal> {
        let (key, answer) = match answer(&call.arguments, task.inputs()) {
            Ok(answer) => answer,
            Err(mistake) => {
                let told = self.told_after(&format!("Nothing was passed on: {mistake}"), &task, names, cx)?;
                return Ok(ToolResult { is_error: true, ..told });
            }
        };
        let declined = matches!(answer["action"].as_str(), Some("decline" | "cancel"));
        let what = if declined { "That the user does not answer" } else { "The answer" };
        self.answer_open(&task, Some(&json!({ key: answer }))).await?;
        let task = self.find(&task.id().to_string(), cx).await?;
        Ok(self.told_after(&format!("{what} was passed on to the task."), &task, names, cx)?)
    }
}

/// What waiting for a task came to.
enum Waited {
    /// The client is to be asked.
    Asks(Task),
    Is(Task),
}

/// The question that these arguments answer, and the result of its method that they stand for.
fn answer<'a>(
    arguments: &Map<String, Value>,
    inputs: &'a BTreeMap<String, InputRequest>,
) -> Result<(&'a str, Value), String> {
    let (key, request) = match arguments.get("question").and_then(Value::as_str) {
        Some(key) => inputs.get_key_value(key),
        None if inputs.len() > 1 => return Err("`question` is missing, and the task asks several.".into()),
        None => inputs.first_key_value(),
    }
    .ok_or(if inputs.is_empty() {
        "the task asks nothing now."
    } else {
        "the task does not ask this `question`."
    })?;
    match arguments.get("action").and_then(Value::as_str).unwrap_or("accept") {
        action @ ("decline" | "cancel") => return Ok((key, json!({ "action": action }))),
        "accept" => {}
        _ => return Err("`action` is not `accept`, `decline` or `cancel`.".into()),
    }
    let fields = match arguments.get("answer") {
        Some(Value::Object(fields)) => fields,
        Some(_) => return Err("`answer` is not an object.".into()),
        None => return Err("`answer` is missing.".into()),
    };
    let content = Value::Object(fields.clone());
    let Some(schema) = request.params.get("requestedSchema") else { return Ok((key, content)) };
    check(fields, schema)?;
    Ok((key, json!({ "action": "accept", "content": content })))
}

/// Whether an answer has the fields of a form, so that a model hears of a mistake while the question is still open.
fn check(answer: &Map<String, Value>, schema: &Value) -> Result<(), String> {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for name in required {
        if !answer.contains_key(name) {
            return Err(format!("the answer has no `{name}`."));
        }
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, value) in answer {
        let Some(property) = properties.and_then(|properties| properties.get(name)) else {
            return Err(format!("the question does not ask for `{name}`."));
        };
        let fits = match property.get("type").and_then(Value::as_str) {
            Some("string") => value.is_string(),
            Some("boolean") => value.is_boolean(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("number") => value.is_number(),
            Some("array") => value.is_array(),
            _ => true,
        };
        let is_choice = property.get("enum").and_then(Value::as_array).is_none_or(|choices| choices.contains(value));
        if !fits || !is_choice {
            return Err(format!("`{name}` in the answer is {value}, which does not fit its schema {property}."));
        }
    }
    Ok(())
}
