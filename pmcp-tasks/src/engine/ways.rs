//! Ways on which clients hear what the runs of a task tell, be they in this process or in another.

use std::sync::Arc;

use dashmap::DashMap;

use crate::{
    call::Peer,
    protocol::{Revision, meta},
    run::Way,
    store::backend::TaskKey,
    task::Task,
};

/// The ways to those in this process who hear what the runs of tasks tell, whichever run it is.
#[derive(Debug, Default)]
pub(super) struct Ways(DashMap<TaskKey, Led>);

/// A way, and the progress that was passed on by it.
#[derive(Debug)]
struct Led {
    way: Way,
    told: f64,
}

impl Ways {
    pub(super) fn lead(&self, key: &TaskKey, way: Way) {
        self.0.insert(key.clone(), Led { way, told: f64::NEG_INFINITY });
    }

    /// Nobody hears on the way to this peer any more.
    pub(super) fn leave(&self, key: &TaskKey, peer: &Arc<dyn Peer>) {
        self.0.remove_if(key, |_, led| led.way.peer.as_ref().is_some_and(|current| Arc::ptr_eq(current, peer)));
    }

    /// The way that leads from a task.
    pub(super) fn of(&self, key: &TaskKey) -> Option<Way> {
        self.0.get(key).map(|led| led.way.clone())
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Passes on the progress that a task shows.
    pub(super) fn pass_progress(&self, revision: Revision, task: &Task) {
        let Some(progress) = task.head.progress.filter(|_| !task.status().is_terminal()) else { return };
        let Some(mut led) = self.0.get_mut(&task.key) else { return };
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
