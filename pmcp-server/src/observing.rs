//! What a server shows of itself: a log, traces, metrics. Nothing in this module is code.
//!
//! # Traces
//!
//! A request that says in `_meta` which trace it is a part of (`traceparent`, `tracestate`, `baggage`, as W3C has them) is traced in
//! it, and so is all that comes of it: the wait of its task in the queue, each run, steps, questions, and a worker that takes over from a
//! dead one, in whatever process. Where `_meta` has none, headers of the same names count over HTTP; where both have one, that of
//! `_meta` is the parent and the other is linked. What is malformed or too long counts as absent. A function
//! reads its place with [`trace`](pmcp_tasks::ToolContext::trace), to hand it on to what it calls.
//!
//! Spans are those of [`tracing`], at the level `info` under the target `pmcp::spans`. They need no OpenTelemetry; how they get there, and why
//! a program says that itself in a [`Bridge`](pmcp_tasks::trace::Bridge), tells [`pmcp_tasks::trace`]. The example `observed` exports them.
//! `log::init` leaves them out of the log, and so does `log::layer`, beside which other layers take them; elsewhere the filter
//! `pmcp::spans=off` does, and is the whole switch.
//!
//! Names and attributes are those of the [semantic conventions for MCP], as of November 2026 (status: development), and our own
//! below `pmcp.`.
//!
//! | span | kind | from, to | attributes |
//! |---|---|---|---|
//! | `{method} {tool or prompt}` | server | a request, its response | `mcp.method.name`, `mcp.protocol.version`, `mcp.session.id`, `jsonrpc.request.id`, `gen_ai.operation.name`, `gen_ai.tool.name`, `gen_ai.prompt.name`, `network.transport`, `network.protocol.name`, `rpc.response.status_code`, `error.type` |
//! | `execute_tool {tool}`, `invoke_workflow {workflow}` | internal | one run of a function, its end in the store | `gen_ai.operation.name`, `gen_ai.tool.name`, `pmcp.task.id`, `pmcp.task.work`, `pmcp.task.attempt`, `pmcp.task.outcome` (`completed`, `tool_error`, `failed`, `cancelled`, `parked`, `left`), `error.type` |
//! | `queue {work}` | producer | leaving a task to workers | `pmcp.task.id`, `pmcp.task.work` |
//! | `dequeue {work}` | consumer | a worker takes it | and `pmcp.task.queued_ms`: the wait is the gap between the two, as no process is there for all of it |
//! | `take_over {work}` | consumer | a worker takes what a dead one left | `pmcp.task.id`, `pmcp.task.work`, `error.type` (`lost`: the task is not to be run again) |
//! | `step` | internal | work that is recorded, its end | `pmcp.step.name` of a workflow's step; of others if the bridge [says so](pmcp_tasks::trace::Bridge::names_steps) |
//! | `execute_tool {tool}` | internal | a call of a tool inside a run, its end | `gen_ai.operation.name`, `gen_ai.tool.name`, `pmcp.step.name` |
//! | `elicitation/create` and the like | client | a question, its answer | `mcp.method.name` |
//!
//! `error.type` is the code of an error of JSON-RPC, `tool_error`, `cancelled`, `internal` or `lost`. Where it stands, the state of the span is an error.
//!
//! No span has an argument, a variable, a question, an answer, a result or the text of an error, and none has what only a client
//! chose and the server does not know: a tool that there is none of, a method (it is `_OTHER`). So some of the conventions is left out: the
//! description of an error, as it may repeat an argument, and `mcp.resource.uri`, as templates put into it what somebody typed.
//! `mcp.session.id` is a digest: over HTTP the id of a session lets in whoever knows it. Notifications have no spans, and `ping` and
//! `tasks/get` have one only where the client traces them: they come again and again, and each would be a trace of its own.
//!
//! A span is handed on when it ends. That of a run which was killed never is; its steps are, below a parent that nobody knows,
//! in the right trace.
//!
//! # Metrics
//!
//! With the feature `metrics` they go to the recorder of the crate [`metrics`], such as that of `metrics-exporter-prometheus`. They are
//! listed in [`pmcp_tasks::measure`].
//!
//! # Log
//!
//! Events go to [`tracing`] under the names of our crates; failures reach standard error where no subscriber is set. See [`log`](crate::log).
//!
//! [semantic conventions for MCP]: https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md
//! [`metrics`]: https://docs.rs/metrics
