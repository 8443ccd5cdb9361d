//! `#[prompt]`, `#[resource]` and `#[complete]`, with their documentation.

/// Makes suggestions for an argument of an async function.
///
/// Enums and flags need none: their types say what they may be. For other arguments of a prompt, and variables of a resource template, write
/// `#[complete(cities)]` before the parameter.
///
/// ```
/// use pmcp_tasks::{offer::Offers, prelude::*};
///
/// #[complete]
/// async fn cities(typed: &str, State(known): State<Vec<String>>) -> Vec<String> {
///     known.into_iter().filter(|city| city.starts_with(typed)).collect()
/// }
///
/// /// Plan a trip.
/// #[prompt]
/// async fn plan_trip(#[complete(cities)] city: String) -> String {
///     format!("Plan a trip to {city}.")
/// }
///
/// let known = vec!["Rome".to_owned(), "Riga".to_owned()];
/// let offers = Offers::builder().prompt_function::<plan_trip, _>(&known).build()?;
/// assert!(offers.has_completions());
/// # Ok::<(), pmcp_tasks::offer::OfferError>(())
/// ```
///
/// | parameter | what it is |
/// |---|---|
/// | `typed: &str`, `typed: String` | The text that the user has typed. |
/// | [`CompletionRequest`](crate::offer::CompletionRequest) | In place of it, everything that is asked, with the arguments that are settled. |
/// | [`ToolContext`](crate::ToolContext) | The request. Mark an alias with `#[context]`. |
/// | [`State<T>`](crate::State) | A part of the server's state. Mark an alias with `#[state]`. |
///
/// It returns a `Vec` of texts, a [`Completion`](crate::offer::Completion), or a `Result` of either; the first hundred are sent. `crate = ::path`
/// says where the runtime is, for crates that re-export it.
///
/// A function without the attribute completes nothing:
///
/// ```compile_fail
/// # use pmcp_tasks::prelude::*;
/// async fn cities(typed: &str) -> Vec<String> {
///     vec![typed.to_owned()]
/// }
///
/// #[prompt]
/// async fn plan_trip(#[complete(cities)] city: String) -> String {
///     format!("Plan a trip to {city}.")
/// }
/// ```
pub use pmcp_tasks_macros::complete;
/// Makes a prompt of an async function.
///
/// ```
/// use pmcp_tasks::{TaskRouter, TaskStore, call::{CallContext, Caller, Revision}, offer::Offers, prelude::*};
/// use schemars::JsonSchema;
/// use serde::Deserialize;
/// use serde_json::json;
///
/// #[derive(Deserialize, JsonSchema, Debug)]
/// #[serde(rename_all = "lowercase")]
/// enum Tone {
///     Kind,
///     Strict,
/// }
///
/// /// Review a file.
/// #[prompt(title = "Review")]
/// async fn review(
///     /// Path of the file.
///     path: &str,
///     #[arg(default = Tone::Kind)] tone: Tone,
///     lines: Option<u32>,
/// ) -> String {
///     format!("Review {path} ({tone:?}, {lines:?}).")
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let offers = Offers::builder().prompt_function::<review, _>(&()).build()?;
/// let router = TaskRouter::builder().build(TaskStore::memory())?;
/// let caller = CallContext::new(Revision::V2025, Caller::local());
///
/// let params = json!({ "name": "review", "arguments": { "path": "a.rs", "tone": "strict", "lines": "12" } });
/// let result = offers.handle(&router, "prompts/get", &params, &caller).await.answer()?;
/// assert_eq!(result["messages"][0]["content"]["text"], "Review a.rs (Strict, Some(12)).");
///
/// let params = json!({ "name": "review", "arguments": { "path": "a.rs", "lines": "a dozen" } });
/// let error = offers.handle(&router, "prompts/get", &params, &caller).await.answer().unwrap_err();
/// assert_eq!(error.message, "argument `lines`: `a dozen` is not a whole number");
/// # Ok(()) }
/// ```
///
/// A server offers it with `.prompt::<review>()`.
///
/// # Arguments
///
/// | argument | value | default |
/// |---|---|---|
/// | `name` | The prompt's name: 1 to 128 of `A-Z a-z 0-9 _ - .` | the function's |
/// | `title` | A name for people | none |
/// | `description` | What it is for | the doc comment, up to its first heading |
/// | `icons` | Its pictures, as those of [tools](macro@crate::task_tool#icons): `["icon.svg"]` | none |
/// | `scopes` | The scopes that a caller's token needs, all of them: `["notes:read"]`. Others are not told of the prompt, and it answers as one that there is not; the user of a local server needs none | everybody may get it |
/// | `meta` | Its `_meta` in lists, for applications: `json!({ "com.example/group": "files" })`, or an expression that is a `Map<String, Value>` of `serde_json` | none |
/// | `crate` | Where the runtime is, for crates that re-export it | `::pmcp_tasks`, or the name that the crate's own manifest has for it |
///
/// # Parameters
///
/// | parameter | what it is |
/// |---|---|
/// | `name: T` | An argument: `T` is `Deserialize + JsonSchema`. Clients send texts, which are read as the type asks: `12` as a number, `yes` as a flag, `a, b` as a list, an object as JSON. Its doc comment is its description. An `Option` may be left out. `&str`, `&[T]` and `&T` are stored owned and lent to the function. |
/// | `#[arg(default = …)]` | An argument with a default; also `rename = "…"` and `description = "…"`. |
/// | `#[complete(cities)]` | An argument that a function with [`#[complete]`](macro@crate::complete) completes. Enums and flags complete themselves. |
/// | `#[args] all: T` | All arguments: `T` is `Deserialize + JsonSchema`, and there are no others. |
/// | [`ToolContext`](crate::ToolContext) | The request, in which the user can be asked. Mark an alias with `#[context]`. |
/// | [`State<T>`](crate::State) | A part of the server's state. Mark an alias with `#[state]`. |
///
/// The function returns a text, which is one message of the user; a [`PromptMessage`](crate::offer::PromptMessage) or a `Vec` of them; a
/// [`PromptResult`](crate::offer::PromptResult); a [`Content`](crate::tool::Content); or a `Result` of any of these with an error that converts into
/// [`ToolError`](crate::ToolError).
///
/// # What is generated
///
/// The function, as it was, and an empty type with its name, which is what `.prompt::<review>()` takes: it implements
/// [`PromptFunction`](crate::offer::PromptFunction).
///
/// A prompt is no task:
///
/// ```compile_fail
/// # use pmcp_tasks::prelude::*;
/// #[prompt]
/// async fn review(task: TaskContext) -> String {
///     String::new()
/// }
/// ```
pub use pmcp_tasks_macros::prompt;
/// Makes a resource of an async function, or a template of resources.
///
/// ```
/// use pmcp_tasks::{TaskRouter, TaskStore, call::{CallContext, Caller, Revision}, offer::Offers, prelude::*};
/// use serde_json::json;
///
/// /// A row of a table.
/// #[resource(uri = "table://{table}/{row}", mime = "text/csv")]
/// async fn row(table: &str, row: u32) -> Result<String, ToolError> {
///     match (table, row) {
///         ("users", 1) => Ok("Ann,42".into()),
///         _ => Err(ToolError::not_found()),
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let offers = Offers::builder().resource_function::<row, _>(&()).build()?;
/// let router = TaskRouter::builder().build(TaskStore::memory())?;
/// let caller = CallContext::new(Revision::V2025, Caller::local());
///
/// let read = async |uri: &str| offers.handle(&router, "resources/read", &json!({ "uri": uri }), &caller).await.answer();
/// assert_eq!(read("table://users/1").await?["contents"][0]["text"], "Ann,42");
/// assert_eq!(read("table://users/2").await.unwrap_err().code, -32002);
/// assert!(read("table://users/one").await.unwrap_err().message.contains("`one` is not a whole number"));
/// # Ok(()) }
/// ```
///
/// A server offers it with `.resource::<row>()`.
///
/// # Arguments
///
/// | argument | value | default |
/// |---|---|---|
/// | `uri` | Its URI. A part in braces is a variable, which is not empty and has no `/`, and is taken by the parameter of its name (RFC 6570, level 1). Without variables it is one resource | has to be given |
/// | `name` | Its name for programs | the function's |
/// | `title` | A name for people | none |
/// | `description` | What it holds | the doc comment, up to its first heading |
/// | `mime` | The MIME type of its contents | none |
/// | `icons` | Its pictures, as those of [tools](macro@crate::task_tool#icons): `["icon.svg"]` | none |
/// | `audience` | For whom it is: `["user"]`, `["assistant"]` or both | it does not say |
/// | `priority` | How much it matters, from 0 (it can be left out) to 1 (it is needed): `0.8` | it does not say |
/// | `scopes` | The scopes that a caller's token needs, all of them: `["notes:read"]`. Others are not told of the resource, and it answers as one that there is not; the user of a local server needs none | everybody may read it |
/// | `meta` | Its `_meta`, in lists and beside its contents, for applications: `json!({ "com.example/group": "files" })`, or an expression that is a `Map<String, Value>` of `serde_json` | none |
/// | `crate` | Where the runtime is, for crates that re-export it | `::pmcp_tasks`, or the name that the crate's own manifest has for it |
///
/// # Parameters
///
/// | parameter | what it is |
/// |---|---|
/// | `name: T` | The variable of this name, or of `#[arg(rename = "…")]`, without its percent-encoding, read as an argument of a [prompt](macro@crate::prompt) is. A text may have slashes inside (`a%2Fb`). One that would lead out of a directory to which it is joined fits no template: with a part `..`, a slash, a backslash or a drive at its beginning, or a NUL. |
/// | `#[complete(cities)]` | A variable that a function with [`#[complete]`](macro@crate::complete) completes. Enums and flags complete themselves. |
/// | [`ToolContext`](crate::ToolContext) | The request, in which the user can be asked. Mark an alias with `#[context]`. |
/// | [`State<T>`](crate::State) | A part of the server's state. Mark an alias with `#[state]`. |
///
/// Variables and parameters are compared by the compiler, both ways. A URI whose variables do not fit their types names no resource; that
/// is the error of the client's revision, and its message says what does not fit. [`ToolError::not_found`](crate::ToolError::not_found) gives
/// the same error for what the function does not find.
///
/// The function returns a text, bytes, [`ResourceContents`](crate::offer::ResourceContents), or a `Result` of one of these.
///
/// # What is generated
///
/// The function, as it was, and an empty type with its name, which is what `.resource::<row>()` takes: it implements
/// [`ResourceFunction`](crate::offer::ResourceFunction).
///
/// A variable without a parameter does not compile:
///
/// ```compile_fail
/// # use pmcp_tasks::prelude::*;
/// #[resource(uri = "table://{table}/{row}")]
/// async fn row(table: &str) -> String {
///     table.to_owned()
/// }
/// ```
pub use pmcp_tasks_macros::resource;
