//! A workflow as `#[workflow]` would make it, whose steps do what the test's closures say.

use futures_util::future::BoxFuture;
use pmcp_tasks::{
    ToolError, ToolResult,
    context::RunContext,
    router::TaskRouterBuilder,
    tool::ArgumentError,
    workflow::{
        By, Mismatch, OnError, Outputs, Resolved, StepDefinition, StepFailure, Takes, Workflow, WorkflowDefinition,
        WorkflowTool,
    },
};
use serde_json::{Map, Value, json};

use crate::support::*;

/// Rolls a service out: `validate` by the server, `build` by a tool of the server, `approve` and `notes` by the client,
/// `roll_out` by a tool of the server.
pub(crate) struct Deploy {
    service: String,
}

pub(crate) fn step(name: &'static str, by: By, takes: &[&'static str]) -> StepDefinition {
    StepDefinition {
        name,
        title: None,
        guidance: None,
        by,
        hidden: false,
        on_error: OnError::Pause,
        timeout: None,
        may_be_skipped: false,
        takes: takes.iter().map(|step| Takes { step, may_be_skipped: false }).collect(),
        output_schema: None,
        check: |_| Ok(None),
    }
}

pub(crate) fn is_text(value: &Value) -> Result<Option<Value>, String> {
    if value.is_string() { Ok(None) } else { Err("it is no text".to_owned()) }
}

impl Workflow<World> for Deploy {
    fn definition() -> WorkflowDefinition {
        WorkflowDefinition {
            name: "deploy".into(),
            description: Some("Roll a service out.".into()),
            arguments: json!({
                "type": "object",
                "properties": { "service": { "type": "string" }, "how": { "type": "string", "enum": ["fast", "slow"] } },
                "required": ["service"],
            }),
            steps: vec![
                step("validate", By::Server, &[]),
                step("build", By::ServerTool("restarting".into()), &["validate"]),
                StepDefinition {
                    guidance: Some("Ask the user to approve, then call the tool."),
                    check: is_text,
                    ..step("approve", By::ClientTool("plain".into()), &["build"])
                },
                StepDefinition {
                    guidance: Some("Write the notes."),
                    output_schema: Some(json!({ "type": "string" })),
                    check: trimmed,
                    may_be_skipped: true,
                    ..step("notes", By::ClientOutput, &["approve"])
                },
                step("roll_out", By::ServerTool("optional".into()), &["build", "approve"]),
            ],
            ..WorkflowDefinition::default()
        }
    }

    fn tools() -> Vec<WorkflowTool<World>> {
        vec![WorkflowTool::of::<Restarting>(), WorkflowTool::of::<Plain>(), WorkflowTool::of::<Optional>()]
    }

    fn read(given: Map<String, Value>) -> Result<Self, ArgumentError> {
        match given.get("service") {
            Some(Value::String(service)) => Ok(Self { service: service.clone() }),
            _ => Err(ArgumentError { message: "argument `service` is missing".into() }),
        }
    }

    fn resolve(&self, _: &World, step: usize, outputs: &Outputs, _: &Map<String, Value>) -> Resolved {
        let of = |name: &str| outputs.get(name).flatten().cloned();
        let needs = |name: &'static str| Resolved::Waiting { arguments: Map::new(), needs: vec![name] };
        match step {
            0 => Resolved::Ready(Value::Null),
            1 if self.service == "a missing result" => needs("validate"),
            1 if self.service == "refused" => Resolved::Refused(ToolError::new("no image is known")),
            1 if self.service == "of another build" => {
                Resolved::Mismatch(Mismatch { step: "validate", message: "it is no text".into() })
            }
            1 => match of("validate") {
                Some(value) => Resolved::Ready(json!({ "image": value })),
                None => needs("validate"),
            },
            2 => match of("build") {
                Some(value) => Resolved::Ready(json!({ "digest": value })),
                None => needs("build"),
            },
            3 if self.service == "no notes" => Resolved::Skipped,
            3 => match of("approve") {
                Some(value) => Resolved::Ready(value),
                None => needs("approve"),
            },
            _ => match of("approve") {
                Some(value) => Resolved::Ready(json!({ "approval": value })),
                None => needs("approve"),
            },
        }
    }

    fn run<'a>(
        &'a self,
        world: &'a World,
        _: usize,
        _: &'a Outputs,
        cx: &'a RunContext,
    ) -> BoxFuture<'a, Result<Value, StepFailure>> {
        Box::pin(async move {
            let result = world.run("validate", json!({ "service": self.service }), cx.clone()).await?;
            Ok(pmcp_tasks::workflow::value_of(&result))
        })
    }
}

/// A text without the space around it, as a type might read it.
fn trimmed(value: &Value) -> Result<Option<Value>, String> {
    is_text(value)?;
    Ok(value.as_str().map(|text| text.trim().into()))
}

pub(crate) fn with_deploy(router: TaskRouterBuilder<World>) -> TaskRouterBuilder<World> {
    router.workflow::<Deploy>()
}

/// Makes every step of the server log what it does, and give its name with what it got.
pub(crate) fn logs(server: &Server, log: &Log) {
    for tool in ["validate", "restarting", "optional", "plain"] {
        let log = log.clone();
        server.world.on(tool, move |arguments, _| {
            let given = Value::from(arguments.given);
            log.add(format!("{tool} {given}"));
            async move { Ok(ToolResult::text(format!("{tool} is done"))) }
        });
    }
}

/// Arguments of the prompt.
pub(crate) fn api() -> Value {
    json!({ "service": "api" })
}

impl Client {
    pub(crate) async fn prompt(&self, arguments: Value) -> Result<Value, pmcp_tasks::RpcError> {
        self.request("prompts/get", json!({ "name": "deploy", "arguments": arguments })).await
    }

    /// Calls `workflow_continue`.
    pub(crate) async fn go_on(&self, id: &str, mut arguments: Value) -> Value {
        arguments["_task_id"] = id.into();
        self.call("workflow_continue", arguments).await.unwrap()
    }
}

/// The object that tells how a run stands.
pub(crate) fn standing(result: &Value) -> &Value {
    &result["_meta"]["run.pmcp/workflow"]
}

pub(crate) fn run_id(result: &Value) -> String {
    standing(result)["taskId"].as_str().unwrap_or_else(|| panic!("no run: {result}")).to_owned()
}

/// The states of the steps.
pub(crate) fn states(result: &Value) -> Vec<String> {
    let steps = standing(result)["steps"].as_array().unwrap_or_else(|| panic!("no steps: {result}"));
    steps.iter().map(|step| step["state"].as_str().unwrap().to_owned()).collect()
}

/// The text of a prompt's result.
pub(crate) fn prompt_text(result: &Value) -> &str {
    assert_eq!(result["messages"].as_array().unwrap().len(), 1);
    assert_eq!(result["messages"][0]["role"], "user");
    result["messages"][0]["content"]["text"].as_str().unwrap()
}

/// All texts of a tool's result.
pub(crate) fn texts(result: &Value) -> String {
    let content = result["content"].as_array().unwrap();
    content.iter().map(|part| part["text"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
}
