//! Calls of tools that are steps of a run: bound to it by an argument, or by `_meta`. The tool runs as ever; what it gave is recorded, and
//! nothing about that can fail the call.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::{
    Flows,
    moves::{Mover, Wish},
    standing::{Standing, Trouble},
};
use crate::{
    engine::{Binder, Engine},
    error::StoreError,
    protocol::{Content, RpcError, ToolResult, meta},
    router::{request::RequestCx, tools::Tools},
    run::Origin,
    store::backend::TaskKey,
    task::{Outcome, Reason, StepOf, Task},
    workflow::{By, RecordedStep, Resolved, TASK_ID, WORKFLOW, look},
};

/// How a call belongs to a run.
pub(in crate::router) enum Bound {
    /// It does this open step of the run, which stood so before the call.
    Step { run: Box<Standing>, step: StepOf },
    /// It was made before, and this came of it.
    Again { result: Value, run: String },
    /// It names a run and is none of its open steps: why not.
    Beside(String),
}

/// Key of `_meta` that names the task a message belongs to (2025-11-25).
const RELATED: &str = "io.modelcontextprotocol/related-task";

/// The run that a call names.
#[derive(Debug)]
pub(in crate::router) struct Binding(String);

impl Flows {
    /// Takes out of a call which run it belongs to, if its tool is a step of a workflow.
    pub(in crate::router) fn binding(
        &self,
        rq: RequestCx<'_>,
        tool: &str,
        arguments: &mut Map<String, Value>,
    ) -> Option<Binding> {
        if !self.has_step(tool) {
            return None;
        }
        let given = arguments.remove(TASK_ID);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let of_meta = || {
            let meta = meta::of(rq.params)?;
            let related = meta.get(RELATED).and_then(|related| related.get("taskId"));
            related.or_else(|| meta.get(TASK_ID)).and_then(text)
        };
        given.as_ref().and_then(text).or_else(of_meta).map(Binding)
    }

    /// Finds out how the call belongs to the run, and gives it the arguments of the plan that it leaves out.
    pub(in crate::router) async fn bind(
        &self,
        rq: RequestCx<'_>,
        binding: &Binding,
        (tool, is_read_only): (&str, bool),
        arguments: &mut Map<String, Value>,
    ) -> Bound {
        let standing = match self.standing(rq, &binding.0).await {
            Ok(standing) => standing,
            Err(error) if error.code == RpcError::invalid_params("").code => {
                return Bound::Beside(format!(
                    "There is no run `{}` of a workflow: nothing was recorded.",
                    short(&binding.0)
                ));
            }
            Err(_) => return Bound::Beside(away(&binding.0)),
        };
        let open = open_step(&standing, tool).map(|step| {
            let position = standing.course.flow.definition().position(&step).unwrap_or_default();
            let planned = match standing.course.resolve(position, &standing.subject.variables) {
                Resolved::Ready(Value::Object(planned)) => planned,
                _ => Map::new(),
            };
            (step, planned)
        });
        let agrees = |known: &Map<String, Value>| {
            arguments.iter().all(|(name, value)| known.get(name).is_none_or(|known| known == value))
        };
        if !open.as_ref().is_some_and(|(_, planned)| agrees(planned)) && !is_read_only {
            // The same call as before, perhaps with less said.
            let repeats = |record: &RecordedStep| {
                let known = record.arguments.as_object();
                known.is_some_and(|known| arguments.iter().all(|(name, value)| known.get(name) == Some(value)))
            };
            if let Some((record, is_hidden)) = done_steps(&standing, tool).find(|(record, _)| repeats(record)) {
                let result = if is_hidden { Value::Null } else { record.result };
                return Bound::Again { result, run: standing.subject.id.to_string() };
            }
        }
        if let Some((step, planned)) = open {
            for (name, value) in planned {
                arguments.entry(name).or_insert(value);
            }
            let step = StepOf { run: standing.task.id().to_string(), step };
            return Bound::Step { run: Box::new(standing), step };
        }
        let note = if done_steps(&standing, tool).next().is_some() {
            "That step of the run is done already: this call was not recorded."
        } else if standing.task.status().is_terminal() {
            "The run has ended: this call was not recorded."
        } else {
            "It is not yet the turn of that step: this call was not recorded."
        };
        Bound::Beside(format!("{note} {}", looks(&standing.subject.id.to_string())))
    }

    /// The answer to a call that was made before.
    pub(in crate::router) fn again(rq: RequestCx<'_>, recorded: Value, run: &str) -> Value {
        let result = match recorded {
            Value::String(text) => ToolResult::text(text),
            Value::Null => ToolResult::default(),
            value => ToolResult::text(value.to_string()).with_structured(value),
        };
        let note =
            format!("This call was made before: its result is the recorded one, and nothing ran again. {}", looks(run));
        noted(rq.cx.revision.tool_result(&result), &note, None)
    }

    /// Records what a call gave, and adds to its answer what follows.
    pub(in crate::router) async fn recorded(
        &self,
        rq: RequestCx<'_>,
        bound: Bound,
        arguments: Map<String, Value>,
        result: Value,
    ) -> Value {
        let (run, step) = match bound {
            Bound::Again { result, run } => return Self::again(rq, result, &run),
            Bound::Beside(note) => return noted(result, &note, None),
            Bound::Step { run, step } => (*run, step),
        };
        if result.get("content").is_none() {
            // It became a task, or asks something: its end is yet to come.
            return result;
        }
        if result.get("isError") == Some(&Value::Bool(true)) {
            return noted(result, &still_open(&step), None);
        }
        let recorded = async {
            let value = match value(&run, &step.step, &result) {
                Ok(value) => value,
                Err(reason) => return Ok((misfit(&step, &reason), None)),
            };
            let wish = Wish::Did { step: step.step.clone(), arguments: arguments.into(), result: value };
            let by = Mover { engine: rq.engine, origin: &rq.origin() };
            let (standing, made) = self.make(by, run, &wish).await?;
            if let Err(not) = made {
                return Ok((format!("{}\n{}", not.0, standing.text()), Some(standing)));
            }
            let standing = if standing.is_running() { self.settled(rq, &standing.task.key).await? } else { standing };
            Ok::<_, RpcError>((format!("Recorded as step `{}`.\n{}", step.step, standing.text()), Some(standing)))
        };
        match recorded.await {
            Ok((note, standing)) => noted(result, &note, standing.as_ref().and_then(|standing| standing.meta(rq).ok())),
            Err(_) => noted(result, &away(&step.run), None),
        }
    }
}

#[async_trait]
impl Binder for Arc<Tools> {
    async fn record(
        &self,
        engine: &Arc<Engine>,
        task: &Task,
        step: &StepOf,
        origin: Origin,
        outcome: Outcome,
    ) -> Result<Outcome, StoreError> {
        let Outcome::Result(mut result) = outcome else { return Ok(outcome) };
        if result.is_error {
            result.content.push(Content::text(still_open(step)));
            return Ok(Outcome::Result(result));
        }
        let Ok(id) = step.run.parse() else { return Ok(Outcome::Result(result)) };
        let key = TaskKey { owner: task.key.owner, id };
        let arguments = task.body.as_ref().map(|body| body.arguments.clone()).unwrap_or_default();
        let value = crate::workflow::value_of(&result);
        let recorded = async {
            let standing = self.flows.standing_at(engine, &key).await?;
            let definition = standing.course.flow.definition();
            let declared = definition.steps.iter().find(|other| other.name == step.step);
            let checked = declared.map_or_else(|| Ok(value.clone()), |of| standing.course.checked(of, value.clone()));
            let value = match checked {
                Ok(value) => value,
                Err(reason) => return Ok(misfit(step, &reason)),
            };
            let wish = Wish::Did { step: step.step.clone(), arguments: arguments.into(), result: value };
            let (_, made) = self.flows.make(Mover { engine, origin: &origin }, standing, &wish).await?;
            Ok::<_, Trouble>(made.err().map_or_else(
                || format!("Recorded as step `{}`. To go on, call {}.", step.step, look(&step.run)),
                |not| format!("{} {}", not.0, looks(&step.run)),
            ))
        };
        let note = match recorded.await {
            Ok(note) => note,
            Err(Trouble::Away(error)) => return Err(error),
            Err(Trouble::Told(_)) => away(&step.run),
        };
        if let Some(Value::Object(structured)) = &mut result.structured {
            structured.insert("_workflow".to_owned(), json!({ "note": note, "next": [] }));
        }
        result.content.push(Content::text(note));
        Ok(Outcome::Result(result))
    }
}

/// The step that waits for this tool: for the client's call of it, or because the server's failed.
fn open_step(standing: &Standing, tool: &str) -> Option<String> {
    let pause = standing.course.head.pause.as_ref().filter(|_| !standing.task.status().is_terminal())?;
    let definition = standing.course.flow.definition();
    let step = definition.steps.get(definition.position(&pause.step)?)?;
    let is_open = match &step.by {
        By::ClientTool(name) => name == tool && matches!(pause.reason, Reason::Client | Reason::Limit),
        By::ServerTool(name) => name == tool && pause.reason != Reason::Unresolved,
        By::Server | By::ClientOutput => false,
    };
    is_open.then(|| pause.step.clone())
}

/// The steps that were done with this tool, the latest first, and whether each is hidden.
fn done_steps(standing: &Standing, tool: &str) -> impl Iterator<Item = (RecordedStep, bool)> {
    let definition = standing.course.flow.definition();
    standing.course.head.done.iter().rev().filter_map(move |name| {
        let step = definition.steps.get(definition.position(name)?)?;
        if step.by.tool() != Some(tool) {
            return None;
        }
        let record = standing.task.stored.steps.as_ref()?.get(&crate::workflow::recorded_name(name))?;
        Some((serde_json::from_slice(record).ok()?, step.hidden))
    })
}

/// The value of a result as the step takes it. Older revisions leave out structured content that is no object: then the text has it.
fn value(standing: &Standing, step: &str, result: &Value) -> Result<Value, String> {
    let definition = standing.course.flow.definition();
    let step = definition.steps.iter().find(|other| other.name == step).ok_or("there is no such step")?;
    let texts = || {
        let content = result.get("content").and_then(Value::as_array);
        let texts = content.into_iter().flatten().filter_map(|part| part.get("text").and_then(Value::as_str));
        texts.collect::<Vec<_>>().join("\n")
    };
    let value = match result.get("structuredContent") {
        Some(value) => value.clone(),
        None if result.get("content").and_then(Value::as_array).is_none_or(Vec::is_empty) => Value::Null,
        None => texts().into(),
    };
    let read = value.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    standing.course.checked(step, value).or_else(|reason| {
        let read = read.and_then(|value| standing.course.checked(step, value).ok());
        read.ok_or(reason)
    })
}

/// The answer with a note, in each part that a host may show alone.
fn noted(mut result: Value, note: &str, meta: Option<Map<String, Value>>) -> Value {
    if let Some(content) = result.get_mut("content").and_then(Value::as_array_mut) {
        content.push(json!({ "type": "text", "text": note }));
    }
    let next = meta.as_ref().and_then(|meta| meta.get(WORKFLOW)).and_then(|workflow| workflow.get("next")).cloned();
    if let Some(structured) = result.get_mut("structuredContent").and_then(Value::as_object_mut) {
        structured.insert("_workflow".to_owned(), json!({ "note": note, "next": next.unwrap_or_else(|| json!([])) }));
    }
    for (key, value) in meta.into_iter().flatten() {
        meta::insert(&mut result, &key, value);
    }
    result
}

fn away(id: &str) -> String {
    format!("It is not known whether this call was recorded: call {}.", look(&short(id)))
}

/// Words about a call that has failed, so that its step is to be done yet.
fn still_open(StepOf { run, step }: &StepOf) -> String {
    format!("Step `{step}` is still open: call this tool again with the same `{TASK_ID}`. {}", looks(run))
}

fn misfit(StepOf { run, step }: &StepOf, reason: &str) -> String {
    let reason = reason.trim_end_matches('.');
    format!("The result does not fit step `{step}`, which stays open: {reason}. {}", looks(run))
}

/// Words that lead back to the run.
fn looks(run: &str) -> String {
    format!("To see how the run stands and what is next, call {}.", look(run))
}

fn short(id: &str) -> String {
    crate::protocol::bounds::shortened(id, 80)
}
