//! Tools that are called by their types: what the compiler infers, what a crash leaves of it, and what clients see.

use std::io;

use pmcp_tasks::{TaskRouter, TaskStore, prelude::*, protocol::VARIABLES, store::StorageBackend};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    support::*,
    workflows::deploy::{run_id, standing, states},
};

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct BuildReport {
    digest: String,
}

#[derive(Default, TaskVariables)]
struct Built {
    layers: u32,
}

/// Is found by its name, which is not its function's.
#[task_tool(name = "image.build", on_crash = "restart")]
async fn build_image(
    region: String,
    State(log): State<Log>,
    task: TaskContext<Built>,
) -> Result<BuildReport, ToolError> {
    log.add(format!("begins {region}"));
    if region == "mars" {
        return Err(ToolError::new("nobody builds on Mars"));
    }
    task.variables().layers.set(3).await?;
    task.step("compile", async || log.effect(format!("compiles {region}"))).await?;
    Ok(BuildReport { digest: format!("s3cret of {region}") })
}

#[task_tool(read_only)]
async fn regions(State(log): State<Log>) -> Vec<String> {
    log.add("regions");
    vec!["eu".into(), "us".into()]
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Parcel {
    #[schemars(range(max = 100))]
    grams: u32,
}

#[task_tool(read_only)]
async fn weigh(#[args] parcel: &Parcel) -> io::Result<u64> {
    Ok(u64::from(parcel.grams) * 1000)
}

#[task_tool(read_only)]
async fn ping() {}

#[task_tool(read_only)]
async fn picture() -> Content {
    Content::image([1], "image/png")
}

#[derive(Form)]
struct Sure {
    sure: bool,
}

#[task_tool(on_crash = "restart")]
async fn confirm(region: String, cx: ToolContext) -> Result<bool, ToolError> {
    Ok(cx.elicit::<Sure>(format!("Build in {region}?")).await?.sure)
}

#[task_tool]
async fn unregistered() -> u8 {
    1
}

/// What functions get from calls, and what of it their types say.
#[task_tool(on_crash = "restart", inline = "0")]
async fn everything(task: TaskContext<Built>) -> Result<Vec<String>, ToolError> {
    let regions = task.call::<regions>("regions", RegionsArgs {}).await?;
    let report = task.call::<build_image>(&regions[0], BuildImageArgs { region: regions[0].clone() }).await?;
    let BuildReport { digest } = &report;
    let weight = task.call::<weigh>("weigh", Parcel { grams: 7 }).await? + 1;
    let () = task.call::<ping>("ping", PingArgs {}).await?;
    let picture = task.call::<picture>("picture", PictureArgs {}).await?;
    let is_image = picture == Content::image([1], "image/png");
    let is_sure = task.call::<confirm>("sure", ConfirmArgs { region: "eu".into() }).await?;
    let own = task.variables().layers.get().await?;
    Ok(vec![digest.clone(), weight.to_string(), is_image.to_string(), is_sure.to_string(), own.to_string()])
}

/// Gives the failure of a call.
#[task_tool(on_crash = "restart", inline = "0")]
async fn failing(what: String, task: TaskContext) -> Result<String, ToolError> {
    let error = match what.as_str() {
        "mars" => task.call::<build_image>("mars", BuildImageArgs { region: what }).await.unwrap_err(),
        "heavy" => task.call::<weigh>("weigh", Parcel { grams: 101 }).await.unwrap_err(),
        _ => task.call::<unregistered>("unregistered", UnregisteredArgs {}).await.unwrap_err(),
    };
    Ok(error.to_string())
}

/// Release an image everywhere.
#[derive(Deserialize, JsonSchema)]
struct Release {
    /// The version.
    version: String,
}

#[workflow]
impl Release {
    #[step(hidden)]
    async fn build(&self, task: TaskContext) -> Result<Vec<BuildReport>, ToolError> {
        let mut reports = Vec::new();
        for region in task.call::<regions>("regions", RegionsArgs {}).await? {
            reports.push(task.call::<build_image>(&region, BuildImageArgs { region: region.clone() }).await?);
        }
        Ok(reports)
    }

    #[step(client, output = bool)]
    fn approve(&self, build: &[BuildReport]) -> String {
        format!("{} images of {}", build.len(), self.version)
    }
}

fn server(cluster: &Cluster, backend: impl StorageBackend) -> Server {
    let router = TaskRouter::builder()
        .state(cluster.log.clone())
        .tool::<build_image>()
        .tool::<regions>()
        .tool::<weigh>()
        .tool::<ping>()
        .tool::<picture>()
        .tool::<confirm>()
        .tool::<everything>()
        .tool::<failing>()
        .workflow::<Release>()
        .lease(seconds(LEASE))
        .build(TaskStore::new(backend).with_clock(cluster.clock.clone()))
        .unwrap();
    Server { router, clock: cluster.clock.clone(), world: World::default() }
}

fn alone() -> (Cluster, Server) {
    let cluster = Cluster::new();
    let server = server(&cluster, Connection::to(&cluster.store));
    (cluster, server)
}

#[tokio::test]
async fn a_call_gives_what_the_function_returns() {
    let (cluster, server) = alone();
    let client = server.v2026("ann");
    let id = client.start("everything").await;
    let asks = client.until(&id, "input_required").await;
    assert_eq!(asks["inputRequests"]["sure/input-1"]["params"]["message"], "Build in eu?");
    assert_eq!(asks["_meta"][VARIABLES]["layers"], 0, "those of the tool are its own: {asks}");
    client.update(&id, json!({ "sure/input-1": accept(json!({ "sure": true })) })).await.unwrap();
    let done = client.until(&id, "completed").await;
    assert_eq!(done["result"]["structuredContent"], json!(["s3cret of eu", "7001", "true", "true", "0"]));
    assert_eq!(cluster.log.lines(), ["regions", "begins eu", "compiles eu"]);
}

#[tokio::test]
async fn a_call_that_fails_is_an_error_of_the_tool() {
    let (_cluster, server) = alone();
    let client = server.v2026("ann");
    for (what, said) in [
        ("mars", "nobody builds on Mars"),
        ("heavy", "`weigh` refuses its arguments: argument `grams`: "),
        ("other", "there is no tool `unregistered`"),
    ] {
        let created = client.call("failing", json!({ "what": what })).await.unwrap();
        let done = client.until(&id_of(&created), "completed").await;
        assert!(text_of(&done["result"]).starts_with(said), "{done}");
    }
}

/// A run whose process dies before or after this write, and that another goes on with: what was done, and how it stands.
async fn dies_at(write: usize, applied: bool) -> (Vec<String>, Value) {
    let cluster = Cluster::new();
    let backend = FaultyBackend::to(&cluster.store);
    let dying = server(&cluster, backend.clone());
    backend.die_at(write, applied);
    let release = json!({ "name": "release", "arguments": { "version": "1.2" } });
    let _begun = dying.v2025("ann").spawn("prompts/get", release.clone());
    eventually("the store dies", || backend.is_dead()).await;
    let other = server(&cluster, Connection::to(&cluster.store));
    other.router.keep_house();
    cluster.two_periods().await;
    settle().await;
    let reply = other.v2025("ann").ok("prompts/get", release).await;
    (cluster.log.lines(), reply)
}

#[tokio::test]
async fn a_process_that_dies_at_any_write_repeats_no_call_that_was_recorded() {
    // The run; `regions`; the variable of `eu`, what it compiles, and `eu`; the same of `us`; the step.
    for write in 1..=9 {
        for applied in [false, true] {
            let (lines, reply) = dies_at(write, applied).await;
            assert_eq!(states(&reply), ["done", "open"], "write {write}, {applied}: {reply}");
            assert_eq!(standing(&reply)["steps"][1]["arguments"], "2 images of 1.2");
            assert!(!reply.to_string().contains("s3cret"), "{reply}");
            let calls = ["regions", "compiles eu", "begins eu", "compiles us", "begins us"];
            let counts = calls.map(|what| lines.iter().filter(|line| *line == what).count());
            let mut expected = [1; 5];
            // A call that was not recorded is made again; of the steps inside it only what was not recorded.
            match (write, applied) {
                (2, false) => expected[0] = 2,
                (4, false) => expected[1..=2].fill(2),
                (3 | 4, _) | (5, false) => expected[2] = 2,
                (7, false) => expected[3..=4].fill(2),
                (6 | 7, _) | (8, false) => expected[4] = 2,
                _ => {}
            }
            assert_eq!(counts, expected, "write {write}, applied {applied}: {lines:?}");
        }
    }
}

#[tokio::test]
async fn results_of_calls_are_shown_nowhere() {
    let (_cluster, server) = alone();
    let client = server.v2025("ann");
    let release = json!({ "name": "release", "arguments": { "version": "1.2" } });
    let begun = client.ok("prompts/get", release).await;
    let id = run_id(&begun);
    let done = json!({ "_task_id": id, "step": "approve", "result": true });
    let said = [
        client.get(&id).await,
        client.call("workflow_continue", json!({ "_task_id": id, "show": "build" })).await.unwrap(),
        client.call("workflow_continue", done).await.unwrap(),
        client.result(&id).await.unwrap(),
    ];
    for said in said {
        assert!(!said.to_string().contains("s3cret") && !said.to_string().contains("compile"), "{said}");
    }
}

/// The program before an update, whose tool gave a text.
mod before {
    use super::*;

    #[task_tool(read_only)]
    async fn size() -> String {
        "large".to_owned()
    }

    #[task_tool(on_crash = "restart", inline = "0")]
    async fn measure(task: TaskContext, State(log): State<Log>) -> Result<u64, ToolError> {
        task.call::<size>("size", SizeArgs {}).await?;
        log.add("measured");
        std::future::pending().await
    }

    pub(super) fn router(log: Log) -> pmcp_tasks::router::TaskRouterBuilder<Log> {
        TaskRouter::builder().state(log).tool::<size>().tool::<measure>()
    }
}

/// The same after it, whose tool gives a number.
mod after {
    use super::*;

    #[task_tool(read_only)]
    async fn size() -> u64 {
        7
    }

    #[task_tool(on_crash = "restart", inline = "0")]
    async fn measure(task: TaskContext) -> Result<u64, ToolError> {
        task.call::<size>("size", SizeArgs {}).await
    }

    pub(super) fn router(log: Log) -> pmcp_tasks::router::TaskRouterBuilder<Log> {
        TaskRouter::builder().state(log).tool::<size>().tool::<measure>()
    }
}

#[tokio::test]
async fn a_result_that_an_earlier_program_recorded_is_checked_against_its_type() {
    let cluster = Cluster::new();
    let on = |router: pmcp_tasks::router::TaskRouterBuilder<Log>| {
        let store = TaskStore::new(Connection::to(&cluster.store)).with_clock(cluster.clock.clone());
        let router = router.lease(seconds(LEASE)).build(store).unwrap();
        Server { router, clock: cluster.clock.clone(), world: World::default() }
    };
    let id = on(before::router(cluster.log.clone())).v2026("ann").start("measure").await;
    eventually("it is recorded", || cluster.log.lines() == ["measured"]).await;
    let updated = on(after::router(cluster.log.clone()));
    updated.router.keep_house();
    cluster.two_periods().await;
    let done = updated.v2026("ann").until(&id, "completed").await;
    assert_eq!(done["result"]["isError"], true);
    let text = text_of(&done["result"]);
    let reason = "the text \"large\" is not a whole number from 0";
    assert_eq!(text, format!("the result of `size` is not of its type: {reason}"));
}
