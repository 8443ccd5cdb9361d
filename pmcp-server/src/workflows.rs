//! Workflows: plans that the server runs as far as it can, and then hands over to whoever called it.
//!
//! A workflow is a struct of arguments with steps in an `impl`: the docs of
//! `#[workflow]` and [its module](mod@pmcp_tasks::workflow), in `pmcp-tasks`, have the grammar, and say how texts become arguments.
//! Some steps the server does; some the client does, with its model and its user. A run is a task: it is recorded step by step,
//! outlives the process, and waits for its client without holding anything.
//!
//! ```text
//!  client                          server                                        store
//!    | prompts/get, or a call of     |                                             |
//!    | the tool of the same name     |  begin: the run is created                  |
//!    |------------------------------>|-------------------------------------------->|
//!    |                               |  run: one step after the other,             |
//!    |                               |       one write each                        |
//!    |                               |-------------------------------------------->|
//!    |  hand over: plan, results,    |  the next step is the client's:             |
//!    |  the call that comes next     |  the run waits, and nobody holds it         |
//!    |<------------------------------|                                             |
//!    |  continue: call the step's    |                                             |
//!    |  tool, or workflow_continue   |  its result is recorded, and the            |
//!    |------------------------------>|  server runs on                             |
//!    |                               |-------------------------------------------->|
//!    |        ... until no step of the client is left ...                          |
//!    |  complete: every step's       |  the last step's result ends the task       |
//!    |  state and result             |-------------------------------------------->|
//!    |<------------------------------|                                             |
//! ```
//!
//! # Example
//!
//! The server finds what is out of stock, the client decides, and a tool of the server orders:
//!
//! ```
//! use pmcp_client::Client;
//! use pmcp_server::Server;
//! use pmcp_tasks::prelude::*;
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//! use serde_json::json;
//!
//! /// What the user decides.
//! #[derive(Serialize, Deserialize, JsonSchema)]
//! struct Decision {
//!     order: Vec<String>,
//! }
//!
//! /// Order items.
//! #[task_tool]
//! async fn order(items: Vec<String>) -> String {
//!     format!("ordered: {}", items.join(", "))
//! }
//!
//! /// Order what a warehouse has run out of.
//! #[derive(Deserialize, JsonSchema)]
//! struct Restock {
//!     /// The warehouse.
//!     warehouse: String,
//! }
//!
//! #[workflow]
//! impl Restock {
//!     /// Count the shelves.
//!     #[step]
//!     async fn missing(&self) -> Result<Vec<String>, ToolError> {
//!         match self.warehouse.as_str() {
//!             "north" => Ok(vec!["bolts".into(), "nuts".into()]),
//!             _ => Err(ToolError::new("there is no such warehouse")),
//!         }
//!     }
//!
//!     /// Show the user what is missing, and ask which of it to order.
//!     #[step(client, output = Decision)]
//!     fn decide(&self, missing: &[String]) -> Vec<String> {
//!         missing.to_vec()
//!     }
//!
//!     /// Order it.
//!     #[step(tool = order)]
//!     fn ordered(&self, decide: &Decision) -> Option<OrderArgs> {
//!         // Without arguments the step is left out.
//!         (!decide.order.is_empty()).then(|| OrderArgs { items: decide.order.clone() })
//!     }
//!
//!     /// Sum up.
//!     #[step]
//!     async fn report(&self, ordered: Option<&str>) -> String {
//!         ordered.unwrap_or("nothing to do").to_owned()
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::new("stock", "1.0.0").workflow::<Restock>();
//! let ((reader, writer), (servers_reader, servers_writer)) = pair();
//! let served = tokio::spawn(server.serve_io(servers_reader, servers_writer));
//! let client = Client::builder("host", "1.0.0").connect_io(reader, writer).await?;
//!
//! let begun = client.get_prompt("restock", json!({ "warehouse": "north" })).await?;
//! let text = begun["messages"][0]["content"]["text"].as_str().unwrap_or_default();
//! assert!(text.contains("1. missing: done. 2. decide: yours, now."));
//!
//! // A model does this: the text tells it the call.
//! let run = &begun["_meta"]["run.pmcp/workflow"]["taskId"];
//! let given = json!({ "_task_id": run, "step": "decide", "result": { "order": ["nuts"] } });
//! let done = client.call_tool("workflow_continue", given).await?.into_result().ok_or("it became a task")?;
//! let standing = &done.meta["run.pmcp/workflow"];
//! assert_eq!(standing["state"], "completed");
//! assert_eq!(standing["steps"][3]["result"], "ordered: nuts");
//! # served.abort();
//! # Ok(()) }
//! #
//! # type End = (tokio::io::ReadHalf<tokio::io::DuplexStream>, tokio::io::WriteHalf<tokio::io::DuplexStream>);
//! # fn pair() -> (End, End) {
//! #     let (one, other) = tokio::io::duplex(64 << 10);
//! #     (tokio::io::split(one), tokio::io::split(other))
//! # }
//! ```
//!
//! `examples/release-train` of this repository is a longer one, whose server is killed and whose run goes on.
//!
//! # By hand
//!
//! A terminal stands for the client. The server is started first, so that it keeps the run between two commands:
//!
//! ```text
//! $ cargo run -- --http 127.0.0.1:8080 &
//! $ cargo pmcp inspect prompt restock warehouse=north --url http://127.0.0.1:8080/mcp
//!   … the plan, and: call `workflow_continue` with {"_task_id":"0f3c…","step":"decide","result":{"order":[…]}}
//! $ cargo pmcp inspect call workflow_continue _task_id=0f3c… step=decide 'result={"order":["nuts"]}' \
//!       --url http://127.0.0.1:8080/mcp
//! ```
//!
//! # Who does what
//!
//! | step | done by | and its result is |
//! |---|---|---|
//! | `#[step]` | the server: the function runs | what it returns |
//! | `#[step(tool = path)]` | the server: it calls the tool. Once it has failed there, the client may call it, too | the tool's |
//! | `#[step(client, tool = path)]` | the client: it calls the tool with `_task_id` | the tool's |
//! | `#[step(client, output = Type)]` | the client: it gives the result to `workflow_continue` | what the type reads of it |
//!
//! Results go to the client, but for those of `hidden` steps; what a step of the server calls by `task.call` or `task.call_named` stays
//! inside that step. A step that fails makes the run wait, is left out, or ends the run, as its `on_error` says.
//!
//! | a client wants | and does |
//! |---|---|
//! | to see the plan | `prompts/get` without arguments: nothing begins. One that takes none does begin: its author has written `start` |
//! | to begin | `prompts/get` with them, or a call of the tool of that name. The same once more within a minute joins that run; `_task_id` `new` begins another |
//! | to know how a run stands, or to wait | `workflow_continue` with `_task_id`, and `wait_seconds` |
//! | to do its step | a call of the step's tool with `_task_id`, or `workflow_continue` with `step` and `result` |
//! | to answer what a step of the server asks | nothing, if it shows forms: it is asked while the request waits, or in its answer (2026-07-28). Else, or later, `workflow_continue` with `question` and `answer` |
//! | to try a failed step again | `workflow_continue` with `action` `retry`. Merely asking tries nothing |
//! | to give up | `workflow_continue` with `action` `cancel`, or `tasks/cancel`. With `finish_on_cancel` a run completes if only steps of the client are left |
//!
//! Only the owner of a run sees it. A call that is too early, late or foreign runs as any call, and is not recorded; its answer says so.
//! Hosts without prompts or tasks need neither: all after the first answer goes by calls of tools.
//!
//! # What a crash does
//!
//! | the process dies | then |
//! |---|---|
//! | before the run is created | nothing has begun: ask again |
//! | while the run waits for its client | nothing is lost: the next call about it goes on, in any process that shares the store |
//! | while a step of the server runs | another process goes on within two [leases](crate::Server::lease). That step runs again; each `task.step` and call in it that was recorded does not |
//! | while the server calls a tool with `on_crash = "fail"` that is neither `read_only` nor `idempotent` | the run waits with the reason `interrupted`: nobody knows how far it came, and only a retry calls it again |
//! | after a step's result was written | the run goes on behind that step |
//!
//! A step whose result is recorded never runs again. A plan that is another one after an update of the server goes on by the names of its
//! steps; a result that fits no more makes the run wait with the reason.
//!
//! # Limits
//!
//! | limit | default |
//! |---|---|
//! | lifetime of a run: `ttl` of the workflow, [`Limits::workflow_ttl`], [`Limits::max_workflow_ttl`] | 24 h, at most 7 d |
//! | live tasks an owner may have for another run to begin: [`Limits::workflows_per_owner`] | 50 |
//! | results of a run: [`Limits::max_workflow_results`]; each of them: [`Limits::max_result`], and what the store takes. Beyond that the run waits with the reason `limit` | 16 MiB; 4 MiB |
//! | time until a prompt is answered, whatever still runs: [`Limits::prompt_wait`] | 4 s |
//! | time `workflow_continue` waits | 20 s, at most 50 s |
//!
//! [`Limits::workflow_ttl`]: pmcp_tasks::Limits::workflow_ttl
//! [`Limits::max_workflow_ttl`]: pmcp_tasks::Limits::max_workflow_ttl
//! [`Limits::workflows_per_owner`]: pmcp_tasks::Limits::workflows_per_owner
//! [`Limits::max_workflow_results`]: pmcp_tasks::Limits::max_workflow_results
//! [`Limits::max_result`]: pmcp_tasks::Limits::max_result
//! [`Limits::prompt_wait`]: pmcp_tasks::Limits::prompt_wait
