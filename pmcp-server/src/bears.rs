//! What a server bears: every limit with its default and the answer beyond it, what memory that takes, whose clocks may
//! differ by how much, and what each store promises when its files or its service are damaged.
//!
//! A server is set up for strangers: whatever a peer sends, keeps open or leaves unread has a bound in things, in bytes or in
//! time. [`ServeLimits`](crate::ServeLimits) has those of the transports, [`Limits`](pmcp_tasks::Limits) those of tasks. Within
//! them each caller has a share of its own, so that one that takes all it can leaves the others theirs.
//!
//! # Messages
//!
//! | limit | default | beyond it |
//! |---|---|---|
//! | size of a message: [`ServeLimits::message`] | 4 MiB | HTTP 413; on stdio -32600, and the line is skipped |
//! | JSON values in it: [`ServeLimits::values`] | 100,000 | -32600 (HTTP 400), before any is built |
//! | nesting | 127 levels | -32600, told as that |
//! | numbers | the range of a double | -32600, told as that |
//! | messages in a batch (2025-03-26): [`ServeLimits::batch`] | 100 | -32600 |
//! | id of a request, as a text | 256 bytes | -32600 without an id |
//! | progress token, as a text | 256 bytes | it counts as none: no progress is told |
//! | idempotency key | 1 to 256 bytes | -32602 |
//! | name of a tool, prompt or argument | 256 bytes | -32602 |
//! | URI of a resource | 8 KiB | -32602 |
//! | cursor of a list | 1 KiB | -32602 |
//! | arguments of a call or prompt: [`Limits::max_arguments`] | 1 MiB | an `isError` result; -32602 for a 2025 task and for a prompt |
//! | an answer to a question: [`Limits::max_answer`] | 64 KiB | -32602, and the question stays open |
//!
//! # Connections, requests and streams
//!
//! | limit | default | beyond it |
//! |---|---|---|
//! | connections: [`ServeLimits::connections`] | 10,000 | the one that waits for a request for longest is closed; the log tells it |
//! | head of a request: [`ServeLimits::header_timeout`] | 30 s, 64 KiB | closed; 431 |
//! | body of a request: [`ServeLimits::body_timeout`] | 30 s | 408 |
//! | a connection between two requests: [`ServeLimits::connection_idle`] | 2 min | closed |
//! | requests at once: [`ServeLimits::requests`] | 10,000 | 503 |
//! | requests of one session, or on stdio, at once | 1,000 | -32603 |
//! | sessions (2025-11-25 and before): [`ServeLimits::sessions`], [`ServeLimits::session_idle`] | 10,000, 30 min | the one idle for longest ends |
//! | `subscriptions/listen` streams: [`ServeLimits::subscriptions`] | 1,000 | -32603 |
//! | resources followed: [`ServeLimits::subscribed_resources`] | 1,000 | -32602 |
//! | messages behind on one stream | 64 | whoever writes waits; what may be lost is |
//!
//! A request waits for its answer as long as it takes: what bounds it is the tool's `timeout`.
//!
//! # Tasks
//!
//! | limit | default | beyond it |
//! |---|---|---|
//! | live tasks of an owner: [`Limits::tasks_per_owner`] | 100 | -32603, `data.reason` is `quota` |
//! | lifetime: [`Limits::default_ttl`], [`Limits::max_ttl`] | 1 h, 24 h | shortened; never below the timeout and ten minutes |
//! | time of a run: [`Limits::default_timeout`] | 30 min, waiting for answers not counted | the task fails |
//! | variables: [`Limits::max_variables`] | 256 KiB a task | the function gets an error, nothing is written |
//! | result, and result of a step: [`Limits::max_result`] | 4 MiB | the task fails; the step is an error |
//! | open questions: [`Limits::open_questions`] | 16 a task | the function gets an error |
//! | tasks a subscription follows: [`Limits::subscribed_tasks`] | 100 | the rest is not accepted |
//!
//! # Logging
//!
//! What the server prints never waits and never fails: [`log::stderr`](crate::log::stderr) keeps up to 1 MiB that nobody has read,
//! and counts what it had to drop. A panic in a tool, a store or a subscriber to the log ends what it happened in, is told, and
//! stops neither the process nor its work in the background.
//!
//! # Ends
//!
//! At the end of its input (stdio), at SIGTERM or Ctrl-C nothing new is begun; work has the
//! [grace](crate::Server::shutdown_grace), streams two more seconds and the log one. A client that does not read is not waited
//! for.
//!
//! # Processes that share a store
//!
//! A worker that has shown no sign of life for its own [lease](crate::Server::lease) is dead to the others, which go on with its
//! tasks within two lease periods. One that only stood still learns of it, begins nothing more under its old name, and what it
//! had acknowledged is found by the others.
//!
//! A store that cannot be written, because another process is stopped inside a transaction, a disk is full or a service is
//! away, is no death. Functions go on; their steps, variables, messages and questions wait, and so does a result. When the store
//! answers again, each worker learns whether anybody has taken its tasks over, and goes on if nobody has. Only the task's own
//! time ends it meanwhile. A call whose task cannot be created is told so after four tries within a fifth of a second.
//!
//! Lives and deaths are judged by monotonic clocks: wall clocks may be set and may differ. What goes by wall clocks is when a
//! task expires: by the clock of whoever looks. So that a clock that is ahead costs nobody a task, what has expired is removed a
//! minute later, and by no process whose clock is more than a minute (and a lease) ahead of another living worker's; it tells so
//! in the log. A process that is alone with its store trusts its clock.
//!
//! # Stores
//!
//! | store | survives | when it is damaged |
//! |---|---|---|
//! | memory | nothing: it goes with the process | |
//! | SQLite | power loss: each commit is synced | see [`SqliteBackend`](pmcp_tasks::store::SqliteBackend) |
//!
//! A record that cannot be read is an error for its task alone: lists leave it out, the log names it, and nobody else's task waits
//! for it.
//!
//! [`ServeLimits::message`]: crate::ServeLimits::message
//! [`ServeLimits::values`]: crate::ServeLimits::values
//! [`ServeLimits::batch`]: crate::ServeLimits::batch
//! [`ServeLimits::connections`]: crate::ServeLimits::connections
//! [`ServeLimits::header_timeout`]: crate::ServeLimits::header_timeout
//! [`ServeLimits::body_timeout`]: crate::ServeLimits::body_timeout
//! [`ServeLimits::connection_idle`]: crate::ServeLimits::connection_idle
//! [`ServeLimits::requests`]: crate::ServeLimits::requests
//! [`ServeLimits::sessions`]: crate::ServeLimits::sessions
//! [`ServeLimits::session_idle`]: crate::ServeLimits::session_idle
//! [`ServeLimits::subscriptions`]: crate::ServeLimits::subscriptions
//! [`ServeLimits::subscribed_resources`]: crate::ServeLimits::subscribed_resources
//! [`Limits::max_arguments`]: pmcp_tasks::Limits::max_arguments
//! [`Limits::max_answer`]: pmcp_tasks::Limits::max_answer
//! [`Limits::tasks_per_owner`]: pmcp_tasks::Limits::tasks_per_owner
//! [`Limits::default_ttl`]: pmcp_tasks::Limits::default_ttl
//! [`Limits::max_ttl`]: pmcp_tasks::Limits::max_ttl
//! [`Limits::default_timeout`]: pmcp_tasks::Limits::default_timeout
//! [`Limits::max_variables`]: pmcp_tasks::Limits::max_variables
//! [`Limits::max_result`]: pmcp_tasks::Limits::max_result
//! [`Limits::open_questions`]: pmcp_tasks::Limits::open_questions
//! [`Limits::subscribed_tasks`]: pmcp_tasks::Limits::subscribed_tasks
