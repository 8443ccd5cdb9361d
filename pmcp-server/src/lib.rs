//! Serves Model Context Protocol tools, tasks, prompts and resources over stdio and streamable HTTP.
//!
//! - One server speaks 2026-07-28 and every version since 2024-11-05; each client gets what its version has.
//! - Requests are worked on concurrently: a slow call, a panic or a client that does not read holds up nobody else.
//! - By default only this machine's user is served: loopback, `Origin` and `Host` checked, tasks refused elsewhere until
//!   callers can be told apart.
//! - What clients make it hold is bounded in bytes, and shared fairly: see [`ServeLimits`].
//! - Strangers who send nothing, half a request or many connections are closed in time, and keep nobody else out.
//! - Told to stop, it begins nothing new, lets work finish for a grace period and closes, whoever reads or does not.
//!
//! ```no_run
//! use pmcp_server::prelude::*;
//!
//! /// Count the words of a text.
//! #[task_tool(support = "optional")]
//! async fn count_words(text: String) -> usize {
//!     text.split_whitespace().count()
//! }
//!
//! fn main() -> Result<(), Error> {
//!     // Serves as the arguments say: --stdio, or --http 127.0.0.1:8080.
//!     Server::new("words", env!("CARGO_PKG_VERSION")).tool::<count_words>().run()
//! }
//! ```
//!
//! # Standard output
//!
//! On stdio it belongs to the protocol: a client takes each of its lines for a message. Print to standard error (`eprintln!`), or
//! use [`log`]; a subscriber of `tracing_subscriber::fmt` writes to standard output unless told otherwise:
//! `.with_writer(pmcp_server::log::stderr)`.
//!
//! A `println!` that is left somewhere does no harm on Unix: once the server serves, what the process and its children print on
//! standard output goes to standard error, and messages alone reach the client. What was printed before is on its way
//! already; elsewhere than on Unix everything is.
//!
//! # Behind a load balancer
//!
//! Any instance that shares the task store answers any request: 2026-07-28 has no sessions, and those of 2025-11-25 and before are in
//! their ids. What was agreed in `initialize` is sealed there, for its caller and for the server of this name, under a key that
//! [`Server::session_keys`] gives to every instance; no request is answered from the store for that. An instance that does not hold a session
//! makes it anew, also after a restart. Whatever else comes as an id, of somebody else, of another server, changed, too old or under a key that
//! was left out, is answered as one that never was: 404 and -32001, at which clients begin another session. So is every id after a
//! restart, and at another instance, where no keys are set.
//!
//! What a session needs beyond its id, instances with keys tell each other through the store, if they share one:
//!
//! - *Streams.* The instance at which a client has its GET stream tells it of the tasks that its calls created at any other: states, progress as
//!   far as the task shows it, and questions. A new task is noticed within five seconds, and at once where the client asks about its tasks
//!   there. Each such stream costs a read of the store every five seconds, each task of a session a write or, the first, four. A client that
//!   listens at one instance and waits for `tasks/result` at another is asked on both; the first answer counts.
//! - *Answers.* An answer that comes to another instance than the one that asked reaches it, of plain calls too; where no store is
//!   shared it is answered 421, and the question stays open. If the one that asked has died, a question of a task is asked again by whoever
//!   goes on with it.
//!
//! Instances that share a store, with keys or without, also tell each other of [lists](Server::list_changes) that have changed, which costs each a
//! look at the store about once a second.
//!
//! What stays where it is: plain calls end with their instance, and `notifications/cancelled` has to reach it; a log level holds
//! where it was set and where the session has a stream with tasks; resources are followed where they were subscribed to. An instance that gives up
//! an idle session with a level or such resources forgets neither in silence: it answers its id 404 from then on.
//!
//! A session that its client ended (DELETE) is over at that instance, at once where it has tasks and a stream, and within half a minute at every
//! other that shares the store: each looks for such sessions when it begins to serve any, and every 30 seconds, in two reads. Where no store is
//! shared its id opens elsewhere until [`ServeLimits::session_lifetime`], and after a restart it does so here: it is no secret that DELETE takes
//! back. The same goes for the earliest where more are ended in that time than [`pmcp_tasks::Limits::max_variables`] holds, some 40 bytes each.
//! Where an id is what owns tasks ([`Anonymous::PerSession`]), whoever has it has them until then.
//!
//! # Streams that are cut
//!
//! Over HTTP a client of 2025-11-25 and before that loses a connection has cancelled nothing: the work goes on. Each event of a stream has an id,
//! and a GET with the last one as `Last-Event-ID` goes on after it with what was missed of that stream, to the answer of a call that
//! was cut. A client of 2025-11-25 knows an id before the first message, and to come back after a second. Nothing is sent on two streams, and a
//! client that comes back takes over from its connection before. What the session's own stream was to tell meanwhile waits there.
//!
//! The latest messages of a stream are kept, in memory: within [`ServeLimits::resumable`] for all, 4 MiB for a session, and for
//! [`ServeLimits::resume_time`] after its client has left. Then, or if too much has been sent since, a GET with the id of a call's event is
//! answered 400 and -32600; one of the session's own stream gets a new stream, without what was missed. So it is with ids of other
//! sessions, which are told from none by nothing, and at other instances and after a restart: a stream is where it began. A call
//! of which more has to last is one for a task. A response that comes within two seconds, before anything else, is no stream, and cannot be
//! gone back to. [`ToolContext::let_go`](pmcp_tasks::ToolContext::let_go) ends a connection from this side.
//!
//! # Features
//!
//! | name | default | brings |
//! |---|---|---|
//! | `apps` | yes | widgets: pages of MCP Apps that the compiler checks, which hosts show beside results |
//! | `macros` | yes | `#[task_tool]` and its like under `pmcp_server::pmcp_tasks::prelude`, for crates that depend on this one alone |
//! | `sqlite` | yes | tasks on SQLite, which is compiled in. To build none of it: `default-features = false` here, and on `pmcp-tasks` `default-features = false, features = ["macros"]` |
//! | `redis` | no | tasks on Redis, Valkey or a cluster of them, for servers on several machines |
//! | `postgres` | no | tasks on PostgreSQL |
//! | `dynamodb` | no | tasks on Amazon DynamoDB, in a table that any number of processes share |
//! | `jwt` | no | `JwtAuthenticator`: callers by the signed tokens of an OAuth authorization server |
//! | `log` | no | `log::init`, which sends events and panics to standard error without waiting for its reader |
//! | `metrics` | no | counts and times for the recorder of the crate of this name: [`pmcp_tasks::measure`] |
//! | `testing` | no | an in-process server on a manual clock, and `pmcp-client` to call it |
//!
//! # Where to find what
//!
//! | type | what |
//! |---|---|
//! | [`Server`] | everything a server is made of, and how it is served |
//! | [`prelude`] | what a file with a server imports |
//! | [`Running`], [`Embedded`], [`terminated()`] | what stops a server in the background, or one in an application of yours |
//! | [`Prompt`], [`Resource`] | what it offers beside tools |
//! | `apps`, `Offer` | widgets, and whom they are offered to (feature `apps`) |
//! | [`ResourceUpdates`] | telling clients that a resource changed |
//! | [`CompletionRequest`], [`Completion`] | suggestions while a user types an argument |
//! | [`Authenticator`], [`Anonymous`] | who callers are |
//! | [`ProtectedResource`] | what clients without a token are told |
//! | [`callers`] | who they are, what they may use, and how clients get a token |
//! | [`SessionKey`] | what makes sessions those of every instance |
//! | [`hosts`] | what hosts get that know no tasks |
//! | [`log`] | standard error that holds up nobody |
//! | [`ServeLimits`], [`pmcp_tasks::Limits`] | bounds |
//! | [`observing`] | traces and metrics: what there is, under which names, and how it gets to where you look |
//! | [`workflows`] | plans that the server runs as far as it can and then hands over, and who does what in them |
//! | [`bears`] | all bounds with their defaults and answers, and what happens when a store is damaged |

// It panics where standard error is closed, and waits for whoever does not read it.
#![warn(clippy::print_stderr)]

mod access;
mod agreement;
mod answered;
mod auth;
pub mod bears;
pub mod callers;
mod connection;
mod dispatch;
mod error;
pub mod hosts;
mod http;
mod legacy;
mod lines;
mod lists;
pub mod log;
mod modern;
pub mod observing;
mod outbox;
mod panics;
mod passing;
mod peer;
pub mod prelude;
mod process;
mod resumable;
mod seal;
mod server;
mod service;
mod serving;
mod session;
mod shares;
mod spans;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;
#[cfg(feature = "apps")]
mod types;
mod widgets;
pub mod workflows;

pub use access::Anonymous;
pub use auth::{Authenticator, BearerTokens, Challenge, ProtectedResource, peer_address, request_parts};
#[cfg(feature = "jwt")]
pub use auth::{JwtAlgorithm, JwtAuthenticator};
pub use error::Error;
/// Widgets: [`widget`](pmcp_apps::widget) makes one of a directory of HTML.
#[cfg(feature = "apps")]
pub use pmcp_apps as apps;
// The name that generated code goes by, where a crate depends on this one alone.
#[cfg(feature = "apps")]
#[doc(hidden)]
pub use pmcp_apps;
/// The client, to call a server from its tests.
#[cfg(feature = "testing")]
pub use pmcp_client as client;
pub use pmcp_tasks;
pub use pmcp_tasks::offer::{
    Completed, Completion, CompletionRequest, OfferError, Prompt, PromptArgument, PromptArguments, PromptMessage,
    PromptResult, Resource, ResourceContents, ResourceRequest, ResourceUpdates,
};
pub use pmcp_tasks::tool::{Annotations, Icon, IconTheme, ResourceLink, Role};
pub use process::terminated;
pub use seal::{SessionKey, SessionKeyError};
pub use server::Server;
pub use service::ServeLimits;
pub use serving::{Embedded, Running};
pub use transport::Transport;
#[cfg(feature = "apps")]
pub use widgets::Offer;

/// The examples of the workspace's README, which compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
