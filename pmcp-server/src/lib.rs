//! Serves Model Context Protocol tools, tasks, prompts and resources over stdio and streamable HTTP.

mod access;
mod auth;
mod connection;
mod error;
mod http;
mod legacy;
mod lines;
mod message;
mod modern;
mod prompt;
mod resource;
mod server;
mod service;
mod session;
mod transport;

pub use access::Anonymous;
pub use auth::{Authenticator, BearerTokens, Challenge};
pub use error::Error;
pub use pmcp_tasks;
pub use prompt::{Prompt, PromptArgument, PromptArguments, PromptResult};
pub use resource::{Resource, ResourceContents, ResourceRequest};
pub use server::{Running, Server};
pub use service::ServeLimits;
pub use transport::Transport;
