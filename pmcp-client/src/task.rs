//! A task to follow, answer, update and cancel.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use pmcp_protocol::{TaskStatus, ToolResult, VARIABLES};
use serde_json::{Map, Value, json};

use crate::{client::Client, error::ClientError, request::RequestOptions, result::tool_result, state::TaskState};

/// The answer to a question, as far as it has come.
#[derive(Debug)]
enum Given {
    /// A callback is at it.
    Asking,
    /// It is answered, but the answer may not have arrived.
    Answered(Value),
    /// The server has the answer.
    Sent,
}

/// A task on the server. Cheap to clone; clones answer a question once between them.
#[derive(Clone, Debug)]
pub struct TaskHandle {
    client: Client,
    id: Arc<str>,
    created: Option<Arc<TaskState>>,
    given: Arc<Mutex<HashMap<String, Given>>>,
}

/// Something to tell a task: answers to its questions, new values of its variables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskUpdate {
    answers: Map<String, Value>,
    variables: Map<String, Value>,
}

impl TaskUpdate {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers the question with this key: with a result as MCP writes it, such as `{"action": "decline"}`.
    #[must_use]
    pub fn answer(mut self, key: impl Into<String>, response: impl Into<Value>) -> Self {
        self.answers.insert(key.into(), response.into());
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }
}

impl Client {
    /// The task with this id, which may be from an earlier connection.
    pub fn task(&self, id: impl Into<String>) -> TaskHandle {
        TaskHandle::new(self.clone(), id.into(), None)
    }
}

impl TaskHandle {
    fn new(client: Client, id: String, created: Option<TaskState>) -> Self {
        Self { client, id: id.into(), created: created.map(Arc::new), given: Arc::default() }
    }

    pub(crate) fn created(client: Client, state: TaskState) -> Self {
        Self::new(client, state.id.clone(), Some(state))
    }

    /// The client it is followed with.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Tells whether questions and the outcome are part of the task, as 2026-07-28 shows it.
    pub(crate) fn is_whole(&self) -> bool {
        !self.client.connection().revision().asks_by_request()
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The task as the call that made it told; `None` if it was named by its id.
    #[must_use]
    pub fn first(&self) -> Option<&TaskState> {
        self.created.as_deref()
    }

    /// The task as it is now.
    ///
    /// # Errors
    /// The server does not know it, or the connection fails.
    pub async fn get(&self) -> Result<TaskState, ClientError> {
        TaskState::parse(self.client.request("tasks/get", json!({ "taskId": &*self.id })).await?)
    }

    /// Asks the server to cancel it.
    ///
    /// # Errors
    /// The server does not know it or, in 2025-11-25, it has ended; the connection fails.
    pub async fn cancel(&self) -> Result<(), ClientError> {
        self.client.request("tasks/cancel", json!({ "taskId": &*self.id })).await.map(drop)
    }

    /// Tells it something.
    ///
    /// # Errors
    /// The server does not know it or refuses a value, or the connection fails.
    pub async fn update(&self, update: TaskUpdate) -> Result<(), ClientError> {
        let TaskUpdate { answers, variables } = update;
        let keys: Vec<String> = answers.keys().cloned().collect();
        let mut params = json!({ "taskId": &*self.id });
        // The field is required in 2026-07-28, and means nothing in 2025-11-25.
        if self.is_whole() || !answers.is_empty() {
            params["inputResponses"] = answers.into();
        }
        if !variables.is_empty() {
            params["_meta"] = json!({ VARIABLES: variables });
        }
        self.client.request("tasks/update", params).await?;
        self.given.lock().extend(keys.into_iter().map(|key| (key, Given::Sent)));
        Ok(())
    }

    /// The result. In 2025-11-25 the server answers when the task ends; in 2026-07-28 at once.
    ///
    /// # Errors
    /// The task failed with a JSON-RPC error, was cancelled, or (2026-07-28) has not ended; the server does not know it, or
    /// the connection fails.
    pub async fn result(&self) -> Result<ToolResult, ClientError> {
        tool_result(self.outcome().await?)
    }

    pub(crate) async fn outcome(&self) -> Result<Value, ClientError> {
        if self.is_whole() {
            return self.get().await?.outcome();
        }
        let result = self.client.request("tasks/result", json!({ "taskId": &*self.id })).await;
        match result {
            // What `tasks/result` answers for a cancelled task is not specified.
            Err(error @ ClientError::Rpc(_)) => match self.get().await {
                Ok(state) if state.status == TaskStatus::Cancelled => Err(ClientError::Cancelled),
                _ => Err(error),
            },
            result => result,
        }
    }

    /// The method of an open question that nobody answers.
    pub(crate) fn unanswerable(&self, state: &TaskState) -> Option<String> {
        let callbacks = &self.client.connection().settings.callbacks;
        let given = self.given.lock();
        let mut open = state.input_requests.iter().filter(|(key, _)| !given.contains_key(*key));
        let unanswerable = open.find(|(_, question)| !callbacks.can_answer(&question.method, &question.params));
        unanswerable.map(|(_, question)| question.method.clone())
    }

    /// Answers the open questions that a callback answers and nobody has answered yet (tasks extension, "Task Update
    /// Requests").
    pub(crate) async fn answer(&self, state: &TaskState) -> Result<(), ClientError> {
        let callbacks = &self.client.connection().settings.callbacks;
        for (key, question) in &state.input_requests {
            if !callbacks.can_answer(&question.method, &question.params) {
                continue;
            }
            let answer = match Claim::take(self, key) {
                None => continue,
                Some(Taken::Again(answer)) => answer,
                Some(Taken::New(claim)) => {
                    let question = json!({ "method": question.method, "params": question.params });
                    let answer = self.client.connection().answer(question, Some(&self.id)).await?;
                    claim.keep(answer.clone());
                    answer
                }
            };
            self.update(TaskUpdate::new().answer(key, answer)).await?;
        }
        Ok(())
    }

    /// Waits for the end on a stream of its own, over which the server may ask (2025-11-25, "Input Required Status").
    pub(crate) async fn lend_stream(&self) {
        let options = RequestOptions::new();
        let params = json!({ "taskId": &*self.id });
        // Whatever it says, the caller looks at the task next.
        let _ = self.client.connection().send("tasks/result", params, &options).await;
    }
}

/// The right to answer a question; given back if it is dropped without an answer.
struct Claim<'a> {
    task: &'a TaskHandle,
    key: &'a str,
}

enum Taken<'a> {
    /// Nobody has answered it.
    New(Claim<'a>),
    /// It was answered, but the answer did not arrive.
    Again(Value),
}

impl<'a> Claim<'a> {
    fn take(task: &'a TaskHandle, key: &'a str) -> Option<Taken<'a>> {
        let mut given = task.given.lock();
        match given.get(key) {
            None => {
                given.insert(key.to_owned(), Given::Asking);
                Some(Taken::New(Self { task, key }))
            }
            Some(Given::Answered(answer)) => Some(Taken::Again(answer.clone())),
            Some(Given::Asking | Given::Sent) => None,
        }
    }

    fn keep(self, answer: Value) {
        self.task.given.lock().insert(self.key.to_owned(), Given::Answered(answer));
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut given = self.task.given.lock();
        if matches!(given.get(self.key), Some(Given::Asking)) {
            given.remove(self.key);
        }
    }
}
