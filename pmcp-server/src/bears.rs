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
//! | texts | whole characters: no half of a surrogate pair | -32600, told as that |
//! | messages in a batch (2025-03-26): [`ServeLimits::batch`] | 100 | -32600 |
//! | id of a request, as a text | 256 bytes | -32600 without an id |
//! | progress token, as a text | 256 bytes | it counts as none: no progress is told |
//! | idempotency key | 1 to 256 bytes | -32602 |
//! | name of a version in `_meta` | 64 bytes | -32602 |
//! | name of a tool, prompt or argument | 256 bytes | -32602 |
//! | URI of a resource | 8 KiB | -32602 |
//! | cursor of a list | 1 KiB | -32602 |
//! | arguments of a call or prompt: [`Limits::max_arguments`] | 1 MiB | -32602 |
//! | variables that a client sets: [`Limits::max_variables`] | 256 KiB | -32602, nothing is written |
//! | an answer by `tasks/update`, or by the retry of a call, `#[ask]` parameters among them: [`Limits::max_answer`] | 64 KiB | -32602, and the question stays open |
//! | an answer to a request of a task (2025-11-25): [`Limits::max_answer`] | 64 KiB | the question is asked again, three times in all; then it counts as dismissed, and that of an `#[ask]` parameter is refused in an `isError` result. Of one to a function in a plain call nothing is kept: only the message bounds it |
//! | askings of one question by requests (before 2026-07-28), while its answers do not fit | 3 | the function gets an error |
//! | entries on a page of a list: [`Limits::page_size`] | 50 | the next page has them |
//! | values of a completion | 100 | left out; `hasMore` tells it |
//!
//! Bodies, results and answers of 128 KiB and more are read and written apart from the threads that serve everybody, on half of the
//! processors at most: while they are full of large messages, further large ones wait, and small ones do not.
//!
//! # Connections, requests and streams
//!
//! Requests, streams, sessions and buffered bytes are shared by all callers: as long as half of them are left, anybody takes as many as
//! they want; beyond that nobody gets more than the whole divided by the number of callers that have any, and one alone leaves an
//! eighth. A caller is whoever owns the tasks of an authenticated request (the subject, whatever client acts for it, else the client), or
//! else the address a connection comes from; on loopback and on stdio everybody is one caller, who may take the whole. Where all of it is
//! taken by few, a third one waits for what they give back.
//!
//! | limit | default | beyond it |
//! |---|---|---|
//! | connections: [`ServeLimits::connections`] | 10,000 | the one that waits for a request for longest is closed; the log tells it |
//! | head of a request: [`ServeLimits::header_timeout`] | 30 s, 64 KiB | closed; 431 |
//! | body of a request: [`ServeLimits::body_timeout`] | 30 s | 408 |
//! | a connection between two requests: [`ServeLimits::connection_idle`] | 2 min | closed |
//! | requests and streams of sessions at once: [`ServeLimits::requests`] | 10,000 | 503 and `Retry-After` |
//! | bodies, requests being worked on, messages until they have been written, and URIs that sessions follow: [`ServeLimits::buffered`] | 256 MiB | 503 and `Retry-After`; progress and log messages are dropped, states and questions wait, a large response becomes -32603 |
//! | requests of one session, or on stdio, at once | 1,000 | -32603 |
//! | sessions (2025-11-25 and before): [`ServeLimits::sessions`], [`ServeLimits::session_idle`] | 10,000, 30 min | the caller's own that is idle for longest gives way, else that of one who has more than a share, and is made anew when its client comes back; 503 if none is idle |
//! | the id of a session: [`ServeLimits::session_lifetime`] | 24 h | 404: its client begins another |
//! | sessions that are known to be over | 10,000; those that instances tell each other of: 3,000, and `max_variables` within half a minute | the earliest are forgotten of whoever ended most |
//! | `subscriptions/listen` streams: [`ServeLimits::subscriptions`] | 1,000 | -32603 |
//! | resources a session follows: [`ServeLimits::subscribed_resources`] | 1,000, their URIs within `buffered` | -32603 |
//! | resources a `subscriptions/listen` names: [`ServeLimits::subscribed_resources`] | 1,000 | -32602 |
//! | messages behind on one stream | 64; of a subscription one state | whoever writes waits; what may be lost is; a late reader gets the latest state |
//!
//! The limits of connections and heads hold where the server listens, and for an application that it
//! [serves](crate::Embedded::serve); the other ones hold at the endpoint, whoever serves it.
//!
//! A request waits for its answer as long as it takes: what bounds it is the tool's `timeout`, and before its work
//! [`Limits::question_ttl`].
//!
//! # Tasks
//!
//! | limit | default | beyond it |
//! |---|---|---|
//! | live tasks of an owner: [`Limits::tasks_per_owner`] | 100 | -32603, `data.reason` is `quota` |
//! | bytes of an owner's tasks, live and finished: [`Limits::stored_bytes`] | 64 MiB | the owner's own finished tasks go, those that finished first; if live ones alone leave no room -32603, `data.reason` is `stored_bytes` |
//! | finished tasks in memory, of all owners | 100,000 and 256 MiB | the owner who takes most loses the one that finished first |
//! | lifetime: [`Limits::default_ttl`], [`Limits::max_ttl`] | 1 h, 24 h | shortened; never below the timeout and ten minutes |
//! | time of a run: [`Limits::default_timeout`] | 30 min, waiting for answers not counted | the task fails |
//! | time of code that was cancelled: [`Limits::cancel_grace`] | 5 s | it is dropped |
//! | time of a call whose questions wait for its retry, or come before its work: [`Limits::question_ttl`] | 10 min | it ends: -32603 where the call waits for them, -32602 to a later retry |
//! | variables: [`Limits::max_variables`] | 256 KiB a task | the function gets an error, nothing is written |
//! | status message of a task | 1,024 bytes | shortened |
//! | result, and result of a step: [`Limits::max_result`] | 4 MiB | the task fails; the step is an error |
//! | open questions: [`Limits::open_questions`] | 16 a task | the function gets an error |
//! | tasks a subscription names: [`Limits::subscribed_tasks`] | 100 | -32602 for the whole of it |
//! | live tasks of an owner for another run of a workflow to begin: [`Limits::workflows_per_owner`] | 50 | -32603, `data.reason` is `quota` |
//! | lifetime of such a run: [`Limits::workflow_ttl`], [`Limits::max_workflow_ttl`] | 24 h, 7 days | it expires, whoever's turn it is |
//! | results of all its steps: [`Limits::max_workflow_results`] | 16 MiB | the run waits, and says so; what a client gives is refused |
//! | time a call that begins or moves it waits: [`Limits::prompt_wait`] | 4 s; `workflow_continue` as long as it says, 50 s at most | the answer tells what runs |
//! | results of its steps in answers | 64 KiB each in `_meta`, 4 KiB in texts | their beginning, and how to see the whole |
//! | a part of a task as it is stored: the call, the state, the outcome, a variable, a step | 64 MiB; Redis 32 MiB, DynamoDB 390 KiB | whoever writes it gets an error; a task whose result it is fails |
//!
//! # Memory
//!
//! The transports take [`ServeLimits::buffered`], 32 KiB for each of `requests`, 16 KiB and its buffers for each of `connections`,
//! 2 KiB for each of `sessions`, and one state of a task for each of `subscriptions` while `buffered` is used up: some 750 MiB where
//! all defaults are used up. A response counts in `buffered` until the system has taken its last byte, whether its client reads or not.
//! What a client on stdio sends is not counted: it is one, has 1,000 requests at once, and each is as large as a message may be.
//! Beside it are the tasks that run: the arguments of each, and what your functions take. The store in memory
//! adds what live tasks take (for each owner at most [`Limits::stored_bytes`] and what running tasks may still write) and
//! 256 MiB of finished ones. For a server of 512 MiB, say, halve `buffered` and take a hundredth of `requests` and `connections`.
//!
//! # Logging
//!
//! What the server prints never waits and never fails: [`log::stderr`](crate::log::stderr) keeps up to 1 MiB that nobody has read,
//! and counts what it had to drop. A panic in a tool, a store or a subscriber to the log ends what it happened in, is told, and
//! stops neither the process nor its work in the background.
//!
//! # Ends
//!
//! At the end of its input (stdio), at SIGTERM or Ctrl-C nothing new is begun. Work has the
//! [grace](crate::Server::shutdown_grace) (10 s) to end; then it is cancelled, and has [`Limits::cancel_grace`] (5 s) to put things in
//! order. Tasks that only wait, for an answer, a signal or a timer, do not use the grace up where a shared store lets others wait on
//! ([`TaskRouter::shut_down`](pmcp_tasks::TaskRouter::shut_down)). After that a store that is shared has one second to take the lease
//! back, clients have two (on stdio up to four) to read their last answers, and the log one. What is done before is not waited for: only a client that does not read, or a store that does
//! not answer, costs that time. Told to end a second time, a server ends the grace.
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
//! time ends it meanwhile. A call whose task cannot be created is told so: at once where the store refuses, as on a full disk, and
//! after four tries within a fifth of a second where it cannot be reached; where the store neither takes nor refuses, it waits, as does
//! the start of a server.
//!
//! Lives and deaths of workers are judged by monotonic clocks: wall clocks may be set and may differ. What goes by wall clocks is a
//! task's time: it is made by the clock of the process that creates it, and expires by the clock of whoever looks. So a process
//! whose clock is ahead by a minute
//!
//! - finds tasks of the others expired a minute early: they are unknown to who asks it, their idempotency keys are free there, they do not
//!   count as live, and it does not go on with them if their worker dies;
//! - creates tasks that live a minute longer for the others, and are before theirs in lists.
//!
//! One whose clock is behind does the opposite. It costs nobody a task for good: in a store that is shared what has expired is removed a
//! minute later, and by no process whose clock is more than a minute (and a lease) ahead of another living worker's; it tells so in
//! the log. A process that is alone with its store trusts its clock, and a store in memory removes what has expired at its next look,
//! ten seconds apart.
//!
//! # Stores
//!
//! | store | survives |
//! |---|---|
//! | memory | nothing: it goes with the process |
//! | SQLite | power loss: each commit is synced |
//! | PostgreSQL | a crash of the database, with its usual settings; a failover only to a synchronous standby. The log and the store's `durability` say what the settings promise |
//! | DynamoDB | the loss of a data centre: each write is stored in three |
//! | Redis, Valkey | with `appendonly yes` a restart, but for its last second; with `appendfsync always` all of it. A failover may lose the last writes. The log tells at the start |
//!
//! What becomes of a SQLite store whose files are damaged under a running server:
//!
//! | what happens | answer |
//! |---|---|
//! | a file of it (`-wal`, `-shm`, `-lock`, `-wait` or itself) is deleted, replaced or cut | reads and writes are refused until the server is started again; the log names the file. What was answered before is copied out of the log where it still can be |
//! | the file gets a second hard link | refused until the link is gone: two names would mean two locks |
//! | the disk is full, or a sync fails | that write fails and nothing of it is kept; work waits, and goes on when there is room again |
//! | another process is stopped inside a transaction | everybody waits for it; nobody is taken for dead |
//! | it is no SQLite file, another program's, or a newer build's | it is not opened, and the error says which |
//!
//! Not noticed is a database that is overwritten in place at the same size by another program. See
//! `SqliteBackend`.
//!
//! What becomes of a store in PostgreSQL:
//!
//! | what happens | answer |
//! |---|---|
//! | a connection is cut, the database restarts or fails over | calls that were under way are tried again with the same write, which is made once; new connections are made within seconds |
//! | the database does not answer | each call ends after ten seconds and is tried again; work waits |
//! | all its connections are taken, or a call waits for a lock | the same |
//! | its disk is full, a table or a right is missing | that call is refused; work waits, and goes on when it is mended |
//! | notifications are lost, or never come (a pooler of transactions) | changes of other processes are seen at the next look: a second later, or 10 ms behind a pooler |
//! | the server has become a replica | nothing is written there; connections are made anew until one leads to the primary |
//! | the last acknowledged writes were lost in a failover | they did not happen: nobody can know |
//!
//! What becomes of a DynamoDB store whose table or connection is not as it should be:
//!
//! | what happens | answer |
//! |---|---|
//! | the service does not answer, or throttles | an operation is given up after ten seconds, and done once when it is repeated; work waits |
//! | answers are lost, connections cut | writes are recognised by their ids: nothing is done twice |
//! | Time to Live is not enabled on the table | nobody sees what has expired, but nothing is removed; the log says so |
//! | there is no such table, its keys are others, or a newer build wrote it | it is not opened, and the error says which |
//! | permissions are taken away | operations are refused, with the name of the one that is missing |
//!
//! What becomes of a store on Redis or a cluster when something happens to the servers:
//!
//! | what happens | answer |
//! |---|---|
//! | the connection is cut, the server restarts or another one takes over | calls fail or are sent again within seconds; what was applied before its answer was lost is not applied again |
//! | the server answers nothing | each call fails after 5 seconds, on a new connection the next time; work waits, and goes on when it answers |
//! | its memory is full (`maxmemory`) | writes that take room are refused whole, the others go on |
//! | it removes keys to make room (`maxmemory-policy` other than `noeviction`) | tasks are lost without a word; the log warns at the start |
//! | somebody deletes keys, or the store is emptied | those tasks are gone; quotas and sums of bytes mend themselves |
//! | its clock, or that of a server of ours, is wrong | nothing is removed for it: the server removes a task an hour after its expiry, told as a span of time |
//! | slots of a cluster are moved under running servers | not borne: stop them first, unless the cluster moves a slot at once (Valkey 9, Redis 8.4) |
//! | it is a store of another layout | it is not opened, and the error says so |
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
//! [`ServeLimits::buffered`]: crate::ServeLimits::buffered
//! [`ServeLimits::sessions`]: crate::ServeLimits::sessions
//! [`ServeLimits::session_idle`]: crate::ServeLimits::session_idle
//! [`ServeLimits::session_lifetime`]: crate::ServeLimits::session_lifetime
//! [`ServeLimits::subscriptions`]: crate::ServeLimits::subscriptions
//! [`ServeLimits::subscribed_resources`]: crate::ServeLimits::subscribed_resources
//! [`Limits::cancel_grace`]: pmcp_tasks::Limits::cancel_grace
//! [`Limits::question_ttl`]: pmcp_tasks::Limits::question_ttl
//! [`Limits::page_size`]: pmcp_tasks::Limits::page_size
//! [`Limits::max_arguments`]: pmcp_tasks::Limits::max_arguments
//! [`Limits::max_answer`]: pmcp_tasks::Limits::max_answer
//! [`Limits::tasks_per_owner`]: pmcp_tasks::Limits::tasks_per_owner
//! [`Limits::stored_bytes`]: pmcp_tasks::Limits::stored_bytes
//! [`Limits::default_ttl`]: pmcp_tasks::Limits::default_ttl
//! [`Limits::max_ttl`]: pmcp_tasks::Limits::max_ttl
//! [`Limits::default_timeout`]: pmcp_tasks::Limits::default_timeout
//! [`Limits::max_variables`]: pmcp_tasks::Limits::max_variables
//! [`Limits::max_result`]: pmcp_tasks::Limits::max_result
//! [`Limits::open_questions`]: pmcp_tasks::Limits::open_questions
//! [`Limits::subscribed_tasks`]: pmcp_tasks::Limits::subscribed_tasks
//! [`Limits::workflows_per_owner`]: pmcp_tasks::Limits::workflows_per_owner
//! [`Limits::workflow_ttl`]: pmcp_tasks::Limits::workflow_ttl
//! [`Limits::max_workflow_ttl`]: pmcp_tasks::Limits::max_workflow_ttl
//! [`Limits::max_workflow_results`]: pmcp_tasks::Limits::max_workflow_results
//! [`Limits::prompt_wait`]: pmcp_tasks::Limits::prompt_wait
