//! Tells a session (2025-11-25) about a task: its states as notifications, its questions as requests.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use dashmap::Entry;
use futures_util::{StreamExt, stream::FuturesUnordered};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{Ended, Engine, Patience};
use crate::{
    call::{ClientCapabilities, Peer},
    error::StoreError,
    protocol::{Revision, meta},
    run::{Unanswered, Way, ask_until_it_fits},
    store::backend::{Parts, TaskKey},
    task::{Change, InputRequest, NotChanged, Owner, Task, TaskId, TaskStatus, elicitation_signal},
};

/// Time to wait before the store is asked again after it failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Strikes a courier off the list when it ends, however it ends.
struct Listed {
    engine: Arc<Engine>,
    entry: (String, TaskKey),
    session: Arc<dyn Peer>,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.engine.couriers.remove(&self.entry);
        self.engine.leave(&self.entry.1, &self.session);
    }
}

/// Reason why a session is told about a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attends {
    /// Its call created the task: it is notified of states, too.
    Creator,
    /// It waits for the end.
    Waiter,
    /// A call of it waits until the task ends, or is a run that waits for somebody.
    Caller,
}

impl Engine {
    /// Sees to it that this session of a revision is told about the task until it ends: asked what `client` can be asked, and
    /// notified if its call created the task.
    pub(crate) fn attend(
        self: &Arc<Self>,
        session: &Arc<dyn Peer>,
        (revision, client): (Revision, ClientCapabilities),
        key: &TaskKey,
        why: Attends,
    ) {
        let entry = (session.session().to_owned(), key.clone());
        let stays = match self.couriers.entry(entry.clone()) {
            Entry::Occupied(known) => {
                known.get().fetch_or(why != Attends::Caller, Ordering::Relaxed);
                return;
            }
            Entry::Vacant(place) => place.insert(Arc::new((why != Attends::Caller).into())).clone(),
        };
        let notify = why == Attends::Creator;
        let listed = Listed { engine: self.clone(), entry, session: session.clone() };
        let (session, key) = (session.clone(), key.clone());
        self.guard("telling a session about a task", move |engine| {
            // For as long as it goes on, panics or not.
            let _ = &listed;
            let (session, key, stays) = (session.clone(), key.clone(), stays.clone());
            async move {
                tokio::select! {
                    biased;
                    () = engine.deliver(&session, (revision, client), &key, (notify, &stays)) => {}
                    () = session.closed() => {}
                    () = engine.host.stopped() => {}
                }
            }
        });
    }

    /// The same, as its creator, of a session that has its stream in this process and whose call created the task in another one: whether it
    /// goes on.
    pub(crate) async fn attend_later(
        self: &Arc<Self>,
        (session, revision, client): (&Arc<dyn Peer>, Revision, ClientCapabilities),
        owner: &Owner,
        id: TaskId,
    ) -> Result<bool, StoreError> {
        let key = TaskKey { owner: owner.key(), id };
        let attends = || self.couriers.contains_key(&(session.session().to_owned(), key.clone()));
        if attends() {
            return Ok(true);
        }
        let task = self.store().read(&key, Parts::BODY).await?;
        let Some(task) = task.filter(|task| task.head.hidden.is_none() && task.head.owner == *owner) else {
            return Ok(false);
        };
        let goes_on = !task.status().is_terminal();
        // One may have begun meanwhile.
        if !attends() {
            let token = task.body.and_then(|body| body.progress_token);
            self.lead(&key, Way { peer: Some(session.clone()), token });
            self.attend(session, (revision, client), &key, Attends::Creator);
        }
        Ok(goes_on)
    }

    async fn deliver(
        self: &Arc<Self>,
        session: &Arc<dyn Peer>,
        (revision, client): (Revision, ClientCapabilities),
        key: &TaskKey,
        (notify, stays): (bool, &AtomicBool),
    ) {
        let mut watch = self.store().watch(key);
        let mut asked = BTreeMap::<String, CancellationToken>::new();
        let mut answers = FuturesUnordered::new();
        // The ids of pages that this session was asked to send its user to, and with which the user is not done.
        let mut pages = BTreeSet::<String>::new();
        // What the creating call was answered with.
        let mut told = (TaskStatus::Working, None);
        let mut known = None;
        loop {
            let task = match known.take() {
                Some(task) => task,
                None => match self.store().read(key, Parts::empty()).await {
                    Ok(Some(task)) => task,
                    Ok(None) => return,
                    Err(error) => {
                        tracing::warn!(task = %key.id, error = &error as &dyn std::error::Error, "a session is not told about a task");
                        if !error.is_retryable() {
                            return;
                        }
                        self.host.clock().sleep(PAUSE).await;
                        continue;
                    }
                },
            };
            self.pass_progress(revision, &task);
            let now = (task.status(), task.message().map(str::to_owned));
            if notify && told != now {
                let (method, params) = revision.task_notification(&task.view(self.host.now()), None);
                session.notify(method, params);
            }
            told = now;
            pages.retain(|id| {
                let is_open = !task.head.signals.given().contains(&elicitation_signal(id));
                if !is_open {
                    let mut params = json!({ "elicitationId": id });
                    meta::relate(&mut params, &key.id.to_string());
                    session.notify("notifications/elicitation/complete", params);
                }
                is_open
            });
            // A run that waits asks nothing, and nobody looks at it: the call that goes on with it has its own way.
            let is_parked = task.head.workflow.as_ref().is_some_and(|workflow| workflow.pause.is_some());
            if task.status().is_terminal() || is_parked && !stays.load(Ordering::Relaxed) {
                return;
            }
            // A question answered through another door is not asked any more.
            asked
                .iter()
                .filter(|(name, _)| !task.inputs().contains_key(*name))
                .for_each(|(_, answered)| answered.cancel());
            for (name, question) in task.inputs() {
                let is_askable = client.missing_for(&question.method, &question.params).is_none();
                if is_askable && !asked.contains_key(name) {
                    let page = question.params.get("elicitationId").and_then(Value::as_str);
                    pages.extend(page.filter(|_| revision.tells_of_completion()).map(str::to_owned));
                    let answered = CancellationToken::new();
                    asked.insert(name.clone(), answered.clone());
                    let max = self.limits().max_answer as usize;
                    let question = (name.clone(), question.clone());
                    answers.push(ask(session.clone(), revision, key.id, question, max, answered));
                }
            }
            let version = task.stored.version;
            let is_news = |task: &Task| {
                if task.stored.version == version {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(task.clone())
                }
            };
            tokio::select! {
                biased;
                news = self.until_next(&mut watch, task, Parts::empty(), Patience::default(), is_news) => match news {
                    Ok(task) => known = Some(task),
                    // Read again, the error is told.
                    Err(Ended::Store(_)) => {}
                    Err(_) => return,
                },
                Some((name, answer)) = answers.next() => {
                    if !self.pass_on(key, &name, answer).await {
                        // Not stored: it is asked again.
                        asked.remove(&name);
                    }
                }
            }
        }
    }

    /// Records an answer; `false` if the store failed.
    async fn pass_on(self: &Arc<Self>, key: &TaskKey, name: &str, answer: Result<Value, Unanswered>) -> bool {
        let max = self.limits().max_answer as usize;
        let answer = match answer {
            Ok(answer) if answer.to_string().len() <= max => answer,
            Ok(_) => {
                tracing::warn!(task = %key.id, max, "the client's answer is larger than allowed");
                cancelled()
            }
            Err(Unanswered::Gone) => return true,
            Err(Unanswered::Unshown(reason)) => {
                // Somebody else may be able to answer it, such as a model.
                tracing::debug!(task = %key.id, reason, "a question cannot be shown to this client");
                return true;
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
    json!({ "action": "cancel" })
}

async fn ask(
    session: Arc<dyn Peer>,
    revision: Revision,
    task: TaskId,
    (name, question): (String, InputRequest),
    max: usize,
    answered: CancellationToken,
) -> (String, Result<Value, Unanswered>) {
    let mut params = question.params;
    meta::relate(&mut params, &task.to_string());
    let answer = tokio::select! {
        biased;
        () = answered.cancelled() => Err(Unanswered::Gone),
        answer = ask_until_it_fits(&session, revision, &question.method, params, Some(max)) => answer,
    };
    (name, answer)
}
