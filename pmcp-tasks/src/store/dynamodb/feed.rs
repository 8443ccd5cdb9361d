//! Looking for changes by other processes while somebody waits: the service tells nobody of them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::sync::mpsc::{Sender, UnboundedReceiver, channel, error::TrySendError, unbounded_channel};

use super::{Store, error::Result, item::Attributes as _, key::HEAD, limited};
use crate::store::backend::{Feed, TaskKey};

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(250);

/// Number of hints that may wait to be taken.
const HINTS: usize = 256;

/// Number of tasks that are looked at in one round: those beyond have their turn in the next.
const LOOKED_AT: usize = 100;

/// State of a task that is told from another one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    Version(u64),
    Corrupt,
}

/// Begins to look; `None` outside a runtime.
pub(super) fn start(store: &Arc<Store>) -> Option<Feed> {
    let runtime = tokio::runtime::Handle::try_current().ok()?;
    let (send_hint, hints) = channel(HINTS);
    let (interest, interests) = unbounded_channel();
    let watch =
        Watch { store: Arc::downgrade(store), hints: send_hint, interests, awaited: BTreeMap::new(), last: None };
    runtime.spawn(watch.run());
    Some(Feed { hints, interest })
}

/// A task that is waited for.
struct Awaited {
    /// Number of those who wait.
    count: usize,
    /// State that was seen last; `None` before the first look.
    seen: Option<Seen>,
}

struct Watch {
    store: Weak<Store>,
    hints: Sender<TaskKey>,
    interests: UnboundedReceiver<(TaskKey, bool)>,
    awaited: BTreeMap<TaskKey, Awaited>,
    /// The task that was looked at last.
    last: Option<TaskKey>,
}

impl Watch {
    async fn run(mut self) {
        let mut is_told = false;
        while !self.hints.is_closed() {
            if self.awaited.is_empty() {
                // Nothing is read while nobody waits.
                tokio::select! {
                    interest = self.interests.recv() => match interest {
                        Some(interest) => self.note(interest),
                        None => return,
                    },
                    () = self.hints.closed() => return,
                }
            }
            while let Ok(interest) = self.interests.try_recv() {
                self.note(interest);
            }
            let Some(store) = self.store.upgrade() else { return };
            match limited(self.look(&store)).await {
                Ok(()) => is_told = false,
                Err(failure) if !is_told => {
                    is_told = true;
                    crate::heard::warn!(%failure, "changes by other processes are not seen until the service answers");
                }
                Err(_) => {}
            }
            drop(store);
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn note(&mut self, (key, waits): (TaskKey, bool)) {
        if waits {
            self.awaited.entry(key).or_insert(Awaited { count: 0, seen: None }).count += 1;
        } else if let Some(awaited) = self.awaited.get_mut(&key) {
            awaited.count -= 1;
            if awaited.count == 0 {
                self.awaited.remove(&key);
            }
        }
    }

    async fn look(&mut self, store: &Store) -> Result<()> {
        let keys: Vec<_> = self.next_keys().cloned().collect();
        let wanted = keys.iter().map(|key| store.keys.part(key, HEAD)).collect();
        // A moment behind is early enough, and half the price.
        let found = store.table.get_all(wanted, false).await?;
        let mut states = HashMap::new();
        for item in &found {
            let version = store.readable(item, item.natural("ver"), "a corrupt task is not watched");
            states.insert(item.text("pk")?, version.map_or(Seen::Corrupt, Seen::Version));
        }
        for key in keys {
            let now = states.get(store.keys.task(&key).as_str()).copied().unwrap_or(Seen::Nothing);
            let Some(awaited) = self.awaited.get_mut(&key) else { continue };
            // Whoever began to wait has looked before, but not after what the first look sees.
            if awaited.seen != Some(now) {
                match self.hints.try_send(key.clone()) {
                    Ok(()) => awaited.seen = Some(now),
                    // It is told at the next look.
                    Err(TrySendError::Full(_)) => {}
                    Err(TrySendError::Closed(_)) => return Ok(()),
                }
            }
            self.last = Some(key);
        }
        Ok(())
    }

    /// The tasks after those that were looked at last, and then those before.
    fn next_keys(&self) -> impl Iterator<Item = &TaskKey> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let (after, before) = match &self.last {
            Some(last) => ((Excluded(last), Unbounded), Some((Unbounded, Included(last)))),
            None => ((Unbounded, Unbounded), None),
        };
        let before = before.into_iter().flat_map(|before| self.awaited.range::<TaskKey, _>(before));
        self.awaited.range::<TaskKey, _>(after).chain(before).map(|(key, _)| key).take(LOOKED_AT)
    }
}
