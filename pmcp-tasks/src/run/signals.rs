//! Waiting for a value that somebody outside delivers.
//!
//! The head says that the task has asked, so that a delivery can be held against the schema; the value comes as a recorded step,
//! which this run reads once it has heard of it, and every later one finds.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{
    host::Host,
    seat::{Held, Seat},
    steps::Steps,
};
use crate::{
    error::{Mistake, StoreError, ToolError},
    store::backend::Parts,
    task::{Change, MAX_SIGNAL_NAME, NotChanged, Tries, signal_step},
};

/// Parts of a run that waiting for a signal needs.
pub(super) struct Asked<'a> {
    pub(super) host: &'a Arc<Host>,
    pub(super) seat: &'a Arc<Seat>,
    pub(super) steps: &'a Steps,
}

impl Asked<'_> {
    /// The value of the signal, when it has come.
    pub(super) async fn value(
        &self,
        cancellation: &CancellationToken,
        name: &str,
        schema: &Value,
    ) -> Result<Bytes, ToolError> {
        if cancellation.is_cancelled() {
            return Err(ToolError::cancelled());
        }
        if name.is_empty() || name.len() > MAX_SIGNAL_NAME {
            let text =
                format!("the name of a signal has from 1 to {MAX_SIGNAL_NAME} bytes; this one has {}", name.len());
            return Err(Mistake::new(text).into());
        }
        if self.seat.key().is_none() {
            let text = format!("the signal `{name}` can reach a task only, and this call cannot become one");
            return Err(Mistake::new(text).into());
        }
        if self.steps.waits.has_taken(name) {
            return Err(twice(name));
        }
        self.seat.establish(self.host).await.map_err(|_| ToolError::cancelled())?;
        // Nobody can deliver it before somebody knows the task.
        self.seat.want_handle();
        self.ask(name, schema).await?;
        let resting = self.seat.slots.rest();
        tokio::select! {
            biased;
            () = cancellation.cancelled() => return Err(ToolError::cancelled()),
            () = self.seat.arrivals.have(name) => {}
        }
        drop(resting);
        let value = match self.steps.earlier(&signal_step(name)) {
            Some(value) => value.clone(),
            None => self.read(name).await?,
        };
        // Last: a wait that was dropped may be taken up again.
        if self.steps.waits.take(name) { Ok(value) } else { Err(twice(name)) }
    }

    /// Notes in the task that it asks, unless that stands there.
    async fn ask(&self, name: &str, schema: &Value) -> Result<(), ToolError> {
        let held = self.seat.held.lock().await;
        // Under the lock: what ends the run cancels it first and then writes, so nothing is asked after the end.
        if self.seat.cancellation().is_cancelled() {
            return Err(ToolError::cancelled());
        }
        let Held::Stored(task) = &*held else { return Err(ToolError::cancelled()) };
        let signals = &task.head.signals;
        self.seat.arrivals.saw(signals);
        if !signals.asks_anew(name, schema) {
            return Ok(());
        }
        let max = self.host.limits.open_questions;
        if !signals.given().contains(name) && !signals.asked().contains_key(name) && signals.asked().len() >= max {
            return Err(Mistake::new(format!(
                "{max} signals that were asked for have not come, and no more are waited for"
            ))
            .into());
        }
        let asked = Change::AskSignal { name: name.to_owned(), schema: schema.clone() };
        match self.seat.write_held(self.host, held, &(&[asked][..]).into()).await {
            Ok(()) => Ok(()),
            Err(NotChanged::Ended(_) | NotChanged::Missing | NotChanged::Lost) => Err(ToolError::cancelled()),
            Err(NotChanged::Store(error)) => Err(error.into()),
        }
    }

    /// Reads a value that came while this run was going on.
    async fn read(&self, name: &str) -> Result<Bytes, ToolError> {
        let store = &self.host.store;
        let key = self.seat.stored().ok_or_else(ToolError::cancelled)?;
        let tries = Tries::Until(self.seat.cancellation());
        let task = store.read_trying(tries, key, Parts::STEPS).await?.ok_or_else(ToolError::cancelled)?;
        let value = task.stored.steps.and_then(|mut steps| steps.remove(&signal_step(name)));
        value.ok_or_else(|| {
            let what = format!("the value of signal `{name}` of task {}", key.id);
            StoreError::Corrupt { backend: store.capabilities().name, what, source: None }.into()
        })
    }
}

fn twice(name: &str) -> ToolError {
    Mistake::new(format!("the signal `{name}` was received before in this run; give each its own name")).into()
}
