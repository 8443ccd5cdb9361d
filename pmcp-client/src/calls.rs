//! Calls: tools, prompts and resources, with the rounds of input some of them need.

use std::time::Duration;

use pmcp_protocol::{Decider, TaskSupport, ToolResult};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    client::Client, connection::Connection, error::ClientError, request::RequestOptions, result::tool_result,
    state::TaskState, task::TaskHandle,
};

/// The wait before a call is repeated that was put off without a question.
const PUT_OFF: Duration = Duration::from_millis(250);

/// The outcome of a call of a tool.
#[derive(Clone, Debug)]
pub enum CallOutcome {
    /// Its result.
    Result(ToolResult),
    /// A task that works on it.
    Task(TaskHandle),
}

impl CallOutcome {
    /// The task, if there is one.
    #[must_use]
    pub fn into_task(self) -> Option<TaskHandle> {
        match self {
            Self::Task(task) => Some(task),
            Self::Result(_) => None,
        }
    }

    /// The result, if it is there.
    #[must_use]
    pub fn into_result(self) -> Option<ToolResult> {
        match self {
            Self::Result(result) => Some(result),
            Self::Task(_) => None,
        }
    }
}

impl Connection {
    /// Checks that the result is of a type that this request may have (2026-07-28, "`ResultType`").
    pub(crate) fn check_result(&self, method: &str, result: &Value) -> Result<(), ClientError> {
        if self.revision().has_sessions() {
            return Ok(());
        }
        let kind = match result.get("resultType") {
            // Servers of earlier versions do not say.
            None => return Ok(()),
            Some(kind) => kind.as_str().unwrap_or_default(),
        };
        let is_allowed = match kind {
            "complete" => true,
            "input_required" => matches!(method, "tools/call" | "prompts/get" | "resources/read"),
            "task" => method == "tools/call" && self.settings.tasks,
            _ => false,
        };
        if is_allowed {
            Ok(())
        } else {
            Err(ClientError::protocol(format!("`{method}` was answered with the result type `{kind}`")))
        }
    }

    /// Sends a request, and sends it again with what the server asks for until it has a result (2026-07-28, multi
    /// round-trip requests).
    async fn complete(
        &self,
        method: &str,
        mut params: Map<String, Value>,
        options: &RequestOptions,
    ) -> Result<Value, ClientError> {
        for _ in 0..=self.settings.max_rounds {
            let reply = self.send(method, params.clone().into(), options).await?;
            let mut result = reply.result.map_err(ClientError::Rpc)?;
            self.check_result(method, &result)?;
            if self.revision().asks_by_request() || result["resultType"] != "input_required" {
                return Ok(result);
            }
            for (key, value) in [("requestState", result["requestState"].take()), ("inputResponses", Value::Null)] {
                match value {
                    Value::Null => params.remove(key),
                    value => params.insert(key.into(), value),
                };
            }
            match result["inputRequests"].take() {
                Value::Object(questions) => {
                    let mut answers = Map::new();
                    for (key, question) in questions {
                        answers.insert(key, self.answer(question, None).await?);
                    }
                    params.insert("inputResponses".into(), answers.into());
                }
                _ => self.runtime.sleep(PUT_OFF).await,
            }
        }
        Err(ClientError::TooManyRounds(self.settings.max_rounds))
    }

    /// Answers one input request.
    pub(crate) async fn answer(&self, mut question: Value, task: Option<&str>) -> Result<Value, ClientError> {
        let params = question["params"].take();
        let method = question["method"].as_str().unwrap_or_default();
        let answer = self.settings.callbacks.answer(method, params, task).await;
        // Responses of this kind are results: an error cannot be sent.
        answer.map_err(|reason| ClientError::Unanswered { method: method.to_owned(), reason })
    }
}

fn arguments(arguments: impl Serialize) -> Result<Value, ClientError> {
    let arguments = serde_json::to_value(arguments)
        .map_err(|error| ClientError::Input(format!("the arguments cannot be sent: {error}")))?;
    match arguments {
        Value::Null => Ok(json!({})),
        arguments @ Value::Object(_) => Ok(arguments),
        _ => Err(ClientError::Input("the arguments are not an object".into())),
    }
}

impl Client {
    /// Calls a tool. In 2026-07-28 the server decides whether that becomes a task; in 2025-11-25 it does not.
    ///
    /// # Errors
    /// The server answers with an error or asks for something no callback answers, or the connection fails.
    pub async fn call_tool(&self, name: &str, arguments: impl Serialize + Send) -> Result<CallOutcome, ClientError> {
        self.call_tool_with(name, arguments, RequestOptions::new()).await
    }

    /// Calls a tool as a task of this lifetime (2025-11-25).
    ///
    /// # Errors
    /// As [`call_tool`](Self::call_tool); tools that are never tasks are refused by the server.
    pub async fn call_tool_as_task(
        &self,
        name: &str,
        arguments: impl Serialize + Send,
        ttl: Option<Duration>,
    ) -> Result<CallOutcome, ClientError> {
        self.call_tool_with(name, arguments, RequestOptions::new().task(ttl)).await
    }

    /// Calls a tool in a way that differs from the ordinary.
    ///
    /// # Errors
    /// As [`call_tool`](Self::call_tool).
    pub async fn call_tool_with(
        &self,
        name: &str,
        arguments: impl Serialize + Send,
        options: RequestOptions,
    ) -> Result<CallOutcome, ClientError> {
        let params = Map::from_iter([("name".into(), name.into()), ("arguments".into(), self::arguments(arguments)?)]);
        let mut result = self.connection().complete("tools/call", params, &options).await?;
        let task = if self.connection().revision().decider() == Decider::Server {
            (result["resultType"] == "task").then(|| result.take())
        } else {
            let meta = result.get("_meta").cloned();
            result.get_mut("task").map(|task| with_meta(task.take(), meta))
        };
        match task {
            Some(task) => Ok(CallOutcome::Task(TaskHandle::created(self.clone(), TaskState::parse(task)?))),
            None => tool_result(result).map(CallOutcome::Result),
        }
    }

    /// Calls a tool and waits for its result, answering what it asks: as a task if the server makes it one or, in
    /// 2025-11-25, allows it; plainly otherwise.
    ///
    /// # Errors
    /// As [`call_tool`](Self::call_tool); the task fails with a JSON-RPC error or is cancelled.
    pub async fn call_and_wait(&self, name: &str, arguments: impl Serialize + Send) -> Result<ToolResult, ClientError> {
        let arguments = self::arguments(arguments)?;
        let mut options = RequestOptions::new();
        if self.may_ask_for_tasks() && self.task_support(name).await? != TaskSupport::Forbidden {
            options = options.task(None);
        }
        match self.call_tool_with(name, arguments, options).await? {
            CallOutcome::Result(result) => Ok(result),
            CallOutcome::Task(task) => task.wait().await,
        }
    }

    /// Renders a prompt: the result of `prompts/get`.
    ///
    /// # Errors
    /// As [`call_tool`](Self::call_tool).
    pub async fn get_prompt(&self, name: &str, arguments: impl Serialize + Send) -> Result<Value, ClientError> {
        let params = Map::from_iter([("name".into(), name.into()), ("arguments".into(), self::arguments(arguments)?)]);
        self.connection().complete("prompts/get", params, &RequestOptions::new()).await
    }

    /// Reads a resource: the result of `resources/read`.
    ///
    /// # Errors
    /// As [`call_tool`](Self::call_tool).
    pub async fn read_resource(&self, uri: &str) -> Result<Value, ClientError> {
        let params = Map::from_iter([("uri".into(), uri.into())]);
        self.connection().complete("resources/read", params, &RequestOptions::new()).await
    }

    /// Sends a request, answers by callbacks what the server asks for first, and gives the result as it came.
    ///
    /// # Errors
    /// As [`call_tool`](Self::call_tool); the parameters are not an object.
    pub async fn request_answering(
        &self,
        method: &str,
        params: Value,
        options: RequestOptions,
    ) -> Result<Value, ClientError> {
        let params = match params {
            Value::Null => Map::new(),
            Value::Object(params) => params,
            _ => return Err(ClientError::Input("the parameters of a request are an object".into())),
        };
        self.connection().complete(method, params, &options).await
    }

    /// Asks what the server is and can (2026-07-28): the result of `server/discover`.
    ///
    /// # Errors
    /// The server answers with an error, or the connection fails.
    pub async fn discover(&self) -> Result<Value, ClientError> {
        self.request("server/discover", json!({})).await
    }

    /// Asks whether the server is there (2025-11-25 and earlier).
    ///
    /// # Errors
    /// The server answers with an error, or the connection fails.
    pub async fn ping(&self) -> Result<(), ClientError> {
        self.request("ping", Value::Null).await.map(drop)
    }
}

/// A created task with the `_meta` that 2025-11-25 puts beside it.
fn with_meta(mut task: Value, meta: Option<Value>) -> Value {
    if let (Some(fields), Some(meta)) = (task.as_object_mut(), meta) {
        fields.entry("_meta").or_insert(meta);
    }
    task
}
