//! The process that runs tools: starts them, bounds them, stops them.

use std::{collections::BTreeMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use dashmap::DashMap;
use futures_util::FutureExt;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::run::Run;
use crate::{
    context::RunContext,
    limits::Limits,
    protocol::RpcError,
    store::{
        NotChanged, StoreError, TaskStore,
        backend::{TaskKey, WorkerId},
    },
    task::{Change, Outcome, Task},
    tool::{Prepared, ToolErrorKind, ToolResult},
};

/// What runs in this process, and where it is stored.
#[derive(Debug)]
pub(crate) struct Runtime {
    pub(crate) store: TaskStore,
    pub(crate) limits: Limits,
    pub(crate) worker: WorkerId,
    /// Runs whose task is in the store, so that answers and cancellations reach them.
    pub(crate) runs: DashMap<TaskKey, Arc<Run>>,
    /// Which session is told about which task.
    pub(super) couriers: DashMap<(String, TaskKey), ()>,
    /// The runs.
    tracker: TaskTracker,
    /// Everything else that runs in the background; ends with `stopped`.
    pub(super) background: TaskTracker,
    /// No new work.
    stopping: CancellationToken,
    /// Running work is cancelled: that of tasks and that of calls.
    aborting: CancellationToken,
    /// No work any more.
    pub(super) stopped: CancellationToken,
    /// Errors go to the client with all their causes; for development.
    pub(crate) expose_errors: bool,
}

const PANICKED: &str = "the tool failed unexpectedly";
const TIMED_OUT: &str = "the tool took longer than it may";
const STOPPING: &str = "the server is shutting down";

impl Runtime {
    pub(crate) fn new(store: TaskStore, limits: Limits, expose_errors: bool) -> Result<Arc<Self>, StoreError> {
        Ok(Arc::new(Self {
            worker: WorkerId(u128::from_be_bytes(store.random()?)),
            store,
            limits,
            runs: DashMap::new(),
            couriers: DashMap::new(),
            tracker: TaskTracker::new(),
            background: TaskTracker::new(),
            stopping: CancellationToken::new(),
            aborting: CancellationToken::new(),
            stopped: CancellationToken::new(),
            expose_errors,
        }))
    }

    /// Fails once the server is shutting down.
    pub(crate) fn admit(&self) -> Result<(), RpcError> {
        if self.stopping.is_cancelled() { Err(RpcError::internal(STOPPING)) } else { Ok(()) }
    }

    /// Starts a run in a task of its own: neither a panic nor a slow function touches anything else. The receiver gets the
    /// outcome after it is stored.
    pub(crate) fn start(
        self: &Arc<Self>,
        run: Arc<Run>,
        call: Prepared,
        timeout: Duration,
    ) -> oneshot::Receiver<Outcome> {
        let (sender, receiver) = oneshot::channel();
        if let Some(key) = run.key() {
            self.runs.insert(key.clone(), run.clone());
        }
        let runtime = self.clone();
        self.tracker.spawn(async move {
            let outcome = runtime.bounded(runtime.execute(&run, call, timeout).await);
            if let Err(error) = run.end(outcome.clone()).await {
                tracing::error!(task = ?run.stored_key().map(|key| key.id), error = &error as &dyn std::error::Error, "the outcome could not be stored");
            }
            // Nobody may be waiting: the client went away, or got a task instead.
            let _ = sender.send(outcome);
        });
        receiver
    }

    async fn execute(&self, run: &Arc<Run>, call: Prepared, timeout: Duration) -> Outcome {
        let cx = RunContext::new(run.clone());
        let clock = self.store.clock();
        let work = AssertUnwindSafe(async move { call.run(cx).await }).catch_unwind();
        let overdue = async {
            tokio::select! {
                () = run.cancellation().cancelled() => {}
                () = self.aborting.cancelled() => run.cancellation().cancel(),
            }
            clock.sleep(self.limits.cancel_grace).await;
        };
        tokio::select! {
            biased;
            result = work => match result {
                Ok(Ok(output)) => Outcome::from(output),
                Ok(Err(error)) => self.failure(run, error.0),
                Err(_) => {
                    tracing::error!(tool = run.tool_name(), task = ?run.visible_id(), "the tool panicked");
                    Outcome::Error(RpcError::internal(PANICKED))
                }
            },
            () = clock.sleep(timeout) => {
                run.cancellation().cancel();
                Outcome::Error(RpcError::internal(TIMED_OUT))
            }
            () = overdue => Outcome::Cancelled,
        }
    }

    /// What the client learns of a failure.
    fn failure(&self, run: &Run, error: ToolErrorKind) -> Outcome {
        let text = match error {
            ToolErrorKind::Visible(text) => text,
            ToolErrorKind::Rpc(error) => return Outcome::Error(error),
            ToolErrorKind::Cancelled => return Outcome::Cancelled,
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
    pub(crate) async fn change(&self, key: &TaskKey, changes: &[Change]) -> Result<Task, NotChanged> {
        let task = self.store.change_unheld(key, changes).await?;
        self.tell(&task);
        Ok(task)
    }

    pub(crate) fn tell(&self, task: &Task) {
        if let Some(run) = self.runs.get(&task.key).map(|run| run.clone()) {
            run.observe(task);
        }
    }

    /// Records answers of the client; others than those asked for are ignored.
    pub(crate) async fn answer(&self, key: &TaskKey, answers: BTreeMap<String, Value>) -> Result<Task, NotChanged> {
        self.change(key, &[Change::Answer(answers)]).await
    }

    /// Ends a call that waits for its retry when its time is over.
    pub(crate) fn expire_hidden(self: &Arc<Self>, key: &TaskKey, ttl: Duration) {
        let (runtime, key) = (self.clone(), key.clone());
        self.background.spawn(async move {
            let Some(cancellation) = runtime.runs.get(&key).map(|run| run.cancellation().clone()) else { return };
            tokio::select! {
                () = runtime.store.clock().sleep(ttl) => cancellation.cancel(),
                () = cancellation.cancelled() => {}
                () = runtime.stopped.cancelled() => {}
            }
        });
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
        tokio::select! {
            () = self.tracker.wait() => {}
            () = clock.sleep(grace) => {
                self.aborting.cancel();
                tokio::select! {
                    () = self.tracker.wait() => {}
                    () = clock.sleep(self.limits.cancel_grace) => {}
                }
            }
        }
        self.stopped.cancel();
        self.background.close();
    }

    /// Ends when the server has stopped.
    pub(crate) async fn stopped(&self) {
        self.stopped.cancelled().await;
    }
}
