//! The seam to a transport or another SDK: a method and its parameters in, a result or an error out.
//!
//! The top floor: it reads parameters, decides whether a call becomes a task and what this client may see, and leaves
//! the work to the engine. Each flow (call, retry, tasks, listen, fallback, offers) has a place of its own. Transports
//! are not known here: a client is reached through the [`Peer`](crate::call::Peer) of its call.

mod asking;
mod begin;
mod builder;
mod call;
mod digest;
mod dynamic;
mod fallback;
mod listen;
mod offers;
mod questions;
mod registered;
mod reply;
mod request;
mod retry;
mod stream;
mod tasks;
#[cfg(test)]
mod tests;
mod tools;
mod workflow;

use std::{fmt, sync::Arc, time::Duration};

use serde_json::{Map, Value};

use begin::Accepted;
pub use builder::{BuildError, TaskRouterBuilder};
pub use fallback::TaskFallback;
pub use listen::Subscription;
use request::RequestCx;
use tools::Tools;

pub use crate::engine::{Board, BoardWatch, Execution, LeaseStatus, QueueStatus, Status, StoreStatus};
use crate::{
    call::{CallContext, Caller},
    changes::{FollowedLists, Lists},
    engine::Engine,
    error::StoreError,
    gate::Target,
    limits::Limits,
    offer::Prompt,
    protocol::RpcError,
    task::{TaskId, TaskStore},
    tool::{Arguments, Prepared, TaskSupport, ToolDefinition, Work, is_name},
    workflow::{CONTINUE, TASK_ID},
};

/// Serves tools and tasks: `tools/list`, `tools/call`, every `tasks/*` method of both revisions, and `prompts/get` and
/// `completion/complete` of workflows.
///
/// It knows nothing of transports. [`handle`](Self::handle) takes a method, its parameters and the context of the call, and
/// gives [`Handled`]: the answer, or `NotMine` for a method of somebody else. Cheap to clone.
#[derive(Clone)]
pub struct TaskRouter {
    engine: Arc<Engine>,
    tools: Arc<Tools>,
}

/// Outcome of a request that a router was given.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub enum Handled {
    /// The result, or the error to answer with.
    Answer(Result<Value, RpcError>),
    /// The method is not one of tools or tasks in the revision of the request: somebody else may know it.
    NotMine,
}

impl Handled {
    /// The answer.
    ///
    /// # Errors
    /// The JSON-RPC error to answer with: -32601 if the method is not the router's.
    pub fn answer(self) -> Result<Value, RpcError> {
        match self {
            Self::Answer(answer) => answer,
            Self::NotMine => Err(RpcError::method_not_found("unknown method")),
        }
    }
}

impl fmt::Debug for TaskRouter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskRouter").field("tools", &self.tools.order).finish_non_exhaustive()
    }
}

impl TaskRouter {
    /// Begins a router without state.
    #[must_use]
    pub fn builder() -> TaskRouterBuilder<()> {
        TaskRouterBuilder::new()
    }

    /// The tools, in the order of their registration.
    pub fn definitions(&self) -> impl Iterator<Item = &ToolDefinition> {
        self.tools.definitions()
    }

    /// The tool with this name.
    #[must_use]
    pub fn definition(&self, name: &str) -> Option<&ToolDefinition> {
        self.tools.find(name).map(|tool| &*tool.definition)
    }

    /// Tells whether there may be tools that are made at run time, which [`definitions`](Self::definitions) has not.
    #[must_use]
    pub fn has_dynamic_tools(&self) -> bool {
        !self.engine.sources.is_empty()
    }

    /// Tells whether calls of this name are answered, whoever makes them and whatever tools are made at run time: by a tool, by that of a workflow, or by a companion of tasks.
    #[must_use]
    pub fn has_tool(&self, name: &str) -> bool {
        let is_companion = || self.tools.companions.as_ref().is_some_and(|companions| companions.find(name).is_some());
        self.tools.find(name).is_some() || self.tools.flows.has_tool(name) || is_companion()
    }

    /// The prompts that begin workflows, in the order of their registration: for whoever lists prompts beside other ones.
    #[must_use]
    pub fn prompts(&self) -> Vec<Prompt> {
        self.tools.flows.prompts()
    }

    /// The limits the router was built with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        self.engine.limits()
    }

    /// The store that keeps its tasks.
    #[must_use]
    pub fn store(&self) -> &TaskStore {
        self.engine.store()
    }

    /// Tells whether calls can become tasks at all. Those of tools that are made at run time may, whichever there are.
    #[must_use]
    pub fn has_tasks(&self) -> bool {
        self.has_dynamic_tools() || self.definitions().any(|tool| tool.support != TaskSupport::Forbidden)
    }

    /// The task whose end this request waits for: that of `tasks/result`, or of the tool that stands for it where clients
    /// know no tasks.
    #[must_use]
    pub fn awaited_task<'a>(&self, method: &str, params: &'a Value) -> Option<&'a str> {
        let id = match method {
            "tasks/result" => params.get("taskId")?.as_str(),
            "tools/call" if params.get("name").is_some_and(|name| name == CONTINUE) => {
                params.get("arguments")?.get(TASK_ID)?.as_str()
            }
            "tools/call" => {
                let companions = self.tools.companions.as_ref()?;
                let waits = companions.waits(params.get("name")?.as_str()?);
                params.pointer("/arguments/task_id")?.as_str().filter(|_| waits)
            }
            _ => None,
        };
        // What is no id is no task's, and of any length.
        id.filter(|id| id.parse::<TaskId>().is_ok())
    }

    /// Tells whether the caller may use this.
    #[must_use]
    pub fn permits(&self, caller: &Caller, target: &Target<'_>) -> bool {
        self.engine.gate.permits(caller, target)
    }

    /// Tells whether something is for some callers and not for others, so that lists are nobody else's.
    #[must_use]
    pub fn is_selective(&self) -> bool {
        self.engine.is_selective()
    }

    /// The lists that may change while the server runs: those that somebody tells of.
    #[must_use]
    pub fn changing_lists(&self) -> Lists {
        self.engine.changes.iter().flat_map(|changes| changes.lists().iter()).collect()
    }

    /// Changes of lists from now on, of those that concern this caller.
    #[must_use]
    pub fn follow_lists(&self, caller: &Caller) -> FollowedLists {
        FollowedLists::new(&self.engine.changes, caller.owner())
    }

    /// The tool with this name, if the caller may use it.
    #[must_use]
    pub fn definition_for(&self, caller: &Caller, name: &str) -> Option<&ToolDefinition> {
        self.tools.find(name).filter(|tool| self.engine.permits(caller, &tool.work)).map(|tool| &*tool.definition)
    }

    /// The scopes of the tool or workflow that the caller of this request lacks, and could get: all of its scopes. `None` unless the
    /// server has [`step_up`](TaskRouterBuilder::step_up).
    #[must_use]
    pub fn lacking_scopes(&self, method: &str, params: &Value, caller: &Caller) -> Option<&[String]> {
        let (name, flows) = (params.get("name")?.as_str()?, &self.tools.flows);
        let work = match method {
            "tools/call" => match self.tools.find(name) {
                Some(tool) => &tool.work,
                None => &flows.find(name).filter(|_| flows.has_tool(name))?.work,
            },
            "prompts/get" => &flows.of_prompt(name)?.work,
            _ => return None,
        };
        self.engine.gate.lacking(caller, &work.target()?)
    }

    /// The same of a call of a tool that is made at run time: its source is asked, if the server has [`step_up`](TaskRouterBuilder::step_up).
    pub async fn lacking_scopes_of_dynamic(
        &self,
        method: &str,
        params: &Value,
        caller: &Caller,
    ) -> Option<Vec<String>> {
        let (name, engine) = (params.get("name")?.as_str()?, &self.engine);
        if method != "tools/call"
            || !engine.gate.lists_for_step_up
            || engine.sources.is_empty()
            || !is_name(name)
            || self.tools.is_taken(name)
        {
            return None;
        }
        // That it cannot be told now is the answer to the call.
        let tool = engine.find_dynamic(name, caller).await.ok()??;
        engine.gate.lacking(caller, &tool.work().target()?).map(<[String]>::to_vec)
    }

    /// Handles a request.
    ///
    /// It finishes what it began to write even if the future is dropped; the work of a call goes on, too: cancel it
    /// through [`CallContext::cancellation`].
    pub async fn handle(&self, method: &str, params: &Value, cx: &CallContext) -> Handled {
        let rq = self.request(params, cx);
        Handled::Answer(match method {
            "tools/list" => self.tools.list(rq).await,
            "tools/call" => call::call_tool(rq, &self.tools).await,
            "prompts/get" => match Box::pin(self.tools.flows.prompt(rq)).await {
                Some(answer) => answer,
                None => return Handled::NotMine,
            },
            "completion/complete" => match Box::pin(self.tools.flows.complete(rq)).await {
                Some(answer) => answer,
                None => return Handled::NotMine,
            },
            _ if !cx.revision.has_task_method(method) => return Handled::NotMine,
            "tasks/get" => tasks::get(rq, &self.tools.flows).await,
            "tasks/list" => tasks::list(rq).await,
            "tasks/result" => tasks::result(rq).await,
            "tasks/cancel" => tasks::cancel(rq, &self.tools.flows).await,
            "tasks/update" => tasks::update(rq).await,
            _ => return Handled::NotMine,
        })
    }

    fn request<'a>(&'a self, params: &'a Value, cx: &'a CallContext) -> RequestCx<'a> {
        RequestCx { engine: &self.engine, params, cx }
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
        let rq = self.request(params, cx);
        rq.check_size(arguments)?;
        if !cx.revision.asks_by_request()
            && let Some(state) = params.get("requestState").filter(|state| !state.is_null())
        {
            let digest = digest::of_request(method, name, arguments);
            return retry::retry(rq, state, params.get("inputResponses"), &digest).await;
        }
        let _admitted = self.engine.host.admit()?;
        let call = Accepted {
            work: Arc::new(Work::of_request(name)),
            arguments: Arguments { given: arguments.clone(), answers: Map::new() },
            prepared,
            variables: Map::new(),
            step: None,
        };
        begin::run_plain(rq, method, call).await
    }

    /// Begins to listen to the tasks a `subscriptions/listen` request names; `None` if it names none.
    ///
    /// # Errors
    /// The parameters do not fit, or the client did not declare the extension.
    pub async fn listen(&self, params: &Value, cx: &CallContext) -> Result<Option<Subscription>, RpcError> {
        listen::listen(self.request(params, cx)).await
    }

    /// The notes that processes leave for each other about a session, for this long from the first; `None` where no other process shares the
    /// store.
    #[must_use]
    pub fn board(&self, session: &str, caller: &Caller, lifetime: Duration) -> Option<Board> {
        self.engine.host.is_shared().then(|| Board::new(&self.engine, session, caller.owner(), lifetime))
    }

    /// Sees to it that the session of this context is told, in this process, about a task that a call of it created in whichever one: its
    /// states, what it tells of its progress, and its questions.
    ///
    /// Tells whether there is anything more to be told: `false` once the task has ended, and for one that is not the caller's.
    ///
    /// # Errors
    /// The store failed.
    pub async fn attend(&self, task: &str, cx: &CallContext) -> Result<bool, StoreError> {
        let (Some(session), Some(owner), Ok(id)) = (&cx.session, cx.caller.owner(), task.parse()) else {
            return Ok(false);
        };
        self.engine.attend_later((session, cx.revision, cx.client), owner, id).await
    }

    /// Claims up to `at_once` queued tasks, runs them to their end, and tells how many there were.
    ///
    /// For functions as a service: one invocation answers the call and leaves the task in the queue, another one calls this.
    ///
    /// # Errors
    /// The store failed.
    pub async fn run_queued(&self, at_once: u16) -> Result<usize, StoreError> {
        self.engine.run_queued(at_once).await
    }

    /// State of this process for a health endpoint: whether its store answers and its lease is kept, what waits in the queue, what runs,
    /// and whether it shuts down. It asks the store once, for two seconds at most.
    ///
    /// ```
    /// # use pmcp_tasks::{TaskRouter, TaskStore};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let router = TaskRouter::builder().build(TaskStore::memory())?;
    /// let status = router.status().await;
    /// assert!(status.is_ready());
    /// assert_eq!(serde_json::to_value(&status)?["store"]["backend"], "memory");
    /// # Ok(()) }
    /// ```
    pub async fn status(&self) -> Status {
        self.engine.status().await
    }

    /// Stops admitting calls, lets running ones finish for the grace period, then cancels them. Tasks of a store that others share are left to
    /// these.
    ///
    /// The grace is over once all that is left waits: for an answer, a [signal](crate::TaskContext::signal) or a
    /// [timer](crate::TaskContext::timer), in tasks with `on_crash = "restart"` that have no step and no call of a tool under way, or in
    /// a function that is a step of a workflow. Others wait on in their place. Code that runs beside such a wait and is no step is broken off with it, as by a
    /// crash.
    pub async fn shut_down(&self, grace: Duration) {
        self.engine.shut_down(grace).await;
    }

    /// Starts the work in the background that a serving process needs: removing expired tasks and, where other processes
    /// share the store, keeping the lease, taking over the tasks of dead workers, and learning what others do to tasks here.
    ///
    /// Call it inside a Tokio runtime; once is enough, and more does no harm.
    pub fn keep_house(&self) {
        self.engine.keep_house();
    }
}

impl<S: Clone + Send + Sync + 'static> TaskRouterBuilder<S> {
    /// The router, with its tasks in this store.
    ///
    /// # Errors
    /// Two tools have one name, a companion tool's name is taken, a question cannot be asked, a header cannot be sent, a timeout or a
    /// lifetime is too long, a variable cannot be stored, hints contradict each other, or the store fails.
    pub fn build(self, store: TaskStore) -> Result<TaskRouter, BuildError> {
        let (engine, tools) = self.parts(store)?;
        let tools = Arc::new(tools);
        engine.bind(tools.clone());
        Ok(TaskRouter { engine, tools })
    }
}
