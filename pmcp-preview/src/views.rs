//! The views that are mounted: a document each, on an origin of its own for as long as it is there. Where the document is edited, the new
//! one may take the place of the old.

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

    /// Has this document take the place of a mounted one, on its origin, if it is under the same headers: an origin is never under two
    /// policies. A view has then the storage of its document of before, and its process in the browser.
    pub(crate) fn replace(&self, id: &str, view: View) -> Result<(), View> {
        let mut all = self.0.lock();
        let others: usize = all.iter().filter(|(other, _)| *other != id).map(|(_, view)| view.html.len()).sum();
        match all.get_mut(id) {
            Some(before)
                if before.policy == view.policy
                    && before.permissions == view.permissions
                    && others + view.html.len() <= LARGEST =>
            {
                *before = view;
                Ok(())
            }
            _ => Err(view),
        }
    }

    pub(crate) fn remove(&self, id: &str) -> bool {
        self.0.lock().remove(id).is_some()
    }

    pub(crate) fn get(&self, id: &str) -> Option<View> {
        self.0.lock().get(id).cloned()
    }
}
