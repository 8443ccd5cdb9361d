//! Telling while a run works: progress, messages, log lines.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    host::Host,
    scope::Share,
    seat::{Seat, Way},
};
use crate::{
    call::Peer,
    exact,
    protocol::{LogLevel, Revision, meta},
    task::{Progress, TaskId},
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
    waiting: Option<(String, Progress)>,
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
        share: Option<&Share>,
        (done, total): (f64, Option<f64>),
        message: Option<String>,
    ) {
        let Some(told) = Progress::new(done, total) else { return };
        let text = message.clone().unwrap_or_else(|| told.to_string());
        let (progress, message, text) = match share {
            None => (told, message, text),
            Some(share) => {
                let (done, of) = share.of_whole(done, total);
                let text = format!("{}: {text}", share.part);
                (Progress::new(done, Some(of)).unwrap_or(told), Some(text.clone()), text)
            }
        };
        if !self.notify_progress(seat, progress, message.as_deref()) {
            return;
        }
        if seat.key().is_none() {
            return;
        }
        self.show(host, seat, (text, progress)).await;
    }

    /// Tells the client how far the run is: what it shows is written by somebody else.
    pub(super) fn tell(&self, seat: &Seat, done: f64, total: f64, text: &str) {
        self.outdated();
        if let Some(progress) = Progress::new(done, Some(total)) {
            self.notify_progress(seat, progress, Some(text));
        }
    }

    /// Sends progress if it is some.
    fn notify_progress(&self, seat: &Seat, progress: Progress, message: Option<&str>) -> bool {
        // Values must increase, and end with the request or task (progress, "Behavior Requirements"). Sent under the
        // lock, so that they arrive in that order too.
        let mut last = self.last.lock();
        if progress.done() <= *last || seat.cancellation().is_cancelled() {
            return false;
        }
        *last = progress.done();
        if let Way { peer: Some(peer), token: Some(token) } = seat.way() {
            self.notify(seat, &peer, "notifications/progress", progress.params(token, message).into());
        }
        true
    }

    /// Writes progress to the task, or has the latest written when that is not too early any more.
    async fn show(&self, host: &Arc<Host>, seat: &Arc<Seat>, told: (String, Progress)) {
        let now = host.clock().monotonic();
        let early = {
            let mut shown = self.shown.lock();
            let early = shown.written.map_or(Duration::ZERO, |last| (last + self.interval).saturating_sub(now));
            if early.is_zero() {
                shown.written = Some(now);
                shown.waiting = None;
            } else {
                shown.waiting = Some(told.clone());
                if std::mem::replace(&mut shown.is_awaited, true) {
                    return;
                }
            }
            early
        };
        if early.is_zero() {
            return write(host, seat, told).await;
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

    /// Tells the client that the user is done with a page.
    pub(super) fn page_completed(&self, seat: &Seat, id: &str) {
        if let Some(peer) = seat.way().peer {
            self.notify(seat, &peer, "notifications/elicitation/complete", json!({ "elicitationId": id }));
        }
    }

    /// Forgets progress that was not written yet: something newer is shown.
    pub(super) fn outdated(&self) {
        self.shown.lock().waiting = None;
    }

    /// The task, for the log.
    pub(super) fn task(seat: &Seat) -> Option<TaskId> {
        seat.key().map(|key| key.id)
    }
}

async fn write(host: &Host, seat: &Seat, (text, progress): (String, Progress)) {
    if let Err(error) = seat.message(host, text, Some(progress)).await {
        let task = seat.key().map(|key| key.id);
        tracing::warn!(?task, error = &error as &dyn std::error::Error, "progress was not stored");
    }
}
