//! The seam to a transport or another SDK: a method and its parameters in, a result or an error out.

mod call;
mod companions;
mod fallback;
mod keeper;
mod listen;
mod queue;
mod recovery;
mod retry;
mod tasks;
#[cfg(test)]
mod tests;
mod told;
mod tools;

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use serde_json::{Map, Value};

pub use fallback::TaskFallback;
pub use listen::Subscription;

pub use crate::execution::Execution;

use crate::{
    call::{CallContext, Caller, Revision},
    execution::{Runtime, Settings},
    limits::Limits,
    protocol::{RpcError, code},
    store::{StoreError, TaskStore},
    task::Owner,
    tool::{ArgumentError, Arguments, Prepared, Tool, ToolDefinition},
};

/// Accepts or refuses the arguments of a call.
type Prepare = Arc<dyn Fn(Arguments) -> Result<Prepared, ArgumentError> + Send + Sync>;

/// A tool as it was registered.
#[derive(Clone)]
struct Registered {
    definition: Arc<ToolDefinition>,
    prepare: Prepare,
}

/// Serves tools and tasks: `tools/list`, `tools/call` and every `tasks/*` method of both revisions.
///
/// It knows nothing of transports. [`handle`](Self::handle) takes a method, its parameters and the context of the call, and
/// gives the result, a JSON-RPC error, or `None` for a method that is not its own. Cheap to clone.
#[derive(Clone)]
pub struct TaskRouter {
    runtime: Arc<Runtime>,
    tools: Arc<HashMap<String, Registered>>,
    order: Arc<[String]>,
    /// What clients that know no tasks get; `None` if no tool has the fallback.
    companions: Option<Arc<companions::Companions>>,
    /// How many queued tasks run here at once.
    at_once: Option<usize>,
}

impl fmt::Debug for TaskRouter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskRouter").field("tools", &self.order).finish_non_exhaustive()
    }
}

/// Collects tools for a [`TaskRouter`].
pub struct TaskRouterBuilder<S> {
    state: S,
    tools: Vec<Registered>,
    settings: Settings,
    fallback: Option<TaskFallback>,
}

impl<S: fmt::Debug> fmt::Debug for TaskRouterBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskRouterBuilder").field("state", &self.state).finish_non_exhaustive()
    }
}

/// Why a router cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Two tools have one name.
    #[error("two tools are named `{0}`; give one of them another name with `name = \"…\"`")]
    DuplicateTool(String),
    /// A question cannot be asked in the protocol's forms.
    #[error("tool `{tool}`: the client cannot be asked for `{parameter}`: {reason}")]
    Question {
        /// The tool.
        tool: String,
        /// The `#[ask]` parameter.
        parameter: &'static str,
        /// Why.
        reason: String,
    },
    /// An argument cannot be repeated in a header.
    #[error("tool `{tool}`: {reason}")]
    Header {
        /// The tool.
        tool: String,
        /// Why.
        reason: String,
    },
    /// A tool may run longer than tasks exist.
    #[error("tool `{tool}`: its timeout and ten minutes are longer than the longest task ({max:?})")]
    Timeout {
        /// The tool.
        tool: String,
        /// The longest task.
        max: Duration,
    },
    /// A tool has the name of one that goes on with tasks for clients that know none.
    #[error("a tool is named `{0}`, as one that clients without tasks need; rename either, see `TaskFallback`")]
    CompanionTool(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TaskRouter {
    /// Begins a router without state.
    #[must_use]
    pub fn builder() -> TaskRouterBuilder<()> {
        TaskRouterBuilder { state: (), tools: Vec::new(), settings: Settings::default(), fallback: None }
    }

    /// The tools, in the order of their registration.
    pub fn definitions(&self) -> impl Iterator<Item = &ToolDefinition> {
        self.order.iter().filter_map(|name| self.tools.get(name)).map(|tool| &*tool.definition)
    }

    /// The tool with this name.
    #[must_use]
    pub fn definition(&self, name: &str) -> Option<&ToolDefinition> {
        self.tools.get(name).map(|tool| &*tool.definition)
    }

    /// The limits the router was built with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.runtime.limits
    }

    /// Where tasks are kept.
    #[must_use]
    pub fn store(&self) -> &TaskStore {
        &self.runtime.store
    }

    /// Whether calls can become tasks at all.
    #[must_use]
    pub fn has_tasks(&self) -> bool {
        self.tools.values().any(|tool| tool.definition.support != crate::tool::TaskSupport::Forbidden)
    }

    /// The task whose end this request waits for: that of `tasks/result`, or of the tool that stands for it where clients
    /// know no tasks.
    #[must_use]
    pub fn awaited_task<'a>(&self, method: &str, params: &'a Value) -> Option<&'a str> {
        match method {
            "tasks/result" => params.get("taskId")?.as_str(),
            "tools/call" => {
                let companions = self.companions.as_ref()?;
                let name = params.get("name")?.as_str()?;
                let waits = matches!(companions.find(name), Some(companions::Companion::Status));
                params.pointer("/arguments/task_id")?.as_str().filter(|_| waits)
            }
            _ => None,
        }
    }

    /// Handles a request; `None` if the method is not one of tools or tasks in this revision.
    ///
    /// What it began to write it finishes even if the future is dropped; the work of a call goes on, too: cancel it
    /// through [`CallContext::cancellation`].
    ///
    /// # Errors
    /// The inner result is the JSON-RPC error to answer with.
    pub async fn handle(&self, method: &str, params: &Value, cx: &CallContext) -> Option<Result<Value, RpcError>> {
        let result = match (method, cx.revision) {
            ("tools/list", _) => self.list_tools(params, cx),
            ("tools/call", _) => self.call_tool(params, cx).await,
            ("tasks/get", Revision::V2025 | Revision::V2026) => self.get_task(params, cx).await,
            ("tasks/cancel", Revision::V2025 | Revision::V2026) => self.cancel_task(params, cx).await,
            ("tasks/update", Revision::V2025 | Revision::V2026) => self.update_task(params, cx).await,
            ("tasks/list", Revision::V2025) => self.list_tasks(params, cx).await,
            ("tasks/result", Revision::V2025) => self.task_result(params, cx).await,
            _ => return None,
        };
        Some(result)
    }

    /// Runs a request of another method, such as `prompts/get`, which may ask the client as tools do. `name` and
    /// `arguments` are what a retry has to repeat.
    ///
    /// # Errors
    /// The JSON-RPC error to answer with.
    pub async fn run(
        &self,
        (method, name, arguments): (&str, &str, &Map<String, Value>),
        prepared: Prepared,
        params: &Value,
        cx: &CallContext,
    ) -> Result<Value, RpcError> {
        let digest = retry::digest(method, name, arguments);
        if cx.revision == Revision::V2026
            && let Some(state) = params.get("requestState").filter(|state| !state.is_null())
        {
            return self.retry(state, params.get("inputResponses"), &digest, cx).await;
        }
        let _admitted = self.runtime.admit()?;
        let definition = Arc::new(ToolDefinition { name: name.to_owned(), ..ToolDefinition::default() });
        self.run_plain(definition, false, digest, prepared, Map::new(), params, cx).await
    }

    /// Stops admitting calls, lets running ones finish for the grace period, then cancels them.
    pub async fn shut_down(&self, grace: Duration) {
        self.runtime.shut_down(grace).await;
    }

    /// Starts the work in the background that a serving process needs: removing expired tasks and, where other processes
    /// share the store, keeping the lease, taking over the tasks of dead workers, and learning what others do to tasks here.
    ///
    /// Call it inside a Tokio runtime; once is enough, and more does no harm.
    pub fn keep_house(&self) {
        self.runtime.house.call_once(|| {
            self.runtime.keep_house();
            self.keep();
        });
    }
}

impl<S: Clone + Send + Sync + 'static> TaskRouterBuilder<S> {
    /// The state that tools take parts of; call it before registering them.
    pub fn state<T: Clone + Send + Sync + 'static>(self, state: T) -> TaskRouterBuilder<T> {
        TaskRouterBuilder { state, tools: self.tools, settings: self.settings, fallback: self.fallback }
    }

    /// Registers a tool.
    #[must_use]
    pub fn tool<T: Tool<S>>(mut self) -> Self {
        let state = self.state.clone();
        self.tools.push(Registered {
            definition: Arc::new(T::definition()),
            prepare: Arc::new(move |arguments| T::prepare(&state, arguments)),
        });
        self
    }

    /// Other limits than the default ones.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// How long a worker may go without renewing its lease before others that share the store take its tasks over. Default
    /// 10 seconds; it is renewed four times as often.
    #[must_use]
    pub fn lease(mut self, period: Duration) -> Self {
        self.settings.lease = period;
        self
    }

    /// Which process runs the tasks that are created here.
    #[must_use]
    pub fn execution(mut self, execution: Execution) -> Self {
        self.settings.execution = execution;
        self
    }

    /// Runs queued tasks here, at most `at_once` at the same time.
    #[must_use]
    pub fn worker(mut self, at_once: usize) -> Self {
        self.settings.at_once = Some(at_once);
        self
    }

    /// What clients that know no tasks get when a call takes long. It holds for tools with `fallback = "handle"`, and for
    /// every other tool with tasks unless [`every_tool`](TaskFallback::every_tool) is off.
    #[must_use]
    pub fn task_fallback(mut self, fallback: TaskFallback) -> Self {
        self.fallback = Some(fallback);
        self
    }

    /// Whether clients see what went wrong inside a tool. For development only.
    #[must_use]
    pub fn expose_errors(mut self, expose_errors: bool) -> Self {
        self.settings.expose_errors = expose_errors;
        self
    }

    /// The router, with its tasks in this store.
    ///
    /// # Errors
    /// Two tools have one name, a companion tool's name is taken, a question cannot be asked, a header cannot be sent, a timeout is too long, or the store fails.
    pub fn build(self, store: TaskStore) -> Result<TaskRouter, BuildError> {
        let mut tools = HashMap::new();
        let mut order = Vec::new();
        for tool in self.tools {
            let definition = &tool.definition;
            for question in &definition.questions {
                call::form(question).map_err(|error| BuildError::Question {
                    tool: definition.name.clone(),
                    parameter: question.name,
                    reason: error.to_string(),
                })?;
            }
            crate::protocol::header::parameters(&definition.input_schema)
                .map_err(|reason| BuildError::Header { tool: definition.name.clone(), reason })?;
            if self.settings.limits.ttl(None, None, definition.timeout) > self.settings.limits.max_ttl {
                return Err(BuildError::Timeout { tool: definition.name.clone(), max: self.settings.limits.max_ttl });
            }
            order.push(definition.name.clone());
            if let Some(other) = tools.insert(definition.name.clone(), tool) {
                return Err(BuildError::DuplicateTool(other.definition.name.clone()));
            }
        }
        let companions = companions::Companions::new(self.fallback, &tools)?.map(Arc::new);
        let at_once = self.settings.at_once;
        let runtime = Runtime::new(store, self.settings)?;
        Ok(TaskRouter { runtime, tools: Arc::new(tools), order: order.into(), companions, at_once })
    }
}

/// `_meta` of a request's parameters.
fn meta(params: &Value) -> Option<&Map<String, Value>> {
    params.get("_meta").and_then(Value::as_object)
}

/// The caller's owner, or the error that says what to configure.
fn owner(cx: &CallContext) -> Result<&Owner, RpcError> {
    match &cx.caller {
        Caller::Known { owner, .. } => Ok(owner),
        Caller::Unknown { reason } => Err(RpcError::new(code::INTERNAL_ERROR, *reason)
            .with_data(serde_json::json!({ "reason": "tasks_unavailable" }))),
    }
}

/// A failed store, as the client sees it.
fn store_failed(error: &StoreError) -> RpcError {
    tracing::error!(error = error as &dyn std::error::Error, "the store failed");
    RpcError::internal("the task store failed")
}

/// There is no such task for this caller; the same answer whether or not somebody else has it.
fn unknown_task() -> RpcError {
    RpcError::invalid_params("unknown task")
}

/// Task methods need the extension on the very request (2026-07-28).
fn declared(cx: &CallContext) -> Result<(), RpcError> {
    match cx.revision.missing_tasks() {
        Some(missing) if !cx.client.tasks => Err(missing),
        _ => Ok(()),
    }
}
