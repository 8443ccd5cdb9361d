//! Which definitions a message of the server has to fit, and what it is an example of.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::{Value, json};

use crate::schema::{self, Schemas, Source};

/// The revision a conversation was held in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revision {
    /// 2025-11-25.
    V2025,
    /// 2026-07-28, and the extension for tasks.
    V2026,
}

impl Revision {
    /// Its name on the wire.
    #[must_use]
    pub fn version(self) -> &'static str {
        match self {
            Self::V2025 => "2025-11-25",
            Self::V2026 => "2026-07-28",
        }
    }

    pub(crate) fn source(self) -> Source {
        match self {
            Self::V2025 => Source::V2025,
            Self::V2026 => Source::V2026,
        }
    }
}

/// A message of the server, with the request it answers if it answers one.
#[derive(Clone, Debug)]
pub struct Emitted {
    /// The request.
    pub request: Option<Value>,
    /// The message.
    pub message: Value,
}

impl fmt::Display for Emitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        self.request.as_ref().map_or(Ok(()), |request| write!(f, "\n  in answer to {request}"))
    }
}

/// Checks every message of one conversation.
#[derive(Debug)]
pub struct Inspector<'a> {
    schemas: &'a Schemas,
    revision: Revision,
    /// The schemas of tools' structured results, by tool, as they were listed.
    outputs: BTreeMap<String, Value>,
    /// The tool of each task.
    tools: BTreeMap<String, String>,
    examples: BTreeSet<String>,
}

impl<'a> Inspector<'a> {
    /// One who has heard the conversation.
    #[must_use]
    pub fn new(schemas: &'a Schemas, revision: Revision, emitted: &[Emitted]) -> Self {
        let mut inspector =
            Self { schemas, revision, outputs: BTreeMap::new(), tools: BTreeMap::new(), examples: BTreeSet::new() };
        for message in emitted {
            inspector.learn(message);
        }
        inspector
    }

    /// What the messages inspected since the last call were examples of, such as `result tools/call`.
    pub fn examples(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.examples)
    }

    /// Remembers what tools say their results are, and which tool a task is of.
    pub(crate) fn learn(&mut self, emitted: &Emitted) {
        let result = &emitted.message["result"];
        let created = result["taskId"].as_str().or_else(|| result["task"]["taskId"].as_str());
        let called = emitted.request.as_ref().and_then(|request| request["params"]["name"].as_str());
        if let (Some(task), Some(tool)) = (created, called) {
            self.tools.insert(task.to_owned(), tool.to_owned());
        }
        for tool in emitted.message.pointer("/result/tools").and_then(Value::as_array).into_iter().flatten() {
            if let (Some(name), Some(output)) = (tool["name"].as_str(), tool.get("outputSchema")) {
                self.outputs.insert(name.to_owned(), output.clone());
            }
        }
    }

    fn example(&mut self, of: impl Into<String>) {
        self.examples.insert(of.into());
    }

    fn fits(&self, definition: &str, value: &Value) -> Vec<String> {
        self.schemas.mistakes(self.revision.source(), definition, value)
    }

    fn fits_extension(&self, definition: &str, value: &Value) -> Vec<String> {
        self.schemas.mistakes(Source::TasksExtension, definition, value)
    }

    /// What is wrong with a message.
    pub fn mistakes(&mut self, Emitted { request, message }: &Emitted) -> Vec<String> {
        let mut mistakes = self.fits("JSONRPCMessage", message);
        let method = message["method"].as_str();
        mistakes.extend(match (method, message.get("id"), message.get("result"), message.get("error")) {
            (Some(method), Some(_), None, None) => self.request(method, message),
            (Some(method), None, None, None) => self.notification(method, message),
            (None, _, Some(result), None) => match request {
                Some(request) => self.result(request, result),
                None => vec!["it answers no request".into()],
            },
            (None, _, None, Some(error)) => self.error(message, error),
            _ => vec!["it is no JSON-RPC message".into()],
        });
        mistakes
    }

    fn request(&mut self, method: &str, message: &Value) -> Vec<String> {
        self.example(format!("request {method}"));
        let definition = match (self.revision, method) {
            (Revision::V2025, "elicitation/create") => "ElicitRequest",
            (Revision::V2025, "sampling/createMessage") => "CreateMessageRequest",
            (Revision::V2025, "roots/list") => "ListRootsRequest",
            _ => return vec!["no server sends this request".into()],
        };
        self.fits(definition, message)
    }

    fn notification(&mut self, method: &str, message: &Value) -> Vec<String> {
        self.example(format!("notification {method}"));
        let definition = match (self.revision, method) {
            (_, "notifications/progress") => "ProgressNotification",
            (_, "notifications/message") => "LoggingMessageNotification",
            (_, "notifications/cancelled") => "CancelledNotification",
            (_, "notifications/resources/updated") => "ResourceUpdatedNotification",
            (_, "notifications/tools/list_changed") => "ToolListChangedNotification",
            (_, "notifications/prompts/list_changed") => "PromptListChangedNotification",
            (_, "notifications/resources/list_changed") => "ResourceListChangedNotification",
            (Revision::V2025, "notifications/elicitation/complete") => "ElicitationCompleteNotification",
            (Revision::V2025, "notifications/tasks/status") => "TaskStatusNotification",
            (Revision::V2026, "notifications/subscriptions/acknowledged") => {
                let accepted = &message["params"]["notifications"];
                let mut mistakes = self.fits("SubscriptionsAcknowledgedNotification", message);
                mistakes.extend(self.fits_extension("TaskSubscriptionAcknowledgedNotifications", accepted));
                return mistakes;
            }
            (Revision::V2026, "notifications/tasks") => {
                self.task(&message["params"]);
                let mut mistakes = self.fits_extension("TaskStatusNotification", message);
                mistakes.extend(self.parts(&message["params"]));
                return mistakes;
            }
            _ => return vec!["no server sends this notification".into()],
        };
        self.fits(definition, message)
    }

    fn error(&mut self, message: &Value, error: &Value) -> Vec<String> {
        self.example(format!("error {}", error["code"]));
        let mut mistakes = self.fits("JSONRPCErrorResponse", message);
        if self.revision == Revision::V2026 {
            // Some definitions are of the error, some of the whole response.
            let (definition, value) = match error["code"].as_i64() {
                Some(-32700) => ("ParseError", error),
                Some(-32600) => ("InvalidRequestError", error),
                Some(-32601) => ("MethodNotFoundError", error),
                Some(-32602) => ("InvalidParamsError", error),
                Some(-32603) => ("InternalError", error),
                Some(-32020) => ("HeaderMismatchError", message),
                Some(-32021) => ("MissingRequiredClientCapabilityError", message),
                Some(-32022) => ("UnsupportedProtocolVersionError", message),
                _ => ("Error", error),
            };
            mistakes.extend(self.fits(definition, value));
        }
        mistakes
    }

    /// Notes the status of a task.
    fn task(&mut self, task: &Value) {
        let status = task["status"].as_str().unwrap_or("?");
        self.example(format!("task {status}"));
    }

    fn result(&mut self, request: &Value, result: &Value) -> Vec<String> {
        let method = request["method"].as_str().unwrap_or_default();
        self.example(format!("result {method}"));
        if result.get("nextCursor").is_some() {
            self.example(format!("page {method}"));
        }
        match self.revision {
            Revision::V2025 => self.result_2025(method, &request["params"], result),
            Revision::V2026 => self.result_2026(method, &request["params"], result),
        }
    }

    fn result_2025(&mut self, method: &str, params: &Value, result: &Value) -> Vec<String> {
        let definition = match method {
            "initialize" => "InitializeResult",
            "tasks/get" => "GetTaskResult",
            "tasks/cancel" => "CancelTaskResult",
            "tasks/list" => "ListTasksResult",
            "tasks/result" => return self.called(self.tool_of(&params["taskId"]).as_deref(), result),
            "tools/call" if params.get("task").is_some_and(|task| !task.is_null()) => {
                self.example("result tools/call as a task");
                self.task(&result["task"]);
                return self.fits("CreateTaskResult", result);
            }
            "tools/call" => return self.called(params["name"].as_str(), result),
            // `tasks/update` is our extension to this revision.
            "ping" | "logging/setLevel" | "resources/subscribe" | "resources/unsubscribe" | "tasks/update" => {
                "EmptyResult"
            }
            _ => return self.common_result(method, result),
        };
        if definition == "GetTaskResult" || definition == "CancelTaskResult" {
            self.task(result);
        }
        self.fits(definition, result)
    }

    fn result_2026(&mut self, method: &str, params: &Value, result: &Value) -> Vec<String> {
        let may_ask = matches!(method, "tools/call" | "prompts/get" | "resources/read");
        match (method, result["resultType"].as_str()) {
            (_, Some("input_required")) if may_ask => {
                self.example(format!("input_required {method}"));
                let mut mistakes = self.fits("InputRequiredResult", result);
                mistakes.extend(self.asked(&result["inputRequests"]));
                mistakes
            }
            ("tools/call", Some("task")) => {
                self.example("result tools/call as a task");
                self.task(result);
                self.fits_extension("CreateTaskResult", result)
            }
            (_, Some("complete")) => match method {
                "server/discover" => self.fits("DiscoverResult", result),
                "subscriptions/listen" => self.fits("SubscriptionsListenResult", result),
                "tasks/update" => self.fits_extension("UpdateTaskResult", result),
                "tasks/cancel" => self.fits_extension("CancelTaskResult", result),
                "tasks/get" => {
                    self.task(result);
                    let mut mistakes = self.fits_extension("GetTaskResult", result);
                    mistakes.extend(self.parts(result));
                    mistakes
                }
                "tools/call" => self.called(params["name"].as_str(), result),
                _ => self.common_result(method, result),
            },
            (_, kind) => vec![format!("`resultType` is {kind:?}")],
        }
    }

    fn common_result(&mut self, method: &str, result: &Value) -> Vec<String> {
        let definition = match method {
            "tools/list" => {
                let mut mistakes = self.fits("ListToolsResult", result);
                for tool in result["tools"].as_array().into_iter().flatten() {
                    for schema in ["inputSchema", "outputSchema"] {
                        if let Some(Err(error)) = tool.get(schema).map(jsonschema::meta::validate) {
                            mistakes.push(format!("`{schema}` of {} is no schema: {error}", tool["name"]));
                        }
                    }
                }
                return mistakes;
            }
            "prompts/list" => "ListPromptsResult",
            "prompts/get" => {
                for message in result["messages"].as_array().into_iter().flatten() {
                    self.content("prompt", &message["content"]);
                }
                "GetPromptResult"
            }
            "resources/list" => "ListResourcesResult",
            "resources/templates/list" => "ListResourceTemplatesResult",
            "resources/read" => "ReadResourceResult",
            "completion/complete" => "CompleteResult",
            _ => return vec!["no request has this result".into()],
        };
        self.fits(definition, result)
    }

    fn content(&mut self, of: &str, block: &Value) {
        let kind = block["type"].as_str().unwrap_or("?").to_owned();
        let contents = &block["resource"];
        let detail = match (contents.get("text"), contents.get("blob")) {
            (Some(_), _) => " text",
            (_, Some(_)) => " blob",
            _ => "",
        };
        self.example(format!("{of} {kind}{detail}"));
    }

    /// What is inside a task, which its own definition does not look at.
    fn parts(&mut self, task: &Value) -> Vec<String> {
        let tool = self.tool_of(&task["taskId"]);
        let mut mistakes = task.get("inputRequests").map_or_else(Vec::new, |asked| self.asked(asked));
        mistakes.extend(task.get("result").into_iter().flat_map(|result| self.called(tool.as_deref(), result)));
        mistakes
    }

    fn tool_of(&self, task: &Value) -> Option<String> {
        self.tools.get(task.as_str()?).cloned()
    }

    /// The result of a tool; what it says for programs fits what the tool said of itself.
    fn called(&mut self, tool: Option<&str>, result: &Value) -> Vec<String> {
        for block in result["content"].as_array().into_iter().flatten() {
            self.content("content", block);
        }
        let failed = result["isError"] == true;
        if failed {
            self.example("content of an error");
        }
        let mut mistakes = self.fits("CallToolResult", result);
        let structured = result.get("structuredContent");
        if let Some(value) = structured {
            self.example(if value.is_object() { "structured object" } else { "structured other" });
        }
        let output = tool.and_then(|tool| self.outputs.get(tool));
        if let Some(output) = output.filter(|_| !failed) {
            match structured {
                Some(value) => mistakes.extend(schema::mistakes(&schema::compiled(output), value)),
                None => mistakes.push("the tool has an output schema, and this result no structured content".into()),
            }
        }
        mistakes
    }

    /// Questions inside a result are requests without an id.
    fn asked(&mut self, requests: &Value) -> Vec<String> {
        let mut mistakes = Vec::new();
        for request in requests.as_object().into_iter().flatten().map(|(_, request)| request) {
            let method = request["method"].as_str().unwrap_or_default();
            self.example(format!("input {method}"));
            mistakes.extend(match method {
                "elicitation/create" => self.fits("ElicitRequest", request),
                "sampling/createMessage" => self.fits("CreateMessageRequest", request),
                "roots/list" => self.fits("ListRootsRequest", request),
                _ => vec![format!("no server asks for {}", json!(method))],
            });
        }
        mistakes
    }
}
