//! A plan with the state of its server: whoever drives it knows neither type.

use std::{fmt, sync::Arc};

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::{Outputs, Plan, PlannedRun, Resolved, StepFailure, WorkflowDefinition};
use crate::{context::RunContext, tool::ArgumentError};

/// A plan with its state.
pub(crate) trait Flow: fmt::Debug + Send + Sync {
    /// Returns what the workflow declares.
    fn definition(&self) -> &WorkflowDefinition;

    /// Reads the arguments of a run.
    fn read(&self, given: Map<String, Value>) -> Result<Arc<dyn Steps>, ArgumentError>;
}

/// The steps of a run with its arguments, and the state.
pub(crate) trait Steps: Send + Sync {
    /// The arguments of a step, as far as the results that are there give them.
    fn resolve(&self, step: usize, outputs: &Outputs, variables: &Map<String, Value>) -> Resolved;

    /// Runs a step of the server.
    fn run(
        self: Arc<Self>,
        step: usize,
        outputs: Arc<Outputs>,
        cx: RunContext,
    ) -> BoxFuture<'static, Result<Value, StepFailure>>;
}

/// Gives a plan its state.
pub(crate) fn bind<S: Clone + Send + Sync + 'static>(plan: Arc<dyn Plan<S>>, state: S) -> Arc<dyn Flow> {
    Arc::new(Bound { plan, state })
}

struct Bound<S> {
    plan: Arc<dyn Plan<S>>,
    state: S,
}

impl<S> fmt::Debug for Bound<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Flow").field(&self.plan.definition().name).finish()
    }
}

impl<S: Clone + Send + Sync + 'static> Flow for Bound<S> {
    fn definition(&self) -> &WorkflowDefinition {
        self.plan.definition()
    }

    fn read(&self, given: Map<String, Value>) -> Result<Arc<dyn Steps>, ArgumentError> {
        Ok(Arc::new(BoundSteps { run: self.plan.read(given)?, state: self.state.clone() }))
    }
}

struct BoundSteps<S> {
    run: Arc<dyn PlannedRun<S>>,
    state: S,
}

impl<S: Send + Sync + 'static> Steps for BoundSteps<S> {
    fn resolve(&self, step: usize, outputs: &Outputs, variables: &Map<String, Value>) -> Resolved {
        self.run.resolve(&self.state, step, outputs, variables)
    }

    fn run(
        self: Arc<Self>,
        step: usize,
        outputs: Arc<Outputs>,
        cx: RunContext,
    ) -> BoxFuture<'static, Result<Value, StepFailure>> {
        Box::pin(async move { self.run.run(&self.state, step, &outputs, &cx).await })
    }
}
