//! Calls of clients that know no tasks: each is a task from its beginning, waited for inside the call for a while.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{
    TaskRouter,
    call::{CallParams, render},
    companions::Companions,
    meta, store_failed,
    tasks::{self, input_responses},
};
use crate::{
    call::{CallContext, ClientCapabilities, Peer, PeerError, Revision},
    execution::{lock, shutting_down},
    log::LogLevel,
    protocol::{IDEMPOTENCY_KEY, RpcError, v2026},
    store::{
        NotChanged,
        backend::{Parts, TaskKey},
    },
    task::{Change, Task, TaskId, TaskStatus},
    tool::{Fallback, TaskSupport, ToolDefinition},
};

/// What clients that know no tasks get when a call takes long: a result that names the task, and tools to go on with it.
///
/// Such clients speak a version before 2025-11-25, or declare neither the `tasks` capability (2025-11-25) nor the tasks
/// extension (2026-07-28). Others see nothing of this.
///
/// ```
/// use std::time::Duration;
///
/// use pmcp_tasks::router::TaskFallback;
///
/// let fallback = TaskFallback {
///     inline_wait: Duration::from_secs(5),
///     status_tool: "job_status".into(),
///     ..TaskFallback::default()
/// };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskFallback {
    /// How long a call waits for its end before it is answered with the task. Default 20 seconds.
    pub inline_wait: Duration,
    /// The longest the tool that tells the status waits, whatever it is asked for. Default 50 seconds, less than the minute
    /// after which many clients give a call up.
    pub max_wait: Duration,
    /// Whether every tool that may run as a task has the fallback, beside those that declare it. Default `true`.
    pub every_tool: bool,
    /// The name of the tool that waits for a task and tells its status. Default `task_status`.
    pub status_tool: String,
    /// The name of the tool that gives a task's result. Default `task_result`.
    pub result_tool: String,
    /// The name of the tool that cancels a task. Default `task_cancel`.
    pub cancel_tool: String,
    /// The name of the tool that answers a task's question. Default `task_answer`.
    pub answer_tool: String,
}

impl Default for TaskFallback {
    fn default() -> Self {
        Self {
            inline_wait: Duration::from_secs(20),
            max_wait: Duration::from_secs(50),
            every_tool: true,
            status_tool: "task_status".into(),
            result_tool: "task_result".into(),
            cancel_tool: "task_cancel".into(),
            answer_tool: "task_answer".into(),
        }
    }
}

impl TaskFallback {
    /// Whether long calls of this tool become tasks for clients that know none.
    pub(super) fn covers(&self, tool: &ToolDefinition) -> bool {
        tool.support != TaskSupport::Forbidden
            && match tool.fallback {
                Fallback::Handle => true,
                Fallback::Server => self.every_tool,
                Fallback::None => false,
            }
    }
}

/// The stream of a call, until the call is answered: what comes later has no request to belong to, and a connection may wait
/// for its streams to be let go.
#[derive(Debug)]
struct Inline {
    session: String,
    stream: Mutex<Option<Arc<dyn Peer>>>,
}

impl Inline {
    fn stream(&self) -> Option<Arc<dyn Peer>> {
        lock(&self.stream).clone()
    }
}

#[async_trait]
impl Peer for Inline {
    fn session(&self) -> &str {
        &self.session
    }

    fn notify(&self, method: &str, params: Value) {
        if let Some(stream) = self.stream() {
            stream.notify(method, params);
        }
    }

    fn log_level(&self) -> Option<LogLevel> {
        self.stream()?.log_level()
    }

    async fn request(&self, method: &str, params: Value) -> Result<Value, PeerError> {
        let Some(stream) = self.stream() else { return Err(PeerError::Gone) };
        stream.request(method, params).await
    }

    async fn closed(&self) {
        if let Some(stream) = self.stream() {
            stream.closed().await;
        }
    }
}

/// Lets go of the stream of a call when it is dropped.
pub(super) struct Unanswered(Arc<Inline>);

impl Drop for Unanswered {
    fn drop(&mut self) {
        *lock(&self.0.stream) = None;
    }
}

/// The stream of this call until the guard is dropped.
pub(super) fn until_answered(cx: &CallContext) -> (Arc<dyn Peer>, Unanswered) {
    let inline = Inline { session: cx.peer.session().to_owned(), stream: Mutex::new(Some(cx.peer.clone())) };
    let inline = Arc::new(inline);
    (inline.clone(), Unanswered(inline))
}

/// What the task of such a client can ask: a form is answered through a tool if the client shows none.
pub(super) fn capabilities(cx: &CallContext) -> ClientCapabilities {
    ClientCapabilities { elicitation: true, ..cx.client }
}

/// Whether the client itself can be asked everything this task asks.
pub(super) fn is_askable(task: &Task, cx: &CallContext) -> bool {
    task.inputs().values().all(|question| cx.client.missing_for(&question.method).is_none())
}

fn knows_tasks(cx: &CallContext) -> bool {
    cx.revision != Revision::Plain && cx.client.tasks
}

impl TaskRouter {
    /// The tools to go on with tasks, if this client needs and may use them.
    pub(super) fn companions_for(&self, cx: &CallContext) -> Option<&Companions> {
        self.companions.as_deref().filter(|_| !knows_tasks(cx) && cx.caller.owner().is_some())
    }

    /// Whether a long call of this tool becomes a task though the client knows none.
    pub(super) fn falls_back(&self, tool: &ToolDefinition, cx: &CallContext) -> bool {
        self.companions_for(cx).is_some_and(|companions| companions.settings.covers(tool))
    }

    /// The tool as this client is to see it.
    pub(super) fn as_seen_by<'a>(&self, tool: &'a ToolDefinition, cx: &CallContext) -> Cow<'a, ToolDefinition> {
        if !self.falls_back(tool, cx) {
            return Cow::Borrowed(tool);
        }
        // A result that names the task does not fit the schema of the tool's own, and clients check; some refuse to call a
        // tool that runs only as a task.
        Cow::Owned(ToolDefinition { output_schema: None, support: TaskSupport::Optional, ..tool.clone() })
    }

    /// Waits for a task inside a call: answers with its end if that comes in time, else with what to do next.
    pub(super) async fn wait_inline(&self, key: &TaskKey, params: &Value, cx: &CallContext) -> Result<Value, RpcError> {
        let Some(companions) = self.companions_for(cx) else { return Err(super::unknown_task()) };
        self.let_ask(key, cx);
        let mut deadline = self.runtime.store.clock().sleep(companions.settings.inline_wait);
        let mut watch = self.runtime.store.watch(key);
        loop {
            let parts = Parts::BODY | Parts::VARIABLES | Parts::OUTCOME;
            let task = self.runtime.store.read(key, parts).await.map_err(|error| store_failed(&error))?;
            let Some(task) = task else { return Err(RpcError::internal("the task expired before it ended")) };
            if let Some(outcome) = task.outcome() {
                // A call that may come again finds its task by its key.
                let is_repeatable = meta(params).is_some_and(|meta| meta.contains_key(IDEMPOTENCY_KEY));
                if !is_repeatable && let Err(error) = self.runtime.store.delete(key).await {
                    tracing::warn!(task = %key.id, error = &error as &dyn std::error::Error, "an answered call was not removed");
                }
                return tasks::outcome(outcome.clone(), cx.revision);
            }
            if task.status() == TaskStatus::InputRequired {
                match (is_askable(&task, cx), cx.revision) {
                    (true, Revision::V2026) => return Ok(ask(&task)),
                    (true, _) => {}
                    (false, _) => return self.handle_of(&task, companions, cx),
                }
            }
            tokio::select! {
                // The end of a task may be what the server waited for to stop: it is told first.
                biased;
                () = watch.changed() => {}
                () = self.runtime.expired(&task) => {}
                () = cx.cancellation.cancelled() => return Err(self.cancel_with_call(key).await),
                () = &mut deadline => return self.handle_of(&task, companions, cx),
                // Others that share the store go on with it.
                () = self.runtime.cancelling.cancelled(), if self.runtime.store.capabilities().shared => {
                    return self.handle_of(&task, companions, cx);
                }
                () = self.runtime.stopped() => return Err(shutting_down()),
            }
        }
    }

    /// Sends what a task asks to the client, where that is done by requests of the server.
    pub(super) fn let_ask(&self, key: &TaskKey, cx: &CallContext) {
        if cx.revision != Revision::V2026 && (cx.client.elicitation || cx.client.sampling || cx.client.roots) {
            self.runtime.attend(&cx.peer, cx.client, key, false);
        }
    }

    fn handle_of(&self, task: &Task, companions: &Companions, cx: &CallContext) -> Result<Value, RpcError> {
        Ok(render(&self.told(task, &companions.settings, cx)?, cx.revision))
    }

    /// The call with answers to what [`ask`] asked; `None` if its state is of another kind.
    pub(super) async fn resume_inline(
        &self,
        call: &CallParams,
        params: &Value,
        cx: &CallContext,
    ) -> Option<Result<Value, RpcError>> {
        let id = asked(call.request_state.as_ref()?)?;
        Some(
            async {
                let task = self.find(&id.to_string(), cx).await.map_err(|_| super::retry::wrong_state())?;
                let is_same = |body: &crate::task::TaskBody| body.tool == call.name && body.arguments == call.arguments;
                if !task.body.as_ref().is_some_and(is_same) {
                    return Err(super::retry::wrong_state());
                }
                self.answer_open(&task, call.input_responses.as_ref()).await?;
                self.wait_inline(&task.key, params, cx).await
            }
            .await,
        )
    }

    /// Records answers to open questions; what has ended needs none.
    pub(super) async fn answer_open(&self, task: &Task, responses: Option<&Value>) -> Result<(), RpcError> {
        let answers = input_responses(responses, task, self.runtime.limits.max_answer)?;
        if answers.is_empty() {
            return Ok(());
        }
        match self.runtime.change_read(task.clone(), Change::Answer(answers)).await {
            Ok(_) | Err(NotChanged::Ended(_)) => Ok(()),
            Err(NotChanged::Missing | NotChanged::Lost) => Err(super::unknown_task()),
            Err(NotChanged::Store(error)) => Err(store_failed(&error)),
        }
    }
}

/// The questions of a task as the answer to a 2026-07-28 request. The state only names the task: who sends it has to be
/// its owner and to repeat the call, and an answer given twice counts once.
pub(super) fn ask(task: &Task) -> Value {
    v2026::input_required(task.inputs(), Some(&BASE64_URL_SAFE_NO_PAD.encode(task.id().as_bytes())))
}

/// The task a state of [`ask`] names.
pub(super) fn asked(state: &Value) -> Option<TaskId> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(state.as_str()?).ok()?;
    Some(TaskId::from_bytes(bytes.try_into().ok()?))
}
