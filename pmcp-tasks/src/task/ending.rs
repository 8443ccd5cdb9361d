//! Outcome a task ends with, on its way from the run to the store.

use std::sync::Arc;

use bytes::Bytes;

use super::{Outcome, canonical, canonical_of};
use crate::apart::{apart, texts_of};

/// An outcome, and its JSON once that is written. Copies are cheap: a result may have megabytes, and a write is tried again.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ending {
    pub(crate) outcome: Arc<Outcome>,
    json: Option<Bytes>,
}

impl From<Outcome> for Ending {
    fn from(outcome: Outcome) -> Self {
        Self { outcome: outcome.into(), json: None }
    }
}

impl Ending {
    /// Writes the JSON of an outcome, apart from the threads that serve everybody if it is large. The length is in bytes.
    ///
    /// # Errors
    /// The outcome has no JSON.
    pub(crate) async fn written(outcome: Outcome) -> Result<(Self, usize), serde_json::Error> {
        let bytes = texts_of(&outcome);
        apart(bytes, move || {
            let json = kept(canonical_of(&outcome, bytes + bytes / 16)?);
            let length = json.len();
            Ok((Self { outcome: outcome.into(), json: Some(json) }, length))
        })
        .await
    }

    /// The JSON, as stores keep it.
    ///
    /// # Errors
    /// The outcome has no JSON.
    pub(super) fn json(&self) -> Result<Bytes, serde_json::Error> {
        match &self.json {
            Some(json) => Ok(json.clone()),
            None => canonical(&*self.outcome).map(kept),
        }
    }
}

/// Bytes without what the vector has in reserve: up to as much again, for as long as the task is kept.
pub(super) fn kept(json: Vec<u8>) -> Bytes {
    json.into_boxed_slice().into()
}
