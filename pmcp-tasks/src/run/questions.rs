//! Asking the client from inside a run.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::{
    fitting::{Unanswered, ask_until_it_fits},
    host::Host,
    scope::Scope,
    seat::{Held, Seat},
    slots::Open,
    steps::{Steps, answer_step},
};
use crate::{
    call::{ClientCapabilities, Peer},
    error::AskError,
    protocol::{Revision, TraceContext},
    store::backend::{Recorded, WorkerId},
    task::{Change, Hidden, InputRequest, NewStep, NotChanged, NotCreated, Owner, Task, TaskStatus},
    trace::{self, Failed},
};

/// Parts of a run that asking needs.
pub(super) struct Asked<'a> {
    pub(super) host: &'a Arc<Host>,
    pub(super) seat: &'a Arc<Seat>,
    pub(super) steps: &'a Steps,
    pub(super) scope: &'a Scope,
    pub(super) owner: Option<&'a Owner>,
    pub(super) name: &'a str,
    pub(super) revision: Revision,
    pub(super) client: ClientCapabilities,
    pub(super) trace: Option<&'a TraceContext>,
}

/// A question the function waits for. Dropping it before the answer has come takes the question back.
struct OpenQuestion<'a> {
    host: &'a Arc<Host>,
    seat: &'a Arc<Seat>,
    key: String,
    answer: oneshot::Receiver<Value>,
}

impl Drop for OpenQuestion<'_> {
    fn drop(&mut self) {
        // What has ended has no open questions in any case.
        if self.seat.slots.give_up(&self.key) && !self.seat.cancellation().is_cancelled() {
            let (host, seat) = (self.host.clone(), self.seat.clone());
            self.host.in_background(async move { withdraw(&host, &seat).await });
        }
    }
}

fn failed(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> AskError {
    AskError::Failed { source: source.into() }
}

/// Takes back from the client what the function no longer waits for.
async fn withdraw(host: &Host, seat: &Seat) {
    let held = seat.held.lock().await;
    // Under the lock, as in asking.
    if seat.cancellation().is_cancelled() {
        return;
    }
    if let Err(NotChanged::Store(error)) = seat.write_held(host, held, &(&[][..]).into()).await {
        // The next write takes it along.
        tracing::warn!(task = ?seat.in_store().map(|key| key.id), error = &error as &dyn std::error::Error, "a question was not taken back");
    }
}

/// Asks on the stream of the call itself, as earlier revisions do.
pub(super) async fn ask_on_stream(
    peer: Option<&Arc<dyn Peer>>,
    revision: Revision,
    cancellation: &CancellationToken,
    method: &'static str,
    params: Value,
) -> Result<Value, AskError> {
    let Some(peer) = peer else { return Err(AskError::Stopped) };
    tokio::select! {
        biased;
        () = cancellation.cancelled() => Err(AskError::Stopped),
        // Of any size: nothing of it is kept.
        answer = ask_until_it_fits(peer, revision, method, params, None) => answer.map_err(|unanswered| match unanswered {
            Unanswered::Gone => AskError::Stopped,
            Unanswered::Unshown(reason) => AskError::Invalid { reason },
        }),
    }
}

impl Asked<'_> {
    /// Asks through the task, which a call becomes for that.
    pub(super) async fn in_task(&self, method: &'static str, params: Value) -> Result<Value, AskError> {
        self.under(self.scope.next_question(), method, params).await
    }

    /// The same under this key, which is the question's alone.
    pub(super) async fn under(&self, key: String, method: &'static str, params: Value) -> Result<Value, AskError> {
        if let Some(answer) = self.steps.answer(&key) {
            return Ok(answer);
        }
        let span = trace::question(method, self.trace);
        let answer = self.open(key, method, params).instrument(span.clone()).await;
        answer.inspect_err(|error| Failed::of_question(error).tell(&span))
    }

    /// Asks what no earlier run was answered.
    async fn open(&self, key: String, method: &'static str, params: Value) -> Result<Value, AskError> {
        let (seat, slots, cancellation) = (self.seat, &self.seat.slots, self.scope.cancellation());
        let limit = self.host.limits.open_questions;
        let answer = slots
            .add(&key, InputRequest { method: method.into(), params }, limit)
            .ok_or_else(|| AskError::Invalid { reason: format!("more than {limit} questions are open") })?;
        let mut question = OpenQuestion { host: self.host, seat, key: key.clone(), answer };
        // Others that are polled together with this one add their questions now: the client sees them at once.
        tokio::task::yield_now().await;
        seat.establish(self.host).await.map_err(|_| AskError::Stopped)?;
        seat.want_handle();
        self.publish().await?;
        let answer = tokio::select! {
            biased;
            () = cancellation.cancelled() => return Err(AskError::Stopped),
            answer = &mut question.answer => answer.map_err(|_| AskError::Stopped)?,
        };
        drop(question);
        self.record(&key, &answer).await?;
        slots.take(&key);
        Ok(answer)
    }

    async fn publish(&self) -> Result<(), AskError> {
        let (seat, slots) = (self.seat, &self.seat.slots);
        let mut held = seat.held.lock().await;
        // Under the lock: what ends the run cancels it first and then writes, so nothing is asked after the end.
        if seat.cancellation().is_cancelled() {
            return Err(AskError::Stopped);
        }
        // They stay pending until they are written: the function may drop this future on the way, and another question of
        // the same moment then has to be written by its own.
        let questions = slots.pending();
        if questions.is_empty() {
            return Ok(());
        }
        if let Held::Stored(task) = &*held {
            // Answers given to an earlier run that died before recording them.
            let given = task.head.answers.clone();
            slots.deliver(&given);
            let open: Open = questions
                .iter()
                .filter(|(key, _)| !given.contains_key(*key))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            if open.is_empty() {
                slots.published(&questions);
                return Ok(());
            }
            return match seat.write_held(self.host, held, &(&[Change::Ask(open)][..]).into()).await {
                Ok(()) => {
                    slots.published(&questions);
                    Ok(())
                }
                Err(NotChanged::Ended(_) | NotChanged::Missing | NotChanged::Lost) => Err(AskError::Stopped),
                Err(NotChanged::Store(error)) => Err(failed(error)),
            };
        }
        let (worker, task) = self.hide(questions.clone()).await?;
        slots.published(&questions);
        let key = task.key.clone();
        self.host.seats.insert(key.clone(), seat.clone());
        seat.follow(&self.host.store, &key);
        *held = Held::Stored(Box::new(task));
        seat.hide(key);
        seat.given_to(worker, &self.host.lease);
        Ok(())
    }

    /// Makes the hidden task that keeps a call for its retry.
    async fn hide(&self, questions: Open) -> Result<(WorkerId, Task), AskError> {
        let (Some(owner), Some(digest)) = (self.owner, self.seat.digest()) else {
            return Err(AskError::Invalid {
                reason: "the client cannot be asked: the server does not know who calls".into(),
            });
        };
        let (limits, store) = (&self.host.limits, &self.host.store);
        let mut draft = store.draft(owner, limits.question_ttl, self.name).map_err(failed)?;
        draft.quota = limits.tasks_per_owner;
        draft.max_bytes = limits.stored_bytes;
        draft.head.status = TaskStatus::InputRequired;
        draft.head.inputs = questions;
        draft.head.poll_interval = crate::time::millis(limits.poll_interval);
        draft.head.hidden = Some(Hidden { call: digest, handle: None });
        draft.body.revision = self.revision;
        draft.body.client = self.client;
        match self.host.create(&mut draft).await {
            Ok(created) => Ok(created),
            Err(NotCreated::Store(error)) => Err(failed(error)),
            Err(NotCreated::Quota | NotCreated::NoRoom | NotCreated::Same(_) | NotCreated::Differs) => {
                Err(AskError::Invalid { reason: "too many tasks are waiting for answers".into() })
            }
        }
    }

    /// Records the answer of a task that may run again.
    async fn record(&self, key: &str, answer: &Value) -> Result<(), AskError> {
        let Some(task) = self.seat.stored() else { return Ok(()) };
        let bytes = answer.to_string().into_bytes().into_boxed_slice().into();
        let step = NewStep { name: answer_step(key), value: bytes, changes: Vec::new(), max_bytes: u32::MAX };
        match self.host.store.record(self.seat.cancellation(), task, self.seat.fence(), step).await {
            // Without changes nothing stands in their way.
            Ok(Recorded::Recorded | Recorded::Exists(_) | Recorded::Changed(_) | Recorded::TooLarge) => Ok(()),
            Ok(Recorded::Lost | Recorded::Missing) => {
                self.seat.given_away(self.host).await;
                Err(AskError::Stopped)
            }
            Err(error) => Err(failed(error)),
        }
    }
}
