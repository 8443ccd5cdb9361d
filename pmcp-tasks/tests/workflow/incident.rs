//! `Incident`: a tool whose failure is skipped, a diagnosis by the client, a roll-back that is not always done.

use pmcp_tasks::{
    prelude::*,
    workflow::{By, Mismatch, OnError, completions, plan},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::driver::{Driver, Went};

#[derive(Clone)]
struct Deploys(Vec<&'static str>);

#[derive(FromRef, Clone)]
struct App {
    deploys: Deploys,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Metrics {
    errors: u32,
}

#[derive(Serialize, Deserialize, JsonSchema, Clone, PartialEq, Debug)]
struct Suspect {
    deploy: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Diagnosis {
    cause: String,
    roll_back: Option<String>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct RolledBack {
    deploy: String,
}

#[derive(Deserialize, JsonSchema, Clone, Copy, Debug)]
#[serde(rename_all = "lowercase")]
enum Severity {
    Low,
    High,
}

#[derive(TaskVariables, Default)]
struct Room {
    lines: Vec<String>,
}

#[task_tool(read_only)]
async fn collect_metrics(service: String) -> Result<Metrics, ToolError> {
    Ok(Metrics { errors: u32::try_from(service.len())? })
}

#[task_tool(destructive)]
async fn roll_back(deploy: String) -> std::io::Result<RolledBack> {
    Ok(RolledBack { deploy })
}

fn table(suspects: &[Suspect]) -> String {
    let rows: Vec<String> = suspects.iter().map(|suspect| format!("| {} |\n", suspect.deploy)).collect();
    rows.concat()
}

/// Find out what broke a service.
#[derive(Deserialize, JsonSchema)]
struct Incident {
    service: String,
    severity: Severity,
}

#[workflow(ttl = "2d", description = "Handle an incident.")]
impl Incident {
    #[step(tool = collect_metrics, on_error = "skip")]
    fn metrics(&self) -> CollectMetricsArgs {
        CollectMetricsArgs { service: self.service.clone() }
    }

    #[step]
    async fn suspects(
        &self,
        metrics: Option<&Metrics>,
        State(d): State<Deploys>,
    ) -> Result<Vec<Suspect>, std::num::ParseIntError> {
        let count = metrics.map_or(1, |metrics| metrics.errors as usize);
        Ok(d.0.iter().take(count).map(|deploy| Suspect { deploy: (*deploy).into() }).collect())
    }

    /// Say what caused it and whether to roll back. Ask the user before you choose `roll_back`.
    #[step(client, output = Diagnosis)]
    fn diagnose(&self, _metrics: Option<&Metrics>, suspects: &[Suspect]) -> String {
        format!("{:?}\n{}", self.severity, table(suspects))
    }

    #[step(tool = roll_back)]
    fn undo(&self, diagnose: &Diagnosis) -> Option<RollBackArgs> {
        diagnose.roll_back.clone().map(|deploy| RollBackArgs { deploy })
    }

    #[step(on_error = "fail")]
    async fn close(
        &self,
        diagnose: &Diagnosis,
        undo: Option<&RolledBack>,
        room: TaskContext<Room>,
    ) -> Result<String, ToolError> {
        room.variables().lines.push(diagnose.cause.clone()).await?;
        Ok(undo.map_or_else(|| "left".into(), |undo| undo.deploy.clone()))
    }
}

async fn driver(diagnosis: Value) -> Driver<App, Room> {
    let state = App { deploys: Deploys(vec!["a", "b", "c"]) };
    let arguments = json!({ "service": "api", "severity": "HIGH" });
    let mut driver = Driver::new(plan::<Incident, _>(), state, &arguments).await.expect("arguments");
    driver.tools.insert("collect_metrics", json!({ "errors": 2 }));
    driver.tools.insert("roll_back", json!({ "deploy": "b" }));
    driver.given.insert("diagnose", diagnosis);
    driver
}

#[tokio::test]
async fn the_client_gives_a_diagnosis_and_the_server_acts_on_it() {
    let mut run = driver(json!({ "cause": "a bad deploy", "roll_back": "b" })).await;
    let went = run.finish().await;
    assert_eq!(went[1].1, Went::Done(json!([{ "deploy": "a" }, { "deploy": "b" }])));
    assert_eq!(run.calls[1], ("diagnose".to_owned(), json!("High\n| a |\n| b |\n")));
    assert_eq!(run.calls[2], ("roll_back".to_owned(), json!({ "deploy": "b" })));
    assert_eq!(went.last().unwrap().1, Went::Done(json!("b")));
    assert_eq!(run.test.variables().await.lines, ["a bad deploy"]);
}

#[tokio::test]
async fn what_may_be_skipped_is_taken_as_nothing() {
    let mut run = driver(json!({ "cause": "the weather" })).await;
    run.outputs.skip("metrics");
    let went = run.finish().await;
    assert_eq!(went[0].1, Went::Done(json!([{ "deploy": "a" }])));
    assert_eq!((&went[2].1, &went[3].1), (&Went::Skipped, &Went::Done(json!("left"))));
}

#[tokio::test]
async fn a_wrong_result_of_the_client_is_refused_with_its_path() {
    let mut run = driver(json!({ "cause": 7 })).await;
    let went = run.finish().await;
    let message = "`cause`: `7` is not a string".to_owned();
    assert_eq!(went[2].1, Went::Mismatch(Mismatch { step: "diagnose", message }));
    let definition = run.plan.definition();
    let diagnose = &definition.steps[2];
    assert_eq!(diagnose.by, By::ClientOutput);
    let schema = diagnose.output_schema.as_ref().unwrap();
    assert_eq!((&schema["type"], &schema["required"]), (&json!("object"), &json!(["cause"])));
    // Equal values of another form are what they equal.
    assert!((diagnose.check)(&json!({ "cause": "x", "roll_back": null })).is_ok());
    assert!((diagnose.check)(&json!(["x", null])).is_err());
}

#[test]
fn the_definition_says_what_is_skipped_and_completed() {
    let plan = plan::<Incident, App>();
    let definition = plan.definition();
    assert_eq!(definition.description.as_deref(), Some("Handle an incident."));
    assert_eq!(definition.ttl.map(|ttl| ttl.as_secs()), Some(172_800));
    let on_error: Vec<OnError> = definition.steps.iter().map(|step| step.on_error).collect();
    assert_eq!(on_error, [OnError::Skip, OnError::Pause, OnError::Pause, OnError::Pause, OnError::Fail]);
    let skipped: Vec<bool> = definition.steps.iter().map(|step| step.may_be_skipped).collect();
    assert_eq!(skipped, [true, false, false, true, false]);
    assert_eq!(completions(&definition.arguments, "severity", "h"), ["high"]);
    assert_eq!(definition.variables[0].name, "lines");
}
