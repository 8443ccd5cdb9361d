//! The macros, with their documentation: here doctests can use what they generate.

mod offered;
mod workflow;

pub use offered::{complete, prompt, resource};
pub use workflow::{step, workflow};

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
/// | `icons` | Its pictures, see [below](#icons): `["icon.svg"]` | none |
/// | `support` | Whether calls become tasks: `"forbidden"` (an ordinary tool), `"optional"`, `"required"` | `"optional"` |
/// | `ttl` | How long a task exists if the client does not say; at most [`Limits::max_ttl`](crate::Limits::max_ttl) | the server's |
/// | `poll_interval` | The longest that clients are told to wait between looks; a young task is looked at more often, first after 25 ms | the server's |
/// | `inline` | How long a call is waited for before it is answered with its task, where the server decides (2026-07-28); `"0"`: not at all. Not with `support = "required"`, whose calls are tasks at once | the server's |
/// | `timeout` | How long one run may take; in a task, the waits for the client's answers do not count. Then it is cancelled | the server's |
/// | `on_crash` | `"fail"`, or `"restart"` to call the function again with what was recorded | `"fail"` |
/// | `fallback` | `"handle"`: a long call of a client that knows no tasks is answered with the task and how to go on; `"none"`: never | what [`task_fallback`](crate::router::TaskRouterBuilder::task_fallback) says |
/// | `widget` | The widget that shows its results: a struct with `#[widget]` of the crate `pmcp-apps` | none |
/// | `visibility` | In hosts that show widgets: `"model"` if only the model may call it, `"app"` if only the pages of widgets may. Clients that show no widgets are not told of a tool with `"app"` | both may |
/// | `scopes` | The scopes that a caller's token needs, all of them: `["files:write"]`. Callers without them are not told of the tool, and it answers as one that there is not, wherever they call it; the user of a local server needs none | everybody may call it |
/// | `read_only`, `destructive`, `idempotent`, `open_world` | The hints of MCP: the bare word, or `= false`; `read_only` and `destructive` exclude each other | the protocol's |
/// | `meta` | Its `_meta` in lists, for applications: `json!({ "com.example/group": "files" })`, or an expression that is a `Map<String, Value>` of `serde_json` | none |
/// | `args` | The name of the generated struct of arguments, where the module has an `AddArgs` of its own | the function's and `Args` |
/// | `crate` | Where the runtime is, for crates that re-export it | `::pmcp_tasks`, or the name that the crate's own manifest has for it |
///
/// A length of time is a number with `ms`, `s`, `m`, `h` or `d`: `"250ms"`, `"1h"`, or `"0"`.
///
/// # Icons
///
/// An icon is an address with `https:`, `http:` or `data:`, or a file of the crate: its path from the crate's `Cargo.toml`, as it stands
/// there when the crate is built. A file is a PNG, JPEG, SVG or WebP of at most 16 KiB, and is told with its bytes wherever the tool is
/// listed. `icon(…)` says more: `mime` (of an address that does not tell, or a file whose name does not), `sizes` in pixels or `"any"`, and
/// the `theme` it is drawn for, `"light"` or `"dark"`. Clients of 2025-06-18 and before know no icons, and are told of none.
///
/// ```
/// use pmcp_tasks::prelude::*;
/// use serde_json::json;
///
/// /// Draws a board.
/// #[task_tool(
///     icons = [
///         icon("https://example.com/board.png", sizes = ["48x48", "96x96"], theme = "light"),
///         icon("https://example.com/board-dark.png", sizes = ["48x48", "96x96"], theme = "dark"),
///     ],
///     meta = json!({ "com.example/group": "boards" })
/// )]
/// async fn draw() {}
///
/// let router = pmcp_tasks::TaskRouter::builder().tool::<draw>().build(pmcp_tasks::TaskStore::memory())?;
/// let tool = router.definitions().next().ok_or("no tool")?;
/// assert_eq!((tool.icons.len(), &tool.meta["com.example/group"]), (2, &json!("boards")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
