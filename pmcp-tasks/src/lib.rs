//! Tools of a Model Context Protocol server whose calls become durable tasks, from annotated functions.
//!
//! - A task handle is given out only once the task is stored; it ends exactly once, and nothing changes it afterwards.
//! - A task belongs to one owner; somebody else's task and none at all answer alike.
//! - A step that completed is not run again, a question that was answered is not asked again.
//! - Counts, sizes and times that a caller can push are bounded, under concurrency too.
//! - One router speaks 2025-11-25 and the 2026-07-28 tasks extension, and plain calls for everybody else.
//!
//! ```
//! use pmcp_tasks::{TaskRouter, TaskStore, call::{CallContext, Caller, Revision}, prelude::*};
//! use serde_json::json;
//!
//! /// Shared with the client while the task runs.
//! #[derive(TaskVariables, Default)]
//! struct Counted {
//!     words: u64,
//! }
//!
//! /// Count the words of a text.
//! #[task_tool(support = "optional")]
//! async fn count_words(text: String, task: TaskContext<Counted>) -> Result<String, ToolError> {
//!     let words = text.split_whitespace().count() as u64;
//!     task.variables().words.set(words).await?;
//!     Ok(format!("{words} words"))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let router = TaskRouter::builder().tool::<count_words>().build(TaskStore::memory())?;
//! let caller = CallContext::new(Revision::V2025, Caller::local());
//!
//! let call = json!({ "name": "count_words", "arguments": { "text": "to be or not" }, "task": {} });
//! let created = router.handle("tools/call", &call, &caller).await.answer()?;
//!
//! let task = json!({ "taskId": created["task"]["taskId"] });
//! let result = router.handle("tasks/result", &task, &caller).await.answer()?;
//! assert_eq!(result["content"][0]["text"], "4 words");
//! assert_eq!(result["_meta"]["run.pmcp/variables"]["words"], 4);
//! # Ok(()) }
//! ```
//!
//! Tools are async functions that share the threads of the runtime: what blocks (a library without `async`, a long computation)
//! belongs in [`tokio::task::spawn_blocking`].
//!
//! What happens goes to [`tracing`]; failures reach standard error where no subscriber is set.
//!
//! To serve this over stdio or HTTP use the crate `pmcp-server`; [`TaskRouter`] is the seam to anything else.
//!
//! # Features
//!
//! | name | default | brings |
//! |---|---|---|
//! | `macros` | yes | `task_tool`, `workflow`, `prompt`, `resource`, `complete`, the derives of [`TaskVariables`], [`Form`] and [`FromRef`] |
//! | `sqlite` | yes | tasks on SQLite, which is compiled in |
//! | `redis` | no | tasks on Redis, Valkey or a cluster of them |
//! | `postgres` | no | tasks on PostgreSQL |
//! | `dynamodb` | no | tasks on Amazon DynamoDB, in a table that any number of processes share |
//! | `anyhow` | no | a cancellation, a refused question and the like keep their meaning as `anyhow::Error`, which `?` takes without it, too |
//! | `metrics` | no | counts and times for the recorder of the crate of this name: [`measure`] |
//! | `testing` | no | contexts for unit tests of tools, a manual clock, the contract suite for stores |
//!
//! # Modules
//!
//! | module | holds |
//! |---|---|
//! | [`prelude`] | imports of a file with tools |
//! | [`tool`] | what tools declare, return and fail with |
//! | [`context`] | what a running function holds |
//! | [`task`] | states, owners, variables |
//! | [`operate`] | tasks from outside: what applications and operators do to them |
//! | [`offer`] | prompts, resources, completions |
//! | [`changes`] | lists that change while the server runs |
//! | [`workflow`](mod@workflow) | plans that the server runs as far as it can, and then hands over |
//! | [`router`], [`call`] | a method and its parameters in, a result out |
//! | [`store`] | where tasks live, and the port for other stores |
//! | [`protocol`] | the crate `pmcp-protocol`: the wire shapes of both revisions |
//! | [`limits`], [`security`], [`gate`] | bounds; who calls; who may use what |
//! | [`trace`], [`measure`] | traces of tasks and their spans; metrics |
//! | [`time`], [`random`] | the clock and the randomness, to be replaced in tests |
//! | `testing` | contexts for tests of tools, the contract suite for stores; with the feature of this name |
//!
//! # Glossary
//!
//! Words with a meaning of their own in these pages:
//!
//! | word | meaning |
//! |---|---|
//! | head | the part of a task that changes: state, message, open questions; every write of it raises its version |
//! | body | what was asked for: work, arguments, early answers; written once |
//! | outcome | the result or error a task ended with; the write that stores it seals the task |
//! | fence | a number that rises whenever another worker takes a task over; writes under an older one are refused |
//! | stamp | time and counter of a task's creation, by which lists are ordered |
//! | scope | the list a task is in, one an owner; a task without one is in no list |
//! | gate | the rule that everything offered passes, wherever a caller asks for it; its scopes are those of OAuth, not the above |
//! | holder | the party responsible for running a task: a worker, or the queue, from which any worker may claim it |
//! | work | a kind of work under its name: what a task needs to be begun, recovered and shown |
//! | draft | a task that is to be created and is not in the store yet |
//! | hidden task | a task no client knows: it keeps a call with open questions for its retry (2026-07-28) |
//! | seat | a run's place in the process, through which others tell it of answers, cancellation and loss |
//! | host | what the runs of a process share: store, limits, lease, seats |
//! | voice | what a run tells while it works: progress, messages, log lines |
//! | hub | wakes those in this process who wait for a task |
//! | engine | the process that works: starts runs, goes on with what others left, waits and stops |
//! | board | notes that processes leave for each other about a session they serve together: a hidden task whose variables they are |
//! | courier | tells one session about one task: its states, and its questions as requests (2025-11-25) |
//! | companion | a tool for clients without tasks: status, result, cancellation or answers of a task |

// It panics where standard error is closed, and waits for whoever does not read it.
#![warn(clippy::print_stderr)]

#[doc(hidden)]
pub mod apart;
pub mod call;
pub mod changes;
pub mod context;
mod engine;
mod error;
mod exact;
#[doc(hidden)]
pub mod gate;
pub mod heard;
mod id;
pub mod limits;
#[cfg(feature = "macros")]
mod macros;
pub mod measure;
pub mod offer;
pub mod operate;
mod owner;
#[doc(hidden)]
pub mod panics;
pub mod prelude;
pub mod random;
pub mod router;
mod run;
mod schema;
pub mod security;
pub mod store;
pub mod task;
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;
pub mod tool;
pub mod trace;
pub mod workflow;

#[doc(hidden)]
pub mod __private;

pub use context::{Form, FromRef, State, TaskContext, TaskVariables, ToolContext};
pub use limits::Limits;
#[cfg(feature = "macros")]
pub use macros::{Form, FromRef, TaskVariables, complete, prompt, resource, step, task_tool, workflow};
pub use pmcp_protocol as protocol;
pub use pmcp_protocol::{LogLevel, RpcError};
pub use router::TaskRouter;
pub use task::TaskStore;
pub use tool::{CallTools, ResultExt, ToolError, ToolResult};
