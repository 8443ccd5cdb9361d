//! A workflow without its type: what an engine drives.

use std::{any::TypeId, fmt, marker::PhantomData, sync::Arc};

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::{Outputs, Resolved, StepFailure, WorkflowDefinition};
use crate::{
    context::RunContext,
    tool::{ArgumentError, Arguments, Prepared, Tool, ToolDefinition},
};

/// A workflow of a server whose state is `S`: the struct of its arguments. `#[workflow]` implements it.
///
/// Steps go by their place in [`WorkflowDefinition::steps`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a workflow of a server with the state `{S}`",
    label = "not a workflow here",
    note = "write `#[workflow]` above an `impl` of `{Self}`, and call `.state(…)` before `.workflow::<…>()` with a state that has every `State<T>` its steps and tools take"
)]
pub trait Workflow<S>: Sized + Send + Sync + 'static {
    /// Returns what the workflow declares.
    fn definition() -> WorkflowDefinition;

    /// The tools that its steps name, each as often as it is named.
    fn tools() -> Vec<WorkflowTool<S>>;

    /// Reads the arguments: texts as the fields' types ask, other values as they are.
    ///
    /// # Errors
    /// One does not fit, is missing or unknown; the message names it.
    fn read(given: Map<String, Value>) -> Result<Self, ArgumentError>;

    /// The arguments of a step, as far as the results that are there give them. The mapping of a tool or client step runs each time,
    /// with these values of the task's variables.
    fn resolve(&self, state: &S, step: usize, outputs: &Outputs, variables: &Map<String, Value>) -> Resolved;

    /// Runs a step of the server. The result is one that reads back as itself.
    fn run<'a>(
        &'a self,
        state: &'a S,
        step: usize,
        outputs: &'a Outputs,
        cx: &'a RunContext,
    ) -> BoxFuture<'a, Result<Value, StepFailure>>;
}

/// A tool that a step of a workflow names.
pub struct WorkflowTool<S> {
    /// The type that stands for it: a tool that several steps name, or the server itself, is one.
    pub id: TypeId,
    /// Its declaration.
    pub definition: ToolDefinition,
    /// Accepts or refuses the arguments of a call.
    pub prepare: fn(&S, Arguments) -> Result<Prepared, ArgumentError>,
}

impl<S> fmt::Debug for WorkflowTool<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WorkflowTool").field(&self.definition.name).finish()
    }
}

impl<S> WorkflowTool<S> {
    /// The tool of this type.
    #[must_use]
    pub fn of<T: Tool<S>>() -> Self {
        Self { id: TypeId::of::<T>(), definition: T::definition(), prepare: T::prepare }
    }
}

/// A workflow without its type.
pub trait Plan<S>: Send + Sync {
    /// Returns what the workflow declares.
    fn definition(&self) -> &WorkflowDefinition;

    /// The tools that its steps name.
    fn tools(&self) -> Vec<WorkflowTool<S>>;

    /// Reads the arguments of a run, see [`Workflow::read`].
    ///
    /// # Errors
    /// One does not fit, is missing or unknown; the message names it.
    fn read(&self, given: Map<String, Value>) -> Result<Arc<dyn PlannedRun<S>>, ArgumentError>;
}

/// The steps of a workflow with its arguments. It keeps nothing of a run: the same values give the same.
pub trait PlannedRun<S>: Send + Sync {
    /// The arguments of a step, see [`Workflow::resolve`].
    fn resolve(&self, state: &S, step: usize, outputs: &Outputs, variables: &Map<String, Value>) -> Resolved;

    /// Runs a step of the server, see [`Workflow::run`].
    fn run<'a>(
        &'a self,
        state: &'a S,
        step: usize,
        outputs: &'a Outputs,
        cx: &'a RunContext,
    ) -> BoxFuture<'a, Result<Value, StepFailure>>;
}

/// The plan of a workflow: `plan::<Deploy, App>()`, where `App` is the type of the server's state.
#[must_use]
pub fn plan<W: Workflow<S>, S>() -> Arc<dyn Plan<S>>
where
    S: Send + Sync + 'static,
{
    Arc::new(Typed { definition: W::definition(), workflow: PhantomData::<fn() -> W> })
}

struct Typed<W> {
    definition: WorkflowDefinition,
    workflow: PhantomData<fn() -> W>,
}

impl<S, W: Workflow<S>> Plan<S> for Typed<W> {
    fn definition(&self) -> &WorkflowDefinition {
        &self.definition
    }

    fn tools(&self) -> Vec<WorkflowTool<S>> {
        W::tools()
    }

    fn read(&self, given: Map<String, Value>) -> Result<Arc<dyn PlannedRun<S>>, ArgumentError> {
        Ok(Arc::new(Planned(W::read(given)?)))
    }
}

struct Planned<W>(W);

impl<S, W: Workflow<S>> PlannedRun<S> for Planned<W> {
    fn resolve(&self, state: &S, step: usize, outputs: &Outputs, variables: &Map<String, Value>) -> Resolved {
        self.0.resolve(state, step, outputs, variables)
    }

    fn run<'a>(
        &'a self,
        state: &'a S,
        step: usize,
        outputs: &'a Outputs,
        cx: &'a RunContext,
    ) -> BoxFuture<'a, Result<Value, StepFailure>> {
        self.0.run(state, step, outputs, cx)
    }
}
