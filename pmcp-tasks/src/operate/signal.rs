//! Delivering a signal.

use std::ops::ControlFlow;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::{TaskHandle, alter::Alteration};
use crate::{
    error::StoreError,
    exact,
    schema::answer::{delivered, told},
    task::{Change, MAX_EARLY, MAX_EARLY_BYTES, MAX_SIGNAL, MAX_SIGNAL_NAME, Task, signal_step},
};

/// Outcome of a delivery. None of these is a failure: who delivers again, as webhooks do, is told so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// The task has asked for it, and has it now.
    Delivered,
    /// The task has not asked for it, and may yet: it is kept as long as the task exists.
    Kept,
    /// A signal of this name was delivered before, and its value stands; the task may have ended since.
    Again,
    /// The task ended before one of this name was delivered.
    Ended,
    /// This owner has no such task, or it has expired.
    Unknown,
}

impl Delivery {
    /// Tells whether the task has the value of this delivery.
    #[must_use]
    pub fn is_first(self) -> bool {
        matches!(self, Self::Delivered | Self::Kept)
    }
}

/// A signal was not delivered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignalError {
    /// The name is empty or too long.
    #[error("the name of a signal has from 1 to {max} bytes; this one has {size}")]
    Name {
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// The value cannot be written as JSON, or not be read again, such as one that is nested more than 127 deep.
    #[error("the value of signal `{name}` cannot be written as JSON that can be read again")]
    Value {
        /// The signal.
        name: String,
        /// The place and the reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The value is too large.
    #[error("the value of signal `{name}` has {size} bytes; {max} are allowed")]
    TooLarge {
        /// The signal.
        name: String,
        /// Its size as JSON, in bytes.
        size: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// The value is none that the task has asked for.
    #[error("the value does not fit the signal `{name}`: {reason}")]
    Misfit {
        /// The signal.
        name: String,
        /// The mistake and its place, which may repeat the value.
        reason: String,
    },
    /// The task has not asked for it, and as many are kept for it as may be.
    #[error("{max} signals, or {max_bytes} bytes of them, are kept that the task has not asked for")]
    Full {
        /// The limit in number.
        max: usize,
        /// The limit of names and values together, in bytes.
        max_bytes: usize,
    },
    /// The store failed. It may have been delivered: delivered once more, it is [`Delivery::Again`] then.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TaskHandle {
    /// Delivers a value that the task waits for with [`TaskContext::signal`](crate::TaskContext::signal), or will: once. A
    /// task in another process hears of it as of an answer, at once where the store brings hints.
    ///
    /// Of racing deliveries of one name one is the first, whichever processes they come from; the others are told
    /// [`Delivery::Again`]. A value for a task that has asked is held against the JSON Schema of what it asked for; one
    /// that comes before is the task's to judge. Of those that come before, 64 are kept for a task, or 256 KiB of them.
    ///
    /// ```
    /// # use pmcp_tasks::prelude::*;
    /// # use pmcp_tasks::{TaskRouter, TaskStore, call::{CallContext, Caller, Revision}, task::Owner};
    /// use pmcp_tasks::operate::Delivery;
    /// # use serde_json::json;
    ///
    /// /// Waits for the gate to open.
    /// #[task_tool(support = "required", on_crash = "restart")]
    /// async fn wait(task: TaskContext) -> Result<String, ToolError> {
    ///     let by: String = task.signal("open").await?;
    ///     Ok(format!("{by} opened it"))
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let store = TaskStore::memory();
    /// let router = TaskRouter::builder().tool::<wait>().build(store.clone())?;
    /// # let caller = CallContext::new(Revision::V2025, Caller::local());
    /// # let call = json!({ "name": "wait", "arguments": {}, "task": {} });
    /// # let created = router.handle("tools/call", &call, &caller).await.answer()?;
    /// # let id = created["task"]["taskId"].as_str().unwrap_or_default();
    ///
    /// // In a handler of another route, or in another process; `id` is what the client was given.
    /// let task = store.task(&Owner::local(), id.parse()?);
    /// assert!(task.signal("open", "Ann").await?.is_first());
    /// assert_eq!(task.signal("open", "Bob").await?, Delivery::Again);
    /// # let params = json!({ "taskId": id });
    /// # let result = router.handle("tasks/result", &params, &caller).await.answer()?;
    /// # assert_eq!(result["content"][0]["text"], "Ann opened it");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Name or value are none that are taken; the value does not fit what the task has asked for; too many wait that it has not
    /// asked for; the store failed.
    pub async fn signal(&self, name: &str, value: &(impl Serialize + ?Sized + Sync)) -> Result<Delivery, SignalError> {
        if name.is_empty() || name.len() > MAX_SIGNAL_NAME {
            return Err(SignalError::Name { size: name.len(), max: MAX_SIGNAL_NAME });
        }
        // Read at once: what is nested too deeply to be read later is no value.
        let (bytes, value) = exact::value(&value)
            .and_then(|value| exact::read_back(&value))
            .map_err(|mistake| SignalError::Value { name: name.to_owned(), source: Box::new(mistake) })?;
        let bytes: Bytes = bytes.into_boxed_slice().into();
        if bytes.len() > MAX_SIGNAL {
            return Err(SignalError::TooLarge { name: name.to_owned(), size: bytes.len(), max: MAX_SIGNAL });
        }
        let taken = name.len() + bytes.len();
        // At most this, as its parts are bounded.
        let size = u32::try_from(taken).unwrap_or(u32::MAX);
        let delivered = self.alter(|task| {
            let told = match verdict(task, name, &value, taken)? {
                first if first.is_first() => first,
                told => return Ok(ControlFlow::Break(told)),
            };
            let change = Change::Signal { name: name.to_owned(), bytes: size };
            Ok(ControlFlow::Continue(Alteration { change, step: Some((signal_step(name), bytes.clone())), told }))
        });
        delivered.await.map(|delivery| delivery.unwrap_or(Delivery::Unknown))
    }
}

/// The outcome of a delivery, by the task as it is.
fn verdict(task: &Task, name: &str, value: &Value, taken: usize) -> Result<Delivery, SignalError> {
    let signals = &task.head.signals;
    if signals.given().contains(name) {
        return Ok(Delivery::Again);
    }
    if task.status().is_terminal() {
        return Ok(Delivery::Ended);
    }
    match signals.asked().get(name) {
        Some(schema) => match delivered(&mut value.clone(), schema) {
            Ok(()) => Ok(Delivery::Delivered),
            Err(misfit) => Err(SignalError::Misfit { name: name.to_owned(), reason: told(&misfit) }),
        },
        None if signals.has_room(taken) => Ok(Delivery::Kept),
        None => Err(SignalError::Full { max: MAX_EARLY, max_bytes: MAX_EARLY_BYTES }),
    }
}
