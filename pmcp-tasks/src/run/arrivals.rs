//! The signals of a run's task that have come, as its worker has heard.

use std::{collections::BTreeSet, pin::pin};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::task::Signals;

/// The names of the signals that have come.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    names: Mutex<BTreeSet<String>>,
    /// Told when one more has.
    told: Notify,
}

impl Arrivals {
    /// Sees which have come by a head of the task, which may be an older one.
    pub(super) fn saw(&self, signals: &Signals) {
        let mut names = self.names.lock();
        // They only become more.
        if signals.given().len() > names.len() {
            names.clone_from(signals.given());
            self.told.notify_waiters();
        }
    }

    /// Ends when this one has come.
    pub(super) async fn have(&self, name: &str) {
        loop {
            let mut told = pin!(self.told.notified());
            // Registered before looking, so that one that comes in between is seen.
            told.as_mut().enable();
            if self.names.lock().contains(name) {
                return;
            }
            told.await;
        }
    }
}
