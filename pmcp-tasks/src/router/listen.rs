//! `subscriptions/listen` for tasks (2026-07-28): their states as they change.

use std::{
    collections::HashSet,
    ops::ControlFlow,
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::Stream;
use serde_json::{Map, Value};
use tokio::{sync::mpsc, task::JoinSet};

use super::request::{RequestCx, shown};
use crate::{
    engine::{Ended, Engine, Patience},
    protocol::{Revision, RpcError, params as parse, params::ListenParams},
    store::backend::{Parts, TaskKey},
    task::{Task, Watch},
};

/// The states of the tasks somebody listens to, each as the `params` of `notifications/tasks`.
///
/// It ends when every task has ended, or the server has stopped. Dropping it ends the subscription.
#[derive(Debug)]
pub struct Subscription {
    accepted: Vec<String>,
    receiver: mpsc::Receiver<Value>,
    /// Aborts its tasks when dropped.
    _senders: JoinSet<()>,
}

impl Subscription {
    /// The ids that are listened to, for the acknowledgement: those of the caller's tasks.
    #[must_use]
    pub fn accepted(&self) -> &[String] {
        &self.accepted
    }
}

impl Stream for Subscription {
    type Item = Value;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Value>> {
        self.receiver.poll_recv(cx)
    }
}

/// Begins to listen to the tasks a `subscriptions/listen` request names; `None` if it names none.
///
/// # Errors
/// The parameters do not fit, or the client did not declare the extension.
pub(super) async fn listen(rq: RequestCx<'_>) -> Result<Option<Subscription>, RpcError> {
    let ListenParams { notifications } = parse(rq.params)?;
    let Some(ids) = notifications.task_ids else { return Ok(None) };
    rq.declared()?;
    let max = rq.engine.limits().subscribed_tasks;
    if ids.len() > max {
        return Err(RpcError::invalid_params(format!("{} tasks are named; {max} are allowed", ids.len())));
    }
    let (sender, receiver) = mpsc::channel(16);
    let mut senders = JoinSet::new();
    let mut accepted = Vec::new();
    let mut seen = HashSet::new();
    for id in ids {
        // Watched before it is read, so that no change in between is missed.
        let Ok(key) = rq.key_of(&id) else { continue };
        let watch = rq.engine.store().watch(&key);
        let Some(task) = listened(rq, &id).await? else { continue };
        if seen.insert(task.id()) {
            let (engine, revision, sender) = (rq.engine.clone(), rq.cx.revision, sender.clone());
            senders.spawn(async move {
                let mut first = Some((watch, task));
                let following = || follow(&engine, revision, key.clone(), first.take(), sender.clone());
                engine.guarded("telling a subscriber about a task", following).await;
            });
            accepted.push(id);
        }
    }
    Ok(Some(Subscription { accepted, receiver, _senders: senders }))
}

async fn listened(rq: RequestCx<'_>, id: &str) -> Result<Option<Task>, RpcError> {
    let (Some(owner), Ok(id)) = (rq.cx.caller.owner(), id.parse()) else { return Ok(None) };
    let task = rq.engine.store().get(owner, id).await?;
    Ok(task.filter(|task| task.head.hidden.is_none()))
}

/// Sends the task as it is, as it was `first` seen, then each time it is seen differently, until it has ended.
async fn follow(
    engine: &Engine,
    revision: Revision,
    key: TaskKey,
    first: Option<(Watch, Task)>,
    sender: mpsc::Sender<Value>,
) {
    let parts = Parts::BODY | Parts::VARIABLES | Parts::OUTCOME;
    let (mut watch, mut now) = if let Some(first) = first {
        first
    } else {
        let watch = engine.store().watch(&key);
        let Ok(Some(task)) = engine.store().read(&key, parts).await else { return };
        (watch, task)
    };
    loop {
        let Ok(variables) = shown(engine, &now) else { return };
        let last = seen(&now, variables.clone());
        let (_, params) = revision.task_notification(&now.view(engine.host.now()), variables);
        if sender.send(params).await.is_err() || now.status().is_terminal() {
            return;
        }
        let is_news = |task: &Task| match shown(engine, task) {
            Ok(variables) if last == seen(task, variables.clone()) => ControlFlow::Continue(()),
            _ => ControlFlow::Break(task.clone()),
        };
        let id = now.id();
        now = match engine.until_next(&mut watch, now, parts, Patience::default(), is_news).await {
            Ok(task) => task,
            Err(Ended::Store(error)) => {
                tracing::warn!(task = %id, error = &error as &dyn std::error::Error, "a subscriber is no longer told about a task");
                return;
            }
            Err(_) => return,
        };
    }
}

/// Returns what a listener sees of a task, beside what follows from it.
fn seen(task: &Task, shown: Option<Map<String, Value>>) -> impl PartialEq + use<> {
    (task.status(), task.message().map(str::to_owned), task.inputs().clone(), shown)
}
