//! `subscriptions/listen` for tasks (2026-07-28): their states as they change.

use std::{
    collections::HashSet,
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::Stream;
use serde::Deserialize;
use serde_json::Value;
use tokio::{sync::mpsc, task::JoinSet};

use super::{TaskRouter, tasks::key_of};
use crate::{
    call::CallContext,
    protocol::{RpcError, params as parse, v2026},
    store::Watch,
    task::Task,
};

#[derive(Deserialize)]
struct ListenParams {
    notifications: Filter,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    #[serde(default)]
    task_ids: Option<Vec<String>>,
}

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

impl TaskRouter {
    /// Begins to listen to the tasks a `subscriptions/listen` request names; `None` if it names none.
    ///
    /// # Errors
    /// The parameters do not fit, or the client did not declare the extension.
    pub async fn listen(&self, params: &Value, cx: &CallContext) -> Result<Option<Subscription>, RpcError> {
        let ListenParams { notifications: Filter { task_ids } } = parse(params)?;
        let Some(ids) = task_ids else { return Ok(None) };
        super::declared(cx)?;
        let max = self.limits().subscribed_tasks;
        if ids.len() > max {
            return Err(RpcError::invalid_params(format!("{} tasks are named; {max} are allowed", ids.len())));
        }
        let (sender, receiver) = mpsc::channel(16);
        let mut senders = JoinSet::new();
        let mut accepted = Vec::new();
        let mut seen = HashSet::new();
        for id in ids {
            // Watched before it is read, so that no change in between is missed.
            let Ok(key) = key_of(&id, cx) else { continue };
            let watch = self.runtime.store.watch(&key);
            let Some(task) = self.listened(&id, cx).await? else { continue };
            if seen.insert(task.id()) {
                senders.spawn(self.clone().follow(task, watch, sender.clone()));
                accepted.push(id);
            }
        }
        Ok(Some(Subscription { accepted, receiver, _senders: senders }))
    }

    async fn listened(&self, id: &str, cx: &CallContext) -> Result<Option<Task>, RpcError> {
        let (Some(owner), Ok(id)) = (cx.caller.owner(), id.parse()) else { return Ok(None) };
        let task = self.runtime.store.get(owner, id).await.map_err(|error| super::store_failed(&error))?;
        Ok(task.filter(|task| task.head.hidden.is_none()))
    }

    /// Sends the task as it is, then each time it is seen differently, until it has ended.
    async fn follow(self, mut now: Task, mut watch: Watch, sender: mpsc::Sender<Value>) {
        let mut last = Value::Null;
        loop {
            let shown = match self.shown(&now) {
                Ok(shown) => v2026::detailed(&now, shown),
                Err(_) => return,
            };
            if shown != last {
                if sender.send(shown.clone()).await.is_err() {
                    return;
                }
                last = shown;
            }
            if now.status().is_terminal() {
                return;
            }
            tokio::select! {
                // The end of a task may be what the server waited for to stop: it is told first.
                biased;
                () = watch.changed() => {}
                () = self.runtime.expired(&now) => {}
                () = self.runtime.stopped() => return,
            }
            match self.reread(&now).await {
                Some(task) => now = task,
                None => return,
            }
        }
    }
}
