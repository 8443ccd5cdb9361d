//! Cancelling a task, and answering what it asks in the place of its client.

use std::ops::ControlFlow;

use serde_json::Value;

use super::{TaskHandle, alter::Alteration};
use crate::{
    error::StoreError,
    schema::answer,
    task::{Change, Outcome, TaskStatus},
};

/// The largest answer that is taken, as JSON in bytes.
const MAX_ANSWER: usize = 64 << 10;

/// Outcome of a cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cancellation {
    /// The task is cancelled, and its code is told.
    Cancelled,
    /// It had ended before, in this state.
    Ended(TaskStatus),
    /// This owner has no such task, or it has expired.
    Unknown,
}

/// Outcome of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answering {
    /// The task has it.
    Answered,
    /// The task does not ask this: it never did, or has an answer.
    NotAsked,
    /// The task has ended.
    Ended,
    /// This owner has no such task, or it has expired.
    Unknown,
}

/// An answer was not taken: the question stays open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// It is none to this question.
    #[error("the answer does not fit the question `{key}`: {reason}")]
    Misfit {
        /// The question.
        key: String,
        /// The mistake and its place.
        reason: String,
    },
    /// It is too large.
    #[error("the answer has {size} bytes; {max} are allowed")]
    TooLarge {
        /// Its size as JSON, in bytes.
        size: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TaskHandle {
    /// Cancels the task: its state is final at once, and the code that works at it is told, wherever it runs. A run of a workflow
    /// ends as cancelled whatever its author wants for clients that cancel it.
    ///
    /// # Errors
    /// The store failed; it may be cancelled all the same.
    pub async fn cancel(&self) -> Result<Cancellation, StoreError> {
        let cancelled = self.alter::<_, StoreError>(|task| {
            Ok(if task.status().is_terminal() {
                ControlFlow::Break(Cancellation::Ended(task.status()))
            } else {
                let change = Change::Finish(Outcome::Cancelled.into());
                ControlFlow::Continue(Alteration { change, step: None, told: Cancellation::Cancelled })
            })
        });
        Ok(cancelled.await?.unwrap_or(Cancellation::Unknown))
    }

    /// Answers an open question of the task in its client's place: one of the [`questions`](super::Look::questions) of a look. `answer`
    /// is the result of the question's method, such as `{"action": "accept", "content": {"name": "Ann"}}` for a form.
    ///
    /// # Errors
    /// It does not fit the question or is too large, and the question stays open; the store failed.
    pub async fn answer(&self, key: &str, answer: &Value) -> Result<Answering, AnswerError> {
        let size = answer.to_string().len();
        if size > MAX_ANSWER {
            return Err(AnswerError::TooLarge { size, max: MAX_ANSWER });
        }
        let answered = self.alter::<_, AnswerError>(|task| {
            if task.status().is_terminal() {
                return Ok(ControlFlow::Break(Answering::Ended));
            }
            let Some(question) = task.inputs().get(key) else { return Ok(ControlFlow::Break(Answering::NotAsked)) };
            let fitted = answer::fitted(&question.params, answer)
                .map_err(|reason| AnswerError::Misfit { key: key.to_owned(), reason })?;
            let change = Change::Answer([(key.to_owned(), fitted)].into());
            Ok(ControlFlow::Continue(Alteration { change, step: None, told: Answering::Answered }))
        });
        Ok(answered.await?.unwrap_or(Answering::Unknown))
    }
}
