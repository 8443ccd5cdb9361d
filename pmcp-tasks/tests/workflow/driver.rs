//! A small engine: it resolves and runs each step in its turn, with scripted results of clients.

use std::{collections::HashMap, sync::Arc};

use pmcp_tasks::{
    context::{RunContext, TaskVariables},
    testing::TestContext,
    tool::{Arguments, Prepared},
    workflow::{By, Mismatch, OnError, Outputs, Plan, PlannedRun, Resolved, StepFailure},
};
use serde_json::{Map, Value};

/// A run of a workflow, on the task of a test.
pub(crate) struct Driver<S, V = ()> {
    pub(crate) plan: Arc<dyn Plan<S>>,
    pub(crate) run: Arc<dyn PlannedRun<S>>,
    pub(crate) state: S,
    pub(crate) outputs: Outputs,
    /// What the client gives, by step.
    pub(crate) given: HashMap<&'static str, Value>,
    /// The result of each tool, by name: what the server, or the client, would get of calling it.
    pub(crate) tools: HashMap<&'static str, Value>,
    pub(crate) test: TestContext<V>,
    /// What each tool was called with.
    pub(crate) calls: Vec<(String, Value)>,
    pub(crate) variables: Map<String, Value>,
}

/// What became of a step.
#[derive(Debug, PartialEq)]
pub(crate) enum Went {
    Done(Value),
    Skipped,
    Failed(String),
    Mismatch(Mismatch),
    NotReady(Vec<&'static str>),
}

pub(crate) fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

impl<S, V: TaskVariables> Driver<S, V> {
    pub(crate) async fn new(plan: Arc<dyn Plan<S>>, state: S, arguments: &Value) -> Result<Self, String> {
        let run = plan.read(object(arguments)).map_err(|error| error.message)?;
        let test = TestContext::new().await;
        Ok(Self {
            plan,
            run,
            state,
            outputs: Outputs::new(),
            given: HashMap::new(),
            tools: HashMap::new(),
            test,
            calls: Vec::new(),
            variables: Map::new(),
        })
    }

    pub(crate) fn resolve(&self, step: &str) -> Resolved {
        let at = self.plan.definition().position(step).unwrap_or(usize::MAX);
        self.run.resolve(&self.state, at, &self.outputs, &self.variables)
    }

    /// The arguments of a step, as far as they are known, and the steps they still need.
    pub(crate) fn known(&self, step: &str) -> (Value, Vec<&'static str>) {
        match self.resolve(step) {
            Resolved::Ready(value) => (value, Vec::new()),
            Resolved::Waiting { arguments, needs } => (arguments.into(), needs),
            other => (format!("{other:?}").into(), Vec::new()),
        }
    }

    /// Does one step, as its definition says.
    pub(crate) async fn step(&mut self, name: &str) -> Went {
        let plan = self.plan.clone();
        let definition = plan.definition();
        let at = definition.position(name).expect("a step of the workflow");
        let step = &definition.steps[at];
        let arguments = match self.resolve(name) {
            Resolved::Ready(arguments) => arguments,
            Resolved::Waiting { needs, .. } => return Went::NotReady(needs),
            Resolved::Skipped => {
                self.outputs.skip(name);
                return Went::Skipped;
            }
            Resolved::Refused(error) => return Went::Failed(error.to_string()),
            Resolved::Mismatch(mismatch) => return Went::Mismatch(mismatch),
            _ => return Went::Failed("unknown".into()),
        };
        let result = match &step.by {
            By::Server => {
                let cx: RunContext = self.test.run();
                match self.run.run(&self.state, at, &self.outputs, &cx).await {
                    Ok(value) => value,
                    Err(StepFailure::Failed(_)) if step.on_error == OnError::Skip => {
                        self.outputs.skip(name);
                        return Went::Skipped;
                    }
                    Err(StepFailure::Failed(error)) => return Went::Failed(error.to_string()),
                    Err(StepFailure::Mismatch(mismatch)) => return Went::Mismatch(mismatch),
                    Err(_) => return Went::NotReady(Vec::new()),
                }
            }
            By::ServerTool(tool) | By::ClientTool(tool) => {
                self.calls.push((tool.clone(), arguments.clone()));
                self.accept(tool, &arguments).expect("arguments that the tool takes");
                self.tools.get(tool.as_str()).cloned().unwrap_or_default()
            }
            By::ClientOutput => {
                self.calls.push((name.to_owned(), arguments));
                self.given.get(name).cloned().unwrap_or_default()
            }
        };
        let result = match (step.check)(&result) {
            Ok(instead) => instead.unwrap_or(result),
            Err(message) => return Went::Mismatch(Mismatch { step: step.name, message }),
        };
        self.outputs.insert(name, result.clone());
        Went::Done(result)
    }

    /// The call of a tool, if it takes these arguments.
    fn accept(&self, tool: &str, arguments: &Value) -> Result<Prepared, String> {
        let tools = self.plan.tools();
        let tool = tools.iter().find(|known| known.definition.name == tool).expect("a tool of the workflow");
        let arguments = Arguments { given: object(arguments), ..Arguments::default() };
        (tool.prepare)(&self.state, arguments).map_err(|error| error.message)
    }

    /// Does every step that is left.
    pub(crate) async fn finish(&mut self) -> Vec<(String, Went)> {
        let mut went = Vec::new();
        let steps: Vec<&'static str> = self.plan.definition().steps.iter().map(|step| step.name).collect();
        for step in steps.into_iter().filter(|step| !self.outputs.has(step)).collect::<Vec<_>>() {
            went.push((step.to_owned(), self.step(step).await));
        }
        went
    }
}
