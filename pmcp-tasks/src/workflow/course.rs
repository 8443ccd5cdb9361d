//! The course of a run: what is done, and what comes next. It decides, and does nothing.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use bytes::Bytes;
use serde_json::{Map, Value};

use super::{
    By, Flow, OnError, Outputs, Resolved, StepDefinition, Steps,
    recorded::{self, RecordedStep},
};
use crate::{
    error::ToolError,
    panics,
    protocol::bounds::{self, shortened},
    task::{Pause, Reason, WorkflowHead},
};

/// The course of a run.
pub(crate) struct Course {
    pub(crate) flow: Arc<dyn Flow>,
    pub(crate) steps: Arc<dyn Steps>,
    pub(crate) head: WorkflowHead,
    pub(crate) outputs: Arc<Outputs>,
    /// Bytes that the recorded results take.
    pub(crate) bytes: u64,
}

/// What comes next. The head says so, too.
pub(crate) enum Next {
    /// The server does this step, with these arguments if it is a tool's.
    Begin { step: usize, arguments: Value },
    /// The run waits, for the reason in its head.
    Wait,
    /// Every step is over.
    Complete,
    /// A step has failed which the run is not to outlive.
    Fail(String),
}

/// A result that was recorded cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("what is recorded of step `{step}` cannot be read")]
pub(crate) struct Unreadable {
    step: String,
    #[source]
    source: Option<serde_json::Error>,
}

/// How much of an error a client may see.
pub(crate) type Tell<'a> = &'a dyn Fn(ToolError) -> String;

impl Course {
    /// That of a run which has come so far.
    pub(crate) fn read<'a>(
        flow: Arc<dyn Flow>,
        steps: Arc<dyn Steps>,
        head: WorkflowHead,
        recorded: impl Fn(&str) -> Option<&'a Bytes>,
    ) -> Result<Self, Unreadable> {
        let (mut outputs, mut bytes) = (Outputs::new(), 0);
        for step in &head.done {
            let unreadable = |source| Unreadable { step: step.clone(), source };
            let record = recorded(&recorded::name(step)).ok_or_else(|| unreadable(None))?;
            let read: RecordedStep = serde_json::from_slice(record).map_err(|error| unreadable(Some(error)))?;
            bytes += record.len() as u64;
            outputs.insert(step, read.result);
        }
        for step in &head.skipped {
            outputs.skip(step);
        }
        Ok(Self { flow, steps, head, outputs: Arc::new(outputs), bytes })
    }

    /// The plan's declaration of a step.
    pub(crate) fn step(&self, step: usize) -> Option<&StepDefinition> {
        self.flow.definition().steps.get(step)
    }

    /// Notes the result of a step.
    pub(crate) fn done(&mut self, step: &str, result: Value, bytes: u64) {
        Arc::make_mut(&mut self.outputs).insert(step, result);
        self.head.done.push(step.to_owned());
        self.head.running = None;
        self.bytes += bytes;
    }

    /// Leaves a step out.
    pub(crate) fn skip(&mut self, step: &str) {
        Arc::make_mut(&mut self.outputs).skip(step);
        self.head.skipped.push(step.to_owned());
        self.head.running = None;
    }

    /// Has the run wait.
    pub(crate) fn wait(&mut self, step: &str, reason: Reason, message: Option<String>) -> Next {
        self.head.running = None;
        let message = message.map(|text| shortened(&text, bounds::ERROR));
        self.head.pause = Some(Pause { message, needs: Vec::new(), reason, step: step.to_owned() });
        Next::Wait
    }

    /// What becomes of the run when the server cannot do a step.
    pub(crate) fn failed(&mut self, step: &str, reason: Reason, message: String) -> Option<Next> {
        let on_error = self.flow.definition().steps.iter().find(|other| other.name == step).map(|step| step.on_error);
        match on_error.unwrap_or_default() {
            OnError::Pause => Some(self.wait(step, reason, Some(message))),
            OnError::Fail => Some(Next::Fail(shortened(&message, bounds::ERROR))),
            OnError::Skip => {
                self.skip(step);
                None
            }
        }
    }

    /// Decides what comes next. Steps run in the order in which they are written.
    pub(crate) fn next(&mut self, variables: &Map<String, Value>, tell: Tell<'_>) -> Next {
        (self.head.pause, self.head.running) = (None, None);
        let flow = self.flow.clone();
        for (n, step) in flow.definition().steps.iter().enumerate() {
            if self.outputs.has(step.name) {
                continue;
            }
            let next = match self.resolve(n, variables) {
                Resolved::Skipped => {
                    self.skip(step.name);
                    None
                }
                Resolved::Ready(arguments) if !step.by.is_client() => {
                    self.head.running = Some(step.name.to_owned());
                    Some(Next::Begin { step: n, arguments })
                }
                Resolved::Ready(_) => Some(self.wait(step.name, Reason::Client, None)),
                Resolved::Waiting { needs, .. } => {
                    self.wait(step.name, Reason::Unresolved, None);
                    if let Some(pause) = &mut self.head.pause {
                        pause.needs = needs.into_iter().map(str::to_owned).collect();
                    }
                    Some(Next::Wait)
                }
                Resolved::Mismatch(mismatch) => {
                    Some(self.wait(step.name, Reason::Mismatch, Some(mismatch.to_string())))
                }
                Resolved::Refused(error) if step.by.is_client() => {
                    Some(self.wait(step.name, Reason::Refused, Some(tell(error))))
                }
                Resolved::Refused(error) => self.failed(step.name, Reason::Refused, tell(error)),
            };
            if let Some(next) = next {
                return next;
            }
        }
        Next::Complete
    }

    /// The arguments of a step, as far as they are known. A mapping that panics has failed.
    pub(crate) fn resolve(&self, step: usize, variables: &Map<String, Value>) -> Resolved {
        let resolved = catch_unwind(AssertUnwindSafe(|| self.steps.resolve(step, &self.outputs, variables)));
        resolved.unwrap_or_else(|panic| {
            let (workflow, name) = (&self.flow.definition().name, self.step(step).map(|step| step.name));
            let text = panics::text(&*panic);
            crate::heard::error!(%workflow, step = name, panic = text, "the mapping of a step panicked");
            Resolved::Refused(ToolError::new("its arguments could not be made: the server failed unexpectedly"))
        })
    }

    /// A result as it is recorded, if it is what later steps take. The check is the user's type, and may panic.
    pub(crate) fn checked(&self, step: &StepDefinition, result: Value) -> Result<Value, String> {
        let checked = catch_unwind(AssertUnwindSafe(|| (step.check)(&result))).unwrap_or_else(|panic| {
            let text = panics::text(&*panic);
            crate::heard::error!(
                workflow = self.flow.definition().name,
                step = step.name,
                panic = text,
                "reading a result panicked"
            );
            Err("reading it failed unexpectedly".to_owned())
        });
        checked.map(|instead| instead.unwrap_or(result))
    }

    /// What the task says of it.
    pub(crate) fn message(&self) -> String {
        let label = |step: &str| label(self.flow.definition().position(step), self.flow.definition().steps.len(), step);
        match (&self.head.pause, &self.head.running) {
            (Some(pause), _) => {
                let (step, message) = (label(&pause.step), pause.message.as_deref().unwrap_or_default());
                match pause.reason {
                    Reason::Client => format!("Waiting for the client: {step}."),
                    Reason::Unresolved => format!("Waiting: {step}, needs {}.", pause.needs.join(", ")),
                    Reason::Refused => format!("Waiting: {step}, was refused: {message}"),
                    Reason::Failed | Reason::ToolFailed => format!("Waiting: {step}, has failed: {message}"),
                    Reason::Mismatch => format!("Waiting: {step}, does not fit: {message}"),
                    Reason::Interrupted => format!("Waiting: {step}, was interrupted when the server stopped."),
                    Reason::Limit => format!("Waiting: {step}, gave too much: {message}"),
                }
            }
            (None, Some(step)) => format!("The server is at {}.", label(step)),
            (None, None) => "Every step is over.".to_owned(),
        }
    }
}

/// A step for people: its place and its name.
pub(crate) fn label(step: Option<usize>, of: usize, name: &str) -> String {
    match step {
        Some(step) => format!("step {} of {of}, `{name}`", step + 1),
        None => format!("step `{name}`"),
    }
}

impl StepDefinition {
    /// The tool that the server calls for it.
    pub(crate) fn server_tool(&self) -> Option<&str> {
        match &self.by {
            By::ServerTool(name) => Some(name),
            By::Server | By::ClientTool(_) | By::ClientOutput => None,
        }
    }
}
