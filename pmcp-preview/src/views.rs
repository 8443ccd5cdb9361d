//! The views that are mounted: a document each, on an origin of its own for as long as it is there.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::key::random;

/// Views at a time.
const MOST: usize = 64;
/// Bytes of their documents together.
const LARGEST: usize = 256 << 20;

/// A document and the headers it is served under.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) html: String,
    pub(crate) policy: String,
    pub(crate) permissions: String,
}

/// The views by their ids, which are the first label of their host names.
#[derive(Debug, Default)]
pub(crate) struct Views(Mutex<BTreeMap<String, View>>);

impl Views {
    /// Mounts a document. There may be too many, or too much of them.
    pub(crate) fn mount(&self, view: View) -> Option<String> {
        let id = random::<16>().ok()?;
        let mut all = self.0.lock();
        let bytes: usize = all.values().map(|view| view.html.len()).sum();
        if all.len() >= MOST || bytes + view.html.len() > LARGEST {
            return None;
        }
        all.insert(id.clone(), view);
        Some(id)
    }

    pub(crate) fn remove(&self, id: &str) -> bool {
        self.0.lock().remove(id).is_some()
    }

    pub(crate) fn get(&self, id: &str) -> Option<View> {
        self.0.lock().get(id).cloned()
    }
}
