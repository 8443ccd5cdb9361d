//! `Deploy`: tools on both sides, a migration that may be skipped, and fields that are known one by one.

use pmcp_tasks::{
    prelude::*,
    workflow::{By, Mismatch, Start, Takes, plan},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::driver::{Driver, Went};

#[derive(Clone)]
struct Database(&'static str);

#[derive(Serialize, Deserialize, JsonSchema, Clone)]
struct Validated {
    image: String,
    migrate: bool,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct BuildReport {
    digest: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Approval {
    approved: bool,
}

/// Build an image.
#[task_tool(name = "build-image")]
async fn build_image(image: &str, #[arg(rename = "where")] region: Option<String>) -> Result<BuildReport, ToolError> {
    Ok(BuildReport { digest: format!("{image}{region:?}") })
}

#[task_tool]
async fn migrate(to: String, State(db): State<Database>) -> String {
    format!("{to} {}", db.0)
}

#[task_tool]
async fn approve_rollout(digest: String, note: Option<String>) -> Approval {
    Approval { approved: digest != note.unwrap_or_default() }
}

#[task_tool]
async fn roll_out(digest: String, region: String, approved: bool, log: Vec<String>) {
    drop((digest, region, approved, log));
}

#[derive(TaskVariables, Default)]
struct Progress {
    #[variable(client_writable)]
    dry_run: bool,
    stage: u8,
}

/// Roll a service out to a region.
#[derive(Deserialize, JsonSchema)]
struct Deploy {
    /// The service to roll out.
    service: String,
    region: Option<String>,
}

#[workflow(title = "Deploy", start = "tool", finish_on_cancel)]
impl Deploy {
    /// Check the configuration.
    ///
    /// # Errors
    /// Never.
    #[step(title = "Validation", hidden, timeout = "1m")]
    async fn validate(&self, task: TaskContext<Progress>) -> Result<Validated, ToolError> {
        task.variables().stage.set(1).await?;
        let recorded: u8 = task.step("look", async || Ok::<_, ToolError>(7)).await?;
        Ok(Validated { image: format!("{}:{}{recorded}", self.service, self.tag()), migrate: self.region.is_some() })
    }

    #[step(tool = build_image)]
    fn build(&self, validate: &Validated) -> BuildImageArgs {
        BuildImageArgs { image: validate.image.chars().rev().collect(), region: self.region.clone() }
    }

    /// Bring the database up to date.
    #[step(tool = migrate)]
    fn migrations(&self, validate: Validated) -> Option<MigrateArgs> {
        validate.migrate.then_some(MigrateArgs { to: validate.image })
    }

    /// Ask the user to approve, then call `approve_rollout` with the digest.
    #[step(client, tool = approve_rollout)]
    fn approve(&self, build: &BuildReport, #[variables] v: &Progress) -> Result<ApproveRolloutArgs, ToolError> {
        Ok(ApproveRolloutArgs { digest: build.digest.clone(), note: v.dry_run.then(|| "dry".into()) })
    }

    #[step(tool = roll_out)]
    fn roll_out(
        &self,
        build: &BuildReport,
        migrations: Option<&str>,
        approve: &Approval,
        State(db): State<Database>,
    ) -> RollOutArgs {
        RollOutArgs {
            digest: build.digest.clone(),
            region: self.region.clone().unwrap_or_else(|| db.0.into()),
            approved: approve.approved,
            log: vec![format!("{migrations:?}")],
        }
    }

    fn tag(&self) -> u8 {
        u8::try_from(self.service.len()).unwrap_or_default()
    }
}

async fn driver(arguments: Value) -> Driver<Database, Progress> {
    let mut driver = Driver::new(plan::<Deploy, _>(), Database("eu"), &arguments).await.expect("arguments");
    driver.tools.insert("build-image", json!({ "digest": "sha256:1f" }));
    driver.tools.insert("migrate", json!("41"));
    driver.tools.insert("approve_rollout", json!({ "approved": true }));
    driver
}

#[test]
fn the_definition_says_what_the_attributes_and_docs_say() {
    let plan = plan::<Deploy, Database>();
    let definition = plan.definition();
    assert_eq!((definition.name.as_str(), definition.title.as_deref()), ("deploy", Some("Deploy")));
    assert_eq!(definition.description.as_deref(), Some("Roll a service out to a region."));
    assert_eq!((definition.start, definition.finish_on_cancel, definition.ttl), (Some(Start::ToolOnly), true, None));
    assert_eq!(definition.arguments["properties"]["service"]["description"], "The service to roll out.");
    assert_eq!(definition.arguments["required"], json!(["service"]));
    let variables: Vec<&str> = definition.variables.iter().map(|field| field.name).collect();
    assert_eq!(variables, ["dry_run", "stage"]);
    let by: Vec<(&str, &By, bool)> =
        definition.steps.iter().map(|step| (step.name, &step.by, step.may_be_skipped)).collect();
    assert_eq!(
        by,
        [
            ("validate", &By::Server, false),
            ("build", &By::ServerTool("build-image".into()), false),
            ("migrations", &By::ServerTool("migrate".into()), true),
            ("approve", &By::ClientTool("approve_rollout".into()), false),
            ("roll_out", &By::ServerTool("roll_out".into()), false),
        ]
    );
    let [validate, _, migrations, approve, roll_out] = definition.steps.as_slice() else { panic!("five steps") };
    assert_eq!((validate.title, validate.guidance), (Some("Validation"), Some("Check the configuration.")));
    assert_eq!((validate.hidden, validate.timeout.map(|time| time.as_secs())), (true, Some(60)));
    assert_eq!(migrations.guidance, Some("Bring the database up to date."));
    assert_eq!(approve.takes, [Takes { step: "build", may_be_skipped: false }]);
    assert_eq!(roll_out.takes[1], Takes { step: "migrations", may_be_skipped: true });
    let tools = plan.tools();
    let names: Vec<&str> = tools.iter().map(|tool| tool.definition.name.as_str()).collect();
    assert_eq!(names, ["build-image", "migrate", "approve_rollout", "roll_out"]);
}

#[tokio::test]
async fn it_runs_from_the_first_step_to_the_last() {
    let mut run = driver(json!({ "service": "api", "region": "us" })).await;
    let went = run.finish().await;
    assert!(went.iter().all(|(_, went)| matches!(went, Went::Done(_))), "{went:?}");
    let expected = [
        ("build-image", json!({ "image": "73:ipa", "where": "us" })),
        ("migrate", json!({ "to": "api:37" })),
        ("approve_rollout", json!({ "digest": "sha256:1f" })),
        ("roll_out", json!({ "digest": "sha256:1f", "region": "us", "approved": true, "log": ["Some(\"41\")"] })),
    ];
    assert_eq!(run.calls, expected.map(|(tool, arguments)| (tool.to_owned(), arguments)));
    assert_eq!(run.test.variables().await.stage, 1);
    assert_eq!(run.test.steps().await["look"], 7);
}

#[tokio::test]
async fn without_arguments_a_step_is_skipped() {
    let mut run = driver(json!({ "service": "api" })).await;
    let went = run.finish().await;
    assert_eq!(went[2], ("migrations".to_owned(), Went::Skipped));
    let last = run.calls.last().unwrap();
    assert_eq!((&last.1["log"], &last.1["region"]), (&json!(["None"]), &json!("eu")));
}

#[tokio::test]
async fn fields_are_known_as_soon_as_what_they_name_is() {
    let mut run = driver(json!({ "service": "api", "region": "us" })).await;
    // The image needs the first step, the region nothing; by its name on the wire.
    assert_eq!(run.known("build"), (json!({ "where": "us" }), vec!["validate"]));
    assert_eq!(run.known("roll_out"), (json!({ "region": "us" }), vec!["build", "migrations", "approve"]));
    // A mapping that is taken as a whole tells nothing before.
    assert_eq!(run.known("migrations"), (json!({}), vec!["validate"]));
    run.step("validate").await;
    assert_eq!(run.known("build"), (json!({ "image": "73:ipa", "where": "us" }), vec![]));
    run.step("build").await;
    run.step("migrations").await;
    let (arguments, needs) = run.known("roll_out");
    assert_eq!(needs, ["approve"]);
    assert_eq!(arguments, json!({ "digest": "sha256:1f", "region": "us", "log": ["Some(\"41\")"] }));
    // Nothing is kept: the variables of now are those that count.
    run.variables.insert("dry_run".into(), true.into());
    assert_eq!(run.known("approve").0["note"], "dry");
    run.variables.insert("dry_run".into(), "yes".into());
    assert!(run.known("approve").0.as_str().unwrap().starts_with("Refused"));
}

#[tokio::test]
async fn a_result_of_another_type_is_a_mismatch_that_says_where() {
    let mut run = driver(json!({ "service": "api" })).await;
    run.step("validate").await;
    run.tools.insert("build-image", json!({ "digest": 7 }));
    let message = "`digest`: `7` is not a string".to_owned();
    assert_eq!(run.step("build").await, Went::Mismatch(Mismatch { step: "build", message: message.clone() }));
    // As one that another build recorded.
    run.outputs.insert("build", json!({ "digest": 7 }));
    assert_eq!(run.step("approve").await, Went::Mismatch(Mismatch { step: "build", message }));
    run.outputs.skip("build");
    let message = "it was skipped, and is needed".to_owned();
    assert_eq!(run.step("approve").await, Went::Mismatch(Mismatch { step: "build", message }));
}

#[tokio::test]
async fn an_early_step_is_not_ready() {
    let mut run = driver(json!({ "service": "api" })).await;
    assert_eq!(run.step("roll_out").await, Went::NotReady(vec!["build", "migrations", "approve"]));
    let error = Driver::<_, ()>::new(plan::<Deploy, _>(), Database("eu"), &json!({ "region": "us" })).await;
    assert_eq!(error.err().as_deref(), Some("argument `service` is missing"));
}

#[test]
fn functions_can_be_called_as_they_were_written() {
    let deploy = Deploy { service: "api".into(), region: None };
    let validated = Validated { image: "abc".into(), migrate: true };
    let arguments = deploy.build(&validated);
    assert_eq!((arguments.image.as_str(), arguments.region), ("cba", None));
    let report = BuildReport { digest: "d".into() };
    let variables = Progress { dry_run: true, stage: 0 };
    assert_eq!(deploy.approve(&report, &variables).unwrap().note.as_deref(), Some("dry"));
    let all = deploy.roll_out(&report, None, &Approval { approved: false }, State(Database("x")));
    assert_eq!((all.region.as_str(), all.log), ("x", vec!["None".to_owned()]));
}
