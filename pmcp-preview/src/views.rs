//! The views that are mounted: a document each, on an origin of its own for as long as it is there.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use serde_json::Value;

use crate::{
    key::random,
    policy::{permissions, policy},
};

/// Views at a time.
const MOST: usize = 64;

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
    /// Mounts a document under what `_meta.ui` of its resource declares. There may be too many.
    pub(crate) fn mount(&self, html: String, ui: &Value) -> Option<String> {
        let view = View { html, policy: policy(&ui["csp"]), permissions: permissions(&ui["permissions"]) };
        let id = random::<16>().ok()?;
        let mut all = self.0.lock();
        if all.len() >= MOST {
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
