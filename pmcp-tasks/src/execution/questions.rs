//! Asking the client from inside a run.

use std::{
    collections::{BTreeMap, HashMap},
    pin::pin,
    sync::{Arc, Mutex},
};

use serde_json::Value;
use tokio::sync::{Notify, oneshot};

use super::run::{Open, Place, Run, answer_step, lock};
use crate::{
    call::{PeerError, Revision},
    context::AskError,
    store::{
        Draft, NotChanged,
        backend::{Recorded, TaskKey},
    },
    task::{Change, Hidden, InputRequest, SCHEMA, Task, TaskBody, TaskHead, TaskStatus},
    tool::OnCrash,
};

/// The questions of a run.
#[derive(Debug, Default)]
pub(super) struct Questions {
    inner: Mutex<Inner>,
    /// Told when a question opens or closes.
    turned: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    asked: u32,
    /// Asked, and not yet in the store.
    pending: Open,
    waiting: HashMap<String, oneshot::Sender<Value>>,
    /// Answers the function has, and the store may forget.
    taken: Vec<String>,
    /// Asked, perhaps in the store, and no longer waited for.
    given_up: Vec<String>,
}

/// A question the function waits for. Dropping it before the answer has come takes the question back.
struct OpenQuestion<'a> {
    run: &'a Arc<Run>,
    key: String,
    answer: oneshot::Receiver<Value>,
}

impl Drop for OpenQuestion<'_> {
    fn drop(&mut self) {
        // What has ended has no open questions in any case.
        if self.run.questions.give_up(&self.key) && !self.run.cancellation().is_cancelled() {
            let run = self.run.clone();
            self.run.runtime.in_background(async move { run.withdraw().await });
        }
    }
}

impl Questions {
    fn next_key(&self) -> String {
        let mut inner = lock(&self.inner);
        inner.asked += 1;
        format!("input-{}", inner.asked)
    }

    /// Adds a question; its answer comes through the receiver. `None` if too many are open.
    fn add(&self, key: &str, request: InputRequest, limit: usize) -> Option<oneshot::Receiver<Value>> {
        let mut inner = lock(&self.inner);
        if inner.waiting.len() >= limit {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        inner.pending.insert(key.to_owned(), request);
        inner.waiting.insert(key.to_owned(), sender);
        self.turned.notify_waiters();
        Some(receiver)
    }

    /// Forgets a question; whether it had no answer.
    fn give_up(&self, key: &str) -> bool {
        let mut inner = lock(&self.inner);
        inner.pending.remove(key);
        let is_open = inner.waiting.remove(key).is_some();
        if is_open {
            inner.given_up.push(key.to_owned());
            self.turned.notify_waiters();
        }
        is_open
    }

    /// Whether the function waits for an answer.
    pub(super) fn are_open(&self) -> bool {
        !lock(&self.inner).waiting.is_empty()
    }

    /// Ends when the function waits for an answer, or for none.
    pub(super) async fn become_open(&self, open: bool) {
        loop {
            let mut turned = pin!(self.turned.notified());
            // Registered before looking, so that a turn in between is seen.
            turned.as_mut().enable();
            if self.are_open() == open {
                return;
            }
            turned.await;
        }
    }

    /// What is to be published: asked, not in the store, and still waited for.
    fn pending(&self) -> Open {
        lock(&self.inner).pending.clone()
    }

    /// These are in the store, or need not be.
    fn published(&self, questions: &Open) {
        lock(&self.inner).pending.retain(|key, _| !questions.contains_key(key));
    }

    /// Hands answers to those who wait for them.
    pub(super) fn deliver(&self, answers: &BTreeMap<String, Value>) {
        let mut inner = lock(&self.inner);
        for (key, answer) in answers {
            if let Some(sender) = inner.waiting.remove(key) {
                inner.taken.push(key.clone());
                self.turned.notify_waiters();
                // A receiver that is gone is a question the function is giving up.
                let _ = sender.send(answer.clone());
            }
        }
    }

    pub(super) fn drain_taken(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.inner).taken)
    }

    pub(super) fn put_back_taken(&self, keys: Vec<String>) {
        lock(&self.inner).taken.extend(keys);
    }

    pub(super) fn drain_given_up(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.inner).given_up)
    }

    pub(super) fn put_back_given_up(&self, keys: Vec<String>) {
        lock(&self.inner).given_up.extend(keys);
    }
}

fn failed(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> AskError {
    AskError::Failed { source: source.into() }
}

impl Run {
    /// Asks the client and waits for its answer, the result of the method.
    pub(crate) async fn ask(self: &Arc<Self>, method: &'static str, params: Value) -> Result<Value, AskError> {
        if let Some(what) = self.parts.client.missing_for(method) {
            return Err(AskError::Unsupported { what });
        }
        if self.key().is_none() && self.parts.revision != Revision::V2026 {
            return self.ask_on_stream(method, params).await;
        }
        self.ask_in_task(InputRequest { method: method.into(), params }).await
    }

    /// On the stream of the call itself, as earlier revisions do.
    async fn ask_on_stream(&self, method: &'static str, params: Value) -> Result<Value, AskError> {
        let Some(peer) = &self.parts.peer else { return Err(AskError::Stopped) };
        tokio::select! {
            biased;
            () = self.cancellation().cancelled() => Err(AskError::Stopped),
            answer = peer.request(method, params) => match answer {
                Ok(answer) => Ok(answer),
                Err(PeerError::Gone) => Err(AskError::Stopped),
                Err(error) => Err(failed(error)),
            },
        }
    }

    async fn ask_in_task(self: &Arc<Self>, request: InputRequest) -> Result<Value, AskError> {
        let key = self.questions.next_key();
        if let Some(answer) = self.recorded_answer(&key) {
            return Ok(answer);
        }
        let limit = self.answers_limit();
        let answer = self
            .questions
            .add(&key, request, limit)
            .ok_or_else(|| AskError::Invalid { reason: format!("more than {limit} questions are open") })?;
        let mut question = OpenQuestion { run: self, key: key.clone(), answer };
        // Others that are polled together with this one add their questions now: the client sees them at once.
        tokio::task::yield_now().await;
        self.publish_questions().await?;
        let answer = tokio::select! {
            biased;
            () = self.cancellation().cancelled() => return Err(AskError::Stopped),
            answer = &mut question.answer => answer.map_err(|_| AskError::Stopped)?,
        };
        drop(question);
        self.record_answer(&key, &answer).await?;
        Ok(answer)
    }

    async fn publish_questions(self: &Arc<Self>) -> Result<(), AskError> {
        let mut held = self.held.lock().await;
        // Under the lock: what ends the run cancels it first and then writes, so nothing is asked after the end.
        if self.cancellation().is_cancelled() {
            return Err(AskError::Stopped);
        }
        // They stay pending until they are written: the function may drop this future on the way, and another question of
        // the same moment then has to be written by its own.
        let questions = self.questions.pending();
        if questions.is_empty() {
            return Ok(());
        }
        if let Some(task) = held.as_mut() {
            // Answers given to an earlier run that died before recording them.
            let given = task.head.answers.clone();
            self.questions.deliver(&given);
            let open: Open = questions
                .iter()
                .filter(|(key, _)| !given.contains_key(*key))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            if open.is_empty() {
                self.questions.published(&questions);
                return Ok(());
            }
            return match self.write_held(task, &[Change::Ask(open)]).await {
                Ok(()) => {
                    self.questions.published(&questions);
                    Ok(())
                }
                Err(NotChanged::Ended(_) | NotChanged::Missing | NotChanged::Lost) => Err(AskError::Stopped),
                Err(NotChanged::Store(error)) => Err(failed(error)),
            };
        }
        let task = self.hide(questions.clone()).await?;
        self.questions.published(&questions);
        self.runtime.runs.insert(task.key.clone(), self.clone());
        let key = task.key.clone();
        *held = Some(task);
        // Set once: only without a held task is there one to hide in.
        let _ = self.hidden.set(key);
        Ok(())
    }

    /// Takes back from the client what the function no longer waits for.
    async fn withdraw(&self) {
        let mut held = self.held.lock().await;
        // Under the lock, as in asking.
        let (Some(task), false) = (held.as_mut(), self.cancellation().is_cancelled()) else { return };
        if let Err(NotChanged::Store(error)) = self.write_held(task, &[]).await {
            // The next write takes it along.
            tracing::warn!(task = %task.id(), error = &error as &dyn std::error::Error, "a question was not taken back");
        }
    }

    /// Makes the hidden task that keeps a call for its retry.
    async fn hide(&self, questions: Open) -> Result<Task, AskError> {
        let (Some(owner), Place::Call { call }) = (&self.parts.owner, &self.parts.place) else {
            return Err(AskError::Invalid {
                reason: "the client cannot be asked: the server does not know who calls".into(),
            });
        };
        let limits = &self.runtime.limits;
        let now = self.runtime.store.now();
        let draft = Draft {
            key: self.runtime.store.new_key(owner).map_err(failed)?,
            listed: false,
            ttl: limits.question_ttl,
            quota: limits.tasks_per_owner,
            holder: self.runtime.own_holder().await.map_err(failed)?,
            head: TaskHead {
                schema: SCHEMA,
                owner: owner.clone(),
                status: TaskStatus::InputRequired,
                is_error: false,
                message: None,
                is_progress: false,
                created: now,
                updated: now,
                ttl: crate::time::millis(limits.question_ttl),
                poll_interval: crate::time::millis(limits.poll_interval),
                inputs: questions,
                answers: BTreeMap::new(),
                hidden: Some(Hidden { call: call.clone(), handle: None }),
                handed_back: 0,
            },
            body: TaskBody {
                schema: SCHEMA,
                tool: self.parts.tool.name.clone(),
                arguments: serde_json::Map::new(),
                answers: serde_json::Map::new(),
                variables: serde_json::Map::new(),
                on_crash: OnCrash::Fail,
                revision: self.parts.revision,
                client: self.parts.client,
                queued: false,
            },
            idempotency: None,
        };
        match self.runtime.store.create(draft).await {
            Ok(Ok(task)) => Ok(task),
            Ok(Err(_)) => Err(AskError::Invalid { reason: "too many tasks are waiting for answers".into() }),
            Err(error) => Err(failed(error)),
        }
    }

    /// Records the answer of a task that may run again.
    async fn record_answer(&self, key: &str, answer: &Value) -> Result<(), AskError> {
        let Some(task) = self.key() else { return Ok(()) };
        let bytes = answer.to_string().into_bytes().into();
        match self.runtime.store.record(task, self.fence, answer_step(key), bytes).await {
            Ok(Recorded::Recorded | Recorded::Exists(_)) => Ok(()),
            Ok(Recorded::Lost | Recorded::Missing) => Err(AskError::Stopped),
            Err(error) => Err(failed(error)),
        }
    }

    /// Ends when this call has become a hidden task.
    pub(crate) async fn promoted(&self) -> TaskKey {
        self.hidden.wait().await.clone()
    }
}
