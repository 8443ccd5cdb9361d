//! A client of the Model Context Protocol.
//!
//! It speaks both task revisions and the handshake of earlier versions, over standard streams, HTTP and anything in
//! process that carries bytes. [`Client::call_and_wait`] is one call for a tool's result, whether or not the call becomes
//! a task; [`TaskHandle`] follows a task, answers what it asks through the callbacks of [`ClientBuilder`], and gives its
//! changes as a stream.
//!
//! ```no_run
//! # #[cfg(feature = "http")]
//! # async fn example() -> Result<(), pmcp_client::ClientError> {
//! use pmcp_client::{Client, ElicitAnswer};
//! use serde_json::json;
//!
//! let client = Client::builder("example", "1.0.0")
//!     .on_elicit(|question| async move {
//!         assert_eq!(question.message, "Keep the rejected rows?");
//!         ElicitAnswer::Accept(json!({ "keep": true }))
//!     })
//!     .connect_http("http://127.0.0.1:8080/mcp")
//!     .await?;
//! let result = client.call_and_wait("import_csv", json!({ "path": "rows.csv" })).await?;
//! assert!(!result.is_error);
//! client.close().await
//! # }
//! ```
//!
//! A connection owns a [`Wire`], on which messages travel, and the [`Inbox`] that the wire fills. Both know nothing of what the
//! client makes of the messages, so that [`ClientBuilder::connect_over`] takes any wire.
//!
//! # Features
//!
//! | name | default | brings |
//! |---|---|---|
//! | `lines` | yes | a message a line: standard streams of a process, and streams in this one |
//! | `http` | yes | streamable HTTP, by `hyper`; for `https` take `tls`, or bring an `HttpTransport` |
//! | `tls` | no | `https`, by `rustls` with the certificates that the platform trusts; brings `http` |
//! | `streamable-http` | by `http` | streamable HTTP over an `HttpTransport` of yours, such as `fetch` in a page |
//! | `tokio-runtime` | by both | `TokioRuntime`; without it the [`Runtime`] is yours |

mod answering;
mod answers;
mod builder;
mod calls;
mod changes;
mod client;
mod connection;
mod error;
#[cfg(feature = "streamable-http")]
mod http;
mod inbox;
#[cfg(feature = "lines")]
mod lines;
mod listen;
mod lists;
mod observe;
mod observed;
mod probe;
mod request;
mod result;
mod revision;
mod runtime;
mod secret;
mod session;
mod settings;
mod state;
mod task;
#[cfg(feature = "tokio-runtime")]
mod tokio_runtime;
mod wire;

pub use answers::{ElicitAnswer, Elicitation, Page};
pub use builder::ClientBuilder;
pub use calls::CallOutcome;
pub use client::Client;
pub use error::ClientError;
#[cfg(feature = "http")]
pub use http::transport_for;
#[cfg(feature = "streamable-http")]
pub use http::{HttpBody, HttpTransport};
pub use inbox::{Expected, Inbox};
pub use listen::Subscription;
pub use lists::ToolInfo;
pub use observe::Side;
pub use pmcp_protocol;
pub use pmcp_protocol::{RpcError, TaskStatus, TaskSupport, ToolResult, Version};
pub use request::{Notification, Reply, RequestOptions};
pub use revision::ClientRevision;
pub use runtime::Runtime;
pub use state::TaskState;
pub use task::{TaskHandle, TaskUpdate};
#[cfg(feature = "tokio-runtime")]
pub use tokio_runtime::TokioRuntime;
pub use wire::{Exchange, Wire};
