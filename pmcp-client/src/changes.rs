//! A task's changes: pushed where the server does, polled otherwise.

use std::{sync::atomic::Ordering, time::Duration};

use futures_util::{
    FutureExt as _, Stream, StreamExt as _,
    future::{self, BoxFuture},
    stream::{self, FuturesUnordered},
};
use pmcp_protocol::{TaskStatus, ToolResult, code};
use serde_json::json;
use tokio::sync::broadcast::{self, error::RecvError};

use crate::{
    answers,
    error::ClientError,
    listen::Subscription,
    request::Notification,
    result::tool_result,
    runtime::{Task, spawn, within},
    state::TaskState,
    task::TaskHandle,
};

/// The time between polls where the server suggests nothing.
const POLL: Duration = Duration::from_millis(500);
/// The shortest interval that is followed.
const MIN_POLL: Duration = Duration::from_millis(10);
/// The time between looks at a task that the server pushes: a push that was lost must not be waited for forever.
const CHECK: Duration = Duration::from_secs(10);
/// The time a server may take to acknowledge that it pushes.
const OPEN: Duration = Duration::from_secs(5);

/// The source of pushed states.
enum Push {
    /// Not asked for yet.
    Unopened,
    /// `subscriptions/listen` (2026-07-28).
    Listen(Subscription),
    /// `notifications/tasks/status` (2025-11-25).
    Status(broadcast::Receiver<Notification>),
    /// Nothing is pushed.
    None,
}

impl Push {
    /// The next notification; `None` when there will be no more. Never returns where nothing is pushed.
    async fn notification(&mut self) -> Option<Notification> {
        match self {
            Self::Listen(subscription) => subscription.next().await,
            Self::Status(receiver) => loop {
                match receiver.recv().await {
                    Ok(notification) => return Some(notification),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                }
            },
            Self::Unopened | Self::None => std::future::pending().await,
        }
    }

    /// The next pushed state of this task.
    async fn next(&mut self, id: &str) -> Option<TaskState> {
        loop {
            let Notification { method, params } = self.notification().await?;
            if matches!(method.as_str(), "notifications/tasks" | "notifications/tasks/status")
                && params["taskId"] == id
                // A state that cannot be read will be polled.
                && let Ok(state) = TaskState::parse(params)
            {
                return Some(state);
            }
        }
    }
}

impl TaskHandle {
    /// Waits for the result and answers what the task asks.
    ///
    /// # Errors
    /// The task fails with a JSON-RPC error or is cancelled; it asks for something no callback answers (2026-07-28); the
    /// connection fails.
    pub async fn wait(&self) -> Result<ToolResult, ClientError> {
        if !self.is_whole() && self.client().connection().settings.listen {
            return self.result().await;
        }
        self.wait_with(|_| ()).await
    }

    /// Waits like [`wait`](Self::wait), and shows the task each time it has changed.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub async fn wait_with(&self, mut show: impl FnMut(&TaskState) + Send) -> Result<ToolResult, ClientError> {
        let mut changes = self.changes();
        while let Some(state) = changes.next().await {
            let state = state?;
            show(&state);
            if state.status.is_terminal() {
                let outcome = if self.is_whole() { state.outcome() } else { self.outcome().await };
                return tool_result(outcome?);
            }
            if let Some(method) = self.unanswerable(&state) {
                let reason = answers::unknown(&method);
                return Err(ClientError::Unanswered { method, reason });
            }
        }
        Err(ClientError::Closed)
    }

    /// The task as it is, then each time it has changed, until it has ended. What it asks is answered meanwhile, as far as
    /// callbacks do; other questions are left for [`update`](Self::update).
    ///
    /// Pushes are listened to where the server has them; otherwise the task is polled at the interval the server suggests.
    pub fn changes(&self) -> impl Stream<Item = Result<TaskState, ClientError>> + Send + Unpin + 'static {
        Changes::stream(self.clone())
    }
}

/// The changes of one task, as somebody follows them.
struct Changes {
    task: TaskHandle,
    push: Push,
    /// Set once anything was pushed.
    is_pushed: bool,
    last: Option<TaskState>,
    /// Ends when the task is to be looked at.
    next_poll: BoxFuture<'static, ()>,
    /// Callbacks at work.
    answers: FuturesUnordered<Task<Result<(), ClientError>>>,
    /// A stream lent to the server to ask over (2025-11-25).
    lent: Option<Task<()>>,
    has_ended: bool,
}

impl Changes {
    fn stream(task: TaskHandle) -> impl Stream<Item = Result<TaskState, ClientError>> + Send + Unpin + 'static {
        let changes = Self {
            task,
            push: Push::Unopened,
            is_pushed: false,
            last: None,
            next_poll: future::ready(()).boxed(),
            answers: FuturesUnordered::new(),
            lent: None,
            has_ended: false,
        };
        Box::pin(stream::unfold(changes, |mut changes| async move {
            let item = changes.next().await?;
            Some((item, changes))
        }))
    }

    async fn next(&mut self) -> Option<Result<TaskState, ClientError>> {
        if self.has_ended {
            return None;
        }
        if matches!(self.push, Push::Unopened) {
            self.push = Self::open(&self.task).await;
            let first = self.task.first().cloned().and_then(|first| self.see(first));
            if matches!(self.push, Push::Status(_)) {
                // What was pushed before now went unheard, and is not pushed again.
                self.next_poll = future::ready(()).boxed();
            }
            if let Some(first) = first {
                return Some(Ok(first));
            }
        }
        loop {
            let seen = tokio::select! {
                Some(answered) = self.answers.next(), if !self.answers.is_empty() => match answered {
                    Ok(Ok(())) => continue,
                    Ok(Err(error)) => Err(error),
                    Err(_) => Err(ClientError::Input("a callback panicked".into())),
                },
                () = returned(&mut self.lent) => continue,
                state = self.push.next(self.task.id()) => {
                    let Some(state) = state else {
                        self.push = Push::None;
                        self.next_poll = future::ready(()).boxed();
                        continue;
                    };
                    self.is_pushed = true;
                    let had_variables = self.last.as_ref().is_some_and(|last| last.variables.is_some());
                    if had_variables && state.variables.is_none() && state.status.is_terminal() {
                        // A push of 2025-11-25 carries none, and what was seen before need not be how they ended.
                        self.task.get().await
                    } else {
                        Ok(state)
                    }
                }
                () = &mut self.next_poll => self.task.get().await,
                () = self.task.client().connection().inbox.closed().cancelled() => Err(ClientError::Closed),
            };
            match seen {
                Ok(state) => {
                    if let Some(shown) = self.see(state) {
                        return Some(Ok(shown));
                    }
                }
                Err(error) => {
                    self.end();
                    return Some(Err(error));
                }
            }
        }
    }

    /// Takes note of a state; gives it back if it is news.
    fn see(&mut self, mut state: TaskState) -> Option<TaskState> {
        let interval = state.poll_interval.unwrap_or(POLL).max(MIN_POLL);
        let is_pushed = self.is_pushed && matches!(self.push, Push::Listen(_));
        let wait = if is_pushed { interval.max(CHECK) } else { interval };
        self.next_poll = self.task.client().connection().runtime.sleep(wait);
        if state.variables.is_none() {
            // Not every message carries them.
            state.variables = self.last.as_ref().and_then(|last| last.variables.clone());
        }
        let is_news = self.last.as_ref() != Some(&state);
        if state.status.is_terminal() {
            self.end();
        } else if state.status == TaskStatus::InputRequired {
            self.serve(&state, is_news);
        }
        is_news.then(|| self.last.insert(state).clone())
    }

    /// Has the task's questions answered.
    fn serve(&mut self, state: &TaskState, is_news: bool) {
        let task = self.task.clone();
        let runtime = &self.task.client().connection().runtime;
        if task.is_whole() {
            if is_news {
                let state = state.clone();
                self.answers.push(spawn(runtime, async move { task.answer(&state).await }));
            }
        } else if self.lent.is_none() {
            self.lent = Some(spawn(runtime, async move { task.lend_stream().await }));
        }
    }

    fn end(&mut self) {
        self.has_ended = true;
        self.answers.clear();
        self.lent = None;
    }

    /// Asks for pushes, where the client wants them and the server has them.
    async fn open(task: &TaskHandle) -> Push {
        let connection = task.client().connection();
        let settings = &connection.settings;
        if !settings.listen {
            return Push::None;
        }
        if connection.revision().asks_by_request() {
            return Push::Status(connection.inbox.notifications());
        }
        if !settings.tasks || !connection.can_listen.load(Ordering::Relaxed) {
            return Push::None;
        }
        let id = task.id();
        let opening = task.client().listen(json!({ "taskIds": [id] }));
        match within(&connection.runtime, OPEN, opening).await {
            Ok(Ok(subscription)) => {
                let accepted = subscription.acknowledged()["taskIds"].as_array();
                if accepted.is_some_and(|ids| ids.iter().any(|accepted| accepted == id)) {
                    return Push::Listen(subscription);
                }
            }
            // Polling reports what else is wrong.
            Ok(Err(error)) if error.code() != Some(code::METHOD_NOT_FOUND) => {}
            Ok(Err(_)) | Err(_) => connection.can_listen.store(false, Ordering::Relaxed),
        }
        Push::None
    }
}

/// Ends when the lent stream is given back; never where none is lent.
async fn returned(lent: &mut Option<Task<()>>) {
    match lent {
        Some(task) => {
            // Whatever became of it, the task is looked at next.
            let _ = task.await;
            *lent = None;
        }
        None => future::pending().await,
    }
}
