//! Going on with a run: step by step, each recorded in the write that says what follows.

use std::sync::Arc;

use serde_json::{Map, Value};
use tracing::Instrument as _;

use super::{
    Course, Flow, Next, Room, StepFailure, Steps, Subject, View,
    course::label,
    ended::completed,
    recorded::{Party, RecordedStep},
    value_of,
};
use crate::{
    context::RunContext,
    error::{Mistake, ToolError},
    run::{NotAccepted, Run, Share},
    store::backend::HolderChange,
    task::{Change, NotChanged, Outcome, Progress, Reason, Task, Writing},
    tool::{Along, Output, ToolResult},
    trace::{self, Doing},
};

/// Runs a workflow until it ends or waits.
pub(crate) async fn go_on(flow: Arc<dyn Flow>, steps: Arc<dyn Steps>, cx: RunContext) -> Result<Output, ToolError> {
    let run = cx.run();
    let Some(task) = run.seat().snapshot().await else { return Err(ToolError::cancelled()) };
    let Some(head) = task.head.workflow.clone() else {
        return Err(Mistake::new("the task is no run of a workflow").into());
    };
    let course = Course::read(flow, steps, head, |name| run.recorded(name));
    let course = course.map_err(|error| Mistake::caused("the run cannot go on", error))?;
    Going { run, course, task }.go().await
}

/// A run that goes on.
struct Going<'a> {
    run: &'a Arc<Run>,
    course: Course,
    /// The task when this began.
    task: Task,
}

/// Why the server has not done a step.
enum Undone {
    /// All of the run is cancelled.
    Cancelled,
    Failed(Reason, String),
}

impl Going<'_> {
    async fn go(mut self) -> Result<Output, ToolError> {
        // The step that the head says is begun; whoever is here begins it, or does after a crash.
        let (interrupted, before) = (self.interrupted(), self.course.head.clone());
        let mut recorded = None;
        let mut next = self.next().await?;
        if let (Some(name), Next::Begin { .. }) = (interrupted, &next) {
            self.course.wait(&name, Reason::Interrupted, None);
            self.write(None, HolderChange::Release).await?;
            return Ok(Output::Parked);
        }
        // What was left to whoever comes first, and is not to be done twice, is written before it is begun.
        let begins =
            |next: &Next| matches!(next, Next::Begin { step, .. } if before.since == 0 && self.must_not_repeat(*step));
        let is_said = (&before.running, &before.skipped) == (&self.course.head.running, &self.course.head.skipped);
        let mut is_written = is_said && !begins(&next);
        loop {
            let (step, arguments) = match next {
                Next::Begin { step, arguments } => (step, arguments),
                Next::Wait => {
                    self.write(recorded, HolderChange::Release).await?;
                    return Ok(Output::Parked);
                }
                Next::Complete => return Ok(self.ended(None, recorded)),
                Next::Fail(text) => return Ok(self.ended(Some(text), recorded)),
            };
            if !std::mem::take(&mut is_written) {
                self.write(recorded.take(), HolderChange::Keep).await?;
            }
            let Some(definition) = self.course.step(step) else { return Err(ToolError::cancelled()) };
            let (name, by) = (definition.name, definition.server_tool().map(str::to_owned));
            let done = match by {
                None => self.run_function(step).await,
                Some(tool) => self.call(step, &tool, arguments.clone()).await,
            };
            let done = done.and_then(|result| self.kept(step, arguments, result));
            next = match done {
                Ok((result, record)) => {
                    self.course.done(name, result, record.1.len() as u64);
                    recorded = Some(record);
                    self.next().await?
                }
                Err(Undone::Cancelled) => return Err(ToolError::cancelled()),
                Err(Undone::Failed(reason, message)) => match self.course.failed(name, reason, message) {
                    Some(next) => next,
                    None => self.next().await?,
                },
            };
        }
    }

    /// The step that an earlier run began and that must not be done twice unasked.
    fn interrupted(&self) -> Option<String> {
        let head = &self.course.head;
        let name = head.running.as_ref().filter(|_| head.since != 0 && head.since < self.run.seat().fence())?;
        let step = self.course.flow.definition().position(name)?;
        self.must_not_repeat(step).then(|| name.clone())
    }

    fn must_not_repeat(&self, step: usize) -> bool {
        let tool = self.course.step(step).and_then(|step| step.server_tool());
        tool.is_some_and(|tool| self.run.must_not_repeat(tool))
    }

    async fn next(&mut self) -> Result<Next, ToolError> {
        let variables = self.variables().await?;
        let run = self.run;
        Ok(self.course.next(&variables, &|error| run.failure(error)))
    }

    /// The variables, which only workflows that have some read.
    async fn variables(&self) -> Result<Map<String, Value>, ToolError> {
        if self.course.flow.definition().variables.is_empty() {
            return Ok(Map::new());
        }
        Ok(self.run.variables().await?.values)
    }

    /// The end of the run: its result, or the failure that it does not outlive.
    fn ended(&mut self, failure: Option<String>, step: Option<(String, bytes::Bytes)>) -> Output {
        let body = self.task.body.take();
        let subject = Subject {
            id: self.task.id(),
            expires: self.task.stored.expires,
            arguments: body.map(|body| body.arguments).unwrap_or_default(),
            has_ended: true,
            variables: Map::new(),
        };
        let outcome = match failure {
            Some(text) => Outcome::Result(ToolResult::error(text)),
            None => completed(&View { course: &self.course, subject: &subject, asks: None }, self.room()),
        };
        let changes = vec![Change::Workflow(Box::new(self.course.head.clone()))];
        Output::Ended(outcome, Along { changes, step })
    }

    fn room(&self) -> Room {
        Room::of(self.run.limits(), self.run.store())
    }

    fn share(&self, step: usize, name: &str) -> Share {
        let of = self.course.flow.definition().steps.len();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Share { part: label(Some(step), of, name), done: count(step), of: count(of) }
    }

    async fn run_function(&self, step: usize) -> Result<Value, Undone> {
        let Some(definition) = self.course.step(step) else { return Err(Undone::Cancelled) };
        let share = self.share(step, definition.name);
        let part = self.run.step(definition.name, self.course.head.retries, Some(share));
        let (steps, outputs, cx) =
            (self.course.steps.clone(), self.course.outputs.clone(), RunContext::new(part.clone()));
        let misfit = Arc::new(parking_lot::Mutex::new(None));
        let told = misfit.clone();
        let work = Box::pin(async move {
            match steps.run(step, outputs, cx).await {
                Ok(value) => Ok(value),
                Err(StepFailure::Failed(error)) => Err(error),
                Err(StepFailure::Mismatch(mismatch)) => {
                    *told.lock() = Some(mismatch.to_string());
                    Ok(Value::Null)
                }
                Err(StepFailure::NotReady) => {
                    *told.lock() = Some("what it takes is not there".to_owned());
                    Ok(Value::Null)
                }
            }
        });
        let span = trace::step(Doing::Step(definition.name), self.run.kept_trace());
        let outcome = part.contain(definition.timeout, work).instrument(span.clone()).await;
        trace::tell(&span, &outcome);
        drop(span);
        match misfit.lock().take() {
            Some(message) => Err(Undone::Failed(Reason::Mismatch, message)),
            None => self.result(outcome, Reason::Failed),
        }
    }

    async fn call(&self, step: usize, tool: &str, arguments: Value) -> Result<Value, Undone> {
        let Some(definition) = self.course.step(step) else { return Err(Undone::Cancelled) };
        let Value::Object(arguments) = arguments else {
            return Err(Undone::Failed(Reason::Refused, "its arguments are no object".to_owned()));
        };
        let call = match self.run.accept(tool, arguments) {
            Ok(call) => call,
            Err(NotAccepted::Panicked(text)) => return Err(Undone::Failed(Reason::Refused, text.to_owned())),
            Err(refused) => return Err(Undone::Failed(Reason::Refused, refused.to_string())),
        };
        let share = self.share(step, definition.name);
        let _busy = self.run.busy();
        let part = self.run.part(definition.name, self.course.head.retries, Some(share));
        let span = trace::step(Doing::Call(&call.tool, Some(definition.name)), self.run.kept_trace());
        let outcome = (call.begin)(part).instrument(span.clone()).await;
        trace::tell(&span, &outcome);
        self.result(outcome, Reason::ToolFailed)
    }

    fn result(&self, outcome: Outcome, reason: Reason) -> Result<Value, Undone> {
        match outcome {
            Outcome::Result(result) if result.is_error => {
                let text = result.first_text().unwrap_or("it failed").to_owned();
                Err(Undone::Failed(reason, text))
            }
            Outcome::Result(result) => Ok(value_of(&result)),
            Outcome::Raw(value) => Ok(value),
            Outcome::Error(error) => Err(Undone::Failed(reason, error.message)),
            Outcome::Cancelled if self.run.cancellation().is_cancelled() => Err(Undone::Cancelled),
            Outcome::Cancelled => Err(Undone::Failed(reason, "it was cancelled".to_owned())),
        }
    }

    /// A result as it is kept.
    fn kept(&self, step: usize, arguments: Value, result: Value) -> Result<(Value, (String, bytes::Bytes)), Undone> {
        let Some(definition) = self.course.step(step) else { return Err(Undone::Cancelled) };
        let checked = self.course.checked(definition, result);
        let result = checked.map_err(|message| Undone::Failed(Reason::Mismatch, message))?;
        let step = RecordedStep { arguments, at: self.run.now(), by: Party::Server, result };
        let unwritten = |error: serde_json::Error| Undone::Failed(Reason::Limit, error.to_string());
        let record = step.record(definition.name).map_err(unwritten)?;
        let taken = self.room().takes(record.1.len(), self.course.bytes);
        taken.map_err(|text| Undone::Failed(Reason::Limit, text))?;
        Ok((step.result, record))
    }

    /// Writes how far the run has come, with the result of the step that is over.
    async fn write(&mut self, recorded: Option<(String, bytes::Bytes)>, holder: HolderChange) -> Result<(), ToolError> {
        self.course.head.since = self.run.seat().fence();
        let text = self.course.message();
        let total = self.course.flow.definition().steps.len();
        let done = self.course.head.done.len() + self.course.head.skipped.len();
        #[expect(clippy::cast_precision_loss, reason = "a workflow has few steps")]
        let (done, total) = (done as f64, total as f64);
        let mut changes = vec![
            Change::Workflow(Box::new(self.course.head.clone())),
            Change::Message { text: text.clone(), is_progress: true },
        ];
        changes.extend(Progress::new(done, Some(total)).map(Change::Progress));
        let written = self.run.advance(&Writing { changes: &changes, step: recorded, holder }).await;
        match written {
            Ok(()) => {
                self.run.tell(done, total, &text);
                Ok(())
            }
            Err(NotChanged::Ended(_) | NotChanged::Missing | NotChanged::Lost) => Err(ToolError::cancelled()),
            Err(NotChanged::Store(error)) => Err(error.into()),
        }
    }
}
