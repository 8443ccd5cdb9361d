//! A workflow whose plan takes its values from a variable, so that they change while a call is under way.

use futures_util::future::BoxFuture;
use pmcp_tasks::{
    TaskVariables,
    context::RunContext,
    router::TaskRouterBuilder,
    tool::ArgumentError,
    workflow::{By, Outputs, Resolved, Start, StepFailure, Workflow, WorkflowDefinition, WorkflowTool},
};
use serde_json::{Map, Value, json};

use super::deploy::step;
use crate::support::*;

/// Two steps of the client, `one` by a plain tool and `two` by one that runs as a task.
struct Planned;

impl Workflow<World> for Planned {
    fn definition() -> WorkflowDefinition {
        WorkflowDefinition {
            name: "planned".into(),
            start: Some(Start::Both),
            arguments: json!({ "type": "object" }),
            variables: Shared::fields(),
            steps: vec![
                step("one", By::ClientTool("plain".into()), &[]),
                step("two", By::ClientTool("required".into()), &[]),
            ],
            ..WorkflowDefinition::default()
        }
    }

    fn tools() -> Vec<WorkflowTool<World>> {
        vec![WorkflowTool::of::<Plain>(), WorkflowTool::of::<Required>()]
    }

    fn read(_: Map<String, Value>) -> Result<Self, ArgumentError> {
        Ok(Self)
    }

    fn resolve(&self, _: &World, _: usize, _: &Outputs, variables: &Map<String, Value>) -> Resolved {
        Resolved::Ready(json!({ "limit": variables.get("limit") }))
    }

    fn run<'a>(
        &'a self,
        _: &'a World,
        _: usize,
        _: &'a Outputs,
        _: &'a RunContext,
    ) -> BoxFuture<'a, Result<Value, StepFailure>> {
        Box::pin(async { Err(StepFailure::NotReady) })
    }
}

pub(crate) fn with_planned(router: TaskRouterBuilder<World>) -> TaskRouterBuilder<World> {
    router.workflow::<Planned>()
}
