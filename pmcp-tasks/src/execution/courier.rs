//! Tells a 2025-11-25 session about a task: its states as notifications, its questions as requests.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::Runtime;
use crate::{
    call::{ClientCapabilities, Peer, PeerError},
    protocol::{RELATED_TASK, v2025},
    store::{
        NotChanged,
        backend::{Parts, TaskKey},
    },
    task::{Change, InputRequest, Task, TaskId, TaskStatus},
};

/// How long to wait before the store is asked again after it failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Frees a courier's place when it ends, however it ends.
struct Place {
    runtime: Arc<Runtime>,
    key: (String, TaskKey),
}

impl Drop for Place {
    fn drop(&mut self) {
        self.runtime.couriers.remove(&self.key);
    }
}

impl Runtime {
    /// Sees to it that this session is told about the task until it ends: asked what `client` can be asked, and notified
    /// if it created the task.
    pub(crate) fn attend(
        self: &Arc<Self>,
        session: &Arc<dyn Peer>,
        client: ClientCapabilities,
        key: &TaskKey,
        notify: bool,
    ) {
        let place = (session.session().to_owned(), key.clone());
        if self.couriers.insert(place.clone(), ()).is_some() {
            return;
        }
        let place = Place { runtime: self.clone(), key: place };
        let (runtime, session, key) = (self.clone(), session.clone(), key.clone());
        self.background.spawn(async move {
            let closed = session.clone();
            tokio::select! {
                () = runtime.deliver(&session, client, &key, notify) => {}
                () = closed.closed() => {}
                () = runtime.stopped() => {}
            }
            drop(place);
        });
    }

    async fn deliver(
        self: &Arc<Self>,
        session: &Arc<dyn Peer>,
        client: ClientCapabilities,
        key: &TaskKey,
        notify: bool,
    ) {
        let mut watch = self.store.watch(key);
        let mut asked = HashMap::<String, CancellationToken>::new();
        let mut answers = FuturesUnordered::new();
        // What the creating call was answered with.
        let mut told = (TaskStatus::Working, None);
        loop {
            let task = match self.store.read(key, Parts::empty()).await {
                Ok(Some(task)) => task,
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(task = %key.id, error = &error as &dyn std::error::Error, "a session is not told about a task");
                    if !error.is_retryable() {
                        return;
                    }
                    self.store.clock().sleep(PAUSE).await;
                    continue;
                }
            };
            let state = (task.status(), task.message().map(str::to_owned));
            if notify && told != state {
                session.notify("notifications/tasks/status", v2025::task(&task, None));
            }
            told = state;
            if task.status().is_terminal() {
                return;
            }
            // A question answered through another door is not asked any more.
            asked
                .iter()
                .filter(|(name, _)| !task.inputs().contains_key(*name))
                .for_each(|(_, answered)| answered.cancel());
            for (name, question) in task.inputs() {
                if !asked.contains_key(name) && client.missing_for(&question.method).is_none() {
                    let answered = CancellationToken::new();
                    asked.insert(name.clone(), answered.clone());
                    answers.push(ask(session.clone(), key.id, name.clone(), question.clone(), answered));
                }
            }
            tokio::select! {
                () = watch.changed() => {}
                () = self.expired(&task) => {}
                Some((name, answer)) = answers.next() => {
                    if !self.pass_on(key, &name, answer).await {
                        // Not stored: it is asked again.
                        asked.remove(&name);
                    }
                }
            }
        }
    }

    /// Ends when the task's time is over.
    pub(crate) async fn expired(&self, task: &Task) {
        let left = self.store.now().until(task.stored.expires);
        self.store.clock().sleep(left).await;
    }

    /// Records an answer; `false` if the store failed.
    async fn pass_on(self: &Arc<Self>, key: &TaskKey, name: &str, answer: Result<Value, PeerError>) -> bool {
        let max = self.limits.max_answer as usize;
        let answer = match answer {
            Ok(answer) if answer.to_string().len() <= max => answer,
            Ok(_) => {
                tracing::warn!(task = %key.id, max, "the client's answer is larger than allowed");
                cancelled()
            }
            Err(PeerError::Gone) => return true,
            Err(PeerError::Rpc(error)) => {
                // A client that cannot answer has cancelled the question: the function must not wait for ever.
                tracing::warn!(task = %key.id, %error, "the client refused a question");
                cancelled()
            }
        };
        // Ended or gone is the answer of somebody who was too late.
        if let Err(NotChanged::Store(error)) =
            self.change(key, Change::Answer([(name.to_owned(), answer)].into())).await
        {
            tracing::warn!(task = %key.id, error = &error as &dyn std::error::Error, "an answer was not stored");
            return false;
        }
        true
    }
}

/// The answer of a user who dismissed the question.
fn cancelled() -> Value {
    serde_json::json!({ "action": "cancel" })
}

async fn ask(
    session: Arc<dyn Peer>,
    task: TaskId,
    name: String,
    question: InputRequest,
    answered: CancellationToken,
) -> (String, Result<Value, PeerError>) {
    let mut params = question.params;
    if let Some(fields) = params.as_object_mut() {
        let meta = fields.entry("_meta").or_insert_with(|| serde_json::json!({}));
        if let Some(meta) = meta.as_object_mut() {
            meta.insert(RELATED_TASK.into(), serde_json::json!({ "taskId": task.to_string() }));
        }
    }
    let answer = tokio::select! {
        biased;
        () = answered.cancelled() => Err(PeerError::Gone),
        answer = session.request(&question.method, params) => answer,
    };
    (name, answer)
}
