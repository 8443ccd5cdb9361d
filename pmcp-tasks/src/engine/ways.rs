//! Ways on which clients hear what the runs of a task tell, be they in this process or in another.

use std::sync::Arc;

use super::Engine;
use crate::{
    call::Peer,
    protocol::{Revision, meta},
    run::Way,
    store::backend::TaskKey,
    task::Task,
};

/// A way, and the progress that was passed on by it.
#[derive(Debug)]
pub(super) struct Led {
    pub(super) way: Way,
    told: f64,
}

impl Engine {
    /// What the runs of a task tell goes this way from now on, until [`leave`](Self::leave).
    pub(crate) fn lead(&self, key: &TaskKey, way: Way) {
        // Before the seat is looked for: a run that begins now finds it there.
        self.ways.insert(key.clone(), Led { way: way.clone(), told: f64::NEG_INFINITY });
        if let Some(seat) = self.host.seats.get(key) {
            seat.lead(way);
        }
    }

    /// Nobody hears on the way to this peer any more.
    pub(crate) fn leave(&self, key: &TaskKey, peer: &Arc<dyn Peer>) {
        self.ways.remove_if(key, |_, led| led.way.peer.as_ref().is_some_and(|current| Arc::ptr_eq(current, peer)));
    }

    /// Passes on the progress of a run in another process, as the task shows it; one here tells it itself.
    pub(crate) fn pass_progress(&self, revision: Revision, task: &Task) {
        let Some(progress) = task.head.progress.filter(|_| !task.status().is_terminal()) else { return };
        if self.host.seats.contains_key(&task.key) {
            return;
        }
        let Some(mut led) = self.ways.get_mut(&task.key) else { return };
        // Values must increase (progress, "Behavior Requirements").
        if progress.done() <= led.told {
            return;
        }
        led.told = progress.done();
        let Way { peer: Some(peer), token: Some(token) } = led.way.clone() else { return };
        let said = task.message().filter(|text| task.head.is_progress && *text != progress.to_string());
        let mut params = progress.params(token, said).into();
        if revision.relates_messages() {
            meta::relate(&mut params, &task.key.id.to_string());
        }
        peer.notify("notifications/progress", params);
    }
}
