//! Workflows, as clients see them: begun by a prompt or by a tool of the same name, gone on with by calls of tools.
//!
//! A run is a task, and nothing beside it. What it has come to and what comes next is decided by the plan; here requests are read,
//! moves are written and answers worded.

mod begin;
mod bound;
mod complete;
mod going;
mod listed;
mod look;
mod moves;
mod standing;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

pub(super) use bound::{Binding, Bound};
pub(super) use listed::bindable;
use serde_json::{Map, Value};

use super::request::RequestCx;
use crate::{
    limits::Limits,
    offer::Prompt,
    protocol::RpcError,
    task::{OnCrash, Policy},
    tool::{Prepared, ToolDefinition, Work},
    workflow::{By, Flow, Start, go_on},
};

/// The workflows of a server.
#[derive(Debug, Default)]
pub(super) struct Flows {
    /// By name.
    all: HashMap<String, Registered>,
    /// Their names in the order of their registration.
    order: Vec<String>,
    /// The tools that begin runs, and the one that goes on with them.
    tools: Vec<ToolDefinition>,
    /// Names of the tools that are steps.
    steps: HashSet<String>,
}

/// A workflow as it was registered.
#[derive(Debug)]
pub(super) struct Registered {
    pub(super) flow: Arc<dyn Flow>,
    pub(super) work: Arc<Work>,
}

impl Flows {
    /// Adds a workflow.
    ///
    /// # Errors
    /// Its arguments have no form that clients take.
    pub(super) fn add(&mut self, flow: Arc<dyn Flow>, limits: &Limits) -> Result<Arc<Work>, String> {
        let definition = flow.definition();
        let policy = Policy {
            ttl: definition.ttl,
            // Each step has its own time; the run has all of its life.
            timeout: Some(limits.max_workflow_ttl),
            on_crash: OnCrash::Restart,
            ..Policy::default()
        };
        let of = flow.clone();
        let prepare = move |arguments: crate::tool::Arguments| {
            let (flow, steps) = (of.clone(), of.read(arguments.given)?);
            Ok(Prepared::parking(move |cx| go_on(flow, steps, cx)))
        };
        let (known, fields) = ((&*definition.name, &*definition.scopes), definition.variables.clone());
        let work = Arc::new(Work::of_workflow(known, policy, fields, Box::new(prepare)));
        self.steps.extend(definition.steps.iter().filter_map(|step| step.by.tool()).map(str::to_owned));
        if definition.ways() != Start::PromptOnly {
            self.tools.push(listed::start_tool(definition)?);
        }
        self.order.push(definition.name.clone());
        self.all.insert(definition.name.clone(), Registered { flow, work: work.clone() });
        Ok(work)
    }

    /// Adds the tool that goes on with runs, if there are workflows.
    pub(super) fn close(&mut self) {
        if !self.all.is_empty() {
            self.tools.push(listed::continue_tool());
        }
    }

    /// The tools that begin runs and go on with them.
    pub(super) fn tools(&self) -> &[ToolDefinition] {
        &self.tools
    }

    /// The workflow and the step of it in which the server calls this tool.
    pub(super) fn calls(&self, tool: &str) -> Option<(&str, &'static str)> {
        self.all().find_map(|flow| {
            let definition = flow.flow.definition();
            let step = definition.steps.iter().find(|step| matches!(&step.by, By::ServerTool(name) if name == tool))?;
            Some((definition.name.as_str(), step.name))
        })
    }

    /// Tells whether a tool is a step of a workflow.
    pub(super) fn has_step(&self, tool: &str) -> bool {
        self.steps.contains(tool)
    }

    pub(super) fn find(&self, name: &str) -> Option<&Registered> {
        self.all.get(name)
    }

    /// The workflows, in the order of their registration.
    pub(super) fn all(&self) -> impl Iterator<Item = &Registered> {
        self.order.iter().filter_map(|name| self.all.get(name))
    }

    /// The prompts that begin them.
    pub(super) fn prompts(&self) -> Vec<Prompt> {
        let definitions = self.all().map(|flow| flow.flow.definition());
        definitions.filter(|definition| definition.ways() != Start::ToolOnly).map(listed::prompt).collect()
    }

    /// Those that are begun by a prompt.
    pub(super) fn of_prompt(&self, name: &str) -> Option<&Registered> {
        self.find(name).filter(|flow| flow.flow.definition().ways() != Start::ToolOnly)
    }

    /// Tells whether the caller may use the workflow of this name, or what goes on with some.
    pub(super) fn permits(&self, rq: RequestCx<'_>, tool: &str) -> bool {
        let permits = |flow: &Registered| rq.engine.permits(&rq.cx.caller, &flow.work);
        self.find(tool).map_or_else(|| self.all().any(permits), permits)
    }

    /// The same of the tools that are listed to the caller.
    pub(super) fn shows(&self, rq: RequestCx<'_>, tool: &str) -> bool {
        let shows = |flow: &Registered| rq.engine.shows(&rq.cx.caller, &flow.work);
        self.find(tool).map_or_else(|| self.all().any(shows), shows)
    }

    /// Handles `prompts/get` of a workflow; `None` if it is of no workflow that the caller may use.
    pub(super) async fn prompt(&self, rq: RequestCx<'_>) -> Option<Result<Value, RpcError>> {
        let name = rq.params.get("name")?.as_str()?;
        let flow = self.of_prompt(name).filter(|_| self.permits(rq, name))?;
        Some(begin::by_prompt(rq, flow, self).await)
    }

    /// Tells whether this is a tool that begins a workflow, or goes on with one.
    pub(super) fn has_tool(&self, name: &str) -> bool {
        self.tools.iter().any(|tool| tool.name == name)
    }

    /// Handles a call of one of these tools.
    pub(super) async fn call(
        &self,
        rq: RequestCx<'_>,
        name: &str,
        arguments: &Map<String, Value>,
    ) -> Result<Value, RpcError> {
        match self.find(name) {
            Some(flow) => begin::by_tool(rq, flow, self, arguments).await,
            None => going::go_on_with(rq, self, arguments).await,
        }
    }
}
