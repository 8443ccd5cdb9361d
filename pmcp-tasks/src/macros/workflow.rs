//! The macros of workflows.

/// Marks a function as a step of a [`workflow`](macro@workflow).
///
/// On a function that is in no workflow it is an error.
pub use pmcp_tasks_macros::step;
/// Makes a workflow of the struct of its arguments: a plan whose steps the server runs as far as it can, and then hands over.
///
/// It stands on an inherent `impl` of a struct that derives `Deserialize` and `JsonSchema` (of schemars 1): its fields are
/// the arguments of the prompt. Functions marked `#[step]` are the steps, which run in the order in which they are written;
/// others pass through. A parameter named after an earlier step is its result.
///
/// ```
/// use pmcp_tasks::{TaskRouter, TaskStore, call::{CallContext, Caller, Revision}, prelude::*};
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
/// use serde_json::json;
///
/// /// Build an image.
/// #[task_tool(idempotent)]
/// async fn build_image(image: String, region: String) -> BuildReport {
///     BuildReport { digest: format!("sha256:{}:{region}", image.len()) }
/// }
///
/// #[derive(Serialize, Deserialize, JsonSchema)]
/// struct BuildReport {
///     digest: String,
/// }
///
/// /// Roll images out.
/// #[task_tool]
/// async fn roll_out(digests: Vec<String>, canary: bool) -> String {
///     format!("{} images are out{}", digests.len(), if canary { ", for a few" } else { "" })
/// }
///
/// #[derive(Serialize, Deserialize, JsonSchema)]
/// struct Decision {
///     approved: bool,
/// }
///
/// /// Clients see them while a run goes on, and set those that are writable.
/// #[derive(TaskVariables, Default)]
/// struct Rollout {
///     #[variable(client_writable)]
///     canary: bool,
/// }
///
/// /// Roll a service out.
/// #[derive(Deserialize, JsonSchema)]
/// struct Deploy {
///     /// The service.
///     service: String,
///     /// Where to: names, with commas between them.
///     regions: Vec<String>,
/// }
///
/// #[workflow(ttl = "2d")]
/// impl Deploy {
///     /// Find the image.
///     #[step]
///     async fn image(&self) -> Result<String, ToolError> {
///         Ok(format!("{}:41", self.service))
///     }
///
///     /// Build it for each region.
///     #[step]
///     async fn build(&self, image: &str, task: TaskContext<Rollout>) -> Result<Vec<BuildReport>, ToolError> {
///         let mut reports = Vec::new();
///         for region in &self.regions {
///             let arguments = BuildImageArgs { image: image.to_owned(), region: region.clone() };
///             reports.push(task.call::<build_image>(region, arguments).await?);
///         }
///         Ok(reports)
///     }
///
///     /// Ask the user whether to roll it out.
///     #[step(client, output = Decision)]
///     fn approve(&self, build: &[BuildReport]) -> String {
///         format!("{} images of {}", build.len(), self.service)
///     }
///
///     /// Roll it out.
///     #[step(tool = roll_out)]
///     fn out(
///         &self,
///         build: &[BuildReport],
///         approve: &Decision,
///         #[variables] rollout: &Rollout,
///     ) -> Option<RollOutArgs> {
///         let digests = build.iter().map(|report| report.digest.clone()).collect();
///         approve.approved.then_some(RollOutArgs { digests, canary: rollout.canary })
///     }
///
///     /// Say what became of it.
///     #[step]
///     async fn report(&self, out: Option<&str>) -> String {
///         out.unwrap_or("nothing is out").to_owned()
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let router = TaskRouter::builder()
///     .tool::<build_image>() // called by a function alone, so that no step names it
///     .workflow::<Deploy>()
///     .build(TaskStore::memory())?;
/// let caller = CallContext::new(Revision::V2025, Caller::local());
/// let ask = async |method: &str, params| router.handle(method, &params, &caller).await.answer();
///
/// let given = json!({ "service": "api", "regions": "eu, us" });
/// let begun = ask("prompts/get", json!({ "name": "deploy", "arguments": given })).await?;
/// let run = &begun["_meta"]["run.pmcp/workflow"];
/// assert_eq!(run["steps"][2]["arguments"], "2 images of api");
/// assert_eq!(run["next"][0]["tool"], "workflow_continue");
///
/// let decision = json!({ "_task_id": run["taskId"], "step": "approve", "result": { "approved": true } });
/// let done = ask("tools/call", json!({ "name": "workflow_continue", "arguments": decision })).await?;
/// assert_eq!(done["_meta"]["run.pmcp/workflow"]["steps"][4]["result"], "2 images are out");
/// # Ok(()) }
/// ```
///
/// # Arguments
///
/// | argument | value | default |
/// |---|---|---|
/// | `name` | The name of the prompt, and of the tool that begins it: 1 to 128 of `A-Z a-z 0-9 _ - .` | the type's, in snake case |
/// | `title` | A name for people | none |
/// | `description` | What it does | the doc comment of the `impl`, else that of the type |
/// | `icons` | Pictures of its prompt and its tool, as those of [tools](macro@crate::task_tool#icons): `["icon.svg"]` | none |
/// | `ttl` | Lifetime of a run | the server's |
/// | `scopes` | The scopes that a caller's token needs, all of them: `["deploy"]`. Callers without them are told neither of the workflow nor of its runs, and both answer as what there is not; the user of a local server needs none. Tools that its steps call need their own | everybody may begin it |
/// | `start` | Ways it is begun: `"both"`, `"prompt"` or `"tool"` | `"both"`; it has to be written where no argument is required |
/// | `finish_on_cancel` | Cancelling a run in which only steps of the client remain completes it | `false` |
/// | `meta` | `_meta` of its prompt and its tool in lists, for applications: `json!({ "com.example/group": "releases" })`, or an expression that is a `Map<String, Value>` of `serde_json` | none |
/// | `crate` | Where the runtime is, for crates that re-export it | found in the manifest |
///
/// # Steps
///
/// The doc comment, up to its first heading, says what is to be done: a client is guided by it.
///
/// | attribute | function | result |
/// |---|---|---|
/// | `#[step]`: the server runs it | `async fn(&self, …)` to `T` or `Result<T, E>` | `T`, which serialises both ways |
/// | `#[step(tool = path)]`: the server calls the tool | `fn(&self, …)` to its arguments, or `Option`, `Result` or both of them | the tool's |
/// | `#[step(client, tool = path)]`: the client calls the tool | the same | the same |
/// | `#[step(client, output = Type)]`: the client gives a value | `fn(&self, …)` to what it is shown, or `Option`, `Result` or both of it | `Type`, which also derives `JsonSchema`: what it reads is recorded, without fields it does not know and with its defaults |
///
/// `None` in place of arguments skips the step, and steps that take its result know that it may be missing. So does `?` on an
/// `Option`: where what a client has given does not fit, return a `Result` with an error that says so instead. More keys:
///
/// | key | value | default |
/// |---|---|---|
/// | `title` | A name for people | none |
/// | `hidden` | The result never leaves the server | `false` |
/// | `on_error` | Of steps the server does, fate of the run if it fails: `"pause"` (it waits until somebody has it tried again), `"skip"` (the step) or `"fail"`: for errors that no other try mends, such as those of the arguments | `"pause"` |
/// | `timeout` | Time a step that the server runs may take | the server's |
///
/// # Parameters, after `&self`
///
/// | parameter | is |
/// |---|---|
/// | the name of an earlier step, with or without a leading `_` | its result: `&T`, `T`, `&str` or `&[T]`; `Option<&T>` exactly where that step may be skipped |
/// | `State<T>`, or an alias marked `#[state]` | a part of the server's state |
/// | `TaskContext<V>`, `ToolContext`, or an alias marked `#[context]` | the context, in steps that the server runs |
/// | `#[variables] v: &V` | the task's variables as just read, in the other steps |
///
/// All steps of a workflow have one type of variables. A mapping that is one struct literal, bare or in `Ok` or `Some`, is resolved
/// field by field: what needs no more than the results that are there is known, and shown, before the others are.
///
/// In a step of the server, `task.step` records what must not happen twice,
/// [`task.call::<tool>`](crate::CallTools::call) calls a tool of the server by its type, and
/// [`task.call_named`](crate::TaskContext::call_named) one that is known by its name alone. Each is recorded under its name, in the
/// step: after a crash the step runs again, and they do not.
///
/// # Arguments of prompts
///
/// They are texts, and are read as their fields' types ask. The tool of the same name takes values in JSON, or the same texts.
///
/// | type | text |
/// |---|---|
/// | a text, and what is written as one | as it is |
/// | a number | `3`, `0.5` |
/// | `bool` | `true`, `yes` or `on`; `false`, `no` or `off` |
/// | an enum without data | the name of a variant; clients are helped to complete it |
/// | `Option<T>` | as `T`; empty is `None` |
/// | a list | JSON, or values with commas between them |
/// | a struct | JSON |
///
/// What does not fit is refused with its name: "argument `replicas`: `three` is not a whole number". An enum derives what its struct
/// does, and its attributes of serde say how its variants are written:
///
/// ```
/// # use pmcp_tasks::prelude::*;
/// use schemars::JsonSchema;
/// use serde::Deserialize;
///
/// /// A way to travel: `train`, `night-bus`.
/// #[derive(Deserialize, JsonSchema)]
/// #[serde(rename_all = "kebab-case")]
/// enum Mode {
///     Train,
///     NightBus,
/// }
///
/// /// Plan a journey.
/// #[derive(Deserialize, JsonSchema)]
/// struct Journey {
///     /// The place to go to.
///     to: String,
///     /// The way to travel.
///     mode: Mode,
/// }
///
/// #[workflow]
/// impl Journey {
///     /// Find a connection.
///     #[step]
///     async fn found(&self) -> String {
///         let by = match self.mode {
///             Mode::Train => "by train",
///             Mode::NightBus => "by night",
///         };
///         format!("to {} {by}", self.to)
///     }
/// }
/// ```
///
/// # Registration, and what clients see
///
/// `.workflow::<Deploy>()` of a server, or of a [router](crate::router::TaskRouterBuilder::workflow), registers the workflow with the
/// tools that its steps name. Tools that only functions call are registered by `.tool::<…>()`: one that is not is an error of the
/// call, as the compiler does not know the server.
///
/// Clients see a prompt and a tool of the workflow's name, which begin a run; the tool `workflow_continue`, by which a run is gone on
/// with; and of a run the plan, which step is whose, every result that is not hidden, and the call that comes next. A run is a task.
/// The docs of the module `workflows` of the crate `pmcp-server` tell it from the client's side.
///
/// # What is generated
///
/// - The `impl`, as it was. Tests can call its functions.
/// - [`Workflow`](crate::workflow::Workflow) for the type, of which [`plan`](crate::workflow::plan) makes what an engine drives.
///
/// A name that is no earlier step's, and a type that is not its result's, are errors at that token:
///
/// ```compile_fail,E0277
/// # use pmcp_tasks::prelude::*;
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Deploy {}
///
/// #[workflow]
/// impl Deploy {
///     #[step]
///     async fn validate(&self) -> u8 {
///         1
///     }
///
///     #[step]
///     async fn report(&self, validate: &str) -> usize {
///         validate.len()
///     }
/// }
/// ```
pub use pmcp_tasks_macros::workflow;
