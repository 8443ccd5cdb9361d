//! Telling while a run works: progress, messages, log lines.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    host::Host,
    seat::{Seat, Way},
};
use crate::{
    call::Peer,
    exact,
    protocol::{LogLevel, Revision, meta},
    task::TaskId,
};

/// The voice of a run.
#[derive(Debug)]
pub(crate) struct Voice {
    /// The tool or method that runs.
    pub(crate) name: Arc<str>,
    pub(crate) revision: Revision,
    /// Least time between two writes of progress to the task.
    interval: Duration,
    last: Mutex<f64>,
    shown: Arc<Mutex<Shown>>,
}

/// The progress that the task shows.
#[derive(Debug, Default)]
struct Shown {
    /// Time of the last write.
    written: Option<Duration>,
    /// The latest, which is too early to be written.
    waiting: Option<String>,
    /// Set while somebody waits to write it.
    is_awaited: bool,
}

impl Voice {
    pub(crate) fn new(name: Arc<str>, revision: Revision, interval: Duration) -> Self {
        Self { name, revision, interval, last: Mutex::new(f64::NEG_INFINITY), shown: Arc::default() }
    }

    pub(super) fn log(&self, seat: &Seat, level: LogLevel, data: impl Serialize) {
        let Some(peer) = seat.way().peer else { return };
        // What was cancelled or has ended gets no message any more (cancellation, "Behavior Requirements").
        if seat.cancellation().is_cancelled() {
            return;
        }
        if peer.log_level().is_none_or(|least| level < least) {
            return;
        }
        match exact::value(&data) {
            Ok(data) => {
                let params = json!({ "level": level, "logger": &*self.name, "data": data });
                self.notify(seat, &peer, "notifications/message", params);
            }
            Err(mistake) => {
                let error = &mistake as &dyn std::error::Error;
                tracing::warn!(task = ?seat.key().map(|key| key.id), tool = &*self.name, ?level, error, "a log message is not sent");
            }
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
        host: &Arc<Host>,
        seat: &Arc<Seat>,
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
        if seat.key().is_none() {
            return;
        }
        let text = match (message, total) {
            (Some(message), _) => message,
            (None, Some(total)) => format!("{done} of {total}"),
            (None, None) => done.to_string(),
        };
        self.show(host, seat, text).await;
    }

    /// Writes progress to the task, or has the latest written when that is not too early any more.
    async fn show(&self, host: &Arc<Host>, seat: &Arc<Seat>, text: String) {
        let now = host.clock().monotonic();
        let early = {
            let mut shown = self.shown.lock();
            let early = shown.written.map_or(Duration::ZERO, |last| (last + self.interval).saturating_sub(now));
            if early.is_zero() {
                shown.written = Some(now);
                shown.waiting = None;
            } else {
                shown.waiting = Some(text.clone());
                if std::mem::replace(&mut shown.is_awaited, true) {
                    return;
                }
            }
            early
        };
        if early.is_zero() {
            return write(host, seat, text).await;
        }
        let (host, seat, shown) = (host.clone(), seat.clone(), self.shown.clone());
        let tracker = host.clone();
        tracker.in_background(async move {
            tokio::select! {
                biased;
                // What has ended shows its end.
                () = seat.cancellation().cancelled() => return,
                () = host.clock().sleep(early) => {}
            }
            let latest = {
                let mut shown = shown.lock();
                shown.is_awaited = false;
                let latest = shown.waiting.take();
                if latest.is_some() {
                    shown.written = Some(host.clock().monotonic());
                }
                latest
            };
            if let Some(latest) = latest {
                write(&host, &seat, latest).await;
            }
        });
    }

    /// Forgets progress that was not written yet: something newer is shown.
    pub(super) fn outdated(&self) {
        self.shown.lock().waiting = None;
    }

    fn notify_progress(&self, seat: &Seat, done: f64, total: Option<f64>, message: Option<&str>) {
        let Way { peer: Some(peer), token: Some(token) } = seat.way() else { return };
        let mut params = Map::from_iter([("progressToken".to_owned(), token), ("progress".to_owned(), number(done))]);
        params.extend(total.filter(|total| total.is_finite()).map(|total| ("total".to_owned(), number(total))));
        params.extend(message.map(|message| ("message".to_owned(), message.into())));
        self.notify(seat, &peer, "notifications/progress", params.into());
    }

    /// The task, for the log.
    pub(super) fn task(seat: &Seat) -> Option<TaskId> {
        seat.key().map(|key| key.id)
    }
}

async fn write(host: &Host, seat: &Seat, text: String) {
    if let Err(error) = seat.message(host, text, true).await {
        let task = seat.key().map(|key| key.id);
        tracing::warn!(?task, error = &error as &dyn std::error::Error, "progress was not stored");
    }
}

/// A number as JSON: whole ones without a fraction.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 { json!(value as i64) } else { json!(value) }
}
