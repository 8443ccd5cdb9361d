//! Resources that change while the server runs (resources, "Subscriptions").

use std::{collections::BTreeMap, sync::Arc};

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
    pub async fn next<T: Send>(&mut self, subscribed: &Subscribed<T>) -> Option<Vec<String>> {
        loop {
            let changed = match self.0.recv().await {
                Ok(uri) if subscribed.0.lock().contains_key(&*uri) => vec![uri.to_string()],
                Ok(_) => continue,
                // Which changes were missed is not known.
                Err(RecvError::Lagged(_)) => subscribed.all(),
                Err(RecvError::Closed) => return None,
            };
            if !changed.is_empty() {
                return Some(changed);
            }
        }
    }
}

/// The URIs one client subscribed to, each with something that is kept as long.
#[derive(Debug)]
pub struct Subscribed<T = ()>(Mutex<BTreeMap<String, T>>);

impl<T> Default for Subscribed<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Subscribed<T> {
    /// Subscribes, unless that were more than `max`; tells whether it is subscribed to now. `kept` is dropped with the
    /// subscription, or at once if there is no new one.
    #[must_use]
    pub fn add(&self, uri: &str, max: usize, kept: T) -> bool {
        let mut subscribed = self.0.lock();
        if subscribed.contains_key(uri) {
            return true;
        }
        let fits = subscribed.len() < max;
        if fits {
            subscribed.insert(uri.to_owned(), kept);
        }
        fits
    }

    /// Ends a subscription; one that is none is ignored.
    pub fn remove(&self, uri: &str) {
        self.0.lock().remove(uri);
    }

    /// Every URI.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        self.0.lock().keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_subscriber_hears_of_its_resources_and_of_all_when_it_fell_behind() {
        let (updates, subscribed) = (ResourceUpdates::new(), Subscribed::default());
        let kept = Arc::new(());
        let add = |uri: &str| subscribed.add(uri, 2, kept.clone());
        assert!(add("a") && add("b") && add("a"));
        assert!(!add("c"));
        assert_eq!(Arc::strong_count(&kept), 3);
        let mut followed = updates.follow();
        updates.updated("c");
        updates.updated("b");
        assert_eq!(followed.next(&subscribed).await, Some(vec!["b".into()]));
        subscribed.remove("b");
        assert_eq!(Arc::strong_count(&kept), 2);
        updates.updated("b");
        for _ in 0..=BACKLOG {
            updates.updated("c");
        }
        assert_eq!(followed.next(&subscribed).await, Some(vec!["a".into()]));
        drop(updates);
        assert_eq!(followed.next(&subscribed).await, None);
    }
}
