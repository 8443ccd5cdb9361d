//! One run of a function: what its context acts on.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::sync::{Mutex, MutexGuard, SetOnce};
use tokio_util::sync::CancellationToken;

use super::{Runtime, questions::Questions};
use crate::{
    call::{ClientCapabilities, Peer, Revision},
    log::LogLevel,
    protocol::RELATED_TASK,
    security::Principal,
    store::{
        NotChanged, StoreError,
        backend::{Recorded, TaskKey},
    },
    task::{Change, Outcome, Owner, Task, TaskId},
    time::{Clock, Millis},
    tool::{ToolDefinition, ToolError},
};

/// Where a run keeps its state.
#[derive(Debug)]
pub(crate) enum Place {
    /// In a task that clients know.
    Task(TaskKey),
    /// In memory. When it asks a 2026-07-28 client, a hidden task keeps it for the retry; `call` is the digest the retry is
    /// checked against.
    Call { call: String },
}

/// What a run starts with.
#[derive(Debug)]
pub(crate) struct RunParts {
    pub(crate) tool: Arc<ToolDefinition>,
    /// `false` for prompts and resources.
    pub(crate) is_tool: bool,
    pub(crate) place: Place,
    pub(crate) task: Option<Task>,
    pub(crate) owner: Option<Owner>,
    pub(crate) principal: Option<Principal>,
    pub(crate) revision: Revision,
    pub(crate) client: ClientCapabilities,
    /// Where progress goes, and questions of a plain call.
    pub(crate) peer: Option<Arc<dyn Peer>>,
    pub(crate) progress_token: Option<Value>,
    pub(crate) initial_variables: Map<String, Value>,
    pub(crate) cancellation: CancellationToken,
    /// How often the fence rose without a run of the task.
    pub(crate) idle_fences: u64,
}

/// One run of a function.
#[derive(Debug)]
pub(crate) struct Run {
    pub(super) runtime: Arc<Runtime>,
    pub(super) parts: RunParts,
    /// The task as this worker last saw it; set once a hidden task exists, too.
    pub(super) held: Mutex<Option<Task>>,
    /// The hidden task of a call, once there is one.
    pub(super) hidden: SetOnce<TaskKey>,
    /// What the store knows this run by. It rises with every take-over and with nothing else, so a run has one.
    pub(super) fence: u64,
    pub(super) questions: Questions,
    /// Serialises the changes of variables that read first.
    variable_turn: Mutex<()>,
    /// The variables of a run without a task.
    pub(super) local: std::sync::Mutex<Map<String, Value>>,
    steps: std::sync::Mutex<Steps>,
    progress: std::sync::Mutex<f64>,
    last_message: AtomicU64,
    /// Another worker has the task, or none: nothing is written any more.
    lost: AtomicBool,
}

#[derive(Debug, Default)]
struct Steps {
    recorded: HashMap<String, Bytes>,
    used: HashSet<String>,
}

/// The fence of a task that was never taken over.
const FIRST_FENCE: u64 = 1;

/// A step was used wrongly.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    #[error("the step `{0}` was used twice in one run; give each its own name")]
    Twice(String),
    #[error("the result of step `{name}` has {size} bytes; {max} are allowed")]
    TooLarge { name: String, size: usize, max: u32 },
}

/// A lock whose holder panicked is taken over: its data are single values, never half-written.
pub(crate) fn lock<T: ?Sized>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Run {
    pub(crate) fn new(runtime: Arc<Runtime>, mut parts: RunParts) -> Arc<Self> {
        let task = parts.task.take();
        let steps = task.as_ref().and_then(|task| task.stored.steps.clone()).unwrap_or_default();
        Arc::new(Self {
            runtime,
            fence: task.as_ref().map_or(FIRST_FENCE, |task| task.stored.fence),
            held: Mutex::new(task),
            hidden: SetOnce::new(),
            questions: Questions::default(),
            variable_turn: Mutex::new(()),
            local: std::sync::Mutex::new(parts.initial_variables.clone()),
            steps: std::sync::Mutex::new(Steps { recorded: steps.into_iter().collect(), used: HashSet::new() }),
            progress: std::sync::Mutex::new(f64::NEG_INFINITY),
            last_message: AtomicU64::new(0),
            lost: AtomicBool::new(false),
            parts,
        })
    }

    /// The task that clients know, if this run has one.
    pub(crate) fn key(&self) -> Option<&TaskKey> {
        match &self.parts.place {
            Place::Task(key) => Some(key),
            Place::Call { .. } => None,
        }
    }

    /// The task in the store: the one clients know, or the hidden one of a call that asked.
    pub(crate) fn stored_key(&self) -> Option<&TaskKey> {
        self.key().or_else(|| self.hidden.get())
    }

    pub(crate) fn visible_id(&self) -> Option<TaskId> {
        self.key().map(|key| key.id)
    }

    pub(crate) fn tool_name(&self) -> &str {
        &self.parts.tool.name
    }

    /// Whether failures become results with `isError`: those of tools do.
    pub(crate) fn is_tool(&self) -> bool {
        self.parts.is_tool
    }

    pub(crate) fn owner(&self) -> Option<&Owner> {
        self.parts.owner.as_ref()
    }

    pub(crate) fn principal(&self) -> Option<&Principal> {
        self.parts.principal.as_ref()
    }

    pub(crate) fn revision(&self) -> Revision {
        self.parts.revision
    }

    pub(crate) fn client(&self) -> ClientCapabilities {
        self.parts.client
    }

    pub(crate) fn cancellation(&self) -> &CancellationToken {
        &self.parts.cancellation
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        self.runtime.store.clock()
    }

    pub(crate) fn attempt(&self) -> u32 {
        let runs = self.fence.saturating_sub(self.parts.idle_fences).max(1);
        u32::try_from(runs).unwrap_or(u32::MAX)
    }

    /// Stops the run without writing anything: the task is no longer this worker's.
    pub(crate) fn lose(&self) {
        self.lost.store(true, Ordering::Relaxed);
        self.cancellation().cancel();
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// Whether the task is still held under the fence of this run.
    pub(crate) fn is_held(&self, task: &Task) -> bool {
        task.stored.fence == self.fence
    }

    /// Whether the task is known to be in the store.
    pub(crate) fn is_begun(&self) -> bool {
        self.held.try_lock().is_ok_and(|held| held.is_some())
    }

    /// Waits until it is certain that the task is still this worker's, which it is not after the process has stood still.
    pub(crate) async fn certain(&self) -> Result<(), crate::context::Cancelled> {
        if self.key().is_some() && self.runtime.lease.is_kept() {
            tokio::select! {
                biased;
                () = self.cancellation().cancelled() => {}
                () = self.runtime.lease.certain(self.clock().as_ref()) => {}
            }
        }
        if self.cancellation().is_cancelled() { Err(crate::context::Cancelled) } else { Ok(()) }
    }

    pub(crate) async fn variable_turn(&self) -> MutexGuard<'_, ()> {
        self.variable_turn.lock().await
    }

    /// Whether the step was recorded in an earlier run; its value then.
    pub(crate) fn begin_step(&self, name: &str) -> Result<Option<Bytes>, ToolError> {
        if self.cancellation().is_cancelled() {
            return Err(crate::context::Cancelled.into());
        }
        let mut steps = lock(&self.steps);
        if !steps.used.insert(name.to_owned()) {
            return Err(StepError::Twice(name.to_owned()).into());
        }
        Ok(steps.recorded.get(name).cloned())
    }

    /// Records a step; the value another run recorded before, if one did.
    pub(crate) async fn record_step(&self, name: String, value: Bytes) -> Result<Option<Bytes>, ToolError> {
        let max = self.runtime.limits.max_result;
        if value.len() > max as usize {
            return Err(StepError::TooLarge { name, size: value.len(), max }.into());
        }
        let Some(key) = self.key() else { return Ok(None) };
        match self.runtime.store.record(key, self.fence, name, value).await? {
            Recorded::Recorded => Ok(None),
            Recorded::Exists(value) => Ok(Some(value)),
            Recorded::Lost | Recorded::Missing => {
                self.cancellation().cancel();
                Err(crate::context::Cancelled.into())
            }
        }
    }

    /// The task of this run, once it is in the store.
    pub(crate) async fn hold(&self, task: Task) {
        *self.held.lock().await = Some(task);
    }

    pub(crate) fn step_key(&self, name: &str) -> String {
        match self.key() {
            Some(key) => format!("{}/{name}", key.id),
            None => format!("{self:p}/{name}"),
        }
    }

    /// Writes changes to the task this run has; nothing without one.
    pub(super) async fn write(&self, changes: &[Change]) -> Result<(), NotChanged> {
        let mut held = self.held.lock().await;
        let Some(task) = held.as_mut() else { return Ok(()) };
        self.write_held(task, changes).await
    }

    pub(super) async fn write_held(&self, task: &mut Task, changes: &[Change]) -> Result<(), NotChanged> {
        let (taken, given_up) = (self.questions.drain_taken(), self.questions.drain_given_up());
        let mut all = Vec::with_capacity(changes.len() + 2);
        if !taken.is_empty() {
            all.push(Change::Take(taken.clone()));
        }
        all.extend_from_slice(changes);
        // Last: one of them may be asked in the same write. The end takes everything back.
        if !given_up.is_empty() && !matches!(changes, [.., Change::Finish(_)]) {
            all.push(Change::Withdraw(given_up.clone()));
        }
        let result = self.runtime.store.change(task, Some(self.fence), &all).await;
        match &result {
            Ok(()) => self.questions.deliver(&task.head.answers),
            Err(NotChanged::Ended(_) | NotChanged::Missing | NotChanged::Lost) => self.cancellation().cancel(),
            Err(NotChanged::Store(_)) => {
                self.questions.put_back_taken(taken);
                self.questions.put_back_given_up(given_up);
            }
        }
        result
    }

    /// Sees the task as somebody else in this process has just written it.
    pub(crate) fn observe(&self, task: &Task) {
        let has_ended = task.head.status.is_terminal();
        if has_ended {
            self.cancellation().cancel();
        } else {
            self.questions.deliver(&task.head.answers);
        }
        if let Ok(mut held) = self.held.try_lock()
            && let Some(held) = held.as_mut()
            && task.stored.version > held.stored.version
            && task.stored.fence == held.stored.fence
        {
            held.head = task.head.clone();
            held.stored.version = task.stored.version;
        }
    }

    /// Ends the stored task, if there is one, with this outcome. A task that has ended otherwise keeps its outcome.
    pub(crate) async fn finish(&self, outcome: Outcome) -> Result<(), StoreError> {
        match self.write(&[Change::Finish(outcome)]).await {
            Ok(()) | Err(NotChanged::Ended(_) | NotChanged::Missing | NotChanged::Lost) => Ok(()),
            Err(NotChanged::Store(error)) => Err(error),
        }
    }

    pub(crate) async fn status_message(&self, text: String) -> Result<(), StoreError> {
        self.message(text, false).await
    }

    async fn message(&self, text: String, is_progress: bool) -> Result<(), StoreError> {
        if self.key().is_none() {
            return Ok(());
        }
        match self.write(&[Change::Message { text, is_progress }]).await {
            Ok(()) | Err(NotChanged::Ended(_) | NotChanged::Missing | NotChanged::Lost) => Ok(()),
            Err(NotChanged::Store(error)) => Err(error),
        }
    }

    pub(crate) fn log(&self, level: LogLevel, data: impl Serialize) {
        let Some(peer) = &self.parts.peer else { return };
        // What was cancelled or has ended gets no message any more (cancellation, "Behavior Requirements").
        if self.cancellation().is_cancelled() {
            return;
        }
        if peer.log_level().is_none_or(|least| level < least) {
            return;
        }
        match serde_json::to_value(data) {
            Ok(data) => {
                let params = [("level", json!(level)), ("logger", self.tool_name().into()), ("data", data)];
                let params = params.map(|(key, value)| (key.to_owned(), value));
                self.notify(peer, "notifications/message", Map::from_iter(params));
            }
            Err(error) => tracing::warn!(tool = self.tool_name(), %error, "a log message does not serialise"),
        }
    }

    /// Tells the client something about this run.
    fn notify(&self, peer: &Arc<dyn Peer>, method: &str, mut params: Map<String, Value>) {
        if let (Some(id), Revision::V2025) = (self.visible_id(), self.parts.revision) {
            params.insert("_meta".into(), json!({ RELATED_TASK: { "taskId": id.to_string() } }));
        }
        peer.notify(method, params.into());
    }

    pub(crate) async fn progress(&self, done: f64, total: Option<f64>, message: Option<String>) {
        {
            // Values must increase, and end with the request or task (progress, "Behavior Requirements"). Sent under the
            // lock, so that they arrive in that order too.
            let mut last = lock(&self.progress);
            if !done.is_finite() || done <= *last || self.cancellation().is_cancelled() {
                return;
            }
            *last = done;
            self.notify_progress(done, total, message.as_deref());
        }
        let Some(key) = self.key() else { return };
        let now = self.runtime.store.now();
        let interval = self.parts.tool.poll_interval.unwrap_or(self.runtime.limits.poll_interval);
        if now < Millis(self.last_message.load(Ordering::Relaxed)).after(interval) {
            return;
        }
        self.last_message.store(now.0, Ordering::Relaxed);
        let text = match (message, total) {
            (Some(message), _) => message,
            (None, Some(total)) => format!("{done} of {total}"),
            (None, None) => done.to_string(),
        };
        if let Err(error) = self.message(text, true).await {
            tracing::warn!(task = %key.id, error = &error as &dyn std::error::Error, "progress was not stored");
        }
    }

    fn notify_progress(&self, done: f64, total: Option<f64>, message: Option<&str>) {
        let (Some(peer), Some(token)) = (&self.parts.peer, &self.parts.progress_token) else { return };
        let mut params =
            Map::from_iter([("progressToken".to_owned(), token.clone()), ("progress".to_owned(), number(done))]);
        params.extend(total.filter(|total| total.is_finite()).map(|total| ("total".to_owned(), number(total))));
        params.extend(message.map(|message| ("message".to_owned(), message.into())));
        self.notify(peer, "notifications/progress", params);
    }

    /// How many questions may be open at once.
    pub(crate) fn answers_limit(&self) -> usize {
        self.runtime.limits.open_questions
    }

    pub(super) fn recorded_answer(&self, key: &str) -> Option<Value> {
        let steps = lock(&self.steps);
        steps.recorded.get(&answer_step(key)).and_then(|bytes| serde_json::from_slice(bytes).ok())
    }
}

/// The step an answer is recorded as, so that it is not asked for again after a crash.
pub(super) fn answer_step(key: &str) -> String {
    format!("run.pmcp/answer/{key}")
}

/// A number as JSON: whole ones without a fraction.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 { json!(value as i64) } else { json!(value) }
}

/// Open questions of a run, by key.
pub(super) type Open = BTreeMap<String, crate::task::InputRequest>;
