//! Telling while a run works: progress, messages, log lines.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{host::Host, seat::Seat};
use crate::{
    call::Peer,
    protocol::{LogLevel, Revision, meta},
    task::TaskId,
    time::Millis,
};

/// The voice of a run.
#[derive(Debug)]
pub(crate) struct Voice {
    /// The tool or method that runs.
    pub(crate) name: Arc<str>,
    pub(crate) revision: Revision,
    /// Peer for progress, and for questions of a plain call.
    pub(crate) peer: Option<Arc<dyn Peer>>,
    pub(crate) progress_token: Option<Value>,
    /// Least time between two writes of progress to the task.
    pub(crate) interval: Duration,
    last: Mutex<f64>,
    last_message: AtomicU64,
}

impl Voice {
    pub(crate) fn new(
        name: Arc<str>,
        revision: Revision,
        peer: Option<Arc<dyn Peer>>,
        progress_token: Option<Value>,
        interval: Duration,
    ) -> Self {
        let last = Mutex::new(f64::NEG_INFINITY);
        Self { name, revision, peer, progress_token, interval, last, last_message: AtomicU64::new(0) }
    }

    pub(super) fn log(&self, seat: &Seat, level: LogLevel, data: impl Serialize) {
        let Some(peer) = &self.peer else { return };
        // What was cancelled or has ended gets no message any more (cancellation, "Behavior Requirements").
        if seat.cancellation().is_cancelled() {
            return;
        }
        if peer.log_level().is_none_or(|least| level < least) {
            return;
        }
        match serde_json::to_value(data) {
            Ok(data) => {
                let params = json!({ "level": level, "logger": &*self.name, "data": data });
                self.notify(seat, peer, "notifications/message", params);
            }
            Err(error) => tracing::warn!(tool = &*self.name, %error, "a log message does not serialise"),
        }
    }

    /// Tells the client something about this run.
    fn notify(&self, seat: &Seat, peer: &Arc<dyn Peer>, method: &str, mut params: Value) {
        if let (Some(key), true) = (seat.key(), self.revision.relates_messages()) {
            meta::relate(&mut params, &key.id.to_string());
        }
        peer.notify(method, params);
    }

    pub(super) async fn progress(
        &self,
        host: &Host,
        seat: &Seat,
        done: f64,
        total: Option<f64>,
        message: Option<String>,
    ) {
        {
            // Values must increase, and end with the request or task (progress, "Behavior Requirements"). Sent under the
            // lock, so that they arrive in that order too.
            let mut last = self.last.lock();
            if !done.is_finite() || done <= *last || seat.cancellation().is_cancelled() {
                return;
            }
            *last = done;
            self.notify_progress(seat, done, total, message.as_deref());
        }
        let Some(key) = seat.key() else { return };
        let now = host.now();
        if now < Millis(self.last_message.load(Ordering::Relaxed)).after(self.interval) {
            return;
        }
        self.last_message.store(now.0, Ordering::Relaxed);
        let text = match (message, total) {
            (Some(message), _) => message,
            (None, Some(total)) => format!("{done} of {total}"),
            (None, None) => done.to_string(),
        };
        if let Err(error) = seat.message(host, text, true).await {
            tracing::warn!(task = %key.id, error = &error as &dyn std::error::Error, "progress was not stored");
        }
    }

    fn notify_progress(&self, seat: &Seat, done: f64, total: Option<f64>, message: Option<&str>) {
        let (Some(peer), Some(token)) = (&self.peer, &self.progress_token) else { return };
        let mut params =
            Map::from_iter([("progressToken".to_owned(), token.clone()), ("progress".to_owned(), number(done))]);
        params.extend(total.filter(|total| total.is_finite()).map(|total| ("total".to_owned(), number(total))));
        params.extend(message.map(|message| ("message".to_owned(), message.into())));
        self.notify(seat, peer, "notifications/progress", params.into());
    }

    /// The task, for the log.
    pub(super) fn task(seat: &Seat) -> Option<TaskId> {
        seat.key().map(|key| key.id)
    }
}

/// A number as JSON: whole ones without a fraction.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 { json!(value as i64) } else { json!(value) }
}
