//! The process that runs tools: starts them, bounds them, stops them.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use dashmap::DashMap;
use futures_util::FutureExt;
use tokio::{
    runtime::Handle,
    sync::{Notify, oneshot},
};
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};

use super::{
    Allowance,
    finishing::Finishing,
    lease::{DEFAULT_LEASE, Lease},
    run::Run,
};
use crate::{
    call::{Peer, Revision},
    context::{AskError, RunContext},
    limits::Limits,
    protocol::{RpcError, v2026},
    store::{
        Draft, NotChanged, NotCreated, StoreError, TaskStore,
        backend::{Holder, TaskKey},
    },
    task::{Change, Outcome, Task},
    tool::{Prepared, ToolErrorKind, ToolResult},
};

/// What runs in this process, and where it is stored.
#[derive(Debug)]
pub(crate) struct Runtime {
    pub(crate) store: TaskStore,
    pub(crate) limits: Limits,
    pub(crate) lease: Lease,
    pub(crate) execution: Execution,
    /// Told when there may be queued work.
    pub(crate) queue_hint: Notify,
    /// Runs whose task is in the store, so that answers and cancellations reach them.
    pub(crate) runs: DashMap<TaskKey, Arc<Run>>,
    /// Held from claiming tasks until they run: whoever has it finds no task of ours that is about to.
    pub(crate) claiming: tokio::sync::Mutex<()>,
    /// Whether tasks may be ours that nobody here runs: of a claim that failed, whose reply may only be lost, or a hand-over
    /// that failed.
    pub(crate) strays: AtomicBool,
    /// Which session is told about which task.
    pub(super) couriers: DashMap<(String, TaskKey), ()>,
    /// The runs, and the requests that may start one.
    tracker: TaskTracker,
    /// Done when the work of a serving process was started in the background.
    pub(crate) house: std::sync::Once,
    /// Everything else that runs in the background; ends with `stopped`.
    pub(crate) background: TaskTracker,
    /// No new work.
    stopping: CancellationToken,
    /// Running work is cancelled; the parent of every run's own token.
    pub(crate) cancelling: CancellationToken,
    /// No work any more.
    pub(super) stopped: CancellationToken,
    /// Errors go to the client with all their causes; for development.
    pub(crate) expose_errors: bool,
}

/// Which process runs the tasks that are created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Execution {
    /// The one that was called.
    #[default]
    Immediate,
    /// A worker that shares the store: calls that become tasks are only recorded, and left in a queue.
    Queued,
}

/// How tasks are run.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    pub(crate) expose_errors: bool,
    pub(crate) lease: Duration,
    pub(crate) execution: Execution,
    /// How many queued tasks run here at once; `None` if this process takes none.
    pub(crate) at_once: Option<usize>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            expose_errors: false,
            lease: DEFAULT_LEASE,
            execution: Execution::default(),
            at_once: None,
        }
    }
}

/// What the client learns of a panic.
pub(crate) const PANICKED: &str = "the tool failed unexpectedly";

/// What a panic said, for the log.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("something that is no text")
}

const TIMED_OUT: &str = "the tool took longer than it may";

/// The answer to who asks for something that is not begun, or waited for, any more.
pub(crate) fn shutting_down() -> RpcError {
    RpcError::internal("the server is shutting down")
}

impl Runtime {
    pub(crate) fn new(store: TaskStore, settings: Settings) -> Result<Arc<Self>, StoreError> {
        Ok(Arc::new(Self {
            lease: Lease::new(&store, settings.lease)?,
            execution: settings.execution,
            queue_hint: Notify::new(),
            store,
            limits: settings.limits,
            runs: DashMap::new(),
            claiming: tokio::sync::Mutex::default(),
            strays: AtomicBool::new(false),
            couriers: DashMap::new(),
            tracker: TaskTracker::new(),
            house: std::sync::Once::new(),
            background: TaskTracker::new(),
            stopping: CancellationToken::new(),
            cancelling: CancellationToken::new(),
            stopped: CancellationToken::new(),
            expose_errors: settings.expose_errors,
        }))
    }

    /// Whether nothing is left of runs, couriers and watches.
    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.runs.is_empty() && self.couriers.is_empty() && self.store.watched() == 0
    }

    /// Fails once the server is shutting down. Shutdown waits for who holds the token.
    pub(crate) fn admit(&self) -> Result<TaskTrackerToken, RpcError> {
        // Taken before the check: whoever passes it is waited for.
        let token = self.tracker.token();
        if self.stopping.is_cancelled() { Err(shutting_down()) } else { Ok(token) }
    }

    /// Creates the task of a run and starts it. `session` is the 2025-11-25 session to be told about it.
    pub(crate) async fn create(
        self: &Arc<Self>,
        draft: Draft,
        run: Arc<Run>,
        call: Prepared,
        allowance: Allowance,
        session: Option<Arc<dyn Peer>>,
    ) -> Result<Result<Task, NotCreated>, StoreError> {
        let runtime = self.clone();
        Finishing::new(&self.tracker, async move {
            let key = draft.key.clone();
            if draft.holder == Holder::Queue {
                let created = runtime.store.create(draft).await;
                if let (Ok(Ok(_)), Some(session)) = (&created, session) {
                    runtime.attend(&session, run.client(), &key, true);
                }
                return created;
            }
            // Before anybody can see the task, so that a cancellation finds the run.
            runtime.runs.insert(key.clone(), run.clone());
            let created = runtime.store.create(draft).await;
            if let Ok(Ok(task)) = &created {
                run.hold(task.clone()).await;
                if let Some(session) = session {
                    runtime.attend(&session, run.client(), &key, true);
                }
                drop(runtime.start(run, call, allowance));
            } else {
                runtime.runs.remove(&key);
            }
            created
        })
        .await
    }

    /// Starts a run in a task of its own: neither a panic nor a slow function touches anything else. The receiver gets the
    /// outcome after it is stored.
    pub(crate) fn start(
        self: &Arc<Self>,
        run: Arc<Run>,
        call: Prepared,
        allowance: Allowance,
    ) -> oneshot::Receiver<Outcome> {
        let (sender, receiver) = oneshot::channel();
        if let Some(key) = run.key() {
            self.runs.insert(key.clone(), run.clone());
        }
        let runtime = self.clone();
        // Others may cancel it, or answer what it asks: those who tell of it have to know that it matters here.
        let shared = self.store.capabilities().shared;
        let watch = run.key().filter(|_| shared).map(|key| self.store.watch(key));
        // Boxed, since it is large and spawning moves it several times.
        self.tracker.spawn(Box::pin(async move {
            let _watch = watch;
            // What the tool brings along may panic wherever it is used or dropped, not only in the function.
            let outcome = match AssertUnwindSafe(runtime.execute(&run, call, allowance)).catch_unwind().await {
                Ok(outcome) => runtime.bounded(outcome),
                Err(panic) => {
                    let text = panic_text(&*panic);
                    tracing::error!(tool = run.tool_name(), task = ?run.visible_id(), panic = text, "the tool panicked");
                    Outcome::Error(RpcError::internal(PANICKED))
                }
            };
            let outcome = runtime.end(&run, outcome).await;
            // Nobody may be waiting: the client went away, or got a task instead.
            let _ = sender.send(outcome);
        }));
        receiver
    }

    /// Stores the outcome, if there is a task to store it in, however long the store is away: a task whose end is not
    /// written would seem to work until it expires. What was stored is returned.
    async fn end(&self, run: &Run, mut outcome: Outcome) -> Outcome {
        const LONGEST_PAUSE: Duration = Duration::from_secs(30);
        let handed_over = run.is_lost() || self.hands_over(run, &outcome);
        // What the function left running learns that its call is over.
        run.cancellation().cancel();
        let mut pause = Duration::from_millis(250);
        while !handed_over && let Err(error) = run.finish(outcome.clone()).await {
            tracing::error!(task = ?run.stored_key().map(|key| key.id), error = &error as &dyn std::error::Error, "the outcome could not be stored");
            match (error, &outcome) {
                (StoreError::TooLarge { .. }, Outcome::Result(_) | Outcome::Raw(_)) => {
                    outcome = Outcome::Error(RpcError::internal("the result is larger than the task store keeps"));
                    continue;
                }
                (StoreError::Unavailable { .. } | StoreError::Refused { .. }, _) => {}
                _ => break,
            }
            tokio::select! {
                () = self.store.clock().sleep(pause) => pause = LONGEST_PAUSE.min(pause * 2),
                () = self.stopped() => break,
            }
        }
        if let Some(key) = run.stored_key() {
            // A run that was lost may have a successor here.
            self.runs.remove_if(key, |_, current| std::ptr::eq(&raw const **current, run));
        }
        outcome
    }

    /// Whether the task is left to others: this server stops before it has ended.
    fn hands_over(&self, run: &Run, outcome: &Outcome) -> bool {
        let shared = self.store.capabilities().shared;
        shared && run.key().is_some() && self.cancelling.is_cancelled() && *outcome == Outcome::Cancelled
    }

    async fn execute(&self, run: &Arc<Run>, call: Prepared, allowance: Allowance) -> Outcome {
        let cx = RunContext::new(run.clone());
        let clock = self.store.clock();
        let mut work = pin!(async move { call.run(cx).await });
        let unanswered = async {
            run.promoted().await;
            clock.sleep(self.limits.question_ttl).await;
        };
        let overdue = async {
            tokio::select! {
                () = run.cancellation().cancelled() => {}
                // Who does not come back with the answers has given up the call.
                () = unanswered => run.cancellation().cancel(),
            }
            clock.sleep(self.limits.cancel_grace).await;
        };
        tokio::select! {
            biased;
            result = &mut work => return match result {
                Ok(output) => Outcome::from(output),
                Err(error) => self.failure(run, error.0),
            },
            () = allowance.used_up(clock.as_ref(), &run.questions) => {}
            () = overdue => return Outcome::Cancelled,
        }
        run.cancellation().cancel();
        // It may put things in order, as when it is cancelled; what it returns comes too late.
        tokio::select! {
            _ = work => {}
            () = clock.sleep(self.limits.cancel_grace) => {}
        }
        Outcome::Error(RpcError::internal(TIMED_OUT))
    }

    /// Lets something that concerns a run go on when whoever began it is gone; shutdown waits for it.
    pub(super) fn in_background(&self, future: impl Future<Output = ()> + Send + 'static) {
        // Outside a runtime nothing goes on.
        if let Ok(runtime) = Handle::try_current() {
            self.tracker.spawn_on(future, &runtime);
        }
    }

    /// What the client learns of a failure.
    fn failure(&self, run: &Run, error: ToolErrorKind) -> Outcome {
        let text = match error {
            ToolErrorKind::Visible(text) => text,
            ToolErrorKind::Rpc(error) => return Outcome::Error(error),
            ToolErrorKind::Cancelled => return Outcome::Cancelled,
            ToolErrorKind::Unsupported(what) if run.revision() == Revision::V2026 => {
                return Outcome::Error(v2026::missing_capability(&serde_json::json!({ what: {} })));
            }
            ToolErrorKind::Unsupported(what) => AskError::Unsupported { what }.to_string(),
            ToolErrorKind::Internal { source, context } => {
                let reference = self.reference();
                let error = crate::ToolError(ToolErrorKind::Internal { source, context: context.clone() });
                tracing::error!(tool = run.tool_name(), task = ?run.visible_id(), reference, %error, "the tool failed");
                match (self.expose_errors, context) {
                    (true, _) => error.to_string(),
                    (false, Some(context)) => format!("{context}\ninternal error (ref {reference})"),
                    (false, None) => format!("internal error (ref {reference})"),
                }
            }
        };
        if run.is_tool() { Outcome::Result(ToolResult::error(text)) } else { Outcome::Error(RpcError::internal(text)) }
    }

    /// A short random text that ties what the client sees to what the log says.
    fn reference(&self) -> String {
        let [a, b, c, d, ..] = self.store.random().unwrap_or_default();
        format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
    }

    /// The outcome, or what stands for it if it is too large to store.
    fn bounded(&self, outcome: Outcome) -> Outcome {
        let max = self.limits.max_result as usize;
        match serde_json::to_vec(&outcome) {
            Ok(bytes) if bytes.len() <= max => outcome,
            Ok(bytes) => Outcome::Error(RpcError::internal(format!(
                "the result has {} bytes, more than the {max} that are allowed",
                bytes.len()
            ))),
            Err(_) => Outcome::Error(RpcError::internal("the result cannot be written as JSON")),
        }
    }

    /// Changes a task on behalf of a client, and tells the run if it is here.
    pub(crate) async fn change(self: &Arc<Self>, key: &TaskKey, change: Change) -> Result<Task, NotChanged> {
        let (runtime, key) = (self.clone(), key.clone());
        Finishing::new(&self.tracker, async move {
            let task = runtime.store.change_unheld(&key, &[change]).await?;
            runtime.tell(&task);
            Ok(task)
        })
        .await
    }

    /// The same to a task that was just read, which is not read again.
    pub(crate) async fn change_read(self: &Arc<Self>, mut task: Task, change: Change) -> Result<Task, NotChanged> {
        let runtime = self.clone();
        Finishing::new(&self.tracker, async move {
            runtime.store.change(&mut task, None, &[change]).await?;
            runtime.tell(&task);
            Ok(task)
        })
        .await
    }

    /// The same if nobody wrote since `task` was read; whether it was made.
    pub(crate) async fn change_once(
        self: &Arc<Self>,
        mut task: Task,
        changes: Vec<Change>,
    ) -> Result<bool, NotChanged> {
        let runtime = self.clone();
        Finishing::new(&self.tracker, async move {
            let made = runtime.store.change_once(&mut task, &changes).await?;
            if made {
                runtime.tell(&task);
            }
            Ok(made)
        })
        .await
    }

    pub(crate) fn tell(&self, task: &Task) {
        if let Some(run) = self.runs.get(&task.key).map(|run| run.clone()) {
            run.observe(task);
        }
    }

    /// Removes expired tasks now and then, until the server stops.
    pub(crate) fn keep_house(self: &Arc<Self>) {
        const PAUSE: Duration = Duration::from_secs(10);
        let runtime = self.clone();
        self.background.spawn(async move {
            loop {
                tokio::select! {
                    () = runtime.stopped.cancelled() => return,
                    () = runtime.store.clock().sleep(PAUSE) => {}
                }
                if let Err(error) = runtime.store.sweep().await {
                    tracing::warn!(error = &error as &dyn std::error::Error, "expired tasks were not removed");
                }
            }
        });
    }

    /// Stops admitting work, lets it finish for the grace period, then cancels it.
    pub(crate) async fn shut_down(&self, grace: Duration) {
        self.stopping.cancel();
        self.tracker.close();
        let clock = self.store.clock();
        let ended = async || {
            // A claim that was under way starts what it has got; none begins any more.
            drop(self.claiming.lock().await);
            self.tracker.wait().await;
        };
        tokio::select! {
            () = ended() => {}
            () = clock.sleep(grace) => {
                self.cancelling.cancel();
                tokio::select! {
                    () = ended() => {}
                    () = clock.sleep(self.limits.cancel_grace) => {}
                }
            }
        }
        self.stopped.cancel();
        self.background.close();
        if self.store.capabilities().shared
            && let Err(error) = self.lease.give_up(&self.store).await
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the lease was not given up: others wait until it runs out"
            );
        }
    }

    /// Whether nothing new is begun any more.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// Fails when running work is cancelled because the server shuts down.
    pub(crate) async fn cancelling(&self) -> RpcError {
        self.cancelling.cancelled().await;
        shutting_down()
    }

    /// Ends when the server has stopped.
    pub(crate) async fn stopped(&self) {
        self.stopped.cancelled().await;
    }
}
