//! Resources that change while the server runs (resources, "Subscriptions").

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::broadcast::{self, error::RecvError};

/// How many changes a subscriber may be behind before it is told that everything may have changed.
const BACKLOG: usize = 256;

/// Tells clients that resources changed. Clone it into whatever changes them, and hand it to
/// [`Server::resource_updates`](crate::Server::resource_updates).
///
/// ```
/// use pmcp_server::{ResourceUpdates, Server};
///
/// let updates = ResourceUpdates::new();
/// let server = Server::new("notes", "1.0.0")
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

    pub(crate) fn follow(&self) -> Updates {
        Updates(self.sender.subscribe())
    }
}

/// Changes from a moment on.
#[derive(Debug)]
pub(crate) struct Updates(broadcast::Receiver<Arc<str>>);

impl Updates {
    /// The URIs among the subscribed ones that changed; `None` when nothing can change any more.
    pub(crate) async fn next(&mut self, subscribed: &Subscribed) -> Option<Vec<String>> {
        loop {
            let changed = match self.0.recv().await {
                Ok(uri) => subscribed.lock().get(&*uri).cloned().into_iter().collect::<Vec<_>>(),
                // Which changes were missed is not known.
                Err(RecvError::Lagged(_)) => subscribed.lock().iter().cloned().collect(),
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
pub(crate) struct Subscribed(Mutex<BTreeSet<String>>);

impl Subscribed {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        // Every change is a single insertion or removal.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Subscribes, unless that were more than `max`.
    pub(crate) fn add(&self, uri: &str, max: usize) -> bool {
        let mut subscribed = self.lock();
        if subscribed.contains(uri) {
            return true;
        }
        subscribed.len() < max && subscribed.insert(uri.to_owned())
    }

    pub(crate) fn remove(&self, uri: &str) {
        self.lock().remove(uri);
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
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
