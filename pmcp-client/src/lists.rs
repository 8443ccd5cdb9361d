//! Lists, page by page.

use std::collections::HashMap;

use pmcp_protocol::{
    Decider, TaskSupport, Version,
    bounds::{LIST, weight},
};
use serde_json::{Value, json};

use crate::{client::Client, connection::KnownTools, error::ClientError, state::TaskState};

/// The most pages of one list.
const MAX_PAGES: usize = 10_000;

/// A tool, as `tools/list` describes it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ToolInfo {
    /// Its name.
    pub name: String,
    /// A text about it, for the model.
    pub description: Option<String>,
    /// The schema of its arguments.
    pub input_schema: Value,
    /// The support for tasks on calls (2025-11-25; in 2026-07-28 the server decides and does not say).
    pub task_support: TaskSupport,
    /// The whole description.
    pub raw: Value,
}

impl ToolInfo {
    fn parse(raw: Value) -> Result<Self, ClientError> {
        let name = raw.get("name").and_then(Value::as_str);
        Ok(Self {
            name: name.ok_or_else(|| ClientError::protocol("a tool without a name"))?.to_owned(),
            description: raw.get("description").and_then(Value::as_str).map(str::to_owned),
            input_schema: raw.get("inputSchema").cloned().unwrap_or_default(),
            task_support: match raw.pointer("/execution/taskSupport").and_then(Value::as_str) {
                Some("optional") => TaskSupport::Optional,
                Some("required") => TaskSupport::Required,
                _ => TaskSupport::Forbidden,
            },
            raw,
        })
    }
}

impl Client {
    /// Every entry of a list, from all its pages.
    async fn list(&self, method: &str, field: &str) -> Result<Vec<Value>, ClientError> {
        let (mut all, mut bytes, mut params) = (Vec::new(), 0, json!({}));
        for _ in 0..MAX_PAGES {
            let mut page = self.request(method, params).await?;
            match page[field].take() {
                Value::Array(entries) => {
                    bytes += entries.iter().map(weight).sum::<usize>();
                    if bytes > LIST {
                        return Err(ClientError::protocol(format!("`{method}` has more than {} MiB", LIST >> 20)));
                    }
                    all.extend(entries);
                }
                _ => return Err(ClientError::protocol(format!("a page of `{method}` without `{field}`"))),
            }
            match page["nextCursor"].take() {
                Value::Null => return Ok(all),
                cursor => params = json!({ "cursor": cursor }),
            }
        }
        Err(ClientError::protocol(format!("`{method}` does not end")))
    }

    /// The tools.
    ///
    /// # Errors
    /// The server answers with an error, or the connection fails.
    pub async fn list_tools(&self) -> Result<Vec<ToolInfo>, ClientError> {
        let tools = self.list("tools/list", "tools").await?;
        tools.into_iter().map(ToolInfo::parse).collect()
    }

    /// The prompts, as the server describes them.
    ///
    /// # Errors
    /// The server answers with an error, or the connection fails.
    pub async fn list_prompts(&self) -> Result<Vec<Value>, ClientError> {
        self.list("prompts/list", "prompts").await
    }

    /// The resources, as the server describes them.
    ///
    /// # Errors
    /// The server answers with an error, or the connection fails.
    pub async fn list_resources(&self) -> Result<Vec<Value>, ClientError> {
        self.list("resources/list", "resources").await
    }

    /// The tasks of this client's owner (2025-11-25).
    ///
    /// # Errors
    /// The server answers with an error, or the connection fails.
    pub async fn list_tasks(&self) -> Result<Vec<TaskState>, ClientError> {
        let tasks = self.list("tasks/list", "tasks").await?;
        tasks.into_iter().map(TaskState::parse).collect()
    }

    /// Tells whether the client may ask for tasks on calls: a thing of 2025-11-25, and the server has to offer it.
    pub(crate) fn may_ask_for_tasks(&self) -> bool {
        let connection = self.connection();
        connection.settings.tasks
            && connection.server.lock().as_ref().is_some_and(|server| {
                let version = server["protocolVersion"].as_str().and_then(Version::parse);
                version.is_some_and(|version| version.revision().decider() == Decider::Client)
                    && server.pointer("/capabilities/tasks/requests/tools/call").is_some()
            })
    }

    /// The support for tasks that this tool declares (2025-11-25, "Tool-Level Negotiation"). The list of tools is read when it has changed;
    /// a tool that is not in it has none.
    ///
    /// # Errors
    /// The server answers with an error, or the connection fails.
    pub async fn task_support(&self, name: &str) -> Result<TaskSupport, ClientError> {
        let connection = self.connection();
        let of = |tools: &HashMap<String, TaskSupport>| tools.get(name).copied().unwrap_or(TaskSupport::Forbidden);
        let changes = connection.inbox.tool_changes();
        if let Some(known) = connection.tools.lock().as_ref().filter(|known| known.changes == changes) {
            return Ok(of(&known.support));
        }
        let tools = self.list_tools().await?.into_iter().map(|tool| (tool.name, tool.task_support)).collect();
        let support = of(&tools);
        *connection.tools.lock() = Some(KnownTools { changes, support: tools });
        Ok(support)
    }
}
