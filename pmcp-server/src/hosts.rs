//! Hosts that know no tasks: which clients these are, and what they get.
//!
//! Most hosts send no task request. One declaration of a tool serves them too: with `fallback = "handle"` on a tool, or
//! [`Server::task_fallback`](crate::Server::task_fallback) for all of them, a call that takes long is answered with an
//! ordinary result that names its task and says which tool to call next.
//!
//! ```
//! use std::time::Duration;
//!
//! use pmcp_server::{Server, pmcp_tasks::router::TaskFallback};
//! use pmcp_tasks::prelude::*;
//!
//! /// Imports a file.
//! #[task_tool(fallback = "handle", on_crash = "restart")]
//! async fn import_csv(path: String, task: TaskContext) -> Result<String, ToolError> {
//!     task.sleep(Duration::from_secs(60)).await?;
//!     Ok(format!("imported {path}"))
//! }
//!
//! // The settings are optional: without them the tools that declare the fallback have it, with these defaults.
//! let server = Server::new("warehouse", "1").tool::<import_csv>().task_fallback(TaskFallback {
//!     inline_wait: Duration::from_secs(20),
//!     every_tool: false,
//!     ..TaskFallback::default()
//! });
//! ```
//!
//! # Who is served so
//!
//! | client | knows tasks if |
//! |---|---|
//! | 2025-06-18 and before | never |
//! | 2025-11-25 | it declares the `tasks` capability (`{}` is enough) or the tasks extension, or sends `task` with the call |
//! | 2026-07-28 | the request declares the tasks extension |
//!
//! A client that knows tasks sees nothing of what follows. Nor does one whose tasks nobody could tell from those of others
//! (see [`Anonymous`](crate::Anonymous)): its calls take as long as they take.
//!
//! # What they see
//!
//! - *In time.* The call is a task from its beginning, so that nothing is lost when the process dies, and is waited for. If it
//!   ends within `inline_wait`, the answer is that of any tool, and the task is removed. Meanwhile
//!   `notifications/progress` go to the call. Cancelling the call cancels the task.
//! - *Late.* The result says that the tool still runs, as which task, and what to call next, as text. It has no structured content:
//!   some hosts show their model that instead of the text. What programs need of it is in `_meta` under `run.pmcp/task`:
//!   `task_id`, `tool`, `status`, `next`, and `message`, `variables` and `questions` where there are any. Since such a result does
//!   not fit it, the tool is listed without its `outputSchema` to these clients. A restart changes nothing in it: any
//!   process that shares the store answers, and goes on with tools that have `on_crash = "restart"`. Only a server that dies
//!   within `inline_wait` leaves a task whose id the client never got: the task goes on, and a second call starts another,
//!   unless it has the same `run.pmcp/idempotency-key`.
//! - *Tools to go on with*, listed after the server's own: `task_status` waits (at most `max_wait`) and tells what is going
//!   on, variables included; `task_result` gives the result; `task_cancel` stops the task; `task_answer` answers a question.
//!   They see only the caller's own tasks. Mistakes are results with `isError`, for the model to mend: a wrong answer is told
//!   with the question once more. In 2026-07-28 lists are `private` for caches then, since they depend on the client.
//! - *Questions.* A client with elicitation is asked in its own way: up to 2025-11-25 on the stream of the call, or of the
//!   `task_status` that waits; in 2026-07-28 with an `input_required` answer to either. Any other client gets the question
//!   and its schema as a result, at once, and `task_answer` takes the answer the model has or got from the user.
//!   A page that the user is to visit ([`elicit_url`](pmcp_tasks::ToolContext::elicit_url)) is a link there, which the model shows.
//! - *Views of widgets.* A host that shows widgets and knows no tasks passes calls of tools on, and a view follows its task by these
//!   tools: their names are in `_meta` under `run.pmcp/task`, as `taskId` and `tools`. A call with `_meta["run.pmcp/wait"]: 0` is
//!   answered with its task at once. That holds for the tools that a widget names in `tools(…)`, without the fallback, too: then
//!   the tools to go on with are listed for views alone. `mark` there, as `seen` of the next `task_status`, has that answer as soon
//!   as status, message, variables or questions are others than those told with it.
//! - *Tools with `support = "required"`* run the same way; without the fallback they refuse as the specification says.
//!
//! Parameters marked `#[ask]` are asked before a task exists: they still need a client with elicitation.
//!
//! A result reads like this:
//!
//! ```text
//! `import_csv` is still running, as task 0198c0de-…. This is not its result: there is none yet. Its last message: "3 of 10".
//! Next: call `task_status` with {"task_id":"0198c0de-…","wait_seconds":20}. It waits until the task ends or asks something,
//! or the time is up; call it again while the task is running. Once it says that the task has completed or failed, call
//! `task_result` with {"task_id":"0198c0de-…"} to get the result. To stop the task, call `task_cancel` with
//! {"task_id":"0198c0de-…"}. Do not call `import_csv` again for this: that would start it a second time.
//! ```
