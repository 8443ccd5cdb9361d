//! Resources that change while the server runs (resources, "Subscriptions").

use std::{collections::BTreeSet, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::broadcast::{self, error::RecvError};

/// The number of changes a subscriber may be behind before it is told that everything may have changed.
const BACKLOG: usize = 256;

/// Tells clients that resources changed. Clone it into whatever changes them, and hand it to what offers them.
///
/// ```
/// use pmcp_tasks::offer::{Offers, ResourceUpdates};
///
/// let updates = ResourceUpdates::new();
/// let offers = Offers::builder()
///     .resource("note://today", |_, _| async { Ok("buy milk") })
///     .resource_updates(&updates);
/// updates.updated("note://today");
/// ```
#[derive(Clone, Debug)]
pub struct ResourceUpdates {
    sender: broadcast::Sender<Arc<str>>,
}

impl Default for ResourceUpdates {
    fn default() -> Self {
        Self::new()
    }
}

impl ResourceUpdates {
    /// One that nobody follows yet.
    #[must_use]
    pub fn new() -> Self {
        Self { sender: broadcast::Sender::new(BACKLOG) }
    }

    /// The resource with this URI changed: clients that subscribed to it may read it again.
    pub fn updated(&self, uri: impl Into<Arc<str>>) {
        // Without subscribers there is nobody to tell.
        let _ = self.sender.send(uri.into());
    }

    /// The changes from now on.
    #[must_use]
    pub fn follow(&self) -> Updates {
        Updates(self.sender.subscribe())
    }
}

/// Changes from a moment on.
#[derive(Debug)]
pub struct Updates(broadcast::Receiver<Arc<str>>);

impl Updates {
    /// The URIs among the subscribed ones that changed; `None` when nothing can change any more.
    pub async fn next(&mut self, subscribed: &Subscribed) -> Option<Vec<String>> {
        loop {
            let changed = match self.0.recv().await {
                Ok(uri) => subscribed.0.lock().get(&*uri).cloned().into_iter().collect::<Vec<_>>(),
                // Which changes were missed is not known.
                Err(RecvError::Lagged(_)) => subscribed.0.lock().iter().cloned().collect(),
                Err(RecvError::Closed) => return None,
            };
            if !changed.is_empty() {
                return Some(changed);
            }
        }
    }
}

/// The URIs one client subscribed to.
#[derive(Debug, Default)]
pub struct Subscribed(Mutex<BTreeSet<String>>);

impl Subscribed {
    /// Subscribes, unless that were more than `max`; tells whether it did.
    #[must_use]
    pub fn add(&self, uri: &str, max: usize) -> bool {
        let mut subscribed = self.0.lock();
        if subscribed.contains(uri) {
            return true;
        }
        subscribed.len() < max && subscribed.insert(uri.to_owned())
    }

    /// Ends a subscription; one that is none is ignored.
    pub fn remove(&self, uri: &str) {
        self.0.lock().remove(uri);
    }

    /// Every URI.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        self.0.lock().iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_subscriber_hears_of_its_resources_and_of_all_when_it_fell_behind() {
        let (updates, subscribed) = (ResourceUpdates::new(), Subscribed::default());
        assert!(subscribed.add("a", 2) && subscribed.add("b", 2) && subscribed.add("a", 2));
        assert!(!subscribed.add("c", 2));
        let mut followed = updates.follow();
        updates.updated("c");
        updates.updated("b");
        assert_eq!(followed.next(&subscribed).await, Some(vec!["b".into()]));
        subscribed.remove("b");
        updates.updated("b");
        for _ in 0..=BACKLOG {
            updates.updated("c");
        }
        assert_eq!(followed.next(&subscribed).await, Some(vec!["a".into()]));
        drop(updates);
        assert_eq!(followed.next(&subscribed).await, None);
    }
}
