//! The macros, with their documentation: here doctests can use what they generate.

/// Makes a type one that users can be asked for: with [`elicit`](crate::ToolContext::elicit), and by `#[ask]` parameters.
///
/// A struct is a form of its fields; an enum without data is a choice. What a client cannot be asked does not compile: a field is
/// a `String`, a `bool`, a number of at most 64 bits, such an enum, an `Option` of one, or a `Vec` of such an enum,
/// of which several can be chosen (2025-11-25 and later). Names, titles and bounds are shown as the client's version has them, and an
/// answer that does not fit them leaves the question open (elicitation, "Requested Schema").
///
/// | attribute | where | meaning |
/// |---|---|---|
/// | `#[form(title = "…")]` | field, variant | A name for people; of a variant else the first paragraph of its docs. |
/// | `#[form(description = "…")]` | field | Words beside it, else its docs up to the first heading. |
/// | `#[form(range = 1..=10)]` | number | The least and the greatest value; `1..` and `..=10` have one of them. |
/// | `#[form(length = 1..=80)]` | text, list | The least and the greatest number of characters, or of choices. |
/// | `#[form(format = "…")]` | text | `email`, `uri`, `date` or `date-time`. |
/// | `#[form(default = …)]` | field | The value that is there at first, and that of a field that is left out; `#[form(default)]` is that of its type. |
/// | `#[form(rename = "…")]` | field, variant | Its name in the form, else that in Rust. |
/// | `#[serde(rename = "…")]`, `#[serde(rename_all = "…")]`, `#[serde(default)]` on a field | where serde has them | The same, where `#[form]` does not say. Whatever else of serde or schemars would change a form, such as `skip` or `range`, is an error. |
/// | `#[form(crate = ::path)]` | type | Where the runtime is, for crates that re-export it. |
///
/// It implements [`Form`](trait@crate::Form); serde is not needed.
///
/// ```
/// use pmcp_tasks::prelude::*;
///
/// #[derive(Form)]
/// struct Order {
///     /// How many there are to be.
///     #[form(title = "Pieces", range = 1..=12, default = 1)]
///     pieces: u8,
///     #[form(format = "email")]
///     receipt: Option<String>,
///     size: Size,
/// }
///
/// #[derive(Form)]
/// #[serde(rename_all = "lowercase")]
/// enum Size {
///     /// It fits a hand.
///     Small,
///     Large,
/// }
///
/// #[task_tool]
/// async fn order(task: TaskContext) -> Result<String, ToolError> {
///     let Order { pieces, receipt, size } = task.elicit("What will it be?").await?;
///     # let _ = (receipt, size);
///     Ok(format!("{pieces} of them"))
/// }
///
/// let form = Order::requested_schema();
/// assert_eq!(form["properties"]["pieces"]["maximum"], 12);
/// assert_eq!(form["properties"]["size"]["oneOf"][0]["title"], "It fits a hand.");
/// assert_eq!(form["required"], serde_json::json!(["size"]));
/// ```
///
/// A form that is known only while the function runs, such as a choice among what it found, goes to
/// [`elicit_schema`](crate::ToolContext::elicit_schema). Forms are flat:
///
/// ```compile_fail,E0277
/// # use pmcp_tasks::prelude::*;
/// #[derive(Form)]
/// struct Order {
///     address: Address,
/// }
///
/// #[derive(Form)]
/// struct Address {
///     street: String,
/// }
/// ```
pub use pmcp_tasks_macros::Form;
/// Provides the fields of the server's state to functions, as [`State<T>`](crate::State) parameters.
///
/// Each field's type gets `FromRef<App>`, which clones the field. Two fields of one type are an error, since
/// `State<T>` could be either.
///
/// | attribute | where | meaning |
/// |---|---|---|
/// | `#[from_ref(skip)]` | field | Functions cannot take it. |
/// | `#[from_ref(crate = ::path)]` | struct | Where the runtime is, for crates that re-export it. |
///
/// ```
/// use pmcp_tasks::prelude::*;
///
/// #[derive(Clone)]
/// struct Database;
///
/// #[derive(FromRef, Clone)]
/// struct App {
///     db: Database,
///     #[from_ref(skip)]
///     replica: Database,
/// }
///
/// #[task_tool]
/// async fn count(State(db): State<Database>) -> u64 {
///     # let _: Database = db;
///     0
/// }
///
/// let app = App { db: Database, replica: Database };
/// let router = pmcp_tasks::TaskRouter::builder().state(app).tool::<count>();
/// ```
///
/// A part the state does not have is an error where the tool is registered:
///
/// ```compile_fail,E0277
/// # use pmcp_tasks::prelude::*;
/// #[derive(Clone)]
/// struct Database;
///
/// #[task_tool]
/// async fn count(State(db): State<Database>) -> u64 {
///     # let _: Database = db;
///     0
/// }
///
/// let router = pmcp_tasks::TaskRouter::builder().state("no database").tool::<count>();
/// ```
pub use pmcp_tasks_macros::FromRef;
/// Makes a struct the shared state of a task: the `V` of [`TaskContext<V>`](crate::TaskContext).
///
/// The struct has named fields, one for each variable, whose types implement `Serialize` and `Deserialize`, and it
/// implements `Default`: those are the values in a new task.
///
/// | attribute | where | meaning |
/// |---|---|---|
/// | `#[variable(hidden)]` | field | It never leaves the server. |
/// | `#[variable(client_writable)]` | field | The client may set it. |
/// | `#[variable(rename = "…")]` | field | Its name on the wire, else that of the field. |
/// | `#[serde(rename = "…")]`, `#[serde(rename_all = "…")]` | field, struct | The same, where `#[variable]` does not say. Whatever else of serde would change a field, such as `skip`, is an error. |
/// | `#[task_variables(crate = ::path)]` | struct | Where the runtime is, for crates that re-export it. |
///
/// # What is generated
///
/// For `ImportState`, the trait [`TaskVariables`](trait@crate::TaskVariables) and the struct `ImportStateVariables<'_>`,
/// which [`variables`](crate::TaskContext::variables) returns: a public [`Variable`](crate::context::Variable) for each
/// field, and two methods for all of them. `get()` reads them in one operation; `update(|state| …)` changes several in one
/// durable write.
///
/// ```
/// use pmcp_tasks::prelude::*;
///
/// #[derive(TaskVariables, Default)]
/// struct ImportState {
///     rows: u64,
///     rejected: Vec<String>,
///     #[variable(hidden)]
///     cursor: Option<String>,
///     #[variable(client_writable)]
///     dry_run: bool,
/// }
///
/// #[task_tool]
/// async fn import(task: TaskContext<ImportState>) -> Result<u64, ToolError> {
///     let variables = task.variables();
///     variables.rows.set(10).await?;
///     variables.rejected.push("row 3".into()).await?;
///     let state = variables
///         .update(|state| {
///             state.rows += 1;
///             state.cursor = Some("11".into());
///         })
///         .await?;
///     Ok(state.rows)
/// }
/// ```
///
/// An enum has no variables:
///
/// ```compile_fail
/// # use pmcp_tasks::prelude::*;
/// #[derive(TaskVariables, Default)]
/// enum ImportState {
///     #[default]
///     Started,
/// }
/// ```
pub use pmcp_tasks_macros::TaskVariables;
/// Marks a function as a step of a [`workflow`](macro@workflow).
///
/// On a function that is in no workflow it is an error.
pub use pmcp_tasks_macros::step;
/// Makes a tool of an async function.
///
/// ```
/// use pmcp_tasks::{TaskRouter, TaskStore, prelude::*};
///
/// /// Adds two numbers.
/// #[task_tool(support = "optional", ttl = "1h", read_only)]
/// async fn add(
///     /// The first one.
///     a: i64,
///     /// The second one.
///     #[arg(default = 1)]
///     b: i64,
/// ) -> i64 {
///     a + b
/// }
///
/// let router = TaskRouter::builder().tool::<add>().build(TaskStore::memory())?;
/// let tool = router.definitions().next().ok_or("no tool")?;
/// assert_eq!(tool.description.as_deref(), Some("Adds two numbers."));
/// assert_eq!(tool.input_schema["properties"]["b"]["default"], 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Arguments
///
/// | argument | value | default |
/// |---|---|---|
/// | `name` | The tool's name: 1 to 128 of `A-Z a-z 0-9 _ - .` | the function's |
/// | `title` | A name for people | none |
/// | `description` | What it does, for the model | the doc comment, up to its first heading |
/// | `support` | Whether calls become tasks: `"forbidden"` (an ordinary tool), `"optional"`, `"required"` | `"optional"` |
/// | `ttl` | How long a task exists if the client does not say; at most [`Limits::max_ttl`](crate::Limits::max_ttl) | the server's |
/// | `poll_interval` | The longest that clients are told to wait between looks; a young task is looked at more often, first after 25 ms | the server's |
/// | `inline` | How long a call is waited for before it is answered with its task, where the server decides (2026-07-28); `"0"`: not at all. Not with `support = "required"`, whose calls are tasks at once | the server's |
/// | `timeout` | How long one run may take; in a task, the waits for the client's answers do not count. Then it is cancelled | the server's |
/// | `on_crash` | `"fail"`, or `"restart"` to call the function again with what was recorded | `"fail"` |
/// | `fallback` | `"handle"`: a long call of a client that knows no tasks is answered with the task and how to go on; `"none"`: never | what [`task_fallback`](crate::router::TaskRouterBuilder::task_fallback) says |
/// | `read_only`, `destructive`, `idempotent`, `open_world` | The hints of MCP: the bare word, or `= false`; `read_only` and `destructive` exclude each other | the protocol's |
/// | `args` | The name of the generated struct of arguments, where the module has an `AddArgs` of its own | the function's and `Args` |
/// | `crate` | Where the runtime is, for crates that re-export it | `::pmcp_tasks`, or the name that the crate's own manifest has for it |
///
/// A length of time is a number with `ms`, `s`, `m`, `h` or `d`: `"250ms"`, `"1h"`, or `"0"`.
///
/// # Parameters
///
/// | parameter | what it is |
/// |---|---|
/// | `name: T` | An argument: `T` is `Serialize + Deserialize + JsonSchema` (of schemars 1; for types of other crates turn on their feature `serde` and that of schemars, such as `chrono04` or `uuid1`). Its doc comment is its description. An `Option` may be left out. `&str`, `&Path`, `&[T]` and `&T` are stored owned and lent to the function. |
/// | `#[arg(default = …)]` | An argument with a default, which the schema shows; `#[arg(default)]` is that of its type. Also `rename = "…"` and `description = "…"`. |
/// | `#[arg(header = "Region")]` | A string, integer or boolean that 2026-07-28 clients repeat in the HTTP header `Mcp-Param-Region`, for gateways to route by. |
/// | `#[ask("…")] name: T` | Asked of the client before the task exists, and not in the schema: `T` derives [`Form`], or is a field of one. |
/// | `#[args] all: T` | All arguments: `T` is `Deserialize + JsonSchema`, and there are no others. |
/// | [`TaskContext<V>`](crate::TaskContext), [`ToolContext`](crate::ToolContext) | The run. They are recognised by the last part of the path; mark an alias with `#[context]`. |
/// | [`State<T>`](crate::State) | A part of the server's state. Mark an alias with `#[state]`. |
///
/// Arguments, and answers to questions, are read by the schema that is listed:
///
/// - A value that fits as it is stays as it is. One that does not is taken as its equal of another form if the schema allows no
///   other reading, at every depth: `3.0` as 3 where an integer is meant, an array or object that came as JSON text where no
///   text is meant, null as left out where leaving it out is allowed. A `String` stays a string, a `Value` what was given;
///   3.5 and `"3"` are no integers.
/// - The bounds that it lists hold: `range`, `length`, `regex`, `email` and `url` of `#[schemars(…)]` on the fields of types (of
///   a parameter, take them as one `#[args]` type), the sizes of arrays and sets. A value beyond one is refused with the argument's name. A pattern is matched as `regex-lite` does, whose classes are those of
///   ASCII; one that it cannot match is an error when the server is built. What only a condition tells (`if`,
///   `dependentRequired`, `unevaluatedProperties`, `contains`) is left to the type.
///
/// The function returns any type that is `Serialize + JsonSchema`; or content: a [`Content`](crate::tool::Content), a `Vec` or
/// an `Option` of it, a [`ToolResult`](crate::ToolResult) or an `Option` of one; or a `Result` of any of these with an error
/// that converts into [`ToolError`](crate::ToolError), which are those that implement [`Error`](std::error::Error),
/// `Box<dyn Error + Send + Sync>`, `anyhow::Error`, and `ToolError` itself.
///
/// A tool is a free function: in an `impl` or a trait it is an error, and what methods would share is [`State`](crate::State).
///
/// What blocks the thread, be it for a second, belongs in [`tokio::task::spawn_blocking`]: on that thread run other tasks and
/// requests, too.
///
/// # What is generated
///
/// - The function, as it was. Tests can call it; a `testing::TestContext` is its task (feature `testing`).
/// - An empty type with the function's name, which is what `.tool::<add>()` takes. It implements
///   [`Tool`](crate::tool::Tool). A module beside the function must not have its name, and it cannot be named like a
///   primitive type.
/// - The struct `AddArgs` with a public field for each argument. It serialises to what the tool reads.
///
/// A type that cannot be an argument is one error, at that type:
///
/// ```compile_fail,E0277
/// # use pmcp_tasks::prelude::*;
/// struct Secret;
///
/// #[task_tool]
/// async fn reveal(secret: Secret) -> u32 {
///     0
/// }
/// ```
pub use pmcp_tasks_macros::task_tool;
/// Makes a workflow of the struct of its arguments: a plan whose steps the server runs as far as it can, and then hands over.
///
/// It stands on an inherent `impl` of a struct that derives `Deserialize` and `JsonSchema` (of schemars 1): its fields are
/// the arguments of the prompt. Functions marked `#[step]` are the steps, which run in the order in which they are written;
/// others pass through. A parameter named after an earlier step is its result.
///
/// ```
/// use pmcp_tasks::{prelude::*, workflow::{By, plan}};
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// /// Build an image.
/// #[task_tool]
/// async fn build_image(image: String) -> BuildReport {
///     BuildReport { digest: format!("sha256:{}", image.len()) }
/// }
///
/// #[derive(Serialize, Deserialize, JsonSchema)]
/// struct BuildReport {
///     digest: String,
/// }
///
/// #[derive(Serialize, Deserialize, JsonSchema)]
/// struct Decision {
///     approved: bool,
/// }
///
/// /// Roll a service out.
/// #[derive(Deserialize, JsonSchema)]
/// struct Deploy {
///     /// The service.
///     service: String,
/// }
///
/// #[workflow(ttl = "2d")]
/// impl Deploy {
///     /// Check the configuration.
///     #[step]
///     async fn validate(&self) -> Result<String, ToolError> {
///         Ok(format!("{}:41", self.service))
///     }
///
///     /// Build the image.
///     #[step(tool = build_image)]
///     fn build(&self, validate: &str) -> BuildImageArgs {
///         BuildImageArgs { image: validate.to_owned() }
///     }
///
///     /// Ask the user whether to roll it out.
///     #[step(client, output = Decision)]
///     fn approve(&self, build: &BuildReport) -> String {
///         build.digest.clone()
///     }
///
///     #[step]
///     async fn done(&self, approve: &Decision) -> bool {
///         approve.approved
///     }
/// }
///
/// let plan = plan::<Deploy, ()>();
/// let definition = plan.definition();
/// assert_eq!((definition.name.as_str(), definition.description.as_deref()), ("deploy", Some("Roll a service out.")));
/// assert_eq!(definition.steps[1].by, By::ServerTool("build_image".into()));
/// assert_eq!(definition.steps[2].guidance, Some("Ask the user whether to roll it out."));
/// ```
///
/// # Arguments
///
/// | argument | value | default |
/// |---|---|---|
/// | `name` | The name of the prompt, and of the tool that begins it: 1 to 128 of `A-Z a-z 0-9 _ - .` | the type's, in snake case |
/// | `title` | A name for people | none |
/// | `description` | What it does | the doc comment of the `impl`, else that of the type |
/// | `ttl` | Lifetime of a run | the server's |
/// | `start` | Ways it is begun: `"both"`, `"prompt"` or `"tool"` | `"both"` |
/// | `finish_on_cancel` | Cancelling a run in which only steps of the client remain completes it | `false` |
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
/// | `#[step(client, output = Type)]`: the client gives a value | `fn(&self, …)` to what it is shown, or `Option`, `Result` or both of it | `Type`, which also derives `JsonSchema` |
///
/// `None` in place of arguments skips the step. More keys:
///
/// | key | value | default |
/// |---|---|---|
/// | `title` | A name for people | none |
/// | `hidden` | The result never leaves the server | `false` |
/// | `on_error` | Of steps the server does, fate of the run if it fails: `"pause"`, `"skip"` (the step) or `"fail"` | `"pause"` |
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
/// All steps of a workflow have one type of variables.
///
/// A mapping that is one struct literal, bare or in `Ok` or `Some`, is resolved field by field: what needs no more than the
/// results that are there is known, and shown, before the others are.
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
