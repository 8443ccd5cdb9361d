//! Callers: who they are, what they may use, and how a client gets a token.
//!
//! Whoever is on stdio is the user of the machine: nobody authenticates there, and nothing but
//! [rules](crate::Server::authorize) bounds what they may use, unless the author [says](crate::Server::stdio_principal) whose credentials the
//! process has. Over HTTP a server that has an
//! [`authenticator`](crate::Server::authenticator) answers nobody without a [principal](crate::pmcp_tasks::security::Principal): a user or
//! a client with the scopes it was granted. Tasks belong to it.
//!
//! # With an authorization server
//!
//! With the feature `jwt`, tokens are those of an OAuth authorization server, and clients find it by themselves:
//!
//! ```
//! # #[cfg(feature = "jwt")]
//! # fn main() {
//! use pmcp_server::{JwtAuthenticator, Server};
//! use pmcp_tasks::prelude::*;
//!
//! /// Read a note.
//! #[task_tool(support = "forbidden", read_only)]
//! async fn read_note(name: String) -> String {
//!     format!("the note {name}")
//! }
//!
//! /// Write a note.
//! #[task_tool(support = "forbidden", scopes = ["notes:write"])]
//! async fn write_note(name: String, text: String, cx: ToolContext) -> String {
//!     let writer = cx.principal().and_then(|caller| caller.subject.as_deref()).unwrap_or("you");
//!     format!("{writer} wrote {} bytes to {name}", text.len())
//! }
//!
//! let server = Server::new("notes", "1.0.0")
//!     .tool::<read_note>()
//!     .tool::<write_note>()
//!     .authenticator(JwtAuthenticator::new("https://auth.example.com", "https://mcp.example.com/mcp"))
//!     .required_scopes(["notes:read"])
//!     .step_up(true);
//! # let _ = server;
//! # }
//! # #[cfg(not(feature = "jwt"))]
//! # fn main() {}
//! ```
//!
//! ```text
//!  client                                    server                       authorization server
//!    | initialize, without a token             |                                  |
//!    |---------------------------------------->|                                  |
//!    | 401: resource_metadata, scope           |                                  |
//!    |<----------------------------------------|                                  |
//!    | /.well-known/oauth-protected-resource   |                                  |
//!    |---------------------------------------->|                                  |
//!    | registers, has its user log in, gets a token for this resource             |
//!    |--------------------------------------------------------------------------->|
//!    | initialize, with the token              | the issuer's keys, once          |
//!    |---------------------------------------->|--------------------------------->|
//!    | tools/call of `write_note`              |                                  |
//!    |---------------------------------------->|                                  |
//!    | 403: insufficient_scope, notes:write    |                                  |
//!    |<----------------------------------------|                                  |
//!    | asks its user, gets another token, calls again                             |
//! ```
//!
//! # What they may use
//!
//! | rule | who passes | anybody else |
//! |---|---|---|
//! | `.required_scopes([…])` | tokens with all of them, for every request over HTTP | 403 with `insufficient_scope` and the scopes |
//! | `scopes = […]` of `#[task_tool]`, `#[workflow]`, `#[prompt]`, `#[resource]` | tokens with all of them, and the user of a local server | does not see it; a request for it is answered as for what there is not |
//! | the same with `.step_up(true)` | the same | sees it; over HTTP a request for it is answered 403 with its scopes, elsewhere as before |
//! | `.authorize(rule)` | those for whom the rule holds, on every transport | does not see it, whatever it is; it answers as what there is not |
//! | `.dynamic_tools(source)` | those whom the source gives the tool, and who pass the rules above | the same |
//!
//! A tool, workflow, prompt or resource passes the same gate wherever it is asked for: in lists, calls, completions and subscriptions, from
//! inside another tool (`task.call`), in the steps of a workflow, whoever goes on with it, by a template that fits it, and by its
//! tasks. A task of a tool that its owner may not use with the token at hand is unknown to them, until they come with a better
//! one.
//!
//! A workflow whose scopes a caller lacks shows them neither its prompt, its tool nor its runs. Its scopes are not those of its steps: a run whose
//! caller may not use the tool of a step waits with that step.
//!
//! Lists that differ from caller to caller say so to caches (`cacheScope: "private"`). Where what somebody may use changes while the server
//! runs, [`ListChanges`](pmcp_tasks::changes::ListChanges) tells the clients of all or of one owner that they may ask for a list again:
//! [`Server::list_changes`](crate::Server::list_changes).
//!
//! # Stepping up
//!
//! A server that hides what one may not use, and one that tells how to get it, are at odds: no client asks its user for the scopes of a
//! tool that it does not know. So one chooses. Where a token is what an administrator granted, hide; where users decide
//! for themselves, step up, and ask for few scopes at first. What a *rule* keeps back is hidden in both cases.
//!
//! The scopes in a 403 are those that the request needs. To a client of 2025-11-25 and before those that its token has are named, too: it
//! asks for what it is told and no more, and would lose them. Later clients add to what they have.
//!
//! A batch (2025-03-26) has one status: where one of its requests only lacks scopes, the whole is answered 403 with what all of them need, and
//! nothing of it is done. Without `.step_up(true)` such a request is answered in its place, as for what there is not.
//!
//! # What is not told
//!
//! A token that does not hold is answered 401 with `invalid_token`, whatever is wrong with it; the reason is an event of
//! `tracing` at the level `debug`, without anything of the token. Tokens are neither kept nor passed on.
