//! Tasks: their questions, their end, and what is told of one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{RpcError, TaskStatus, ToolResult, is_page};

/// A question to the client: a server-to-client request as MCP writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputRequest {
    /// The method, such as `elicitation/create`.
    pub method: String,
    /// Its parameters.
    pub params: Value,
}

impl InputRequest {
    /// The URL of the page that it sends the user to, if it does ("URL Mode Elicitation Requests").
    #[must_use]
    pub fn page(&self) -> Option<&str> {
        is_page(&self.params).then(|| self.params.get("url")?.as_str()).flatten()
    }

    /// Its message, with the link of a page: for those who show neither forms nor pages.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let message = self.params.get("message").and_then(Value::as_str)?;
        Some(match self.page() {
            Some(url) => format!("{message}\nFor that the user opens this page: {url}"),
            None => message.to_owned(),
        })
    }
}

/// End of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "value")]
pub enum Outcome {
    /// The tool's result, with or without `isError`.
    Result(ToolResult),
    /// A result of another method, as it goes on the wire.
    Raw(Value),
    /// A JSON-RPC error.
    Error(RpcError),
    /// It was cancelled.
    Cancelled,
}

/// Everything that is told of a task.
#[derive(Clone, Debug)]
pub struct TaskView<'a> {
    /// Its id.
    pub id: String,
    /// Its state.
    pub status: TaskStatus,
    /// Set if it ended with a result that has `isError`.
    pub is_error: bool,
    /// A text about its state, for the user.
    pub message: Option<&'a str>,
    /// Time of its creation (RFC 3339).
    pub created: String,
    /// Time its state or message last changed (RFC 3339).
    pub updated: String,
    /// Lifetime from its creation, in milliseconds.
    pub ttl: u64,
    /// Time clients should wait before they ask again, in milliseconds.
    pub poll_interval: u64,
    /// The open questions to the client.
    pub inputs: &'a BTreeMap<String, InputRequest>,
    /// End of it, if it is to be told and has ended.
    pub outcome: Option<&'a Outcome>,
}
